"""Customize, Word vectors: empty, trained, explored, uploaded, deleted; words whose use changed."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.word_vectors import service
from core.word_vectors.layout import WordMap
from core.word_vectors.results import TRAINED_WORDS, WORD_MAP, WordMapQuery, WordQuery
from core.word_vectors.settings import Settings
from tests.core.word_vectors.conftest import planted_texts
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/customize.py"
SETTINGS = Settings("cbow", 16, 20)


@pytest.fixture
def words_corpus(home) -> CorpusRef:
    texts = planted_texts(500)
    table = pd.DataFrame({"text": texts, "day": pd.date_range("2026-01-01", periods=len(texts)).astype(str)})
    table["text"] = [*texts[:-1], "A <b>*lantern*</b> [here](x)"]
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", time="day"), name="A *toy*").corpus
    Workspace(home).save_corpus(built)
    return CorpusRef(str(home), built.digest)


def open_view(app):
    app.query_params["customize_view"] = "Word vectors"
    return app.run().switch_page(PAGE).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def section(at, name: str):
    return at.segmented_control(key="words_section").set_value(name).run()


def test_without_vectors_the_view_offers_to_train_them(words_corpus, app):
    at = open_view(app)
    text = fine(at)
    assert "There are no word vectors yet" in text
    assert any(str(button.key).startswith("start-") for button in at.button)
    at.selectbox(key="words_method").set_value("fasttext").run()
    assert "fastText" in fine(at)
    at.file_uploader(key="words_file").set_value(("my.vec", b"a 1 2\nb 1 nan\n", "text/plain")).run()
    assert "Read my.vec" in fine(at)
    assert sum(str(button.key).startswith("start-") for button in at.button) == 2


def test_vectors_are_explored_and_deleted(words_corpus, app):
    digest = TRAINED_WORDS.get_or_compute(WordQuery(words_corpus, SETTINGS)).digest
    at = open_view(app)
    text = fine(at)
    assert at.selectbox(key="words_model").value == digest
    assert "20 epochs" in text
    assert "seed 0" in text
    assert at.button(key="words_use").proto.label == "Use as a model"
    at.text_input(key="words_query").set_value("lamp").run()
    text = fine(at)
    assert "lantern" in at.dataframe[0].value["Word"].tolist()
    assert at.dataframe[0].value["Cosine"].is_monotonic_decreasing
    at.text_input(key="words_query").set_value("lantern").run()
    assert "<b>*lantern*</b>" in fine(at).replace(":primary-background[lantern]", "lantern")  # escaped
    at.text_input(key="words_query").set_value("lanternnn").run()
    assert any("lantern" in error.value for error in at.error)
    section(at, "Analogies")
    for key, word in zip(("words_a_is", "words_to_b", "words_as_c"), ("france", "paris", "italy"), strict=True):
        at.text_input(key=key).set_value(word)
    at.run()
    fine(at)
    assert not {"france", "paris", "italy"} & set(at.dataframe[0].value["Word"])
    points = np.arange(6, dtype=np.float32).reshape(3, 2)
    WORD_MAP.save(WordMapQuery(words_corpus, digest), WordMap(["lamp", "soup", "bike"], points, np.ones(3, int), 1, 0))
    assert "The 3 most frequent words" in fine(section(at, "Map of words"))
    assert len(at.get("plotly_chart")) == 1
    at.button(key="words_delete").click().run()
    assert service.stored_words(words_corpus.folder) == []
    assert "There are no word vectors yet" in fine(at)


def test_changed_use_needs_a_time_column_and_says_how_it_is_measured(words_corpus, app):
    at = section(open_view(app), "Changed use")
    text = fine(at)
    assert "random divisions" in text
    assert "significantly changed" in text
    at.toggle(key="words_changes_all").set_value(True).run()
    table = at.dataframe[0].value
    assert {"Word", "Before", "After", "Overlap", "Expected", "p"} <= set(table)
    assert table["p"].between(0, 1).all()
    at.number_input(key=f"words_change_count-{words_corpus.digest}").set_value(1_000).run()
    assert any("in each period" in error.value for error in at.error)


def test_word_models_are_offered_on_the_embed_page(words_corpus, app):
    TRAINED_WORDS.get_or_compute(WordQuery(words_corpus, SETTINGS))
    (spec,) = service.word_models(words_corpus.folder)
    at = app.run().switch_page("pages/data/embed.py").run()
    at.multiselect(key="models").set_value([spec.key]).run()
    assert "CBOW 16d" in fine(at)
    assert not at.button(key="embed_start").disabled
