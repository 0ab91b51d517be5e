"""Anomalous increases: windows of time in which a group has more rows than its other times lead to expect.

Every window of 1 to w periods is compared with what the rest of the group's time leads to expect. The expected count
is the rate elsewhere; its spread is that of a negative binomial, whose variance takes in that the rate is estimated
(the predictive distribution under Jeffreys' prior) and how much more windows of that length vary elsewhere than a
Poisson process does. As in outbreak detection (Farrington, Andrews, Beale and Catchpole, 1996), the group's other
increases do not count as usual. p values are corrected by Bonferroni over every window of every group tested.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.trends.periods import Period

ALPHA = 0.05
MIN_ROWS = 3
MIN_PERIODS = 8
MAX_PER_SERIES = 5  # of one series
MAX_WIDTH: dict[Period, int] = {"hour": 48, "day": 14, "week": 6, "month": 4, "quarter": 3, "year": 2}
MIN_DEVIATIONS = 2.0  # standard deviations: no window nearer to its expectation can pass the corrected level
MIN_WINDOWS = 6  # windows of a length that the time must hold for the length to be tested


@dataclass(frozen=True)
class Increase:
    """first, last: periods with its first and its last row, both included. series: which of those given.

    rows, expected: counted and usual in it. p: the chance of that many or more in any one window; corrected: times
    all windows tested, at most 1.
    """

    series: int
    first: int
    last: int
    rows: int
    expected: float
    p: float
    corrected: float


@dataclass(frozen=True)
class Increases:
    """increases by rising p; windows: tested ones over all series; max_width: the widest, in periods."""

    increases: tuple[Increase, ...]
    windows: int
    max_width: int


def find_increases(
    counts: np.ndarray, exposure: np.ndarray | None = None, max_width: int = 14, alpha: float = ALPHA,
    factors: np.ndarray | None = None,
) -> Increases:  # fmt: skip
    """Anomalous increases of the series counts (m, t) int.

    exposure: (t,) what a count is in proportion to: None for time itself, or all rows of each period, so that an
    increase of everything is none of one group. factors: (m, t) how many times its usual rate each series has by the
    calendar (see seasons.py), None for 1. max_width: of a window, in periods. With fewer than 8 periods no window is
    tested.
    """
    counts = np.atleast_2d(np.asarray(counts))
    periods = counts.shape[1]
    widths = range(1, min(max_width, periods // MIN_WINDOWS) + 1) if periods >= MIN_PERIODS else range(0)
    exposed = np.ones(periods) if exposure is None else np.asarray(exposure, dtype=np.float64)
    windows = len(counts) * sum(periods - width + 1 for width in widths)
    increases: list[Increase] = []
    for number, series in enumerate(counts):
        if series.sum() >= MIN_ROWS and windows:
            series_exposure = exposed if factors is None else exposed * factors[number]
            increases += _series_increases(number, series, series_exposure, widths, windows, alpha)
    increases.sort(key=lambda item: (item.p, item.series, item.first))
    return Increases(tuple(increases), windows, max(widths, default=0))


def _series_increases(
    number: int, series: np.ndarray, exposure: np.ndarray, widths: range, windows: int, alpha: float
) -> list[Increase]:
    """The increase with the smallest p, then the next with that one excluded from what is usual, and so on.

    One window that is extreme for a Poisson process is excluded from the start, so that two increases can't mask each
    other; excluding more gives false alarms in overdispersed series (measured).
    """
    usual, flagged = np.ones(len(series), dtype=bool), np.zeros(len(series), dtype=bool)
    best = _best(series, exposure, widths, usual, flagged, plain=True)
    if best is not None and best.p * windows <= alpha:
        usual[best.start : best.start + best.width] = False
    increases: list[Increase] = []
    while len(increases) < MAX_PER_SERIES:
        best = _best(series, exposure, widths, usual, flagged)
        if best is None or best.p * windows > alpha:
            break
        window = slice(best.start, best.start + best.width)
        usual[window], flagged[window] = False, True
        filled = best.start + np.flatnonzero(series[window])
        span = (int(filled[0]), int(filled[-1]), int(series[window].sum()))
        increases.append(Increase(number, *span, best.expected, best.p, min(best.p * windows, 1.0)))
    return increases


class _Window(NamedTuple):
    p: float
    start: int
    width: int
    expected: float


def _best(
    series: np.ndarray, exposure: np.ndarray, widths: range, usual: np.ndarray, barred: np.ndarray, plain: bool = False
) -> _Window | None:
    """The window with the smallest p that touches no barred period; the shorter one where two are equal."""
    best: _Window | None = None
    for width in widths:
        p, expected = window_p_values(series, exposure, width, usual, plain, MIN_DEVIATIONS)
        p[_sums(barred, width) > 0] = np.nan
        if np.isfinite(p).any():
            start = int(np.nanargmin(p))
            if best is None or p[start] < best.p:
                best = _Window(float(p[start]), start, width, float(expected[start]))
    return best


def window_p_values(
    series: np.ndarray, exposure: np.ndarray, width: int, usual: np.ndarray | None = None, plain: bool = False,
    min_deviations: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """For each window of `width` periods: the chance p of as many rows or more, and the expected number.

    usual: bool (t,), the periods that count as usual; a window's own never do. plain: Poisson variance. min_deviations:
    windows fewer Poisson standard deviations above their expectation get no p, which saves time. p:
    (t - width + 1,) float64, NaN also for windows of fewer than 3 rows or without 6 windows' worth of usual time.
    """
    from scipy.special import betainc

    usual = np.ones(len(series), dtype=bool) if usual is None else usual
    rows, size = _sums(series, width), _sums(exposure, width)
    rest_rows = (series * usual).sum() - _sums(series * usual, width)
    rest_size = (exposure * usual).sum() - _sums(exposure * usual, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (rest_rows + 0.5) / rest_size * size  # half a row: Jeffreys' prior
        spread = np.ones(len(rows)) if plain else _dispersion(rows, size, usual, width, rest_rows / rest_size)
        variance = expected * (1 + size / rest_size) * spread
        testable = (
            (rows >= MIN_ROWS)
            & (rows > expected + min_deviations * np.sqrt(expected))
            & (size > 0)
            & (rest_size >= (MIN_WINDOWS - 1) * size)
        )
        p = np.full(len(rows), np.nan)
        mean, var = expected[testable], variance[testable]
        # the upper tail of the negative binomial, without scipy.stats' slow checks
        p[testable] = betainc(rows[testable], mean * mean / (var - mean), 1 - mean / var)
    return p, expected


def _dispersion(rows: np.ndarray, size: np.ndarray, usual: np.ndarray, width: int, rate: np.ndarray) -> np.ndarray:
    """For each window, the mean of (count - expected)^2 / expected over the usual windows that don't touch it, with
    its standard error for the periods there are, at least 1, a Poisson process'."""
    usable = (_sums(usual, width) == width) & (size > 0)
    values = (rows * rows / np.where(size > 0, size, 1), rows, size, np.ones(len(rows)))
    squares, counts, sizes, number = (_disjoint_sums(np.where(usable, value, 0.0), width) for value in values)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (squares / rate - 2 * counts + rate * sizes) / number
        mean *= 1 + np.sqrt(2 * width / number)  # of a mean of squares over number / width independent windows
    return np.maximum(np.nan_to_num(mean, nan=1.0, posinf=1.0, neginf=1.0), 1.0)


def _disjoint_sums(values: np.ndarray, width: int) -> np.ndarray:
    """For each window, the sum of values over the windows that share no period with it."""
    ends = np.concatenate([[0.0], np.cumsum(values)])
    position = np.arange(len(values))
    low, high = np.maximum(position - width + 1, 0), np.minimum(position + width, len(values))
    return ends[-1] - (ends[high] - ends[low])


def _sums(values: np.ndarray, width: int) -> np.ndarray:
    """(t - width + 1,) float64: sums over each window."""
    ends = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return ends[width:] - ends[:-width]
