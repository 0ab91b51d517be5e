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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_page_opens_on_copies_and_few_rows(home, app, case):
    raw = RawTable(table=pd.DataFrame({"text": CASES[case]}), sources=(), notes=(), vectors=None, vectors_name="")
    built, workspace = build_corpus(raw, Roles("{text}", (), None, None), name=case).corpus, Workspace(home)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
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
