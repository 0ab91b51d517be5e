"""Surges: stretches of time in which a group has more rows than its own usual range explains.

Every window of 1 to w periods is compared with what the rest of the group's time leads to expect. The expected count
is the rate elsewhere; its spread is that of a negative binomial, whose variance takes in that the rate is estimated
(the predictive distribution under Jeffreys' prior) and how much more windows of that length vary elsewhere than a
Poisson process does. As in outbreak detection (Farrington, Andrews, Beale and Catchpole, 1996), other surges of the
group are kept out of what is usual. p values are corrected by Bonferroni over every window of every group looked at.
"""

from dataclasses import dataclass

import numpy as np

from core.trends.periods import Period

ALPHA = 0.05
FEWEST_ROWS = 3
FEWEST_PERIODS = 8
MOST_SURGES = 5  # of one series
LONGEST: dict[Period, int] = {"hour": 48, "day": 14, "week": 6, "month": 4, "quarter": 3, "year": 2}
RARE = 2.0  # standard deviations: no window nearer to its expectation can pass the corrected level
BLOCKS = 6  # the time must hold this many windows of a length for it to be looked at


@dataclass(frozen=True)
class Surge:
    """first, last: periods with its first and its last row, both included. series: which of those given.

    rows, expected: counted and usual in it. p: the chance of that many or more in any one window; corrected: times
    all windows looked at, at most 1.
    """

    series: int
    first: int
    last: int
    rows: int
    expected: float
    p: float
    corrected: float


@dataclass(frozen=True)
class Found:
    """surges by rising p; windows: how many were looked at, over all series; longest: the widest, in periods."""

    surges: tuple[Surge, ...]
    windows: int
    longest: int


def find_surges(
    counts: np.ndarray,
    exposure: np.ndarray | None = None,
    longest: int = 14,
    alpha: float = ALPHA,
    factors: np.ndarray | None = None,
) -> Found:
    """Surges of the series counts (m, t) int.

    exposure: (t,) what a count is in proportion to: None for time itself, or all rows of each period, so that a
    surge of everything is none of one group. factors: (m, t) how many times its usual rate each series has by the
    calendar (see seasons.py), None for 1. longest: the widest window, in periods. With fewer than 8 periods nothing
    is usual, and nothing is looked at.
    """
    counts = np.atleast_2d(np.asarray(counts))
    periods = counts.shape[1]
    widths = range(1, min(longest, periods // BLOCKS) + 1) if periods >= FEWEST_PERIODS else range(0)
    exposed = np.ones(periods) if exposure is None else np.asarray(exposure, dtype=np.float64)
    windows = len(counts) * sum(periods - width + 1 for width in widths)
    found: list[Surge] = []
    for number, series in enumerate(counts):
        if series.sum() >= FEWEST_ROWS and windows:
            own = exposed if factors is None else exposed * factors[number]
            found += _of_series(number, series, own, widths, windows, alpha)
    return Found(
        tuple(sorted(found, key=lambda each: (each.p, each.series, each.first))), windows, max(widths, default=0)
    )


def _of_series(
    number: int, series: np.ndarray, exposure: np.ndarray, widths: range, windows: int, alpha: float
) -> list[Surge]:
    """The surest surge, then the next with that one left out of what is usual, and so on.

    One window that sticks out of a Poisson process is set aside from the start, so that two surges can't hide each
    other; setting more aside would make false alarms of series that vary much by nature (measured).
    """
    usual, flagged = np.ones(len(series), dtype=bool), np.zeros(len(series), dtype=bool)
    best = _best(series, exposure, widths, usual, flagged, plain=True)
    if best is not None and best.p * windows <= alpha:
        usual[best.start : best.start + best.width] = False
    found: list[Surge] = []
    while len(found) < MOST_SURGES:
        best = _best(series, exposure, widths, usual, flagged)
        if best is None or best.p * windows > alpha:
            break
        usual[best.start : best.start + best.width] = False
        flagged[best.start : best.start + best.width] = True
        found.append(_surge(number, series, best, windows))
    return found


def _surge(number: int, series: np.ndarray, best: "_Window", windows: int) -> Surge:
    inside = series[best.start : best.start + best.width]
    filled = best.start + np.flatnonzero(inside)
    corrected = min(best.p * windows, 1.0)
    return Surge(number, int(filled[0]), int(filled[-1]), int(inside.sum()), best.expected, best.p, corrected)


@dataclass(frozen=True)
class _Window:
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
        p, expected = window_chances(series, exposure, width, usual, plain, RARE)
        p[_sums(barred, width) > 0] = np.nan
        if np.isfinite(p).any():
            start = int(np.nanargmin(p))
            if best is None or p[start] < best.p:
                best = _Window(float(p[start]), start, width, float(expected[start]))
    return best


def window_chances(
    series: np.ndarray,
    exposure: np.ndarray,
    width: int,
    usual: np.ndarray | None = None,
    plain: bool = False,
    least: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """For each window of `width` periods: the chance p of as many rows or more, and the expected number.

    usual: bool (t,), the periods that may tell what is usual; a window's own never do. plain: as Poisson processes
    vary. least: windows fewer Poisson standard deviations above their expectation get no p, which saves time. p:
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
        told = (
            (rows >= FEWEST_ROWS)
            & (rows > expected + least * np.sqrt(expected))
            & (size > 0)
            & (rest_size >= (BLOCKS - 1) * size)
        )
        p = np.full(len(rows), np.nan)
        mean, var = expected[told], variance[told]
        # the upper tail of the negative binomial, without scipy.stats' slow checks
        p[told] = betainc(rows[told], mean * mean / (var - mean), 1 - mean / var)
    return p, expected


def _dispersion(rows: np.ndarray, size: np.ndarray, usual: np.ndarray, width: int, rate: np.ndarray) -> np.ndarray:
    """For each window, the mean of (count - expected)^2 / expected over the usual windows that don't touch it, with
    its standard error for the periods there are, at least 1, a Poisson process'."""
    whole = (_sums(usual, width) == width) & (size > 0)
    squares = np.where(whole, rows * rows / np.where(size > 0, size, 1), 0.0)
    apart = [_apart(np.where(whole, part, 0.0), width) for part in (squares, rows, size, np.ones(len(rows)))]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (apart[0] / rate - 2 * apart[1] + rate * apart[2]) / apart[3]
        mean *= 1 + np.sqrt(2 * width / apart[3])  # of a mean of squares over apart[3] / width independent windows
    return np.maximum(np.nan_to_num(mean, nan=1.0, posinf=1.0, neginf=1.0), 1.0)


def _apart(values: np.ndarray, width: int) -> np.ndarray:
    """For each window, the sum of values over the windows that share no period with it."""
    ends = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    low, high = np.maximum(place - width + 1, 0), np.minimum(place + width, len(values))
    return ends[-1] - (ends[high] - ends[low])


def _sums(values: np.ndarray, width: int) -> np.ndarray:
    """(t - width + 1,) float64: sums over each window."""
    ends = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return ends[width:] - ends[:-width]
