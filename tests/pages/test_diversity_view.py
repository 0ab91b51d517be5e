"""Diversity on the Anomalies page: figures, groups, rows to take away, hubs; few and identical rows."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import selection_rows
from core.diversity import coverage_service as coverage
from core.diversity import service as diversity
from core.diversity.coverage import farthest_first
from core.diversity.coverage_service import Picking
from core.diversity.measures import mean_pair_distance, vendi_score
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/anomalies.py"


def open_page(app, **query):
    for key, value in ({"part": "Diversity"} | query).items():
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


def test_the_page_shows_how_varied_the_texts_are(corpus, app):
    info, spec = corpus
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    rows = load_vectors(CorpusRef(str(home_folder()), info.digest), spec).rows
    numbers = {metric.label: metric.value for metric in at.metric}
    assert numbers["Effective number of texts"] == f"{vendi_score(rows):,.1f}"
    assert numbers["Mean distance of two texts"] == f"{mean_pair_distance(rows):.3f}"
    text = visible_text(at)
    assert "all rows" in text
    assert "seed 0" in text
    assert "Hubs" in text


def home_folder():
    import os

    return os.environ["PLANISPHERE_HOME"]


def test_groups_give_as_many_rows_each(corpus):
    info, spec = corpus
    found = diversity.group_scores(CorpusRef(home_folder(), info.digest), spec, "subject")
    assert found.size == 10
    assert len(found.scores) == 6
    assert [score.vendi.mean for score in found.scores] == sorted((s.vendi.mean for s in found.scores), reverse=True)
    assert {score.vendi.size for score in found.scores} == {10}
    with pytest.raises(InputError, match="gone"):
        diversity.group_scores(CorpusRef(home_folder(), info.digest), spec, "gone")
    with pytest.raises(InputError, match='"day"'):
        diversity.group_scores(CorpusRef(home_folder(), info.digest), spec, "day")


def test_a_varied_group_stands_above_a_uniform_one(home):
    varied = [f"{a} {b}" for a in ("red", "blue", "old", "wet") for b in ("fox", "tax", "song", "rain", "code")]
    place = make(home, varied + ["the very same words"] * 19 + ["the very same word"], kind=["x"] * 20 + ["y"] * 20)
    scores = diversity.group_scores(*place, "kind").scores
    assert [score.name for score in scores] == ["x", "y"]
    assert scores[0].vendi.mean > 3 * scores[1].vendi.mean
    assert scores[0].distance > scores[1].distance


def test_a_method_and_a_number_give_rows_to_take_away(corpus, app):
    info, spec = corpus
    at = open_page(app, pick_k="7", pick_method="k-center")
    assert not at.exception
    assert "7 rows" in visible_text(at)
    picking = Picking(CorpusRef(home_folder(), info.digest), spec, "k-center", 7, 0.5)
    rows = load_vectors(CorpusRef(home_folder(), info.digest), spec).rows
    assert coverage.chosen_rows(picking).tolist() == farthest_first(rows, 7)[0].tolist()
    found = coverage.picked(picking)
    assert found.figures[0].method == "k-center"
    assert {figure.method for figure in found.figures} == {"k-center", "facility location", "random"}
    assert found.table["stands for"].sum() == 60
    lines = coverage.picked_file(picking).decode("utf-8-sig").splitlines()
    assert len(lines) == 8
    saved = coverage.keep_picked(picking, "Seven")
    kept = selection_rows(Workspace(home_folder()), info.digest, saved.key)
    assert kept.tolist() == sorted(coverage.chosen_rows(picking).tolist())


def test_a_choice_that_cannot_be_made_is_refused(corpus):
    info, spec = corpus
    for method, k in (("best", 3), ("random", 0), ("random", 10_000)):
        with pytest.raises(InputError):
            coverage.picked(Picking(CorpusRef(home_folder(), info.digest), spec, method, k, 0.5))


@pytest.mark.parametrize("texts", [["one thing", "another", "a third"], ["all the same"] * 12, ["only one"]])
def test_few_or_identical_rows_are_no_error(home, app, texts):
    make(home, texts)
    at = open_page(app)
    assert not at.exception, at.exception
    if len(set(texts)) == 1 and len(texts) > 1:
        assert "All texts are the same" in visible_text(at)
        assert "no more different texts" in visible_text(at)


def test_one_value_is_named(home):
    place = make(home, [f"text number {i}" for i in range(30)], kind=["same"] * 30)
    with pytest.raises(InputError, match="fewer than two groups"):
        diversity.group_scores(*place, "kind")


def test_hubs_are_listed_against_what_is_expected(corpus):
    info, spec = corpus
    found = diversity.hub_figures(CorpusRef(home_folder(), info.digest), spec, 10)
    graph = load_neighbors(CorpusRef(home_folder(), info.digest), spec)
    top = found.table.index[0]
    assert found.table["times"].iloc[0] == (graph.ids[:, :10] == top).sum()
    assert found.table["against expected"].iloc[0] == found.table["times"].iloc[0] / 10
    assert sum(found.rows) == found.total == 60
