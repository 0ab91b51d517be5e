"""The Scoreboard: what it ranks, what it says of what can't be told, and what it shows where nothing can be ranked."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.jobs.types import JobSpec, JobState
from core.models.checks import Check
from core.models.registry import load_embedder
from core.scoreboard import service as answers
from core.scoreboard.per_query import ContenderPair, query_table, rank_agreement, top_hits
from core.scoreboard.results import SCORES, score_or_record_failure
from core.scoreboard.service import ScoreboardQuery
from core.scoreboard.types import Task
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contact_report import CONTACT, ContactQuery
from core.vectors.contenders import Contender, contender_rows
from core.vectors.embedding import embed
from pages.shared import result_view, session
from pages.shared.scoreboard import details, view
from pages.shared.scoreboard.table import export_table
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/scoreboard.py"


@pytest.fixture
def corpus(home):
    """Sixty short texts on six subjects, embedded with the lexical model; neither graph nor map is needed here."""
    subjects = [subject for subject in SUBJECTS for _ in MOODS] * 2
    moods = MOODS * 2 * len(SUBJECTS)
    marks = ["."] * 30 + ["!"] * 30
    texts = [f"My {a} {b}{mark}" for a, b, mark in zip(subjects, moods, marks, strict=True)]
    raw = RawTable(pd.DataFrame({"text": texts, "subject": subjects}), (), (), None, "")
    built = build_corpus(raw, Roles("{text}", ("subject",)), name="Little shop").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    return info, embed(built, load_embedder("lexical"), workspace).model


def board_of(at):
    """The board among the tables of the page."""
    return next(each.value for each in at.dataframe if "share_best" in each.value)


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def bring(home, corpus, noise=0.5, name="mine"):
    """Vectors brought in that know the subject, but for noise of such a length a dimension."""
    info = corpus[0]
    random = np.random.default_rng(0)
    centers = random.normal(size=(len(SUBJECTS), 40)) * 3
    rows = np.tile(np.repeat(centers, 5, axis=0), (2, 1)) + 3 * noise * random.normal(size=(60, 40))
    spec = ModelSpec("imported", name, "a", 40)
    Workspace(home).save_vectors(Vectors(unit_rows(rows), spec, info.digest, {"seconds": 0.0}))
    return spec


def asked_of(home, corpus, *contenders, column="subject", metric="map_at_r"):
    asked = ScoreboardQuery(
        CorpusRef(str(home), corpus[0].digest), contenders, Task.of("labels", column=column), metric
    )
    for contender in contenders:
        SCORES.get_or_compute(asked.scores_query(contender))
    return asked


def test_an_empty_workspace_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "add data" in visible_text(at)


@pytest.fixture
def files(monkeypatch):
    """What buttons on a page would give when they are clicked: key -> a call for the file's bytes."""
    made = {}
    real = MediaFileManager.add_deferred

    def add(self, call, *others, **named):
        made[real_id := real(self, call, *others, **named)] = call
        return real_id

    monkeypatch.setattr(MediaFileManager, "add_deferred", add)
    return lambda at: {each.key: made[each.proto.deferred_file_id] for each in at.get("download_button")}


def test_noise_loses_and_all_is_told(home, corpus, app, files):
    mine, worse = bring(home, corpus), bring(home, corpus, 2.0, "worse")
    keys = ".".join([worse.key, mine.key, f"{corpus[1].key}-64"])
    at = open_page(app, contenders=keys)
    assert not at.exception, at.exception
    assert not at.error, at.error[0].value
    board = board_of(at)
    assert len(board) == 3
    assert board["score"].is_monotonic_decreasing
    assert board["contender"].iloc[0] == "mine"
    assert board["score"].iloc[0] > 0.9
    assert board["share_best"].sum() == pytest.approx(1, abs=0.002)
    by_name = board.set_index("contender")
    assert by_name.loc["mine", "price"] == "unknown"
    small = by_name.loc["lexical baseline · first 64d"]
    assert (small["price"], small["bytes"]) == ("free", 256)
    assert small["seconds"] > 0  # measured on this visit
    assert by_name["seconds"].notna().sum() == 1  # vectors brought in have no model to measure
    text = visible_text(at)
    assert "mine is best" in text
    assert "95% CI" in text
    assert "seed 0" in text
    assert "all 60 queries" in text
    assert "(chance)" in text
    assert len(at.dataframe[1].value) == 3  # pairwise
    given = {key: call() for key, call in files(at).items()}
    assert given["report_html"].startswith(b"<!DOCTYPE html>")
    for key in ("report_html", "report_markdown"):
        assert b"mine is best" in given[key]
        assert f"{board['score'].iloc[0]:.3f}".encode() in given[key]
    assert given["score_file"].startswith(b"\xef\xbb\xbfrank,")


def test_models_that_come_join_until_a_person_chooses(home, corpus, app):
    at = open_page(app)
    first = corpus[1].key
    assert at.multiselect(key="contenders").value == [first]
    second = bring(home, corpus)
    at = at.run()
    assert at.multiselect(key="contenders").value == [first, second.key]
    own = [second.key, first]
    at.multiselect(key="contenders").set_value(own).run()
    bring(home, corpus, name="third")
    assert at.run().multiselect(key="contenders").value == own


def test_a_model_whose_embedding_was_cancelled_is_named_and_can_be_continued(home, corpus, app, monkeypatch):
    params = {"model": {**corpus[1].to_dict(), "name": "other"}}
    spec = JobSpec("embed", str(home), corpus[0].digest, params, title="Other on Little shop")
    stopped = JobState(spec, status="cancelled", done=20, total=60, unit="texts")
    monkeypatch.setattr(session.manager(), "list", lambda folder: [stopped])
    at = open_page(app)
    assert not at.exception, at.exception
    assert "not embedded yet, 40 texts left" in visible_text(at)
    resumed = []
    monkeypatch.setattr(session.manager(), "submit", lambda job, secret=None: resumed.append(job))
    at.button(key=f"continue-{stopped.id}").click().run()
    assert resumed == [spec]


def test_one_model_is_set_beside_variants_and_seen_query_by_query(corpus, app):
    at = open_page(app, score_part="Per query", score_metric_labels="P@1")
    at.button(key="variants_add").click().run()
    assert not at.exception, at.exception
    assert not at.error
    assert len(board_of(at)) == 3
    assert "are equal" in visible_text(at)
    at.selectbox(key="score_metric_labels").set_value("few_shot_accuracy").run()
    assert "split at random" in visible_text(at)
    at.segmented_control(key="score_shots").set_value(16).run()
    assert not at.exception, at.exception
    assert "16 texts per label" in visible_text(at)


def test_what_cannot_be_scored_stands_below_with_its_reason(home, corpus, app):
    mine = bring(home, corpus)
    keys = ".".join([corpus[1].key, f"{corpus[1].key}-64", mine.key])
    at = open_page(app, contenders=keys, score_task="Known-item retrieval", known_generator="typos")
    assert not at.exception, at.exception
    assert len(board_of(at)) == 2
    told = [str(each.value) for each in at.warning]
    assert len(told) == 1
    assert "mine" in told[0]
    assert "vectors" in told[0]
    assert not [each for each in at.button if each.key == "score_retry"]  # no model is there to try with
    assert "weaker evidence" in visible_text(at)


def make(home, kind, **columns):
    """Twelve texts with a column chosen as labels, and one model."""
    table = pd.DataFrame({"text": [f"{subject} number {i}" for i, subject in enumerate(SUBJECTS * 2)], "kind": kind})
    raw = RawTable(table.assign(**columns), (), (), None, "")
    built = build_corpus(raw, Roles("{text}", ("kind",)), name="Odd").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    return info, embed(built, load_embedder("lexical"), workspace).model


@pytest.mark.parametrize(
    ("kind", "reason"), [(["same"] * 12, "one label only"), (list("abcdefghijkl"), "two different texts")]
)
def test_a_column_without_use_is_told_once(home, app, kind, reason):
    make(home, kind)
    at = open_page(app, score_task="Labels")
    at.button(key="variants_add").click().run()
    assert not at.exception, at.exception
    told = [str(each.value).replace("\\", "") for each in at.warning]
    assert len(told) == 1
    assert "No contender" in told[0]
    assert reason in told[0]
    assert not [each for each in at.button if each.key == "score_retry"]  # it would fail as it did


def test_many_rows_are_offered_as_a_job_for_what_is_left(home, corpus, app, monkeypatch):
    monkeypatch.setattr(result_view, "INLINE_SECONDS", -1.0)
    whole = Contender(corpus[1])
    asked_of(home, corpus, whole)
    at = open_page(app, contenders=f"{whole.key}.{whole.key}-64")
    assert not at.exception
    text = visible_text(at)
    assert "1 contender to score" in text


def test_the_table_of_queries_is_what_numpy_says(home, corpus):
    mine = bring(home, corpus, 2.0)
    asked = asked_of(home, corpus, Contender(corpus[1]), Contender(mine), metric="precision_at_1")
    seen = query_table(asked, ContenderPair(0, 1))
    texts = Workspace(home).load_corpus(asked.corpus.digest).texts
    labels = [s for s in SUBJECTS for _ in range(5)] * 2
    right = []
    for contender in asked.contenders:
        vectors = contender_rows(asked.corpus, contender)
        similar = vectors @ vectors.T
        np.fill_diagonal(similar, -2)
        right.append(np.array(labels)[similar.argmax(axis=1)] == np.array(labels))
    assert seen.first == int((right[0] & ~right[1]).sum())
    assert seen.second == int((right[1] & ~right[0]).sum())
    assert seen.first + seen.second + seen.equal == seen.total == 60
    only = query_table(asked, ContenderPair(0, 1, "second")).table
    assert (only["difference"] < 0).all()
    place = int(seen.table.index[0])
    assert seen.table["query"].iloc[0] == texts[place]
    near = top_hits(asked, ContenderPair(0, 1), place).tables
    assert near[0]["relevant"].iloc[0] == right[0][place]
    assert near[1]["relevant"].iloc[0] == right[1][place]
    assert near[0]["cosine"].is_monotonic_decreasing
    with pytest.raises(InputError):
        top_hits(asked, ContenderPair(0, 1), 60)
    assert query_table(replace(asked, metric="v_measure"), ContenderPair(0, 1)) is None


def test_what_queries_of_known_items_rank_first_is_what_was_scored(home, corpus):
    task = Task.of("known_item", generator="typos", sample=20, seed=0)
    whole = Contender(corpus[1])
    asked = ScoreboardQuery(
        CorpusRef(str(home), corpus[0].digest), (whole, replace(whole, dimensions=32)), task, "precision_at_1"
    )
    for contender in asked.contenders:
        SCORES.get_or_compute(asked.scores_query(contender))
    first = [answers.load_scores(asked, contender).per_query["precision_at_1"] for contender in asked.contenders]
    for query in range(20):
        near = top_hits(asked, ContenderPair(0, 1), query).tables
        assert [table["relevant"].iloc[0] for table in near] == [values[query] == 1 for values in first]
    table = query_table(asked, ContenderPair(0, 1)).table
    assert list(table) == ["query", "answer", "first", "second", "difference"]


def test_failures_are_kept_beside_what_is_scored(home, corpus):
    mine = Contender(bring(home, corpus))
    task = Task.of("known_item", generator="typos", sample=20, seed=0)
    asked = ScoreboardQuery(CorpusRef(str(home), corpus[0].digest), (mine, Contender(corpus[1])), task, "ndcg_at_10")
    before = answers.scoring_state(asked)
    assert before.pending == (0, 1)
    for contender in asked.contenders:
        score_or_record_failure(asked.scores_query(contender))
    after = answers.scoring_state(asked)
    assert (after.scored, after.pending) == ((1,), ())
    assert list(after.failures) == [0]
    assert after.failures[0].message


def test_pairs_are_seen_by_how_near_their_ranks_are():
    pairs = np.array([[0.9, 5.0], [0.1, 1.0], [0.5, 3.0], [0.2, 4.0]])
    assert rank_agreement(pairs) == pytest.approx([1, 1, 2 / 3, 2 / 3])  # ranks 4 1 3 2 against 4 1 2 3
    assert rank_agreement(pairs * [-1, 1]).min() == 0


def test_the_file_and_the_sentences_follow_the_board(home, corpus):
    mine, worse = Contender(bring(home, corpus)), Contender(bring(home, corpus, 2.0, "worse"))
    asked = asked_of(home, corpus, worse, mine)
    board = answers.board(asked)
    assert board.order == (1, 0)
    costs = answers.costs(asked.corpus, asked.contenders)
    file = export_table(asked.contenders, board, costs)
    assert file["contender"].tolist() == ["mine", "worse"]
    values = [answers.load_scores(asked, each).per_query["map_at_r"].mean() for each in (mine, worse)]
    assert np.allclose(file["score"], values)
    assert file["low"].lt(file["score"]).all()
    assert file["settings"].tolist() == ["column=subject"] * 2
    assert file["queries"].tolist() == [60, 60]
    told = view.describe_frontier(["mine", "worse"], np.array([2.0, 1.0]), np.array([True, True]))
    assert told == "On the Pareto frontier: mine and worse."
    told = view.describe_frontier(["a", "b", "c"], np.array([1.0, 2.0, np.nan]), np.array([True, False, False]))
    assert told == "a is best on both. Dominated: b. Cost unknown: c."
    table = details.pair_table(asked.contenders, board)
    assert table["difference"].iloc[0] == pytest.approx(values[0] - values[1], abs=1e-5)


def test_the_pairs_that_differ_significantly_are_counted():
    counts = [details.describe_pairs(pd.Series(each)) for each in ([0, 0, 0], [1, 0, 0], [1, 1])]
    assert counts[0] == "0 of 3 pairs of contenders differ significantly."
    assert counts[1] == "1 of 3 pairs of contenders differs significantly."
    assert counts[2] == "2 of 2 pairs of contenders differ significantly."


def test_a_job_takes_the_keys_of_its_own_servers(monkeypatch):
    monkeypatch.setattr(session, "named_key", lambda name: Secret(f"key of {name}"))
    served, paid = ({"backend": "openai", "name": "m", "base_url": server} for server in ("https://a.example/v1", ""))
    here = {"backend": "lexical", "name": "words", "base_url": ""}
    keys = session.job_key({"contenders": [{"model": each} for each in (served, here)]})
    assert keys.of("https://a.example/v1").reveal() == "key of https://a.example/v1"
    assert keys.of("OPENAI_API_KEY") is None  # not asked for
    assert not session.job_key({"contenders": [{"model": here}]})
    assert session.job_key({"model": paid}).reveal() == "key of OPENAI_API_KEY"
    assert session.job_key({"model": served}).reveal() == "key of https://a.example/v1"
    assert session.job_key({"model": here}) is None
    assert (
        session.job_key({"model": here, "chat": {"name": "m", "base_url": "https://c"}}).reveal() == "key of https://c"
    )
    assert session.job_key({"contender": {"model": here}}) is None


def test_contenders_with_identical_vectors_are_named_and_not_ranked(corpus, home, app):
    first = bring(home, corpus, name="mine")
    same = ModelSpec("imported", "yours", "b", 40)
    workspace, digest = Workspace(home), corpus[0].digest
    workspace.save_vectors(
        Vectors(np.array(workspace.load_vectors(digest, first).rows), same, digest, {"seconds": 0.0})
    )
    at = open_page(app)
    assert not at.exception
    assert any("mine" in warning.value and "yours" in warning.value for warning in at.warning)
    assert len(board_of(at)) == 2  # one of the two, and the corpus' own model


def test_a_contender_that_failed_a_check_is_marked_where_it_is_ranked(corpus, home, app):
    info, spec = corpus
    bring(home, corpus)
    query = ContactQuery(CorpusRef(str(home), info.digest), spec)
    report = CONTACT.get(query)
    CONTACT.save(query, replace(report, probe=replace(report.probe, checks=(Check("name", "It ignores the name."),))))
    at = open_page(app)
    assert not at.exception
    assert any("ignores the name" in warning.value for warning in at.warning)
    labels = board_of(at)["contender"].tolist()
    assert [label.endswith("⚠") for label in labels] == [spec.label in label for label in labels]
    assert any("⚠" in element.value for element in at.markdown if spec.label in element.value)
