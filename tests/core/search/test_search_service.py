"""Searches of corpora whose texts repeat, or are in a language that the model does not read."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.filters import Filter
from core.corpus.language import Languages, query_warning, unread_warning
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from core.vectors.service import language_warning

ENGLISH = ModelSpec("onnx", "reads English", languages=("en",))
CHINESE = "我的包裹还没有到，请退款。"
OTHERS = [
    f"The {thing} {verdict}" for thing in ("lamp", "kettle", "chair", "parcel") for verdict in ("broke", "is fine")
]


@pytest.fixture
def embedded(tmp_path):
    def make(texts: list[str], model: str = "lexical") -> tuple[CorpusRef, ModelSpec]:
        table = pd.DataFrame({"text": texts, "n": range(len(texts))})
        raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
        built, workspace = build_corpus(raw, Roles("{text}", (), None, None), name="x").corpus, Workspace(tmp_path)
        workspace.save_corpus(built)
        spec = embed(built, load_embedder(model), workspace).model
        ref = CorpusRef(str(tmp_path), built.digest)
        NEIGHBORS.get_or_compute(ModelQuery(ref, spec))
        return ref, spec

    return make


@pytest.mark.parametrize("mode", ["semantic", "keyword", "regex", "hybrid"])
def test_hits_are_distinct_texts_with_their_copies(embedded, mode):
    texts = ["The parcel has not come."] * 200 + OTHERS + ["The parcel is lost."] * 20
    ref, spec = embedded(texts)
    found = search(ref, spec, SearchQuery("parcel", mode, k=10))
    hit_texts = [texts[row] for row in found.hits.rows]
    assert len(set(hit_texts)) == len(hit_texts) >= 4
    assert dict(zip(hit_texts, found.copies.tolist(), strict=True))["The parcel has not come."] == 199
    assert found.searched == found.total == 228
    if mode in ("keyword", "regex"):
        assert found.matching == (222 if mode == "keyword" else 220 + 2)
    within = search(ref, spec, SearchQuery("parcel", mode, k=3, filters=(Filter("n", "range", low=150, high=199),)))
    assert within.hits.rows.tolist() == [150]  # the first copy that passes the filter
    assert within.copies.tolist() == [49]


def test_copies_of_an_example_row_are_no_hits(embedded):
    texts = ["The parcel has not come."] * 50 + OTHERS
    ref, spec = embedded(texts)
    found = search(ref, spec, SearchQuery(near=(7,), k=5))
    assert len(found.hits) == 5
    assert (found.hits.rows >= 50).all()


@pytest.mark.parametrize(("texts", "hits"), [(["n/a"] * 120, 1), (["a lamp", "a chair", "a teapot"], 3)])
def test_equal_rows_and_few_rows(embedded, texts, hits):
    ref, spec = embedded(texts)
    found = search(ref, spec, SearchQuery("a lamp", "semantic"))
    assert len(found.hits) == hits
    assert np.isfinite(found.hits.cosines).all()
    assert found.copies.tolist() == [len(texts) // hits - 1] * hits


def test_a_query_in_an_unread_language_has_a_warning_and_no_percentile(embedded):
    ref, spec = embedded([*OTHERS, CHINESE], "static")
    assert spec.languages == ("en",)
    unread, read = (search(ref, spec, SearchQuery(text)) for text in (CHINESE, "a broken lamp"))
    assert "Chinese" in unread.language_warning
    assert np.isnan(unread.hits.percentiles).all()
    assert read.language_warning == ""
    assert np.isfinite(read.hits.percentiles).all()
    assert search(ref, spec, SearchQuery(near=(len(OTHERS),))).language_warning
    assert search(ref, spec, SearchQuery(CHINESE, "keyword")).language_warning == ""


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        (CHINESE, True), ("退款", True), ("доставка", True), ("הזמנה", True), ("返品したいです", True),
        ("Wo bleibt mein Paket, das ich vor zwei Wochen bestellt habe?", True),
        ("Where is the parcel that I ordered two weeks ago?", False), ("late parcel", False), ("Teekanne", False),
        ("café", False), ("", False), ("12345", False), ("refund 退款 for my broken teapot please", False),
    ],
)  # fmt: skip
def test_queries_that_a_model_of_english_does_not_read(text, unread):
    assert bool(query_warning(ENGLISH, text)) is unread
    assert query_warning(ModelSpec("onnx", "any language"), text) == ""
    assert query_warning(ModelSpec("onnx", "many", languages=("en", "zh", "ru", "he", "ja", "de")), text) == ""


def test_rows_in_unread_languages(embedded):
    assert "Chinese 20%" in unread_warning(ENGLISH, Languages({"en": 80, "zh": 20}, 100))
    assert unread_warning(ENGLISH, Languages({"en": 97, "la": 2, "nl": 1}, 100)) == ""  # single short texts
    assert unread_warning(ENGLISH, Languages({"en": 90, "und": 10}, 100)) == ""
    assert unread_warning(ENGLISH, Languages({"en": 970, "zh": 30}, 1000))
    ref, spec = embedded([*OTHERS, *[CHINESE] * 4, "  "], "static")
    assert "Chinese" in language_warning(ref, spec)
    assert language_warning(*embedded([*OTHERS, CHINESE])) == ""  # the lexical model reads any
