"""Contested cases for a blind vote: an anchor, one text that A finds near and B far, and one the other way round."""

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from core.disagreement.overlap import places_in, text_lists

NEAR = 5  # a text's ranks under the contender that finds it near, at most
FAR = 20  # ranks among which the other contender does not have it
MARGIN = 0.25  # of the spread of random pairs' cosines, by which one must be nearer under each
MOST_ANCHORS = 4_000  # rows that are tried as anchors
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, eq=False)
class Triplets:
    """Contested between two contenders, in a seeded order. anchor, near_first, near_second: (t,) int64 row ids: the
    first contender has `near_first` nearer to the anchor than `near_second`, the second has it the other way round.
    tried: anchors looked at, of `texts`."""

    anchor: np.ndarray
    near_first: np.ndarray
    near_second: np.ndarray
    tried: int
    texts: int

    def __len__(self) -> int:
        return len(self.anchor)


def contested(
    graphs: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    texts: np.ndarray,
    spreads: tuple[float, float],
    seed: int = 0,
) -> Triplets:
    """At most one triplet an anchor, both margins clear.

    graphs: neighbor ids (n, K) of the two contenders; rows: their unit rows; texts: (n,) codes of identical texts;
    spreads: standard deviations of random pairs' cosines. Of the 5 nearest under one, the nearest is taken that is not
    among the 20 nearest (with few rows: the nearer half) under the other; under both, the cosines differ by a quarter
    of that spread or more.
    """
    first_rows = np.sort(np.unique(texts, return_index=True)[1])
    anchors = np.random.default_rng(seed).permutation(first_rows)[:MOST_ANCHORS]
    one, other = (text_lists(np.asarray(ids[anchors]), texts, anchors) for ids in graphs)
    one_near, one_clear = _nearest_contested(one, other)
    other_near, other_clear = _nearest_contested(other, one)
    good = one_clear & other_clear
    anchor, x, y = anchors[good], first_rows[one_near[good]], first_rows[other_near[good]]
    clear = np.ones(len(anchor), bool)
    for vectors, sign, spread in zip(rows, (1, -1), spreads, strict=True):
        ahead = _cosines(vectors, anchor, x) - _cosines(vectors, anchor, y)
        clear &= sign * ahead >= MARGIN * spread
    return Triplets(anchor[clear], x[clear], y[clear], len(anchors), len(first_rows))


def _nearest_contested(near: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row's nearest 5 texts the first that the other has far down, and whether there is one."""
    width = min(NEAR, near.shape[1])
    if not width:
        return np.zeros(len(near), np.int64), np.zeros(len(near), bool)
    missing = places_in(near[:, :width], far) >= min(FAR, far.shape[1] // 2)
    missing &= near[:, :width] >= 0
    first = missing.argmax(axis=1)
    return np.maximum(near[np.arange(len(near)), first], 0), missing.any(axis=1)


def _cosines(rows: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", np.asarray(rows[left], np.float64), np.asarray(rows[right], np.float64))


def same_wording(one: str, other: str) -> bool:
    """Whether two texts differ in case, spaces and punctuation only."""
    return _SIGNS.sub(" ", one.casefold()).strip() == _SIGNS.sub(" ", other.casefold()).strip()


def shown_first(anchor: int, near_first: int, near_second: int, seed: int = 0) -> bool:
    """Whether `near_first` is shown first: by a hash, so that it tells nothing and stays as it is."""
    named = f"{seed}:{anchor}:{min(near_first, near_second)}:{max(near_first, near_second)}".encode()
    smaller_first = hashlib.sha256(named).digest()[0] % 2 == 0
    return smaller_first == (near_first < near_second)
