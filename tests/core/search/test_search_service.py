"""Searches of corpora whose texts repeat, or are in a language that the model does not read."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.filters import Filter
from core.corpus.language import Languages, query_warning, unread_warning
from core.corpus.reading.values import RawTable
from core.diversity.service import hub_summary
from core.duplicates.service import DuplicateQuery, duplicate_groups
from core.map.rows import row_view
from core.map.service import LayoutKey
from core.models.registry import load_embedder
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, ModelSpec, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, nearest_texts
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


def test_hubs_and_neighbors_are_distinct_texts(embedded):
    random = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(40)])
    texts = [" ".join(random.choice(words, 6)) for _ in range(150)]
    ref, spec = embedded(texts)
    alone, near = hub_summary(ref, spec, 10), nearest_texts(ref, spec, np.arange(5), 10)
    copied = [*texts, *[texts[0]] * 150, *[texts[3]] * 40]
    ref, spec = embedded(copied)
    summary, (ids, cosines) = hub_summary(ref, spec, 10), nearest_texts(ref, spec, np.array([0, 1, 2, 3, 200]), 10)
    np.testing.assert_allclose(cosines[:4], near[1][:4], atol=1e-5)
    np.testing.assert_allclose(cosines[4], cosines[0], atol=1e-6)
    assert all(len({copied[row] for row in line}) == 10 for line in ids)
    assert not {0, 200} & set(ids[0].tolist())
    assert summary.total == 150
    assert summary.skewness == pytest.approx(alone.skewness, abs=0.1)  # ties aside
    assert abs(summary.hubs - alone.hubs) <= 1
    assert summary.table["copies"].get(0, 150) == 150
    view = row_view(LayoutKey(ref, spec, LayoutParams()), 200)
    assert view.copies == 150
    assert len(set(view.neighbors["text"])) == 10


@pytest.mark.parametrize("texts", [["n/a"] * 120, ["a lamp", "a chair", "a teapot"], ["one"]])
def test_hubs_and_neighbors_of_equal_or_few_rows_are_finite(embedded, texts):
    ref, spec = embedded(texts)
    summary = hub_summary(ref, spec, 10)
    assert summary.total == len(set(texts))
    figures = (summary.skewness, summary.skewness_chance, summary.antihubs, summary.threshold, summary.robin_hood)
    assert np.isfinite(figures).all()
    view = row_view(LayoutKey(ref, spec, LayoutParams()), 0)
    assert len(view.neighbors) == len(set(texts)) - 1


def test_pairs_of_near_duplicates_are_of_distinct_texts(embedded):
    texts = ["The parcel has not come today."] * 30 + ["The parcel has not come today!"] * 5 + OTHERS
    ref, spec = embedded(texts)
    groups = duplicate_groups(DuplicateQuery(ref, spec, "embedding"), 0.9)
    assert groups.distinct_pairs == 1
    assert groups.pairs > 100
    assert groups.copies == 33
    assert groups.table[["Rows", "Distinct texts"]].iloc[0].tolist() == [35, 2]
    exact = duplicate_groups(DuplicateQuery(ref, spec, "exact"), 1.0)
    assert exact.distinct_pairs == 0
    assert exact.table["Distinct texts"].tolist() == [1, 1]
