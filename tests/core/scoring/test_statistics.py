"""Comparisons: against scipy and by hand, and what must hold of them whatever the data."""

import numpy as np
import pytest
from scipy import stats

from core.errors import InputError
from core.scoring import evidence
from core.scoring.correlation_evidence import correlation_evidence, swap_p
from core.scoring.evidence import best_shares, interval
from core.scoring.query_evidence import query_evidence, sign_flip_p
from core.scoring.run_evidence import run_evidence, whole_evidence
from core.scoring.statistics import compare, detectable, holm, tied_groups
from core.scoring.types import Scores


def scored(values, metric="map_at_r", units=None, **facts):
    """Scores of one contender; each value its own unit unless said otherwise."""
    values = np.asarray(values, np.float32)
    return Scores({metric: values}, np.arange(len(values)) if units is None else units, facts=facts)


@pytest.fixture
def three():
    rng = np.random.default_rng(3)
    better = np.array([[0.0], [0.05], [-0.02]])
    return np.clip(rng.random(60) + better + rng.normal(0, 0.1, (3, 60)), 0, 1)


# against scipy and by hand


def test_intervals_are_near_those_of_scipy(three):
    found = query_evidence(three, np.arange(60))
    for row, low, high in zip(three, found.low, found.high, strict=True):
        expected = stats.bootstrap((row,), np.mean, n_resamples=9999, method="percentile", rng=0).confidence_interval
        assert (low, high) == pytest.approx(tuple(expected), abs=0.01)
    expected = stats.bootstrap((three[0] - three[1],), np.mean, n_resamples=9999, method="percentile", rng=0)
    assert (found.d_low[0], found.d_high[0]) == pytest.approx(tuple(expected.confidence_interval), abs=0.006)


def test_p_values_are_near_those_of_scipy_s_exact_test():
    gaps = np.random.default_rng(8).normal(0.25, 0.6, (3, 12))
    for row, p in zip(gaps, sign_flip_p(gaps, 0), strict=True):
        exact = stats.permutation_test((row,), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert p == pytest.approx(exact.pvalue, abs=0.015)


def test_standard_errors_and_detectable_differences(three):
    found = query_evidence(three, np.arange(60))
    gaps = three[0] - three[1]
    assert found.error[0] == pytest.approx(gaps.std(ddof=1) / np.sqrt(60))
    needed = detectable(found.error[0])
    power = stats.norm.sf(1.959964 - needed / found.error[0])  # the chance to see a difference of this size
    assert power == pytest.approx(0.8, abs=1e-3)
    assert np.isnan(detectable(0.0))


def test_nadeau_and_bengio_by_hand():
    one, two = np.array([0.8, 0.82, 0.79, 0.85, 0.81]), np.array([0.78, 0.81, 0.79, 0.8, 0.8])
    found = run_evidence(np.stack([one, two]), 0.25)
    gaps = one - two
    t = gaps.mean() / np.sqrt((1 / 5 + 0.25) * gaps.var(ddof=1))
    assert found.p[0] == pytest.approx(2 * stats.t.sf(t, 4))
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 0.25) * gaps.var(ddof=1))
    assert (found.d_low[0], found.d_high[0]) == pytest.approx((gaps.mean() - half, gaps.mean() + half))
    uncorrected = run_evidence(np.stack([one, two]), 0.0)
    assert uncorrected.p[0] == pytest.approx(stats.ttest_rel(one, two).pvalue)


@pytest.mark.parametrize("kind", ["spearman", "pearson"])
def test_correlations_are_scipy_s_in_every_resample(kind, monkeypatch):
    rng = np.random.default_rng(0)
    given = rng.integers(0, 6, 70).astype(float)  # tied, as people's scores are
    cosines = np.round(given * [[0.1], [0.05]] + rng.normal(0, 0.3, (2, 70)), 1)
    reference = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}[kind]
    found = correlation_evidence(cosines, given, np.arange(70), kind)
    assert found.means == pytest.approx([reference(row, given).statistic for row in cosines])
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 70, (2_000, 70))
    expected = np.array([[reference(c[at], given[at]).statistic for c in cosines] for at in rows[:300]])
    drawn = [np.bincount(at, minlength=70).astype(float) for at in rows]
    monkeypatch.setattr("core.scoring.evidence.resample_weights", lambda *args: [np.array(drawn[:300])])
    seen = {}
    monkeypatch.setattr("core.scoring.evidence.best_shares", lambda x, _: seen.setdefault("samples", x)[0] * 0)
    correlation_evidence(cosines, given, np.arange(70), kind)
    np.testing.assert_allclose(seen["samples"], expected, atol=1e-9)


def test_swapping_pair_by_pair_as_a_loop_would():
    rng = np.random.default_rng(1)
    given = stats.zscore(rng.normal(size=30))
    values = stats.zscore(given * [[0.6], [0.3]] + rng.normal(size=(2, 30)), axis=1)
    corr = np.corrcoef
    observed = abs(corr(values[0], given)[0, 1] - corr(values[1], given)[0, 1])
    beyond = []
    for _ in range(4_000):
        swap = rng.random(30) < 0.5
        one, two = np.where(swap, values[1], values[0]), np.where(swap, values[0], values[1])
        beyond.append(abs(corr(one, given)[0, 1] - corr(two, given)[0, 1]) >= observed)
    assert swap_p(values, given, np.arange(30), 0)[0] == pytest.approx(np.mean(beyond), abs=0.03)


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.5])), [0.09, 0.04, 0.09, 0.5])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1, 1])
    assert len(holm(np.array([]))) == 0


def test_letters_are_shared_by_those_not_told_apart():
    def pairs(*names):
        return {frozenset(name) for name in names}

    assert tied_groups("xyz", pairs("xy", "yz")) == {"x": "a", "y": "ab", "z": "b"}
    assert tied_groups("xyz", pairs("xy", "yz", "xz")) == {"x": "a", "y": "a", "z": "a"}
    assert tied_groups("xyz", set()) == {"x": "a", "y": "b", "z": "c"}
    assert tied_groups("wxyz", pairs("wx", "wz", "yz")) == {"w": "ab", "x": "a", "y": "c", "z": "bc"}


# what must hold


def test_equal_contenders_tie_and_their_share_is_split(three):
    found = compare({"a": scored(three[0]), "b": scored(three[0]), "c": scored(three[2] / 2)}, "map_at_r")
    pair = found.pair("b", "a")
    assert (pair.difference, pair.low, pair.high, pair.p, pair.p_holm) == (0, 0, 0, 1, 1)
    assert np.isnan(pair.mdd)
    assert [(line.p_best, line.group, line.best) for line in found.lines] == [
        (0.5, "a", True), (0.5, "a", True), (0, "b", False),
    ]  # fmt: skip


def test_lines_fall_and_pairs_name_the_better_one_first(three):
    found = compare({name: scored(row) for name, row in zip("abc", three, strict=True)}, "map_at_r")
    assert [line.name for line in found.lines] == ["b", "a", "c"]
    assert [(pair.first, pair.second) for pair in found.pairs] == [("b", "a"), ("b", "c"), ("a", "c")]
    for pair in found.pairs:
        assert pair.difference == pytest.approx(found.line(pair.first).mean - found.line(pair.second).mean)
        assert pair.low <= pair.difference <= pair.high
        assert pair.p <= pair.p_holm
    assert "seed 0" in found.method
    assert "Holm" in found.method


def test_the_same_seed_gives_the_same_and_another_does_not(three):
    both = {name: scored(row) for name, row in zip("ab", three[:2], strict=True)}
    assert compare(both, "map_at_r", seed=4) == compare(both, "map_at_r", seed=4)
    assert compare(both, "map_at_r", seed=4) != compare(both, "map_at_r", seed=5)


def test_copies_count_as_one_unit(three):
    """Every query asked four times over says no more than once, if the copies are one unit."""
    once = query_evidence(three, np.arange(60))
    copies = query_evidence(np.repeat(three, 4, axis=1), np.repeat(np.arange(60), 4))
    np.testing.assert_allclose(copies.means, once.means)
    np.testing.assert_allclose([copies.low, copies.high, copies.p], [once.low, once.high, once.p])
    np.testing.assert_allclose(copies.error, once.error)
    apart = query_evidence(np.repeat(three, 4, axis=1), np.arange(240))
    assert (apart.high - apart.low < 0.7 * (once.high - once.low)).all()


def test_order_of_contenders_does_not_matter(three):
    one = compare({name: scored(row) for name, row in zip("abc", three, strict=True)}, "map_at_r")
    other = compare({name: scored(row) for name, row in zip("cba", three[::-1], strict=True)}, "map_at_r")
    assert [line.name for line in one.lines] == [line.name for line in other.lines]
    for a, b in zip(one.pairs, other.pairs, strict=True):
        assert (a.difference, a.low, a.high) == pytest.approx((b.difference, b.low, b.high))
        assert a.p == pytest.approx(b.p, abs=0.01)


@pytest.fixture
def quick(monkeypatch):
    """Fewer draws, for many simulated comparisons."""
    for module in ("evidence", "query_evidence", "correlation_evidence", "run_evidence"):
        monkeypatch.setattr(f"core.scoring.{module}.RESAMPLES", 500)
    for module in ("evidence", "query_evidence", "correlation_evidence"):
        monkeypatch.setattr(f"core.scoring.{module}.PERMUTATIONS", 400)


def within_sampling_error(hits, expected=0.95):
    return abs(np.mean(hits) - expected) <= 3 * np.sqrt(expected * (1 - expected) / len(hits))


@pytest.mark.slow
@pytest.mark.parametrize("queries", [12, 80])
def test_intervals_cover_the_truth_and_p_is_uniform_without_a_difference(quick, queries):
    """Scores in [0, 1] with a mean of 0.4, alike for both but for chance; truth 0.4 and 0."""
    mean_covered, gap_covered, p = [], [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        shared = rng.beta(4, 6, queries)
        values = np.where(rng.random((2, queries)) < 0.5, shared, rng.beta(4, 6, (2, queries)))
        found = query_evidence(values, np.arange(queries), seed=seed)
        mean_covered.append(found.low[0] <= 0.4 <= found.high[0])
        gap_covered.append(found.d_low[0] <= 0 <= found.d_high[0])
        p.append(found.p[0])
    assert within_sampling_error(mean_covered)
    assert within_sampling_error(gap_covered)
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_folds_and_correlations_cover_too(quick):
    covered, p = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        given = rng.normal(size=100)
        cosines = 0.6 * given + 0.8 * rng.normal(size=(2, 100))  # a true correlation of 0.6
        found = correlation_evidence(cosines, given, np.arange(100), "pearson", seed)
        covered.append(found.low[0] <= 0.6 <= found.high[0])
        p.append(found.p[0])
    assert within_sampling_error(covered)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    runs = [run_evidence(np.random.default_rng(seed).normal(0.5, 0.1, (2, 10)), 0.0) for seed in range(300)]
    assert within_sampling_error([one.d_low[0] <= 0 <= one.d_high[0] for one in runs])
    assert stats.kstest([one.p[0] for one in runs], "uniform").pvalue > 0.01


def test_noise_loses_and_more_noise_loses_more():
    rng = np.random.default_rng(0)
    right = rng.random(400)
    rows = {str(loss): scored(np.clip(right - loss * rng.random(400), 0, 1)) for loss in (0, 0.1, 0.4)}
    found = compare(rows, "map_at_r")
    assert [(line.name, line.group) for line in found.lines] == [("0", "a"), ("0.1", "b"), ("0.4", "c")]
    assert found.pair("0", "0.1").difference < found.pair("0", "0.4").difference


def test_all_right_still_has_an_interval():
    found = compare({"a": scored(np.ones(30)), "b": scored(np.r_[np.zeros(3), np.ones(27)])}, "map_at_r")
    assert found.line("a").high == pytest.approx(1)
    assert found.line("a").low == pytest.approx(0.886, abs=0.01)  # Wilson's for 30 of 30


def test_queries_a_metric_does_not_judge_are_left_out():
    values = np.array([1, np.nan, 0, 1], np.float32)
    found = compare({"a": scored(values, of_queries=9), "b": scored(values)}, "map_at_r")
    assert (found.lines[0].mean, found.queries, found.total) == (pytest.approx(2 / 3), 3, 9)


def test_one_contender_and_one_query():
    alone = compare({"a": scored([0.2, 0.4, 0.3])}, "map_at_r")
    assert (alone.pairs, alone.lines[0].p_best, alone.lines[0].group) == ((), 1, "a")
    assert alone.least_seen() is None
    single = compare({"a": scored([0.2]), "b": scored([0.4])}, "map_at_r")
    assert np.isnan(single.lines[0].low)
    assert [line.p_best for line in single.lines] == [0.5, 0.5]  # one query tells nothing of others
    assert single.pairs[0].p == 1


def test_whole_scores_and_runs_by_way_of_compare():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.02, 500)

    def whole(at, drift):
        facts = {"resampled": {"v_measure": {"count": 90, "of": 120, "unit": "rows", "beside": "5 clusterings"}}}
        draws = at + drift + shared + rng.normal(0, 0.001, 500)
        return Scores({}, np.arange(0), whole={"v_measure": at}, resampled={"v_measure": draws}, facts=facts)

    found = compare({"a": whole(0.7, 0.02), "b": whole(0.68, 0.02)}, "v_measure")
    line, pair = found.line("a"), found.pairs[0]
    assert line.low < 0.7 < line.high  # the resamples' own level is 0.72
    assert (line.low + line.high) / 2 == pytest.approx(0.7, abs=0.005)
    assert pair.high - pair.low < 0.01 < line.high - line.low
    assert pair.told_apart
    assert (found.queries, found.total, found.unit) == (90, 120, "rows")
    assert "5 clusterings" in found.method
    runs = {name: Scores({}, np.arange(0), runs={"m": np.array(row)}, facts={"ratio": {"m": 0.25}})
            for name, row in {"a": [0.5, 0.6, 0.7], "b": [0.5, 0.55, 0.6]}.items()}  # fmt: skip
    found = compare(runs, "m")
    assert (found.unit, found.queries) == ("folds", 3)
    assert "Nadeau" in found.method
    assert 0.5 < found.line("a").p_best < 1


def test_pairs_of_scores_that_do_not_vary_correlate_with_nothing():
    flat = Scores({}, np.arange(5), pairs=np.stack([np.ones(5), np.arange(5.0)], axis=1))
    found = compare({"a": flat, "b": flat}, "spearman")
    assert [line.mean for line in found.lines] == [0, 0]
    assert found.pairs[0].p == 1


def test_what_can_not_be_compared():
    with pytest.raises(InputError, match="no scores"):
        compare({}, "map_at_r")
    with pytest.raises(InputError, match="Not every contender"):
        compare({"a": scored([1, 0]), "b": scored([1, 0], "other")}, "map_at_r")
    with pytest.raises(InputError, match="different rows"):
        compare({"a": scored([1, 0]), "b": scored([1, 0, 1])}, "map_at_r")


def test_resamples_have_as_many_units_and_come_in_blocks(monkeypatch):
    whole = np.concatenate(list(evidence.resample_weights(7, 50, 3)))
    assert (whole.sum(axis=1) == 7).all()
    monkeypatch.setattr(evidence, "CELLS", 70)
    blocks = list(evidence.resample_weights(7, 50, 3))
    assert [len(block) for block in blocks] == [10] * 5
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_shares_of_being_best_and_wider_intervals_for_few_units():
    np.testing.assert_allclose(best_shares(np.array([[1, 1, 0], [0, 2, 1.0]])), [0.25, 0.75, 0])
    draws = np.random.default_rng(0).normal(size=(20_000, 1))
    low, high = interval(draws, 8)
    expected = stats.t.ppf(0.975, 7) * np.sqrt(8 / 7)  # Hesterberg's t times sqrt(n / (n - 1))
    assert (low[0], high[0]) == pytest.approx((-expected, expected), abs=0.1)
    found = whole_evidence(np.array([0.5, 0.5]), np.stack([draws[:, 0]] * 2), 20_000)
    assert found.p[0] == 1


def test_intervals_stay_where_scores_can_be():
    runs = {"a": [0.95, 1.0, 0.9, 1.0, 1.0], "b": [0.0, 0.1, 0.0, 0.0, 0.0]}
    facts = {"ratio": {"probe_macro_f1": 0.25}}
    made = {
        name: Scores({}, np.arange(5), runs={"probe_macro_f1": np.array(each)}, facts=facts)
        for name, each in runs.items()
    }
    found = compare(made, "probe_macro_f1")
    assert found.line("a").high == 1.0
    assert found.line("b").low == 0.0
    assert found.line("a").low < 0.95  # the other end is left alone


def test_copies_are_told_apart_from_queries_in_the_words():
    values = np.random.default_rng(0).random((2, 20))
    copies, facts = np.arange(20) // 2, {"unit": "queries"}
    made = {name: Scores({"map_at_r": row}, copies, facts=facts) for name, row in zip("ab", values, strict=True)}
    assert "over 20 queries on 10 different texts" in compare(made, "map_at_r").method
