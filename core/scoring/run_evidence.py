"""Evidence from few scores: a probe's folds or runs, and whole scores with their resamples."""

import numpy as np

from core.scoring.evidence import LEVEL, RESAMPLES, Evidence, best_shares, paired_gaps, pairs_of


def run_evidence(values: np.ndarray, ratio: float, unit: str = "folds", seed: int = 0) -> Evidence:
    """values: (c, r) scores of the same folds or runs; ratio: test rows over training rows, 0 for runs whose training
    rows are drawn apart.

    Corrected resampled t (Nadeau and Bengio, 2003): folds share training rows, so the variance of a mean is
    (1 / r + ratio) times that of the scores. P(best) from draws of the multivariate t of the means.
    """
    values = np.asarray(values, dtype=np.float64)
    runs = values.shape[1]
    first, second = pairs_of(len(values))
    means, scale = values.mean(axis=1), np.sqrt(1 / runs + ratio)
    gaps = values[first] - values[second]
    half, _ = _student(values, scale)
    d_half, error = _student(gaps, scale)
    difference = gaps.mean(axis=1)
    p = _student_p(difference, error, runs)
    method = (
        f"Student's t over {runs:,} {unit}"
        + (f", corrected for shared training rows (Nadeau and Bengio, test/train {ratio:.2f})" if ratio else "")
        + f"; P(best) by {RESAMPLES:,} draws, seed {seed}."
    )
    best = best_shares(_draws(values, means, scale, seed))
    return Evidence(
        means, means - half, means + half, best, difference, difference - d_half, difference + d_half, error, p,
        runs, runs, unit, method,
    )  # fmt: skip


def whole_evidence(
    whole: np.ndarray, resampled: np.ndarray, count: int, unit: str = "rows", beside: str = "", seed: int = 0
) -> Evidence:
    """whole: (c,) scores without parts; resampled: (c, b) of the same resamples of `count` units. beside: what else was
    drawn again. seed: of the draws.

    Resampling repeats rows, which by itself raises a V-measure: percentiles are taken about the resamples' mean and
    put about the score. The test takes the difference as normal with the resamples' standard error.
    """
    from scipy.stats import norm

    first, second = pairs_of(len(whole))
    samples = (resampled + (whole - resampled.mean(axis=1))[:, None]).T
    gaps = paired_gaps(samples)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    (low, high), (d_low, d_high) = np.quantile(samples, tails, axis=0), np.quantile(gaps, tails, axis=0)
    difference, error = whole[first] - whole[second], gaps.std(axis=0, ddof=1)
    p = 2 * norm.sf(_ratio(difference, error))
    over = f"{count:,} {unit}" + (f" and {beside}" if beside else "")
    method = f"Paired bootstrap over {over} ({len(samples):,} resamples, normal test), seed {seed}."
    best = best_shares(samples)
    return Evidence(
        whole, low, high, best, difference, d_low, d_high, error, p, count, count, unit, method
    )  # fmt: skip


def _student(values: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Half the width of the interval of each row's mean, and its standard error; NaN for a single run."""
    from scipy.stats import t

    runs = values.shape[1]
    if runs < 2:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    error = values.std(axis=1, ddof=1) * scale
    return t.ppf((1 + LEVEL) / 2, runs - 1) * error, error


def _student_p(difference: np.ndarray, error: np.ndarray, runs: int) -> np.ndarray:
    from scipy.stats import t

    if runs < 2:
        return np.ones(len(difference))
    p: np.ndarray = 2 * t.sf(_ratio(difference, error), runs - 1)
    return p


def _ratio(difference: np.ndarray, error: np.ndarray) -> np.ndarray:
    """|difference| in standard errors: 0 where there is no difference, infinite where it never varies."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, np.abs(difference) / error)


def _draws(values: np.ndarray, means: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """(RESAMPLES, c) means as they may be: multivariate t with the runs' covariance, which equal contenders share."""
    runs, rng = values.shape[1], np.random.default_rng(seed)
    if runs < 2:
        return means[None]
    normal = rng.standard_normal((RESAMPLES, runs)) @ (values - means[:, None]).T / np.sqrt(runs - 1)
    heavy = np.sqrt(rng.chisquare(runs - 1, RESAMPLES) / (runs - 1))
    drawn: np.ndarray = means + scale * normal / heavy[:, None]
    return drawn
