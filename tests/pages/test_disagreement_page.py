"""The Disagreement page: every part on contenders whose disagreement is known, and what it says where it can't."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.disagreement import blind_vote, explanations, rows, service, shift_groups, single_query
from core.disagreement.results import (
    COMPARISON,
    NEIGHBOR_SHIFTS,
    PAIR_COMPARISON,
    ComparisonQuery,
    PairQuery,
    ShiftQuery,
)
from core.disagreement.rows import RowQuery
from core.disagreement.shift_groups import ShiftedGroup
from core.disagreement.single_query import SearchQuery
from core.disagreement.triplets import Vote, VoteResult, load_votes, vote_result
from core.errors import InputError, StorageError
from core.jobs.kinds import run_job
from core.jobs.results import result_spec, step_of
from core.map.coloring import disagreement_link, extreme_clusters, parse_disagreement_link
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import contender_layouts, disagreement_colors
from core.map.service import ColorBy, color_of
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec, Roles, Trust, Vectors, unit_rows
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors
from pages.shared import result_view
from pages.shared.disagreement.neighbor_shifts import shift_phrase
from pages.shared.disagreement.vote import vote_verdict
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/disagreement.py"
PLANTED = "teapot"


def texts_and_kinds():
    """240 texts of six subjects; four marks make the wording differ."""
    marks = ("today.", "again!", "last week, I think", "for the second time now")
    told = [(f"My {subject} {mood} {mark}", subject) for mark in marks for subject in SUBJECTS for mood in MOODS]
    more = [(f"The {subject}, number {i}: it {mood}", subject) for i, subject in enumerate(SUBJECTS) for mood in MOODS]
    rest = [
        (f"Is a {subject} that {mood} worth {i} coins?", subject)
        for i in (7, 8, 9)
        for subject in SUBJECTS
        for mood in MOODS
    ]
    return [*told, *more, *rest]


def make(home, twin=False):
    """A corpus under the lexical model and under imported vectors: the same, but for the planted subject's rows, whose
    vectors are random; with `twin` the same throughout. Gives what is asked, compared, and the planted rows."""
    table = pd.DataFrame(texts_and_kinds(), columns=["text", "subject"])
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    base = keep(home, built)
    vectors = np.array(Workspace(home).load_vectors(built.digest, base).rows)
    gone = np.flatnonzero(table["subject"] == PLANTED)
    if not twin:
        vectors[gone] = np.random.default_rng(0).normal(size=(len(gone), vectors.shape[1])) * 3
    spec = ModelSpec("imported", "mine", "v1", vectors.shape[1])
    Workspace(home).save_vectors(Vectors(unit_rows(vectors), spec, built.digest))
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(spec)))
    COMPARISON.get_or_compute(asked)
    return asked, gone


def keep(home, built):
    """A corpus embedded with the lexical model, with its graph; gives the model."""
    Workspace(home).save_corpus(built)
    base = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), base))
    return base


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Made once; tests that change nothing but add to it share it."""
    return make(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    return make(tmp_path_factory.mktemp("twins"), twin=True)[0]


@pytest.fixture
def own(home, shop):
    """A copy of the shop in the workspace that the app opens."""
    shutil.copytree(shop[0].corpus.folder, home, dirs_exist_ok=True)
    return replace(shop[0], corpus=CorpusRef(str(home), shop[0].corpus.digest)), shop[1]


def open_page(app, asked=None, part="Overview", **query):
    app.query_params["differ"] = part
    if asked is not None:
        app.query_params["contenders"] = ".".join(contender.key for contender in asked.contenders)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at):
    assert not at.exception, at.exception
    assert not at.error, [each.value for each in at.error]
    return visible_text(at).replace("\\", "")


def test_the_same_model_twice_agrees_wholly(twins):
    asked = twins
    for measure in ("overlap", "jaccard", "rbo", "cka", "rsa"):
        assert service.pairwise_similarity(asked, measure, 10).values == pytest.approx(np.ones((2, 2)), abs=1e-5)
    with pytest.raises(InputError, match="same overlap"):
        explanations.explain_disagreement(asked, 10)
    assert blind_vote.ballot(asked).question is None
    assert not find_groups(asked).groups


def shift_query(asked, k=10):
    return ShiftQuery(asked.corpus, *asked.contenders[:2], k)


def find_groups(asked, k=10):
    NEIGHBOR_SHIFTS.get_or_compute(shift_query(asked, k))
    return shift_groups.shifted_groups(shift_query(asked, k))


def test_where_a_group_moved_is_said_as_far_as_words_tell():
    group = ShiftedGroup(0, "tea", 9, 0.5, (), (), (), ("old", "cup"), ("new",), (), (), "", ("", 0))
    assert re.search("from .*old, cup to .*new", shift_phrase(group))
    assert "new" not in shift_phrase(replace(group, gained_words=()))
    assert "old" not in shift_phrase(replace(group, lost_words=()))
    assert "same words" in shift_phrase(replace(group, lost_words=(), gained_words=()))


def test_a_planted_slice_tops_the_rows_and_what_explains_them(shop):
    asked, gone = shop
    order = rows.row_order(asked, RowQuery(10))
    assert set(order[: len(gone)]) == set(gone)
    found = explanations.explain_disagreement(asked, 10)
    first = found.explanation.slices[0]
    assert first.phrase == f'with subject "{PLANTED}"'
    assert first.low > 10
    assert first.n == len(gone)
    lines = explanations.explanation_file(asked, 10).decode("utf-8-sig").splitlines()
    assert PLANTED in lines[1]
    assert lines[0].startswith("slice,factor,n")


def test_every_part_is_drawn(own, app, monkeypatch):
    asked, jobs = own[0], []
    monkeypatch.setattr(result_view, "submit_jobs", lambda *submitted: jobs.extend(submitted))
    text = fine(open_page(app, asked))
    assert "share" in text
    assert "95% CI" in text
    assert "Chance level" in text
    for part in ("Rows", "Explanations", "Shifted groups", "Maps", "Single query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        text = fine(app)
        if part == "Maps":
            assert "2 maps to compute" in text
            next(button for button in app.button if button.label == "Compute maps").click().run()
    queries = [step_of(job).query for job in jobs]
    corpus = CorpusRef(asked.corpus.folder, asked.corpus.digest)
    assert queries == [LayoutQuery(corpus, contender.model, LayoutParams()) for contender in asked.contenders]
    app.query_params |= {"color": "(disagreement)", "between": disagreement_link(asked, 10)}
    app.switch_page("pages/explore/map.py").run()
    assert app.selectbox(key="color").value == "(disagreement)"


def test_heat_maps_by_every_measure(own, app):
    asked, _ = own
    at = open_page(app, asked)
    for measure in ("jaccard", "rbo", "cka", "rsa"):
        at.segmented_control(key="alike").set_value(measure).run()
        assert "95% CI" in fine(at), measure
    seen = service.pairwise_similarity(asked, "rsa", 10)
    assert -1 <= seen.low[0, 1] < seen.values[0, 1] < seen.high[0, 1] <= 1
    at.segmented_control(key="alike").set_value("overlap").run()
    at.select_slider(key="depth").set_value(50).run()
    assert "50 nearest texts" in fine(at)


def test_three_contenders_are_compared_pair_by_pair(own, app):
    asked, gone = own
    small = ComparisonQuery(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, 128)))
    COMPARISON.get_or_compute(small)
    seen = service.pairwise_similarity(small, "overlap", 10)
    assert seen.values[0, 2] > seen.values[1, 2]
    assert (seen.low[0, 1], seen.high[0, 1]) == (seen.low[1, 0], seen.high[1, 0])
    assert seen.low[0, 2] < seen.values[0, 2] < seen.high[0, 2]
    curve = service.overlap_by_k(small, "overlap")
    assert curve.pairs == ((0, 1), (0, 2), (1, 2))
    assert curve.values[0, curve.depths.index(10)] == pytest.approx(seen.values[0, 1])
    text = fine(open_page(app, small, "Rows"))
    assert "3 contenders" in text
    table = app.dataframe[0].value
    assert set(table.index[: len(gone)]) == set(gone)
    app.selectbox(key="pair").set_value(
        app.selectbox(key="pair").options and f"{small.contenders[0].key}~{small.contenders[2].key}"
    ).run()
    fine(app)


def test_rows_are_filtered_kept_and_taken_out(shop):
    asked, gone = shop
    table = rows.row_table(asked, RowQuery(10, "subject", ("lamp", "notebook")))
    assert set(table.table["label"]) == {"lamp", "notebook"}
    assert table.total == 2 * len(gone)
    short = rows.row_table(asked, RowQuery(10, word_range=(None, 6)))
    assert short.table["words"].max() <= 6
    options = rows.filter_options(asked)
    assert dict(options.columns)["subject"]
    inside = rows.row_table(asked, RowQuery(10, cluster=options.clusters[0]))
    assert 0 < inside.total < 240
    isolated = rows.row_table(asked, RowQuery(10, isolated="only"))
    assert isolated.table["isolated"].all()
    lines = rows.rows_file(asked, RowQuery(10)).decode("utf-8-sig").splitlines()
    assert len(lines) == 241
    assert "overlap@10 of lexical baseline and mine" in lines[0]
    assert rows.row_order(asked, RowQuery(10), 5).tolist() == rows.row_order(asked, RowQuery(10))[:5].tolist()


def test_a_rows_neighbors_are_kept_lost_and_gained(shop):
    asked, gone = shop
    row = int(gone[0])
    view = rows.compare_row(asked, row, 10)
    graphs = [load_neighbors(asked.corpus, contender.model).ids[row, :10] for contender in asked.contenders]
    for own, other, near, status in ((0, 1, view.lists[0], "lost"), (1, 0, view.lists[1], "gained")):
        assert near.table.index.tolist() == graphs[own].tolist()
        expected = ["shared" if i in set(graphs[other]) else status for i in graphs[own]]
        assert near.table["status"].tolist() == expected
    with pytest.raises(InputError):
        rows.compare_row(asked, 240, 10)


def test_rows_that_stand_alone_under_all(twins):
    asked = twins
    alone = rows.isolated_rows(asked)
    near = rows.neighbor_cosines(asked.corpus, asked.contenders[0])
    assert 0 < alone.sum() <= 13
    assert near[alone].max() <= near[~alone].min()
    view = rows.compare_row(asked, int(np.flatnonzero(alone)[0]), 10)
    assert view.isolated
    assert view.lists[0].percentile < 5


def test_what_moved_together_is_the_planted_group(shop):
    asked, _gone = shop
    found = find_groups(asked)
    assert found.groups
    members = shift_groups.group_rows(shift_query(asked), found.groups[0].number)
    assert len(members) == found.groups[0].texts
    assert found.groups[0].common_words
    reverse = ShiftQuery(asked.corpus, *asked.contenders[::-1], 10)
    with pytest.raises(StorageError):
        shift_groups.shifted_groups(reverse)


def test_a_query_leaves_out_who_cannot_embed_it(own, app):
    asked, _ = own
    text = fine(open_page(app, asked, "Single query", disagree_query="lamp arrived late"))
    assert "mine" in text
    assert "left out" in text
    app.text_input(key="disagree_query").set_value("").run()
    app.number_input(key="disagree_query_row").set_value(4).run()
    assert "Row 4" in fine(app)
    assert "rank-biased overlap" in visible_text(app)


def test_ranks_of_a_row_are_those_of_its_cosines(shop):
    asked, _gone = shop
    variant = ComparisonQuery(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, None, "binary")))
    made = single_query.rank_by_contender(variant, SearchQuery("", 3, 10))
    rows = load_vectors(asked.corpus, asked.contenders[0].model).rows
    cosines = rows @ rows[3]
    cosines[3] = -np.inf
    for row, rank in zip(made.table.index, made.ranks[:, 0], strict=True):
        assert (cosines > cosines[row] + 1e-6).sum() < rank <= (cosines >= cosines[row] - 1e-6).sum()
    only = made.table["only"] == "mine"
    assert ((made.ranks[only, 1] <= 10) & (made.ranks[only][:, [0, 2]] > 10).all(axis=1)).all()
    assert made.similarity.shape == (3, 3)
    lines = single_query.rankings_file(variant, SearchQuery("", 3, 10)).decode("utf-8-sig").splitlines()
    assert len(lines) == len(made.table) + 1
    for wrong in (SearchQuery("  "), SearchQuery("", 240)):
        with pytest.raises(InputError):
            single_query.rank_by_contender(asked, wrong)
    typed = ComparisonQuery(asked.corpus, variant.contenders[::2])
    assert single_query.rank_by_contender(typed, SearchQuery("a lamp")).positions == (0, 1)
    with pytest.raises(InputError, match="No contender"):
        single_query.rank_by_contender(ComparisonQuery(asked.corpus, asked.contenders[1:]), SearchQuery("a lamp"))


def test_votes_go_to_whom_the_text_shown_belongs(own, app, home):
    asked, _ = own
    at = open_page(app, asked, "Blind vote")
    fine(at)
    seen = " ".join(str(each.value) for kind in (at.markdown, at.caption, at.text) for each in kind)
    assert "mine" not in seen
    assert "lexical" not in seen
    for choice in ("first", "second", "none", "skip"):
        at.button(key=f"disagree_{choice}").click().run()
        fine(at)
    votes = load_votes(Workspace(home), asked.corpus.digest)
    assert len(votes) == 4
    assert [vote.choice for vote in votes[2:]] == ["none", "skip"]
    at.toggle(key="disagree_reveal").set_value(True).run()
    assert "2 votes" in fine(at) or "in" in visible_text(at)
    at.button(key="disagree_undo").click().run()
    assert len(load_votes(Workspace(home), asked.corpus.digest)) == 3
    assert len(blind_vote.votes_file(asked).decode("utf-8-sig").splitlines()) == 4


def test_a_vote_for_the_text_of_a_contender_counts_for_it(shop):
    """Whichever side a text is shown on: always choosing what the second contender has nearer."""
    asked, _ = shop
    rows = load_vectors(asked.corpus, asked.contenders[1].model).rows
    sides = set()
    for _ in range(12):
        case = blind_vote.ballot(asked).question
        nearer = rows[case.anchor] @ rows[case.first] > rows[case.anchor] @ rows[case.second]
        sides.add(bool(nearer))
        blind_vote.vote(asked, case, "first" if nearer else "second")
    told = blind_vote.ballot(asked).result
    assert sides == {True, False}
    assert told.share.tolist() == [0, 1]
    blind_vote.reset(asked)
    assert blind_vote.ballot(asked).result.decided == 0


def test_maps_are_colored_by_disagreement(shop):
    asked, gone = shop
    assert contender_layouts(asked) == ()
    points = np.random.default_rng(0).normal(size=(240, 2)).astype(np.float32)
    layout = Layout(points, LayoutParams(), Trust(0.9, 0.5, 0.1, 15, 240, 240, np.ones(240)))
    for contender in asked.contenders:
        LAYOUTS.save(LayoutQuery(CorpusRef(asked.corpus.folder, asked.corpus.digest), contender.model), layout)
    places = contender_layouts(asked)
    assert [place.model.key for place in places] == [each.model.key for each in asked.contenders]
    made = disagreement_colors(asked, 10, places, "light")
    codes = np.frombuffer(made.codes.data, np.uint8)
    named = disagreement_link(asked, 10)
    assert parse_disagreement_link(asked.corpus, named) == (asked, 10)
    for wrong in ("", "10", f"7.{named[3:]}", f"{named}.gone", f"{named}-3"):
        assert parse_disagreement_link(asked.corpus, wrong) is None
    spec = color_of(places[0], ColorBy("disagreement", named))
    assert np.allclose(spec.values, service.disagreement(asked, 10))
    with pytest.raises(StorageError):
        color_of(places[0], ColorBy("disagreement", f"{named}-3"))
    assert codes[gone].min() > np.delete(codes, gone).mean()
    assert made.legend["kind"] == "scale"
    found = service.first_clusters(asked)
    names = np.array(found.names, dtype=object)[found.labels]
    means = pd.Series(service.disagreement(asked, 10)).groupby(names).mean()
    (most, high), (least, low) = extreme_clusters(asked, 10)
    assert (means[most], means[least]) == pytest.approx((high, low))
    assert high > low


def test_the_job_does_it_once(shop):
    asked, _ = shop
    small = ComparisonQuery(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, 64)))
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            seen = []
            function(*arguments, progress=lambda done, total: seen.append((done, total)))
            assert not seen or seen[-1][0] == seen[-1][1]
            stages.append(stage)

    assert not service.is_compared(small)
    assert COMPARISON.expected_seconds(small) > 0
    for _ in range(2):
        run_job(result_spec(COMPARISON, small, "Comparing"), None, Context())
    assert service.is_compared(small)
    assert COMPARISON.expected_seconds(small) == 0
    assert len(stages) == 4  # a graph, two pairs, and the whole; clusters and facts are stored
    pair = (small.contenders[0], small.contenders[2])
    one, other = PairQuery(asked.corpus, *pair), PairQuery(asked.corpus, *pair[::-1])
    assert PAIR_COMPARISON.key(one) == PAIR_COMPARISON.key(other)
    run_job(result_spec(NEIGHBOR_SHIFTS, shift_query(small), "Shifts"), None, Context())
    assert NEIGHBOR_SHIFTS.exists(shift_query(small))


def test_verdicts_of_few_votes_have_no_nan():
    contenders = [Contender(ModelSpec("imported", name, "v1", 8)) for name in "abc"]
    asked = ComparisonQuery(CorpusRef("", "0" * 16), tuple(contenders))
    vote = load_vote(contenders)
    for query in (asked, replace(asked, contenders=asked.contenders[:2])):
        result = vote_result([vote], [contender.key for contender in query.contenders])
        assert isinstance(result, VoteResult)
        assert "nan" not in vote_verdict(query, result)
        assert "a" in vote_verdict(query, result)


def load_vote(contenders):
    return Vote(contenders[0].key, contenders[1].key, 0, 1, 2, "first")


def test_many_rows_are_offered_as_a_job(own, app, monkeypatch):
    asked, _ = own
    new = replace(asked, contenders=(asked.contenders[0], Contender(asked.contenders[0].model, 32)))
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    text = fine(open_page(app, new))
    assert "2 contenders have not been compared" in text
    assert any(button.label == "Compare" for button in app.button)


def test_without_a_corpus_or_models_it_says_what_to_do(app):
    assert "Add data" in fine(open_page(app))


def test_two_rows_are_compared_and_the_rest_is_explained(home, app):
    table = pd.DataFrame({"text": ["one lamp", "two chairs"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Two").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    text = fine(open_page(app, asked))
    assert "100%" in text
    for part in ("Rows", "Shifted groups", "Single query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        fine(app)
    app.segmented_control(key="differ").set_value("Explanations").run()
    assert not app.exception
    assert "too few" in str(app.error[0].value)


def test_one_text_in_all_rows_has_no_neighbors(home, app):
    table = pd.DataFrame({"text": ["the same lamp"] * 12})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="One").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    assert "All rows have the same text" in fine(open_page(app, asked))


def test_markup_in_texts_is_shown_as_it_stands(home, app):
    table = pd.DataFrame({"text": [f"**bold** <b>{i}</b> lamp {i % 7}" for i in range(30)]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="**B**").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    for part in ("Rows", "Shifted groups", "Single query", "Blind vote"):
        at = open_page(app, asked, part, disagree_query="**lamp**")
        fine(at)
        assert "**bold**" not in " ".join(str(each.value) for kind in (at.markdown, at.caption) for each in kind)


def test_the_first_rows_are_kept_as_a_selection(own, app):
    asked, gone = own
    at = open_page(app, asked, "Rows")
    at.text_input(key="disagree_name").set_value("Moved").run()
    at.button(key="disagree_save").click().run()
    fine(at)
    kept = saved_selections(Workspace(asked.corpus.folder), asked.corpus.digest)[0]
    assert kept.name == "Moved"
    assert set(gone) <= set(selection_rows(Workspace(asked.corpus.folder), asked.corpus.digest, kept.key))
