"""Diversity on the Anomalies page: Vendi scores, groups, coreset, hubs; few and identical rows."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.diversity.measures import farthest_first, mean_pair_distance, vendi_score
from core.diversity.service import CoresetQuery, coreset, coreset_file, coreset_rows, group_scores, hub_summary
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/anomalies.py"


def open_page(app, **params):
    for key, value in ({"part": "Diversity"} | params).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def make(home, texts, **columns):
    built = build_corpus(
        RawTable(pd.DataFrame({"text": texts, **columns}), (), (), None, ""), Roles("{text}"), name="Texts"
    ).corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    return CorpusRef(str(home), info.digest), spec


def test_the_page_shows_how_diverse_the_texts_are(corpus, app):
    info, spec = corpus
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    rows = load_vectors(CorpusRef(str(home_folder()), info.digest), spec).rows
    numbers = {metric.label: metric.value for metric in at.metric}
    assert numbers["Vendi score"] == f"{vendi_score(rows):,.1f}"
    assert numbers["Mean pairwise distance"] == f"{mean_pair_distance(rows):.3f}"
    text = visible_text(at)
    assert "all rows" in text
    assert "seed 0" in text
    assert "Hubs" in text


def home_folder():
    import os

    return os.environ["PLANISPHERE_HOME"]


def test_groups_give_as_many_rows_each(corpus):
    info, spec = corpus
    result = group_scores(CorpusRef(home_folder(), info.digest), spec, "subject")
    assert result.size == 10
    assert len(result.table) == 6
    assert result.table["Vendi score"].is_monotonic_decreasing
    assert set(result.table["sample size"]) == {10}
    with pytest.raises(InputError, match="gone"):
        group_scores(CorpusRef(home_folder(), info.digest), spec, "gone")
    with pytest.raises(InputError, match='"day"'):
        group_scores(CorpusRef(home_folder(), info.digest), spec, "day")


def test_a_diverse_group_ranks_above_a_uniform_one(home):
    varied = [f"{a} {b}" for a in ("red", "blue", "old", "wet") for b in ("fox", "tax", "song", "rain", "code")]
    where = make(home, varied + ["the very same words"] * 19 + ["the very same word"], kind=["x"] * 20 + ["y"] * 20)
    scores = group_scores(*where, "kind").table.set_index("group")
    assert scores.index.tolist() == ["x", "y"]
    assert scores["Vendi score"]["x"] > 3 * scores["Vendi score"]["y"]
    assert scores["mean pair distance"]["x"] > scores["mean pair distance"]["y"]


def test_a_method_and_a_number_give_a_coreset(corpus, app):
    info, spec = corpus
    at = open_page(app, coreset_size="7")
    at.selectbox(key="coreset_method").set_value("k-center").run()
    assert not at.exception
    assert "7 rows" in visible_text(at)
    query = CoresetQuery(CorpusRef(home_folder(), info.digest), spec, "k-center", 7, 0.5)
    rows = load_vectors(CorpusRef(home_folder(), info.digest), spec).rows
    assert coreset_rows(query).tolist() == farthest_first(rows, 7)[0].tolist()
    result = coreset(query)
    assert result.methods["method"].iloc[0] == "k-center"
    assert set(result.methods["method"]) == {"k-center", "facility location", "random"}
    assert result.table["represents"].sum() == 60
    lines = coreset_file(query).decode("utf-8-sig").splitlines()
    assert len(lines) == 8
    at.text_input(key="coreset_name").set_value("Seven").run()
    at.button(key="coreset_save").click().run()
    saved = saved_selections(Workspace(home_folder()), info.digest)[0]
    assert saved.name == "Seven"
    assert selection_rows(Workspace(home_folder()), info.digest, saved.key).tolist() == sorted(
        coreset_rows(query).tolist()
    )


def test_an_impossible_coreset_is_refused(corpus):
    info, spec = corpus
    for method, k in (("best", 3), ("random", 0), ("random", 10_000)):
        with pytest.raises(InputError):
            coreset(CoresetQuery(CorpusRef(home_folder(), info.digest), spec, method, k, 0.5))


@pytest.mark.parametrize("texts", [["one thing", "another", "a third"], ["all the same"] * 12, ["only one"]])
def test_few_or_identical_rows_are_no_error(home, app, texts):
    make(home, texts)
    at = open_page(app)
    assert not at.exception, at.exception
    if len(set(texts)) == 1 and len(texts) > 1:
        assert "All texts are the same" in visible_text(at)
        assert "no more different texts" in visible_text(at)


def test_a_column_with_one_value_is_refused(home):
    where = make(home, [f"text number {i}" for i in range(30)], kind=["same"] * 30)
    with pytest.raises(InputError, match="fewer than two groups"):
        group_scores(*where, "kind")


def test_hubs_are_listed_relative_to_the_mean(corpus):
    info, spec = corpus
    result = hub_summary(CorpusRef(home_folder(), info.digest), spec, 10)
    graph = load_neighbors(CorpusRef(home_folder(), info.digest), spec)
    top = result.table.index[0]
    assert result.table["k-occurrence"].iloc[0] == (graph.ids[:, :10] == top).sum()
    assert result.table["relative to mean"].iloc[0] == result.table["k-occurrence"].iloc[0] / 10
    assert sum(result.rows) == result.total == 60
