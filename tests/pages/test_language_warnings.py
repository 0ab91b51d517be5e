"""A model that does not read the language of the rows: each page says so, and what to use instead."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.map.results import LAYOUTS, LayoutQuery
from core.models.registry import PRESETS, find_spec
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles, Vectors, unit_rows
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.test_embed_page import visible_text

CHINESE = ("我的订单还没有到，请帮我查一下", "这盏灯很漂亮，我很喜欢", "客服一直没有回复我的邮件", "退款什么时候到账")
ENGLISH = "The lamp works well today, thank you very much"
PAGES = {
    "explore/map": {"method": "pca"},
    "explore/search": {"near": "1"},  # no query text, so that the model is not loaded
    "explore/clusters": {},
    "compare/scoreboard": {"contenders": f"{PRESETS[0].key}.{PRESETS[0].key}-64"},  # and its first 64 dimensions
}


def save(home, texts):
    """A corpus under the default model, which reads English, with a graph and a map; the vectors are random."""
    table = pd.DataFrame({"text": texts, "kind": ["a", "b"] * (len(texts) // 2)})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("kind",)), name="Two languages").corpus
    workspace, model = Workspace(home), PRESETS[0]
    workspace.save_corpus(built)
    rows = unit_rows(np.random.default_rng(0).normal(size=(len(texts), model.dimensions)))
    workspace.save_vectors(Vectors(rows, model, built.digest, {"seconds": 0.0}))
    ref = CorpusRef(str(home), built.digest)
    NEIGHBORS.get_or_compute(ModelQuery(ref, model))
    LAYOUTS.get_or_compute(LayoutQuery(ref, model, LayoutParams(method="pca")))


def open_page(app, page):
    for key, value in PAGES[page].items():
        app.query_params[key] = value
    return app.run().switch_page(f"pages/{page}.py").run()


@pytest.mark.parametrize("page", PAGES)
def test_pages_warn_and_name_the_alternative(home, app, browser, page):
    save(home, [f"{CHINESE[i % 4]}，编号{i}。" for i in range(32)] + [f"{ENGLISH}, number {i}." for i in range(8)])
    at = open_page(app, page)
    assert not at.exception, at.exception
    warnings = [element.value.replace("\\", "") for element in at.warning if "trained for" in element.value]
    assert warnings, visible_text(at)
    warning = warnings[0]
    assert len({*warnings}) == len(warnings)  # once per model
    for part in (PRESETS[0].label, "English", "Chinese", find_spec("multilingual-e5-small").label, "Embed page"):
        assert part in warning


@pytest.mark.parametrize("page", ["explore/map", "compare/scoreboard"])
def test_pages_do_not_warn_of_a_language_the_model_reads(home, app, browser, page):
    save(home, [f"{ENGLISH}, number {i}." for i in range(40)])
    at = open_page(app, page)
    assert not at.exception, at.exception
    assert not [element for element in at.warning if "trained for" in element.value]
