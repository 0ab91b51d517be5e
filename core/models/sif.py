"""Texts as weighted means of word vectors (SIF: Arora, Liang and Ma, 2017).

The weight of a word is a / (a + p), p its share of all words of a corpus. The first principal component of the texts'
means is subtracted from each; it is computed once and stored, so that queries are treated as rows are.
"""

from collections.abc import Iterable, Sequence

import numpy as np

MIN_TEXTS = 10  # with fewer, the first component would be most of what distinguishes the texts
NEGLIGIBLE = 1e-4  # share of a mean's length below which nothing but rounding is left of it


def sif_weights(counts: np.ndarray, smoothing: float) -> np.ndarray:
    """(v,) float32 in (0, 1]: smoothing / (smoothing + p) of words that occur `counts` times."""
    total = max(float(counts.sum()), 1.0)
    return (smoothing / (smoothing + counts / total)).astype(np.float32)


def zipf_counts(words: int) -> np.ndarray:
    """(words,) float64 relative frequencies by rank, most frequent first: 1 / (rank + 1), for want of counts."""
    return 1 / np.arange(2, words + 2, dtype=np.float64)


def weighted_mean(ids: Sequence[int], weighted: np.ndarray, extra: Sequence[np.ndarray] = ()) -> np.ndarray:
    """(d,) float32 mean of the rows of `weighted` at ids, which may repeat, and of extra rows; zeros without any."""
    total, count = np.zeros(weighted.shape[1], np.float32), len(ids) + len(extra)
    if len(ids):
        unique, times = np.unique(np.asarray(ids), return_counts=True)  # a long text takes no memory
        total += times.astype(np.float32) @ weighted[unique]
    for row in extra:
        total += row
    return total / max(count, 1)


def principal_axes(means: Iterable[np.ndarray], dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """(d,) float32 unit first and last axes of the texts' means, not centered, as Arora et al. The first is zeros where
    there are fewer than MIN_TEXTS texts. means: blocks of rows; rows of zeros don't count."""
    moment, texts = np.zeros((dimensions, dimensions)), 0
    for block in means:
        moment += block.T.astype(np.float64) @ block
        texts += int(block.any(axis=1).sum())
    axes = np.linalg.eigh(moment)[1]
    first, last = (axes[:, at] * np.sign(axes[np.abs(axes[:, at]).argmax(), at]) for at in (-1, 0))
    return (first if texts >= MIN_TEXTS else first * 0).astype(np.float32), last.astype(np.float32)


def without_component(means: np.ndarray, component: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """(n, d) float32 unit rows: means less their part along the component; `fallback` where nothing is left."""
    rows = means - np.outer(means @ component, component)
    lengths, before = np.linalg.norm(rows, axis=1), np.linalg.norm(means, axis=1)
    empty = lengths <= NEGLIGIBLE * before
    rows[empty], lengths[empty] = fallback, 1
    return (rows / lengths[:, None]).astype(np.float32)
