"""The Disagreement page: every part on contenders whose disagreement is known, and what it says where it can't."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.disagreement import blind_vote as disagreement_vote
from core.disagreement import explanations as why
from core.disagreement import rows as disagreement_rows
from core.disagreement import service as answers
from core.disagreement import shift_groups as moves
from core.disagreement import shift_results as moved
from core.disagreement import single_query as disagreement_query
from core.disagreement.expected_time import expected_seconds
from core.disagreement.isolated_rows import nearness, stand_alone
from core.disagreement.results import is_prepared
from core.disagreement.row import row_sides
from core.disagreement.rows import RowQuery
from core.disagreement.service import Asked
from core.disagreement.shift_groups import MovedGroup
from core.disagreement.single_query import QueryAsked
from core.disagreement.stored import pair_inputs
from core.disagreement.votes import load_votes
from core.errors import InputError, StorageError
from core.jobs.kinds import run_job
from core.jobs.results import step_of
from core.jobs.types import JobSpec
from core.map.disagreement_colors import disagreement_colors, extreme_groups, from_link, link_text, places_of
from core.map.results import LAYOUTS, LayoutQuery
from core.map.service import ColorBy, color_of
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec, Roles, Trust, Vectors, unit_rows
from core.vectors import embedding
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors
from pages.shared import result_view
from pages.shared.disagreement.neighbor_shifts import way
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
    asked = Asked(CorpusRef(str(home), built.digest), (Contender(base), Contender(spec)))
    answers.compare_now(asked)
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
    shutil.copytree(shop[0].folder, home, dirs_exist_ok=True)
    return replace(shop[0], folder=str(home)), shop[1]


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
        assert answers.overview(asked, measure, 10).values == pytest.approx(np.ones((2, 2)), abs=1e-5)
    with pytest.raises(InputError, match="overlap alike"):
        why.why(asked, 10)
    assert disagreement_vote.ballot(asked).case is None
    assert not disagreement_moves_of(asked).groups


def disagreement_moves_of(asked, k=10):
    moved.find_moves(asked, k)
    assert moved.moves_state(asked, k)[0]
    return moves.moved_groups(asked, k)


def test_where_a_group_moved_is_said_as_far_as_words_tell():
    group = MovedGroup(0, "tea", 9, 0.5, (), (), (), ("old", "cup"), ("new",), (), (), "", ("", 0))
    assert way(group) == "that left texts about old, cup for texts about new"
    assert way(replace(group, to_words=())) == "that left texts about old, cup"
    assert way(replace(group, from_words=())) == "that moved to texts about new"
    assert way(replace(group, from_words=(), to_words=())) == "that changed neighbors for others with the same words"


def test_a_planted_slice_tops_the_rows_and_what_explains_them(shop):
    asked, gone = shop
    order = disagreement_rows.row_order(asked, RowQuery(10))
    assert set(order[: len(gone)]) == set(gone)
    found = why.why(asked, 10)
    first = found.explanation.slices[0]
    assert first.phrase == f'with subject "{PLANTED}"'
    assert first.low > 10
    assert first.n == len(gone)
    assert set(why.slice_rows(asked, 10, (first.phrase,))) == set(gone)
    lines = why.why_file(asked, 10).decode("utf-8-sig").splitlines()
    assert PLANTED in lines[1]
    assert lines[0].startswith("slice,factor,n")


def test_every_part_is_drawn(own, app, monkeypatch):
    asked, jobs = own[0], []
    monkeypatch.setattr(result_view, "submit_jobs", lambda *submitted: jobs.extend(submitted))
    text = fine(open_page(app, asked))
    assert "share" in text
    assert "95% CI" in text
    assert "by chance" in text or "nothing in common" in text
    for part in ("Rows", "What explains it", "Moved together", "Maps", "One query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        text = fine(app)
        if part == "Maps":
            assert "2 maps to be drawn" in text
            next(button for button in app.button if button.label == "Draw them").click().run()
    queries = [step_of(job).query for job in jobs]
    corpus = CorpusRef(asked.corpus.folder, asked.corpus.digest)
    assert queries == [LayoutQuery(corpus, contender.model, LayoutParams()) for contender in asked.contenders]
    app.query_params |= {"color": "(disagreement)", "between": link_text(asked, 10)}
    app.switch_page("pages/explore/map.py").run()
    assert app.selectbox(key="color").value == "(disagreement)"


def test_heat_maps_by_every_measure(own, app):
    asked, _ = own
    at = open_page(app, asked)
    for measure in ("jaccard", "rbo", "cka", "rsa"):
        at.segmented_control(key="alike").set_value(measure).run()
        assert "95% CI" in fine(at), measure
    seen = answers.overview(asked, "rsa", 10)
    assert -1 <= seen.low[0, 1] < seen.values[0, 1] < seen.high[0, 1] <= 1
    at.segmented_control(key="alike").set_value("overlap").run()
    at.select_slider(key="depth").set_value(50).run()
    assert "50 nearest texts" in fine(at)


def test_three_contenders_are_compared_pair_by_pair(own, app):
    asked, gone = own
    small = Asked(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, 128)))
    answers.compare_now(small)
    seen = answers.overview(small, "overlap", 10)
    assert seen.values[0, 2] > seen.values[1, 2]
    assert (seen.low[0, 1], seen.high[0, 1]) == (seen.low[1, 0], seen.high[1, 0])
    assert seen.low[0, 2] < seen.values[0, 2] < seen.high[0, 2]
    curve = answers.curves(small, "overlap")
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
    table = disagreement_rows.row_table(asked, RowQuery(10, "subject", ("lamp", "notebook")))
    assert set(table.table["label"]) == {"lamp", "notebook"}
    assert table.total == 2 * len(gone)
    short = disagreement_rows.row_table(asked, RowQuery(10, words=(None, 6)))
    assert short.table["words"].max() <= 6
    choices = disagreement_rows.choices(asked)
    assert dict(choices.columns)["subject"]
    inside = disagreement_rows.row_table(asked, RowQuery(10, group=choices.groups[0]))
    assert 0 < inside.total < 240
    alone = disagreement_rows.row_table(asked, RowQuery(10, alone="only"))
    assert alone.table["alone"].all()
    lines = disagreement_rows.rows_file(asked, RowQuery(10)).decode("utf-8-sig").splitlines()
    assert len(lines) == 241
    assert "overlap@10 of lexical baseline and mine" in lines[0]
    assert (
        disagreement_rows.first_rows(asked, RowQuery(10), 5).tolist()
        == disagreement_rows.row_order(asked, RowQuery(10))[:5].tolist()
    )


def test_a_rows_neighbors_are_kept_lost_and_gained(shop):
    asked, gone = shop
    row = int(gone[0])
    view = row_sides(asked, row, 10)
    graphs = [load_neighbors(asked.corpus, contender.model).ids[row, :10] for contender in asked.contenders]
    for own, other, near, status in ((0, 1, view.lists[0], "lost"), (1, 0, view.lists[1], "gained")):
        assert near.table.index.tolist() == graphs[own].tolist()
        expected = ["kept" if i in set(graphs[other]) else status for i in graphs[own]]
        assert near.table["status"].tolist() == expected
    with pytest.raises(InputError):
        row_sides(asked, 240, 10)


def test_rows_that_stand_alone_under_all(twins):
    asked = twins
    alone = stand_alone(asked)
    near = nearness(asked.corpus, asked.contenders[0])
    assert 0 < alone.sum() <= 13
    assert near[alone].max() <= near[~alone].min()
    view = row_sides(asked, int(np.flatnonzero(alone)[0]), 10)
    assert view.alone
    assert view.lists[0].percentile < 5


def test_what_moved_together_is_the_planted_group(shop):
    asked, _gone = shop
    found = disagreement_moves_of(asked)
    assert found.groups
    rows = moves.group_rows(asked, 10, found.groups[0].number)
    assert len(rows) == found.groups[0].texts
    assert found.groups[0].words
    again = Asked(asked.corpus, asked.contenders[::-1])
    with pytest.raises(StorageError):
        moved.moves(again, 10)


def test_a_query_leaves_out_who_cannot_embed_it(own, app):
    asked, _ = own
    text = fine(open_page(app, asked, "One query", disagree_query="lamp arrived late"))
    assert "mine" in text
    assert "left out" in text
    app.text_input(key="disagree_query").set_value("").run()
    app.number_input(key="disagree_query_row").set_value(4).run()
    assert "Row 4" in fine(app)
    assert "rank-biased overlap" in visible_text(app)


def test_ranks_of_a_row_are_those_of_its_cosines(shop):
    asked, _gone = shop
    variant = Asked(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, None, "binary")))
    made = disagreement_query.answers(variant, QueryAsked("", 3, 10))
    rows = embedding.opened.vectors(asked.corpus, asked.contenders[0].model).rows
    cosines = rows @ rows[3]
    cosines[3] = -np.inf
    for row, rank in zip(made.table.index, made.ranks[:, 0], strict=True):
        assert (cosines > cosines[row] + 1e-6).sum() < rank <= (cosines >= cosines[row] - 1e-6).sum()
    only = made.table["only"] == "mine"
    assert ((made.ranks[only, 1] <= 10) & (made.ranks[only][:, [0, 2]] > 10).all(axis=1)).all()
    assert made.likeness.shape == (3, 3)
    lines = disagreement_query.answers_file(variant, QueryAsked("", 3, 10)).decode("utf-8-sig").splitlines()
    assert len(lines) == len(made.table) + 1
    for wrong in (QueryAsked("  "), QueryAsked("", 240)):
        with pytest.raises(InputError):
            disagreement_query.answers(asked, wrong)
    typed = Asked(asked.corpus, variant.contenders[::2])
    assert disagreement_query.answers(typed, QueryAsked("a lamp")).places == (0, 1)
    with pytest.raises(InputError, match="No contender"):
        disagreement_query.answers(Asked(asked.corpus, asked.contenders[1:]), QueryAsked("a lamp"))


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
    assert len(disagreement_vote.votes_file(asked).decode("utf-8-sig").splitlines()) == 4


def test_a_vote_for_the_text_of_a_contender_counts_for_it(shop):
    """Whichever side a text is shown on: always choosing what the second contender has nearer."""
    asked, _ = shop
    rows = embedding.opened.vectors(asked.corpus, asked.contenders[1].model).rows
    sides = set()
    for _ in range(12):
        case = disagreement_vote.ballot(asked).case
        nearer = rows[case.anchor] @ rows[case.first] > rows[case.anchor] @ rows[case.second]
        sides.add(bool(nearer))
        disagreement_vote.vote(asked, case, "first" if nearer else "second")
    told = disagreement_vote.outcome_of(asked)
    assert sides == {True, False}
    assert told.share.tolist() == [0, 1]
    disagreement_vote.start_again(asked)
    assert disagreement_vote.outcome_of(asked).decided == 0


def test_maps_are_colored_by_disagreement(shop):
    asked, gone = shop
    assert places_of(asked) == ()
    points = np.random.default_rng(0).normal(size=(240, 2)).astype(np.float32)
    layout = Layout(points, LayoutParams(), Trust(0.9, 0.5, 0.1, 15, 240, 240, np.ones(240)))
    for contender in asked.contenders:
        LAYOUTS.save(LayoutQuery(CorpusRef(asked.corpus.folder, asked.corpus.digest), contender.model), layout)
    places = places_of(asked)
    assert [place.model.key for place in places] == [each.model.key for each in asked.contenders]
    made = disagreement_colors(asked, 10, places, "light")
    codes = np.frombuffer(made.codes.data, np.uint8)
    named = link_text(asked, 10)
    assert from_link(asked.corpus, named) == (asked, 10)
    for wrong in ("", "10", f"7.{named[3:]}", f"{named}.gone", f"{named}-3"):
        assert from_link(asked.corpus, wrong) is None
    spec = color_of(places[0], ColorBy("disagreement", named))
    assert np.allclose(spec.values, disagreement_rows.disagreement(asked, 10))
    with pytest.raises(StorageError):
        color_of(places[0], ColorBy("disagreement", f"{named}-3"))
    assert codes[gone].min() > np.delete(codes, gone).mean()
    assert made.look["kind"] == "scale"
    found = disagreement_rows.groups(asked)
    names = np.array(found.names, dtype=object)[found.labels]
    means = pd.Series(disagreement_rows.disagreement(asked, 10)).groupby(names).mean()
    (most, high), (least, low) = extreme_groups(asked, 10)
    assert (means[most], means[least]) == pytest.approx((high, low))
    assert high > low


def test_the_job_does_it_once(shop):
    asked, _ = shop
    small = (*asked.contenders, Contender(asked.contenders[0].model, 64))
    where = (asked.corpus, small)
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit=""):
            told = []
            function(*arguments, progress=lambda done, total: told.append((done, total)))
            stages.append((stage, unit, told))

    assert not is_prepared(*where)
    assert expected_seconds(*where) > 0
    params = {"contenders": [each.to_dict() for each in small]}
    run_job(JobSpec("disagreement", asked.corpus.folder, asked.corpus.digest, params), None, Context())
    assert is_prepared(*where)
    assert expected_seconds(*where) == 0
    assert [stage for stage, _, _ in stages] == [
        "Finding neighbors",
        "Comparing neighbors",
        "Grouping",
        "Looking at the texts",
    ]
    assert stages[1][2] == [(1, 3), (2, 3), (3, 3)]
    assert pair_inputs(small[0], small[1]) == pair_inputs(small[1], small[0])
    run_job(JobSpec("disagreement", asked.corpus.folder, asked.corpus.digest, params | {"moved": 10}), None, Context())
    assert moved.moves_state(Asked(*where), 10)[0]


def test_many_rows_are_offered_as_a_job(own, app, monkeypatch):
    asked, _ = own
    new = replace(asked, contenders=(asked.contenders[0], Contender(asked.contenders[0].model, 32)))
    monkeypatch.setattr(result_view, "compute_inline", lambda *_, **__: False)
    text = fine(open_page(app, new))
    assert "2 contenders have not been compared yet" in text
    assert any(button.label == "Compare them" for button in app.button)


def test_without_a_corpus_or_models_it_says_what_to_do(app):
    assert "bring in some text" in fine(open_page(app))


def test_two_rows_are_compared_and_the_rest_is_explained(home, app):
    table = pd.DataFrame({"text": ["one lamp", "two chairs"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Two").corpus
    base = keep(home, built)
    asked = Asked(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    text = fine(open_page(app, asked))
    assert "100%" in text
    for part in ("Rows", "Moved together", "One query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        fine(app)
    app.segmented_control(key="differ").set_value("What explains it").run()
    assert not app.exception
    assert "too few" in str(app.error[0].value)


def test_one_text_in_all_rows_has_no_neighbors(home, app):
    table = pd.DataFrame({"text": ["the same lamp"] * 12})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="One").corpus
    base = keep(home, built)
    asked = Asked(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    assert "All rows have the same text" in fine(open_page(app, asked))


def test_markup_in_texts_is_shown_as_it_stands(home, app):
    table = pd.DataFrame({"text": [f"**bold** <b>{i}</b> lamp {i % 7}" for i in range(30)]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="**B**").corpus
    base = keep(home, built)
    asked = Asked(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    for part in ("Rows", "Moved together", "One query", "Blind vote"):
        at = open_page(app, asked, part, disagree_query="**lamp**")
        fine(at)
        assert "**bold**" not in " ".join(str(each.value) for kind in (at.markdown, at.caption) for each in kind)


def test_the_first_rows_are_kept_as_a_selection(own, app):
    asked, gone = own
    at = open_page(app, asked, "Rows")
    at.text_input(key="disagree_name").set_value("Moved").run()
    at.button(key="disagree_keep_yes").click().run()
    fine(at)
    kept = saved_selections(Workspace(asked.corpus.folder), asked.corpus.digest)[0]
    assert kept.name == "Moved"
    assert set(gone) <= set(selection_rows(Workspace(asked.corpus.folder), asked.corpus.digest, kept.key))
