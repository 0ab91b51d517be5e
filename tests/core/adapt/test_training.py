"""Adapters on planted data: gains where labels follow hidden dimensions, none where they do not."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from core import adapt
from core.adapt.splits import split
from core.adapt.supervision import from_judgments, from_labels, from_pairs
from core.errors import InputError
from core.types import ModelSpec, Vectors, unit_rows
from tests.core.adapt.conftest import planted_points

QUICK = {"control": False, "curve": False}


@pytest.fixture(scope="module")
def adapter(vectors, labels):
    return adapt.train(vectors, labels, seed=1)


def test_labels_hidden_by_noise_are_learned(adapter, vectors, labels):
    report = adapter.report
    assert report.base < report.adapted - 0.2
    assert report.interval.low > 0.1
    assert report.seen.is_significant
    assert report.unseen.is_significant  # other labels lie in the same dimensions
    assert not report.control.is_significant
    assert 0 < report.changed_neighbors.low <= report.changed_neighbors.value <= 1
    assert [point.rows for point in report.curve] == sorted(point.rows for point in report.curve)
    assert report.curve[-1].gain == report.seen
    assert report.curve[0].gain.adapted.value < report.adapted
    assert report.history[report.epochs] == max(report.history)
    cosines = report.histograms
    middle = (cosines.edges[1:] + cosines.edges[:-1]) / 2
    mean = {name: np.average(middle, weights=getattr(cosines, name)) for name in vars(cosines) if name != "edges"}
    assert mean["similar_adapted"] - mean["dissimilar_adapted"] > 2 * (mean["similar_base"] - mean["dissimilar_base"])
    rows = adapter.apply(vectors)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(adapter.apply(vectors.rows[:3] * 2), rows[:3], atol=1e-6)


def test_the_same_seed_gives_the_same_adapter(adapter, vectors, labels):
    again = adapt.train(vectors, pd.Series(labels, index=range(5, 5 + len(labels))), seed=1, **QUICK)
    assert again.key == adapter.key
    assert adapt.train(vectors, labels, seed=2, **QUICK).key != adapter.key


@pytest.mark.parametrize("seed", [0, 1])
def test_random_labels_give_no_gain(vectors, labels, seed):
    permuted = np.random.default_rng(seed).permutation(labels)
    report = adapt.train(vectors, permuted, seed=seed, **QUICK).report
    assert not report.seen.is_significant
    assert not adapt.check(vectors, permuted, seed=seed).can_help


@pytest.mark.parametrize(
    "settings",
    [
        adapt.Settings(kind="low_rank", rank=6),
        adapt.Settings(loss="triplet"),
        adapt.Settings(hard_negatives=True),
        adapt.Settings(stop_on="classes"),
    ],
)
def test_settings(vectors, labels, settings):
    adapter = adapt.train(vectors, labels, settings=settings, **QUICK)
    assert adapter.report.seen.is_significant
    assert adapter.report.control is None
    assert adapter.settings == settings
    if settings.kind == "low_rank":
        assert adapter.arrays["up"].shape == (24, 6)


def test_scored_pairs(spec):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 12, 2_400)
    vectors = Vectors(planted_points(codes, rng), spec, "")
    # each row in one pair, so that pairs can be held out; half of the pairs have one label
    half = rng.permutation(len(codes)).reshape(2, -1)
    pairs = np.vstack([half[0][np.argsort(codes[half[0]])].reshape(-1, 2), half[1].reshape(-1, 2)])
    score = (codes[pairs[:, 0]] == codes[pairs[:, 1]]) * 4 + rng.integers(0, 2, len(pairs))
    report = adapt.train(vectors, pairs=np.column_stack([pairs, score]), curve=False).report
    assert report.seen.metric == "Spearman"
    assert report.seen.is_significant
    assert report.unseen is None
    assert not report.control.is_significant


@pytest.mark.parametrize("clicks", [False, True])
def test_queries_with_judgments(vectors, codes, clicks):
    rng = np.random.default_rng(4)
    topics = np.repeat(np.arange(12), 20)
    queries = planted_points(topics, rng)
    relevant = [rng.choice(np.flatnonzero(codes == topic), 5, replace=False) for topic in topics]
    judged = [dict.fromkeys(rows.tolist(), 5) for rows in relevant] if clicks else relevant
    judgments = (queries, judged)
    report = adapt.train(vectors, judgments=judgments, **QUICK).report
    assert report.seen.metric == "nDCG@10"
    assert report.seen.is_significant
    assert report.train + report.validation == 192


def test_rows_are_trained_on_and_others_held_out(vectors, labels):
    column = pd.Series(labels)
    column[::7] = None
    rows = np.flatnonzero(np.arange(len(labels)) % 3 > 0)
    rows = rows[~pd.Series(labels).isin(["class 03", "class 08"])[rows]]
    supervision = from_labels(vectors, column)
    sides = split(supervision, rows, 0)
    of_row = supervision.of_source
    assert set(np.concatenate([sides.train, sides.validation])) == set(of_row[rows][of_row[rows] >= 0])
    unseen = np.flatnonzero(column.isin(["class 03", "class 08"]))
    assert set(sides.unseen) == set(of_row[unseen])
    report = adapt.train(vectors, column, rows=rows, **QUICK).report
    assert report.missing == column.isna().sum()
    assert report.unseen.queries == len(unseen)
    assert report.train + report.validation == column[rows].notna().sum()
    mask = np.isin(np.arange(len(labels)), rows)
    assert np.array_equal(split(supervision, mask, 0).train, sides.train)


def test_copies_are_on_one_side(vectors, labels, spec):
    doubled = Vectors(np.repeat(vectors.rows, 2, axis=0), spec, "")
    supervision = from_labels(doubled, np.repeat(labels, 2))
    assert len(supervision.examples) == len(labels)
    sides = split(supervision, np.arange(600), 0)
    trained = set(supervision.of_source[:600])
    assert not trained & {*sides.seen, *sides.unseen}
    assert len(sides.train) + len(sides.validation) == 300


def test_pairs_that_share_texts_are_on_one_side(vectors):
    pairs = np.array([(4 * group + first, 4 * group + first + 1, first) for group in range(75) for first in range(3)])
    supervision = from_pairs(vectors, pairs)
    sides = split(supervision, None, 0)
    groups = supervision.examples.groups
    parts = [set(groups[ids]) for ids in (sides.train, sides.validation, sides.seen)]
    assert not any(one & other for one, other in combinations(parts, 2))


def test_check(vectors, labels, spec):
    check = adapt.check(vectors, labels)
    assert check.can_help
    assert check.headroom == pytest.approx(1 - check.base)
    assert 0 < check.minimum_detectable < 0.1
    assert check.pairs > 1_000
    separate = np.eye(12, dtype=np.float32)[np.repeat(np.arange(12), 20)]
    separate[:, 0] += 0.01 * np.random.default_rng(0).random(240)
    perfect = adapt.check(Vectors(unit_rows(separate), spec, ""), np.repeat(np.arange(12), 20))
    assert not perfect.can_help
    assert perfect.headroom < 0.01


def test_progress_reaches_its_end(vectors, labels):
    steps = []
    adapt.train(vectors, labels, settings=adapt.Settings(epochs=2), progress=lambda *step: steps.append(step))
    assert steps[-1] == (10, 10)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def bad_labels(labels: np.ndarray) -> dict:
    unique = np.array([f"{i}" for i in range(len(labels))])
    return {"unique": unique, "one": np.full(len(labels), "a"), "none": np.full(len(labels), None), "short": labels[:9]}


@pytest.mark.parametrize("kind", ["unique", "one", "none", "short"])
def test_labels_that_teach_nothing(vectors, labels, kind):
    with pytest.raises(InputError) as error:
        adapt.train(vectors, bad_labels(labels)[kind])
    assert error.value.remedy


@pytest.mark.parametrize(
    "rows", [[0, 480], [-1, 5], list(range(10)), [], list(range(480)), np.ones(480, bool), np.ones(9, bool)]
)
def test_rows_that_cannot_be_trained_on(vectors, labels, rows):
    with pytest.raises(InputError) as error:
        adapt.train(vectors, labels, rows=rows)
    assert error.value.remedy


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1, 1.0)] * 80,
        [(i, i + 1, 1.0) for i in range(80)],
        [(i, i, i % 2) for i in range(80)],
        [(i, 480, i % 2) for i in range(80)],
        [(i, 0.5, i % 2) for i in range(80)],
        [(i, i + 1, float("nan")) for i in range(80)],
        [(i, i + 1) for i in range(80)],
        [(2 * i, 2 * i + 1, i % 2) for i in range(20)],
        [],
    ],
)
def test_pairs_that_teach_nothing(vectors, pairs):
    with pytest.raises(InputError) as error:
        adapt.train(vectors, pairs=pairs)
    assert error.value.remedy


def test_judgments_that_teach_nothing(vectors):
    queries = unit_rows(np.random.default_rng(0).standard_normal((30, 24)))
    broken = queries.copy()
    broken[3, 3] = np.nan
    for judgments in (
        (queries, [[] for _ in queries]), (queries, [[480]] * 30), (queries, [[1]] * 29), (queries, [{1: -1.0}] * 30),
        (queries[:, :9], [[1]] * 30), (broken, [[1]] * 30), (queries, [[1]] * 30),
    ):  # fmt: skip
        with pytest.raises(InputError) as error:
            adapt.train(vectors, judgments=judgments)
        assert error.value.remedy


def test_queries_without_judgments_are_left_out(vectors):
    queries = unit_rows(np.random.default_rng(0).standard_normal((3, 24)))
    supervision = from_judgments(vectors, queries, [[1], [], [2, 3]])
    assert supervision.missing == 1
    assert supervision.of_source.tolist() == [0, -1, 1]


def test_one_kind_of_supervision(vectors, labels):
    for kinds in ({}, {"labels": labels, "pairs": [(0, 1, 1.0)]}):
        with pytest.raises(InputError):
            adapt.train(vectors, **kinds)


def test_vectors_with_nan_are_refused(vectors, adapter, spec):
    broken = vectors.rows.copy()
    broken[5, 2] = np.nan
    with pytest.raises(InputError):
        Vectors(broken, spec, "")
    for rows in (broken, vectors.rows[:, :9], vectors.rows[0], np.zeros((2, 24))):
        with pytest.raises(InputError):
            adapter.apply(rows)
    with pytest.raises(InputError):
        adapter.apply(Vectors(vectors.rows.copy(), ModelSpec("imported", "another"), ""))
