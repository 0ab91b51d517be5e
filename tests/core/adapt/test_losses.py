"""Losses, maps and batches against finite differences, brute force and definitions."""

import numpy as np
import pytest

from core.adapt.batches import MIN_STEPS, mine_negatives, ranked_batches
from core.adapt.comparison import query_scores, score
from core.adapt.examples import Ranked
from core.adapt.losses import PairBatch, RankedBatch, contrastive, cosent, pair_loss, ranked_loss, triplet
from core.adapt.supervision import from_judgments, from_labels, from_pairs
from core.models.linear_maps import identity, transform, unit_transform
from core.types import Vectors, unit_rows

IDENTITY = {"residual": np.zeros((24, 24), np.float32)}


def wide(kind: str, rng: np.random.Generator, dimensions: int = 6) -> dict:
    """Arrays off the identity, in float64 so that differences can be small."""
    arrays = identity(kind, dimensions, 3, rng)
    return {name: array + 0.1 * rng.standard_normal(array.shape) for name, array in arrays.items()}


@pytest.mark.parametrize("kind", ["linear", "low_rank"])
@pytest.mark.parametrize("loss", ["contrastive", "triplet", "cosent"])
def test_gradients_equal_finite_differences(kind, loss):
    rng = np.random.default_rng(3)
    arrays, rows = wide(kind, rng), rng.standard_normal((14, 6))
    if loss == "cosent":
        batch = PairBatch(rows[:7], rows[7:], rng.integers(0, 3, 7).astype(float))

        def value():
            return pair_loss(arrays, batch)
    else:
        allowed = rng.random((5, 9)) < 0.7
        allowed[np.arange(5), np.arange(5)] = True
        ranked = RankedBatch(rows[:5], rows[5:], np.arange(5), allowed)

        def value():
            return ranked_loss(arrays, ranked, 0.2, 0.3 if loss == "triplet" else None)

    analytic = value()[1]
    for name, array in arrays.items():
        numeric = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            before, ends = array[at], []
            for step in (1e-6, -1e-6):
                array[at] = before + step
                ends.append(value()[0])
            array[at] = before
            numeric[at] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(analytic[name], numeric, atol=1e-7)


def test_losses_by_hand():
    cosines, allowed = np.array([[0.5, 0.3, 0.1]]), np.array([[True, True, False]])
    first = np.array([0])
    assert contrastive(cosines, first, allowed, 0.1)[0] == pytest.approx(np.log(1 + np.exp(-2)))
    assert triplet(cosines, first, allowed, 0.3)[0] == pytest.approx(0.1)
    assert triplet(cosines, first, allowed, 0.1)[0] == 0
    # only the pair scored 0 with a cosine of 0.4 against the one scored 1 with 0.3
    assert cosent(np.array([0.4, 0.3]), np.array([0.0, 1.0]))[0] == pytest.approx(np.log(1 + np.exp(2)))
    assert cosent(np.array([0.4, 0.3]), np.array([1.0, 1.0]))[0] == 0


@pytest.mark.parametrize("kind", ["linear", "low_rank"])
def test_a_fresh_map_is_the_identity(vectors, kind):
    arrays = identity(kind, 24, 8, np.random.default_rng(0))
    assert np.array_equal(transform(arrays, vectors.rows), vectors.rows)


def test_map_at_r_is_the_scoreboards(vectors, labels, codes):
    from core.corpus.label_columns import LabelRows
    from core.scoreboard.leave_one_out import rank_labels

    every = np.arange(len(vectors))
    relevant = np.bincount(codes)[codes] - 1
    data = LabelRows(every, codes.astype(np.int32), every.astype(np.int32), tuple(sorted(set(labels))), every,
                     relevant, len(every), 0, 0, 0, 12)  # fmt: skip
    expected = rank_labels(vectors.rows, data)[0]["map_at_r"]
    np.testing.assert_allclose(query_scores(from_labels(vectors, labels).examples, IDENTITY), expected, atol=1e-6)


def test_ndcg_and_spearman_are_the_references(vectors):
    import pytrec_eval
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    queries = unit_rows(rng.standard_normal((9, 24)))
    relevant = [rng.choice(len(vectors), 4, replace=False).tolist() for _ in queries]
    examples = from_judgments(vectors, queries, relevant).examples
    qrels = {str(q): {str(row): 1 for row in rows} for q, rows in enumerate(relevant)}
    run = {str(q): {str(i): float(c) for i, c in enumerate(vectors.rows @ query)} for q, query in enumerate(queries)}
    expected = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(run)
    assert query_scores(examples, IDENTITY) == pytest.approx([expected[str(q)]["ndcg_cut_10"] for q in range(9)])
    pairs = np.column_stack([np.arange(40), np.arange(40, 80), rng.integers(0, 6, 40)])
    cosines = np.einsum("ij,ij->i", vectors.rows[:40], vectors.rows[40:80])
    expected = spearmanr(cosines, pairs[:, 2]).statistic
    assert score(from_pairs(vectors, pairs).examples, IDENTITY) == pytest.approx(expected)


def test_hard_negatives_have_other_labels_and_keep_their_margins(vectors, labels):
    data = from_labels(vectors, labels).examples
    rng = np.random.default_rng(0)
    mined = mine_negatives(data, 0.05, 0.1, rng)
    every = np.arange(len(data))
    assert not np.take_along_axis(data.relevant(every), mined.columns, axis=1).any()
    cosines = np.where(data.relevant(every), -np.inf, data.queries @ data.candidates.T)
    nearest = np.sort(cosines, axis=1)[:, -50]
    assert (np.take_along_axis(cosines, mined.columns, axis=1) >= nearest[:, None]).all()
    assert mined.is_usable(np.array([0.54, 0.56, 0.9]), np.array([0.6, 0.6, 1.0])).tolist() == [True, False, True]
    assert mined.is_usable(np.array([-0.1]), np.array([0.02])).tolist() == [True]
    batches = list(ranked_batches(data, mined, rng))
    assert len(batches) == MIN_STEPS
    for batch in batches:
        size = len(batch.anchors)
        hard = batch.allowed[np.arange(size), size + np.arange(size)]
        positive = np.einsum("ij,ij->i", batch.anchors, batch.candidates[:size])
        negative = np.einsum("ij,ij->i", batch.anchors, batch.candidates[size:])
        assert mined.is_usable(negative[hard], positive[hard]).all()
        assert 0 < hard.sum() < size


def test_positives_share_a_label_and_negatives_none(vectors, labels, spec):
    """Several labels a row; copies are one text."""
    rng = np.random.default_rng(1)
    names = np.unique(labels)
    several = [sorted({label, *rng.choice(names, 2)}) if rng.random() < 0.5 else [label] for label in labels]
    rows = np.vstack([vectors.rows, vectors.rows[:20]])
    sets = [*several, *([names[0]] for _ in range(20))]
    data = from_labels(Vectors(rows, spec, ""), sets).examples
    assert len(data) == len(vectors)
    truth = [set(cells) | ({names[0]} if i < 20 else set()) for i, cells in enumerate(several)]
    number = {row.tobytes(): i for i, row in enumerate(data.queries)}
    for batch in ranked_batches(data, mine_negatives(data, 0, 0, rng), rng):
        anchors = [number[row.tobytes()] for row in batch.anchors]
        columns = [number[row.tobytes()] for row in batch.candidates]
        for row, anchor in enumerate(anchors):
            shares = np.array([bool(truth[anchor] & truth[column]) for column in columns])
            assert shares[row]
            assert columns[row] != anchor
            assert not (shares & batch.allowed[row])[np.arange(len(columns)) != row].any()


def test_clicks_weigh_the_positives(vectors):
    queries = unit_rows(np.random.default_rng(0).standard_normal((1, 24)))
    data = from_judgments(vectors, queries, [{3: 9, 7: 1, 9: 0}]).examples
    assert isinstance(data, Ranked)
    assert data.pairs == 2
    drawn = np.vstack([batch.candidates for epoch in range(60) for batch in ranked_batches(data, None, rng_of(epoch))])
    share = (drawn @ vectors.rows[3] > 0.999).mean()
    assert 0.85 < share < 0.95
    assert ((drawn @ vectors.rows[[3, 7]].T).max(axis=1) > 0.999).all()


def test_a_copy_of_the_query_is_no_negative(vectors):
    queries = vectors.rows[:20]  # rows themselves, each judged with another row as relevant
    data = from_judgments(vectors, queries, [[row + 1] for row in range(20)]).examples
    for negatives in (None, mine_negatives(data, -1, -1, rng_of(0))):
        for batch in ranked_batches(data, negatives, rng_of(1)):
            is_copy = batch.anchors @ batch.candidates.T > 0.99999
            assert is_copy.any()
            assert not (is_copy & batch.allowed).any()


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_unit_transform_gives_unit_rows(vectors):
    arrays = wide("linear", np.random.default_rng(0), 24)
    np.testing.assert_allclose(np.linalg.norm(unit_transform(arrays, vectors.rows), axis=1), 1)
