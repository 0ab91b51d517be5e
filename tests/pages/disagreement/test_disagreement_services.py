"""What the Disagreement page calls, on contenders whose disagreement is known."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

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
from core.disagreement.triplets import Vote, VoteResult, vote_result
from core.errors import InputError, StorageError
from core.jobs.kinds import run_job
from core.jobs.results import result_spec
from core.map.coloring import disagreement_link, extreme_clusters, parse_disagreement_link
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import contender_layouts, disagreement_colors
from core.map.service import ColorBy, color_of
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec, Trust
from core.vectors.contenders import Contender
from core.vectors.loaders import load_neighbors, load_vectors
from pages.shared.disagreement.neighbor_shifts import shift_phrase
from pages.shared.disagreement.vote import vote_verdict
from tests.pages.disagreement.steps import (
    PLANTED,
    find_groups,
    shift_query,
)


def test_the_same_model_twice_agrees_wholly(twins):
    asked = twins
    for measure in ("overlap", "jaccard", "rbo", "cka", "rsa"):
        assert service.pairwise_similarity(asked, measure, 10).values == pytest.approx(np.ones((2, 2)), abs=1e-5)
    with pytest.raises(InputError, match="same overlap"):
        explanations.explain_disagreement(asked, 10)
    assert blind_vote.ballot(asked).question is None
    assert not find_groups(asked).groups


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
