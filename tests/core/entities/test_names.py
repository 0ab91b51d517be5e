"""People, places and organizations: two languages, filters that need the whole corpus, and what has no names."""

import subprocess
import sys

import pytest

from core.entities import chinese_names, english_names
from core.entities.english_names import Name, NameFilter
from core.entities.names import find_names, split_by_script
from core.errors import ModelError
from core.results import no_progress
from tests.waiting import cpu_limit

TEXTS = [
    "Barack Obama met Angela Merkel in Berlin on Monday to talk about Microsoft.",
    "张三在北京市的中国银行办理业务。",
    "BERLIN is cold, and I flew from Berlin to Paris with Angela Merkel.",
    "Der Bundeskanzler Olaf Scholz besuchte gestern die Stadt Hamburg und sprach mit den Arbeitern im Hafen.",
    "",
    "🌙 1234 !!!",
]


@pytest.fixture(scope="module")
def found():
    return find_names(TEXTS, no_progress)


def values(mentions, kind):
    return [mention.value for mention in mentions.get(kind, [])]


def test_english(found):
    assert values(found[0], "people") == ["Barack Obama", "Angela Merkel"]
    assert values(found[0], "places") == ["Berlin"]
    assert values(found[0], "organizations") == ["Microsoft"]


def test_chinese(found):
    assert values(found[1], "people") == ["张三"]
    assert "北京市" in values(found[1], "places")
    assert values(found[1], "organizations") == ["中国银行"]


def test_spellings_are_one_value_and_forms_stay(found):
    berlin = [mention for mention in found[2]["places"] if mention.value == "Berlin"]
    assert {mention.form for mention in berlin} <= {"BERLIN", "Berlin"}


def test_other_languages_and_texts_without_words_have_none(found):
    assert found[3:] == [{}, {}, {}]


def test_mixed_text_is_divided_by_script():
    english, chinese = split_by_script("I met Anna.\n张三在北京。\nこれは日本")
    assert (english, chinese) == ("I met Anna.\n", [])  # with Japanese characters, Chinese ones may be Japanese
    english, chinese = split_by_script("I met Anna.\n张三在北京。")
    assert (english, chinese) == ("I met Anna.\n", ["张三在北京。"])


def test_common_words_and_first_words_are_no_names():
    names = NameFilter()
    names.lower.update(["glass", "glass", "bank"])
    names.capital.update(["bank", "bank", "maureen"])
    assert not names.accepts(Name("people", "Glass", ("glass",), first=True))
    assert not names.accepts(Name("people", "Quirky", ("quirky",), first=True))
    assert names.accepts(Name("people", "Maureen", ("maureen",), first=True))
    assert names.accepts(Name("organizations", "Bank", ("bank",), first=False))
    assert names.accepts(Name("people", "Glass Miller", ("glass", "miller"), first=False))


@pytest.mark.slow
def test_long_texts_take_bounded_time():
    for part in ("a", "A ", "Anna Anna ", "🌙", "(", "http://", "a-", "北", "北京，", "（", "\n", "'s "):
        text = part * (100_000 // len(part))
        with cpu_limit(20):  # 10,000 characters are read
            find_names([text], no_progress)


@pytest.mark.parametrize("module", [english_names, chinese_names])
def test_absent_and_changed_models_are_refused(module, monkeypatch):
    load = module._pipeline if module is english_names else module._analyzer
    load.cache_clear()
    monkeypatch.setattr(module, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="does not hold the weights"):
        load()
    monkeypatch.setattr(module, "PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="not installed") as error:
        load()
    assert "Install" in error.value.remedy


@pytest.mark.slow
def test_spacy_does_not_load_torch():
    code = (
        "import sys; from core.entities.english_names import _pipeline; _pipeline(); "
        "print('spacy' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
