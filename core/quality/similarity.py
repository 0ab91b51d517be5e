"""Similarity of unrelated, same-label and neighboring texts: distributions of cosines and their separation."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space
from core.quality.pairs import Pairs, label_pairs, pair_cosines, random_pairs
from core.stats.interval import Interval
from core.stats.resampling import bootstrap

PairKind = Literal["random", "label", "tenth", "first"]
PAIRS = 20_000  # of each kind; for neighbors, as many texts
BINS = 400
PERCENTILE = 95.0  # percentile of random pairs
NEIGHBOR_RANKS: dict[PairKind, int] = {"first": 0, "tenth": 9}  # kinds that are a rank in a text's list


@dataclass(frozen=True, eq=False)
class Similarity:
    """cosine, euclidean: kind -> (400,) shares of its pairs in equal bins of [-1, 1] and [0, 2]; kinds without pairs
    are left out. medians, pairs: kind -> the median cosine, the number of pairs sampled. texts: distinct ones.

    auc: kind -> probability that such a pair is more similar than a random one, 0.5 by chance, higher is better.
    threshold: the random pairs' 95th percentile; above: share of same-label pairs over it, None without labels.
    """

    cosine: dict[PairKind, np.ndarray]
    euclidean: dict[PairKind, np.ndarray]
    medians: dict[PairKind, float]
    pairs: dict[PairKind, int]
    auc: dict[PairKind, Interval[float]]
    threshold: float
    above: Interval[float] | None
    texts: int
    seed: int


def measure_similarity(space: Space, codes: np.ndarray | None = None, seed: int = 0) -> Similarity:
    """Distributions of cosines and distances among distinct texts, and their separation.

    codes: (m,) labels of the texts, -1 without. Intervals: bootstrap over the texts; a pair weighs as often as
    both its texts were drawn. Raises InputError for fewer than three distinct texts.
    """
    if len(space) < 3:
        raise InputError(f"There are {len(space)} different texts; pairs need at least three.", "Add more rows.")
    pairs = _pairs(space, codes, seed)
    cosines = {kind: _cosines(space, kind, *both) for kind, both in pairs.items()}
    threshold = float(np.percentile(cosines["random"], PERCENTILE))
    kinds: list[PairKind] = [kind for kind in cosines if kind != "random"]
    statistics: list[_Auc | _Above] = [_Auc(kind, pairs, cosines) for kind in kinds]
    statistics += [_Above(pairs, cosines)] if "label" in cosines else []
    intervals = bootstrap(len(space), statistics, seed)
    return Similarity(
        cosine={kind: _shares(values, -1, 1) for kind, values in cosines.items()},
        euclidean={kind: _shares(np.sqrt(2 - 2 * values), 0, 2) for kind, values in cosines.items()},
        medians={kind: float(np.median(values)) for kind, values in cosines.items()},
        pairs={kind: len(values) for kind, values in cosines.items()}, auc=dict(zip(kinds, intervals, strict=False)),
        threshold=threshold, above=intervals[-1] if "label" in cosines else None, texts=len(space), seed=seed,
    )  # fmt: skip


class _Auc:
    """P(a pair of a kind > a random pair), ties half (Mann and Whitney 1947), under weights of the texts."""

    def __init__(self, kind: PairKind, pairs: dict[PairKind, Pairs], cosines: dict[PairKind, np.ndarray]) -> None:
        order = np.argsort(cosines["random"], kind="stable")
        rising = cosines["random"][order]
        self.kind, self.pair = kind, pairs[kind]
        self.random = (pairs["random"][0][order], pairs["random"][1][order])
        self.below = np.searchsorted(rising, cosines[kind], side="left")
        self.not_above = np.searchsorted(rising, cosines[kind], side="right")

    def __call__(self, weights: np.ndarray) -> float:
        sums = np.concatenate([[0.0], np.cumsum(_pair_weights("random", self.random, weights))])
        pair_weights = _pair_weights(self.kind, self.pair, weights)
        total = 2 * pair_weights.sum() * sums[-1]
        wins = float(np.sum(pair_weights * (sums[self.below] + sums[self.not_above])))
        return wins / total if total else float("nan")


class _Above:
    """Share of same-label pairs above the random pairs' 95th percentile, under weights of the texts."""

    def __init__(self, pairs: dict[PairKind, Pairs], cosines: dict[PairKind, np.ndarray]) -> None:
        order = np.argsort(cosines["random"], kind="stable")
        self.random, self.rising = (pairs["random"][0][order], pairs["random"][1][order]), cosines["random"][order]
        self.pair, self.cosines = pairs["label"], cosines["label"]

    def __call__(self, weights: np.ndarray) -> float:
        sums = np.cumsum(_pair_weights("random", self.random, weights))
        pair_weights = _pair_weights("label", self.pair, weights)
        if not pair_weights.sum() or not sums[-1]:
            return float("nan")
        at = min(int(np.searchsorted(sums, PERCENTILE / 100 * sums[-1])), len(sums) - 1)
        return float(pair_weights[self.cosines > self.rising[at]].sum() / pair_weights.sum())


def _pair_weights(kind: PairKind, pair: Pairs, weights: np.ndarray) -> np.ndarray:
    return weights[pair[0]] if kind in NEIGHBOR_RANKS else weights[pair[0]] * weights[pair[1]]


def _pairs(space: Space, codes: np.ndarray | None, seed: int) -> dict[PairKind, Pairs]:
    pairs: dict[PairKind, Pairs] = {"random": random_pairs(len(space), PAIRS, seed)}
    if codes is not None:
        pairs["label"] = label_pairs(codes, PAIRS, same=True, seed=seed)
    texts = space.sample(PAIRS, seed)
    for kind, rank in NEIGHBOR_RANKS.items():
        if space.ids.shape[1] > rank:
            present = texts[space.ids[texts, rank] >= 0]
            pairs[kind] = (present, np.asarray(space.ids[present, rank], np.int64))
    return {kind: pair for kind, pair in pairs.items() if len(pair[0])}


def _cosines(space: Space, kind: PairKind, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if kind in NEIGHBOR_RANKS:
        return np.asarray(space.cosines[left, NEIGHBOR_RANKS[kind]], np.float64).clip(-1, 1)
    return pair_cosines(space.vectors, space.first[left], space.first[right])


def _shares(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return (np.histogram(values, BINS, (low, high))[0] / len(values)).astype(np.float32)
