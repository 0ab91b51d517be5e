"""Every page on corpora of many copies, of equal rows only, and of three rows: no exception, no error, no "nan"."""

import re

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.test_embed_page import visible_text

PAGES = (
    "data/corpus", "data/embed", "explore/map", "explore/search", "explore/clusters", "explore/anomalies",
    "explore/trends", "compare/scoreboard", "compare/quality", "compare/disagreement", "compare/compression",
)  # fmt: skip
THINGS = [
    f"The {thing} {verdict}" for thing in ("lamp", "kettle", "chair", "parcel") for verdict in ("broke", "is fine")
]
CASES = {
    "copies": ["The parcel has not come."] * 60 + ["Where is my refund?"] * 25 + THINGS * 2,
    "same": ["n/a"] * 50,
    "three": ["My refund of 3 euros is missing.", "The courier left the box.", "A chair arrived."],
}
NAN = re.compile(r"(?<![a-z])(nan|inf)(?![a-z])", re.IGNORECASE)


def store(home, texts: list[str], name: str, model: str) -> None:
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built, workspace = build_corpus(raw, Roles("{text}", (), None, None), name=name).corpus, Workspace(home)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder(model), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))


@pytest.mark.slow
def test_pages_warn_of_rows_and_queries_that_the_model_does_not_read(home, app):
    store(home, [*THINGS * 2, "我的包裹还没有到，请退款。", "灯坏了，我想退货。"], "mixed", "static")
    app.query_params["q"] = "退款还没有到账"
    at = app.run().switch_page("pages/explore/search.py").run()
    warnings = [str(warning.value) for warning in at.warning]
    assert sum("Chinese" in warning for warning in warnings) == 2, warnings
    assert "of random pairs" not in "".join(str(caption.value) for caption in at.caption if "cosine" in caption.value)
    at = at.switch_page("pages/explore/clusters.py").run()
    assert any("Chinese" in str(warning.value) for warning in at.warning)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_page_opens_on_copies_and_few_rows(home, app, case):
    store(home, CASES[case], case, "lexical")
    app.run()
    for page in PAGES:
        if page == "explore/search":
            app.query_params["q"] = "parcel refund n/a"
        at = app.switch_page(f"pages/{page}.py").run()
        words = visible_text(at) + " ".join(str(metric.value) for metric in at.metric)
        assert not at.exception, page
        assert "This page failed" not in words, page
        assert not NAN.search(words), (page, words)
        note = {"same": "All 50 rows have the same text", "three": "3 rows: too few"}.get(case, "")
        assert note in " ".join(str(caption.value) for caption in at.sidebar.caption), page
