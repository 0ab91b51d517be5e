"""Dimension usage: measures of an embedding's spectrum, before and after centering, and its intrinsic dimension."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space
from core.stats.interval import Interval
from core.stats.resampling import bootstrap, jackknife, random_parts

Measure = Literal["effective_rank", "rankme", "participation", "isoscore", "first_share", "mean_cosine"]
EPSILON = 1e-7  # RankMe's, for float32
TEXTS = 10_000
FITTED_SHARE = 0.9  # share of the ratios fitted, the largest left out, as in the paper
CHUNK = 4_096
EXACT_DIMENSIONS = 768  # up to which every part's eigenvalues are computed: some seconds
ENTROPIES = ("effective_rank", "rankme")


@dataclass(frozen=True, eq=False)
class Spectrum:
    """measures: (measure, centered) -> its estimate, with the interval in which it lies for other samples of as many
    texts; ends are NaN where there is none. All but the mean cosine grow with the number of texts. uncentered,
    centered: (s,) cumulative share of the variance of the first s components, at `components` (s,). texts: distinct
    ones analyzed, of `total`; parts: of the jackknife."""

    measures: dict[tuple[Measure, bool], Interval[float]]
    uncentered: np.ndarray
    centered: np.ndarray
    components: np.ndarray
    dimensions: int
    texts: int
    total: int
    parts: int
    seed: int


def measure_spectrum(rows: np.ndarray, total: int, seed: int = 0) -> Spectrum:
    """Diagnostics of unit rows (n, d), a sample of `total` distinct texts, from the eigenvalues of their second moment
    and of their covariance.

    Intervals: jackknife of 20 random parts, see `jackknife`; they hold the mean over samples of n texts. Beyond
    EXACT_DIMENSIONS the eigenvalues without a part are taken to first order, as the variances along the eigenvectors of
    all rows, which is not enough for the entropy of the small ones: effective rank and RankMe have no interval then.
    Nor has the mean cosine of centered rows, which is about 0 whatever the texts. Raises InputError for fewer than
    three rows.
    """
    if len(rows) < 3:
        raise InputError(f"There are {len(rows)} different texts; a spectrum needs three.", "Add more rows.")
    pieces = _pieces(rows, seed)
    n, mean = len(rows), np.sum([piece.sum(axis=0, dtype=np.float64) for piece in pieces], axis=0) / len(rows)
    product = _product(pieces)
    estimates: dict[tuple[Measure, bool], Interval[float]] = {}
    spectra = {}
    for centered in (False, True):
        middle = mean if centered else np.zeros_like(mean)
        values, axes = np.linalg.eigh(product / n - np.outer(middle, middle))
        spectra[centered] = np.clip(values[::-1], 0, None)
        value = spectrum_measures(spectra[centered])
        is_exact = len(product) <= EXACT_DIMENSIONS
        spectra_without = (
            _left_out(pieces, centered) if is_exact else _left_out_roughly(pieces, axes[:, ::-1], centered)
        )
        others = [spectrum_measures(values_without) for values_without in spectra_without]
        for name in value:
            without = [other[name] if is_exact or name not in ENTROPIES else float("nan") for other in others]
            estimates[name, centered] = jackknife(value[name], without)
        estimates["mean_cosine", centered] = _mean_cosine(pieces, middle, not centered)
    at = np.unique(np.geomspace(1, rows.shape[1], 80).astype(int))
    as_is, flat = (_cumulative(spectra[centered])[at - 1] for centered in (False, True))
    return Spectrum(estimates, as_is, flat, at, rows.shape[1], n, total, len(pieces), seed)


def spectrum_measures(spectrum: np.ndarray) -> dict[Measure, float]:
    """What eigenvalues l (d,), falling, tell; s = sqrt(l) are the singular values. NaN where all are 0.

    effective_rank: exp of the entropy of p = s / sum s (Roy and Vetterli 2007); rankme: the same with epsilon added
    to every p (Garrido et al. 2023). participation: (sum l)^2 / sum l^2, 1 to d. isoscore (Rudman et al. 2022):
    works out as (participation - 1) / (d - 1), 0 one direction, 1 all alike. first_share: of the variance (of
    the squared length, where rows are not centered) on the first component.
    """
    total, d = float(spectrum.sum()), len(spectrum)
    if total <= 1e-12:
        return dict.fromkeys(("effective_rank", "rankme", "participation", "isoscore", "first_share"), float("nan"))
    shares = np.sqrt(spectrum) / np.sqrt(spectrum).sum()
    participation = total**2 / float(np.square(spectrum).sum())
    return {
        "effective_rank": _exp_entropy(shares),
        "rankme": _exp_entropy(shares + EPSILON),
        "participation": participation,
        "isoscore": (participation - 1) / (d - 1) if d > 1 else 1.0,
        "first_share": float(spectrum[0] / total),
    }


def _mean_cosine(pieces: list[np.ndarray], mean: np.ndarray, has_interval: bool) -> Interval[float]:
    """Of all pairs of rows, after `mean` (d,) was taken off; rows that nothing is left of do not count."""
    sums, counts = [], []
    for piece in pieces:
        off = piece - mean
        lengths = np.linalg.norm(off, axis=1)
        counts.append(float((lengths > 1e-6).sum()))
        sums.append((off[lengths > 1e-6] / lengths[lengths > 1e-6, None]).sum(axis=0))

    def value(total: np.ndarray, n: float) -> float:
        return (float(total @ total) - n) / (n * (n - 1)) if n > 1 else float("nan")

    total_sum, n = np.sum(sums, axis=0), sum(counts)
    left_out = [value(total_sum - sum_, n - count) for sum_, count in zip(sums, counts, strict=True)]
    return jackknife(value(total_sum, n), left_out if has_interval else [])


def _exp_entropy(shares: np.ndarray) -> float:
    positive = shares[shares > 0]
    return float(np.exp(-np.sum(positive * np.log(positive))))


def _pieces(rows: np.ndarray, seed: int) -> list[np.ndarray]:
    """The rows cut at random into parts of about the same size."""
    part = random_parts(len(rows), seed)
    return [np.asarray(rows[part == number]) for number in range(part.max() + 1)]


def _product(pieces: list[np.ndarray]) -> np.ndarray:
    """(d, d) sum of outer products; in float64, since small eigenvalues would drown in float32's rounding."""
    return np.asarray(sum(wide.T @ wide for wide in (piece.astype(np.float64) for piece in pieces)))


def _left_out(pieces: list[np.ndarray], centered: bool) -> list[np.ndarray]:
    """Eigenvalues (d,), falling, without each of the parts."""
    products, sums = [_product([piece]) for piece in pieces], [piece.sum(axis=0, dtype=np.float64) for piece in pieces]
    product, total, rows = np.sum(products, axis=0), np.sum(sums, axis=0), sum(map(len, pieces))
    spectra = []
    for piece, part, part_sum in zip(pieces, products, sums, strict=True):
        left = rows - len(piece)
        mean = (total - part_sum) / left * centered
        spectra.append(np.clip(np.linalg.eigvalsh((product - part) / left - np.outer(mean, mean))[::-1], 0, None))
    return spectra


def _left_out_roughly(pieces: list[np.ndarray], axes: np.ndarray, centered: bool) -> list[np.ndarray]:
    """The same to first order, as variances along the axes (d, d) of all rows."""
    along = axes.astype(np.float32)
    turned = [(piece @ along).astype(np.float64) for piece in pieces]
    sums, squares = np.stack([y.sum(axis=0) for y in turned]), np.stack([np.square(y).sum(axis=0) for y in turned])
    left = len(np.concatenate([y[:, 0] for y in turned])) - np.array([len(y) for y in turned])[:, None]
    values = (squares.sum(axis=0) - squares) / left
    if centered:
        values -= np.square((sums.sum(axis=0) - sums) / left)
    return list(np.clip(values, 0, None))


def _cumulative(spectrum: np.ndarray) -> np.ndarray:
    total = spectrum.sum()
    return np.cumsum(spectrum) / total if total > 0 else np.ones(len(spectrum))


def measure_intrinsic(space: Space, max_texts: int = 20_000, seed: int = 0) -> tuple[Interval[float], int]:
    """The dimension of a space by chords between unit vectors, and the number of texts used.

    Texts with the same vector as their neighbor are left out. Interval: bootstrap over texts.
    """
    texts = space.sample(max_texts, seed)
    if space.ids.shape[1] < 2:
        return Interval(float("nan"), float("nan"), float("nan")), 0
    texts = texts[space.ids[texts, 1] >= 0]
    first, second = (_chords(space, texts, np.asarray(space.ids[texts, rank])) for rank in (0, 1))
    good = first > 1e-6  # nearer ones differ by rounding alone
    logs = np.sort(np.log(np.maximum(second[good] / first[good], 1.0)))
    if not len(logs):
        return Interval(float("nan"), float("nan"), float("nan")), 0
    # repeated values stay in order
    return bootstrap(len(logs), [lambda counts: two_nn(np.repeat(logs, counts.astype(np.int64)))], seed)[0], len(logs)


def two_nn(logs: np.ndarray) -> float:
    """The dimension from rising logarithms (m,) of a text's distance to its second neighbor over that to its first.

    The ratios follow a Pareto law whose exponent is the dimension (Facco et al. 2017): the slope through the origin of
    -log(1 - F) on the logarithms, over the 90% smallest. NaN where nothing can be fitted."""
    n = len(logs)
    fitted = int(np.floor(n * FITTED_SHARE))
    if fitted < 2 or not np.any(logs[:fitted] > 0):
        return float("nan")
    x, y = logs[:fitted], -np.log1p(-np.arange(1, fitted + 1) / n)
    return float(np.sum(x * y) / np.sum(x * x))


def _chords(space: Space, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(p,) float64 distances; from differences, since a cosine near 1 leaves no digits for them."""
    distances = np.empty(len(left))
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        off = space.take(left[part]).astype(np.float64) - space.take(right[part])
        distances[part] = np.sqrt(np.einsum("ij,ij->i", off, off))
    return distances
