"""Hubness before and after rescaling cosines, by CSLS and mutual proximity, on the stored neighbor lists."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from core.quality.distinct_texts import Space
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean
from core.vectors.hubs import Hubs, find_hubs

Repair = Literal["none", "csls", "mutual"]
REPAIRS: tuple[Repair, ...] = get_args(Repair)
K = 10
BLOCK = 8_192
CELLS = 20_000_000  # candidates re-ranked; with more texts only the nearest take part
SPREAD_TEXTS = 50_000  # texts that the spread of cosines is estimated on


@dataclass(frozen=True, eq=False)
class RepairedLists:
    """One ranking. hubs: of its top-10 lists. first: (m,) int32 nearest text, -1 for none.

    precision: P@1, share of labeled texts whose nearest text has their label; gain: paired difference to that without
    repair; None without labels. labeled_texts: number of texts these are computed on.
    """

    hubs: Hubs
    first: np.ndarray
    precision: Interval[float] | None
    gain: Interval[float] | None
    labeled_texts: int


def repair_hubs(space: Space, codes: np.ndarray | None = None, seed: int = 0) -> dict[Repair, RepairedLists]:
    """Top-10 lists by cosine, CSLS and mutual proximity, all from each text's stored neighbors (up to 100; of more
    than 200,000 texts fewer, see `candidates`).

    codes: (m,) labels of the texts, -1 without; P@1 is over texts whose nearest text has a label in all three.
    """
    lists = {repair: repaired_lists(space, repair, seed) for repair in REPAIRS}
    hits, labeled_texts = None, 0
    if codes is not None:
        labeled = codes >= 0
        for ids in lists.values():
            labeled &= (ids[:, 0] >= 0) & (codes[ids[:, 0]] >= 0)
        labeled_texts = int(labeled.sum())
        hits = {repair: (codes[ids[:, 0]] == codes)[labeled].astype(np.int8) for repair, ids in lists.items()}
    repaired: dict[Repair, RepairedLists] = {}
    for repair, ids in lists.items():
        precision = bootstrap_mean(hits[repair], seed, proportion=True) if hits and labeled_texts else None
        gain = bootstrap_mean(hits[repair] - hits["none"], seed) if hits and labeled_texts else None
        repaired[repair] = RepairedLists(find_hubs(ids, ids.shape[1]), ids[:, 0], precision, gain, labeled_texts)
    return repaired


def repaired_lists(space: Space, repair: Repair, seed: int = 0) -> np.ndarray:
    """(m, 10 or m - 1) int32 numbers of texts, best first, among each text's stored neighbors.

    csls: 2 cos(x, y) - r(x) - r(y), r a text's mean cosine to its 10 nearest (Conneau et al. 2018). mutual: P(x is
    nearer to y than to a random text) * P(the other way round), cosines to all other texts taken as normal (mutual
    proximity, Schnitzer et al. 2012).
    """
    k = min(K, len(space) - 1, space.ids.shape[1])
    if repair == "none":
        return np.asarray(space.ids[:, :k])
    score = _Csls(space, k) if repair == "csls" else _Mutual(space, seed)
    ranked, width = np.empty((len(space), k), np.int32), candidates(space)
    for start in range(0, len(space), BLOCK):
        part = slice(start, start + BLOCK)
        ids, cosines = np.asarray(space.ids[part, :width]), np.asarray(space.cosines[part, :width], np.float64)
        scores = np.where(ids >= 0, score(np.arange(start, start + len(ids)), ids, cosines), -np.inf)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        ranked[part] = np.take_along_axis(ids, order, axis=1)
    return ranked


def candidates(space: Space) -> int:
    """How many of each text's nearest are re-ranked."""
    return min(space.ids.shape[1], max(3 * K, CELLS // max(len(space), 1)))


class _Csls:
    def __init__(self, space: Space, k: int) -> None:
        near = np.asarray(space.cosines[:, :k], np.float64)
        there = np.asarray(space.ids[:, :k]) >= 0
        self.mean = np.where(there, near, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)

    def __call__(self, texts: np.ndarray, ids: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        return 2 * cosines - self.mean[texts][:, None] - self.mean[ids]


class _Mutual:
    """mean, spread: (m,) float64 of each text's cosines to all others, or to a sample of 50,000 where there are more.

    Both follow from sums over these texts y: that of x.y is x.(sum y), that of its square x'(sum y y')x.
    """

    def __init__(self, space: Space, seed: int) -> None:
        m, others, width = len(space), space.sample(SPREAD_TEXTS, seed), space.vectors.shape[1]
        total, product = np.zeros(width), np.zeros((width, width))
        for block in _blocks(others):
            rows = space.take(block)
            total += rows.sum(axis=0, dtype=np.float64)
            product += rows.T @ rows
        self.mean, self.spread = np.empty(m), np.empty(m)
        narrow = product.astype(np.float32), total.astype(np.float32)  # float64 takes several times as long
        for block in _blocks(np.arange(m)):
            rows, itself = space.take(block), np.isin(block, others)  # excluded
            count = np.maximum(len(others) - itself, 1)
            squares = np.einsum("ij,ij->i", rows @ narrow[0], rows).astype(np.float64)
            self.mean[block] = ((rows @ narrow[1]).astype(np.float64) - itself) / count
            spread = (squares - itself) / count - np.square(self.mean[block])
            self.spread[block] = np.sqrt(np.maximum(spread, 1e-12))

    def __call__(self, texts: np.ndarray, ids: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        from scipy.special import log_ndtr  # logarithms, since both chances are all but 1 for neighbors

        one = (cosines - self.mean[texts][:, None]) / self.spread[texts][:, None]
        return np.asarray(log_ndtr(one) + log_ndtr((cosines - self.mean[ids]) / self.spread[ids]))


def _blocks(positions: np.ndarray) -> list[np.ndarray]:
    return [positions[start : start + BLOCK] for start in range(0, len(positions), BLOCK)]
