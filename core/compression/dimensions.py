"""Fewer dimensions: truncation, PCA and random projection from 8 to all, their curves and which size is enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.compression.sample import Sample, Truth, nearest_others, recall
from core.stats.resampling import mean_interval
from core.types import Progress

Method = Literal["truncation", "pca", "random"]
METHODS: tuple[Method, ...] = ("truncation", "pca", "random")
METHOD_NAMES: dict[str, str] = {
    "truncation": "first dimensions", "pca": "PCA components", "random": "random projection",
}  # fmt: skip
SEEDS = 5  # random projections of each size
FITTED = 20_000  # rows PCA is fitted on


@dataclass(frozen=True)
class Curve:
    """One method over sizes. values, low, high: mean and 95% interval; loss_low: lower bound of the mean difference to
    the full vectors, 0 there and negative for a loss. All over the same sizes, ascending."""

    method: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    loss_low: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class DimensionRun:
    """methods, sizes, seeds: (f,) one entry per measured form: position in METHODS, dimensions, seed of the projection.
    recall: (f, q) float32 shares of the full vectors' ten nearest found; neighbors: (f, q, k) int32 positions."""

    methods: np.ndarray
    sizes: np.ndarray
    seeds: np.ndarray
    recall: np.ndarray
    neighbors: np.ndarray


def sizes_of(full: int) -> list[int]:
    """8, 16, 32 and so on below `full`, then `full`."""
    return [*(8 * 2**i for i in range(20) if 8 * 2**i < full), full]


def measure_dimensions(sample: Sample, truth: Truth, progress: Progress | None = None) -> DimensionRun:
    """Search among vectors of every size by every method, vectors scaled to unit length again.

    Truncation keeps the first dimensions (Kusupati et al., Matryoshka, 2022). PCA's components are scikit-learn's,
    learned from up to 20,000 of these rows and applied without centering, so that all of them only rotate. Random
    projection is scikit-learn's Gaussian one, five seeds a size.
    """
    forms, axes = list(_forms(*sample.rows.shape)), principal_axes(sample.rows, sample.seed)
    shares, neighbors = [], []
    for number, form in enumerate(forms):
        nearest = nearest_others(_shortened(sample, axes, *form), sample.queries, sample.top)[0]
        shares.append(recall(sample.rows, sample.query_vectors, truth.scores[:, : sample.top], nearest))
        neighbors.append(nearest.astype(np.int32))
        if progress:
            progress(number + 1, len(forms))
    methods, sizes, seeds = (np.array(column, np.int32) for column in zip(*forms, strict=True))
    return DimensionRun(methods, sizes, seeds, np.array(shares), np.array(neighbors))


def principal_axes(rows: np.ndarray, seed: int) -> np.ndarray:
    """(d, r) float32: principal directions of up to 20,000 of the rows, the widest first, r = min(d, rows - 1)."""
    from sklearn.decomposition import PCA

    drawn = np.random.default_rng(seed).choice(len(rows), min(len(rows), FITTED), replace=False)
    components = min(rows.shape[1], len(drawn) - 1)
    fitted = PCA(components, svd_solver="covariance_eigh").fit(rows[np.sort(drawn)])
    return fitted.components_.T.astype(np.float32)


def random_axes(width: int, size: int, seed: int) -> np.ndarray:
    """(width, size) float32: scikit-learn's Gaussian random projection."""
    from sklearn.random_projection import GaussianRandomProjection

    projection = GaussianRandomProjection(n_components=size, random_state=seed).fit(np.zeros((1, width), np.float32))
    return projection.components_.T.astype(np.float32)


def scaled(rows: np.ndarray) -> np.ndarray:
    """Rows of unit length, float32, contiguous; rows of which nothing is left stay zero, as near to one as to all."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def _forms(count: int, full: int) -> Iterator[tuple[int, int, int]]:
    """(method, size, seed) of all that is measured."""
    for size in sizes_of(full):
        yield 0, size, 0
        if size <= min(count, FITTED) - 1:
            yield 1, size, 0
        yield from ((2, size, seed) for seed in range(SEEDS))


def _shortened(sample: Sample, axes: np.ndarray, method: int, size: int, seed: int) -> np.ndarray:
    """(m, size) float32 unit rows. axes: principal ones."""
    if method == 0:
        return scaled(sample.rows[:, :size])
    return scaled(sample.rows @ (axes[:, :size] if method == 1 else random_axes(sample.rows.shape[1], size, seed)))


def size_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray) -> Curve:
    """A curve of values (f, q) per query at ascending sizes, compared with those of the full vectors (q,)."""
    columns = (*mean_interval(values), mean_interval(values - full).low)
    return Curve(method, tuple(sizes), *(tuple(column.tolist()) for column in columns))


def seed_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray) -> Curve:
    """The same for values (f, s, q) of several seeds: means over seeds, the band from the lowest to the highest."""
    means = values.mean(axis=2)
    loss = mean_interval(values.mean(axis=1) - full).low
    columns = (means.mean(axis=1), means.min(axis=1), means.max(axis=1), loss)
    return Curve(method, tuple(sizes), *(tuple(column.tolist()) for column in columns))


def smallest_sufficient(curve: Curve, max_loss: float) -> int | None:
    """The smallest size that, like all larger ones measured, loses at most so much: the lower bound of its 95%
    interval of the difference to the full vectors is at least -max_loss. None where only the full size does."""
    smallest = None
    for size, bound in zip(reversed(curve.sizes), reversed(curve.loss_low), strict=True):
        if bound < -max_loss - 1e-9:
            break
        smallest = size
    return smallest


def elbow_size(curve: Curve) -> int | None:
    """The size farthest above the straight line from the curve's first point to its last, over the logarithm of the
    size (Kneedle, Satopää et al., 2011, without its smoothing); None for fewer than three sizes or no such point."""
    if len(curve.sizes) < 3:
        return None
    x, y = np.log2(np.array(curve.sizes, float)), np.array(curve.values)
    if y[-1] <= y[0]:
        return None
    above = (y - y[0]) / (y[-1] - y[0]) - (x - x[0]) / (x[-1] - x[0])
    best = int(above.argmax())
    return curve.sizes[best] if above[best] > 1e-6 else None
