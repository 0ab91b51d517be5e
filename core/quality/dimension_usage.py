"""How many directions an embedding uses: spectra and what is told from them, before and after mean-centering."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.stats.interval import Interval
from core.stats.resampling import jackknife, random_parts

Measure = Literal["effective_rank", "rankme", "participation", "isoscore", "first_share", "mean_cosine"]
MEASURES: tuple[Measure, ...] = (
    "effective_rank", "rankme", "participation", "isoscore", "first_share", "mean_cosine",
)  # fmt: skip
EPSILON = 1e-7  # RankMe's, for float32
TEXTS = 10_000


@dataclass(frozen=True, eq=False)
class Density:
    """measures: (measure, centered) -> its estimate. spectrum, centered: (s,) cumulative share of the variance of the
    first s components, at `components` (s,). texts: distinct ones looked at, of `total`; parts: of the jackknife."""

    measures: dict[tuple[Measure, bool], Interval[float]]
    spectrum: np.ndarray
    centered: np.ndarray
    components: np.ndarray
    dimensions: int
    texts: int
    total: int
    parts: int
    seed: int


def measure_density(rows: np.ndarray, total: int, seed: int = 0) -> Density:
    """Diagnostics of unit rows (n, d), a sample of `total` distinct texts, from the eigenvalues of their second moment
    and of their covariance.

    Intervals: jackknife of 20 random parts, see `jackknife`; without a part the eigenvalues are taken to
    first order, as the variances along the whole's eigenvectors. Raises InputError for fewer than three rows.
    """
    if len(rows) < 3:
        raise InputError(f"There are {len(rows)} different texts; a spectrum needs three.", "Bring in more rows.")
    pieces = _pieces(rows, seed)
    n, mean = len(rows), np.sum([piece.sum(axis=0, dtype=np.float64) for piece in pieces], axis=0) / len(rows)
    product = _product(pieces)
    found: dict[tuple[Measure, bool], Interval[float]] = {}
    spectra = {}
    for centered in (False, True):
        middle = mean if centered else np.zeros_like(mean)
        values, axes = np.linalg.eigh(product / n - np.outer(middle, middle))
        spectra[centered] = np.clip(values[::-1], 0, None)
        value = measures(spectra[centered])
        others = [measures(each) for each in _left_out(pieces, axes[:, ::-1], centered)]
        found |= {(name, centered): jackknife(value[name], [other[name] for other in others]) for name in value}
        found["mean_cosine", centered] = _mean_cosine(pieces, middle)
    at = np.unique(np.geomspace(1, rows.shape[1], 80).astype(int))
    as_is, flat = (_cumulative(spectra[centered])[at - 1] for centered in (False, True))
    return Density(found, as_is, flat, at, rows.shape[1], n, total, len(pieces), seed)


def measures(spectrum: np.ndarray) -> dict[Measure, float]:
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


def _mean_cosine(pieces: list[np.ndarray], mean: np.ndarray) -> Interval[float]:
    """Of all pairs of rows, after `mean` (d,) was taken off; rows that nothing is left of do not count."""
    sums, counts = [], []
    for piece in pieces:
        off = piece - mean
        lengths = np.linalg.norm(off, axis=1)
        counts.append(float((lengths > 1e-6).sum()))
        sums.append((off[lengths > 1e-6] / lengths[lengths > 1e-6, None]).sum(axis=0))

    def value(total: np.ndarray, n: float) -> float:
        return (float(total @ total) - n) / (n * (n - 1)) if n > 1 else float("nan")

    whole, n = np.sum(sums, axis=0), sum(counts)
    left_out = [value(whole - sum_, n - count) for sum_, count in zip(sums, counts, strict=True)]
    return jackknife(value(whole, n), left_out)


def _exp_entropy(shares: np.ndarray) -> float:
    positive = shares[shares > 0]
    return float(np.exp(-np.sum(positive * np.log(positive))))


def _pieces(rows: np.ndarray, seed: int) -> list[np.ndarray]:
    """The rows cut at random into parts of about the same size."""
    part = random_parts(len(rows), seed)
    return [np.asarray(rows[part == each]) for each in range(part.max() + 1)]


def _product(pieces: list[np.ndarray]) -> np.ndarray:
    """(d, d) sum of outer products; in float64, since small eigenvalues would drown in float32's rounding."""
    made = np.zeros((pieces[0].shape[1],) * 2)
    for piece in pieces:
        wide = piece.astype(np.float64)
        made += wide.T @ wide
    return made


def _left_out(pieces: list[np.ndarray], axes: np.ndarray, centered: bool) -> list[np.ndarray]:
    """Eigenvalues (d,) without each of the parts."""
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
