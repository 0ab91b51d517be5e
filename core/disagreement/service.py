"""Questions of the Disagreement page: what is kept, and how far each two contenders agree."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.disagreement.expected_time import expected_seconds
from core.disagreement.geometry import alike_order
from core.disagreement.overlap import P, chance, depths_of
from core.disagreement.results import is_prepared, prepare
from core.disagreement.stored import kept_overlap, kept_pair, pairs_of, text_codes
from core.stats.resampling import mean_interval
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.loaders import GRAPH_K

Measure = Literal["overlap", "jaccard", "rbo", "cka", "rsa"]
BY_NEIGHBORS: tuple[Measure, ...] = ("overlap", "jaccard", "rbo")


@dataclass(frozen=True)
class Asked:
    """Which contenders are compared: everything that names a result."""

    corpus: CorpusRef
    contenders: tuple[Contender, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(contender.label for contender in self.contenders)


@dataclass(frozen=True)
class State:
    """kept: all is worked out. seconds: what the rest will take."""

    kept: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class Overview:
    """How alike each two contenders are. values, low, high: (s, s) float64, the diagonal 1, by a measure at depth k;
    low, high: ends of the 95% interval, NaN where there are too few texts for one. order: places so that what is alike
    stands together. chance: what unrelated contenders would reach. rows: of the corpus, texts: different ones.
    left_out: rows all of whose neighbors are copies of them. sample: texts (CKA) or pairs of texts (RSA) looked at, 0
    where it was all.
    """

    measure: Measure
    k: int
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    order: tuple[int, ...]
    chance: float
    rows: int
    texts: int
    left_out: int
    sample: int


@dataclass(frozen=True, eq=False)
class Curves:
    """values, low, high: (pairs, depths) by a measure of neighbors; chance: (depths,); pairs: places of contenders."""

    depths: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    chance: np.ndarray


def state(asked: Asked) -> State:
    """What is there of a comparison."""
    where = (asked.corpus, asked.contenders)
    return State(is_prepared(*where), expected_seconds(*where))


def depths(asked: Asked) -> tuple[int, ...]:
    """At which numbers of neighbors contenders can be compared."""
    info = Workspace(asked.corpus.folder).info(asked.corpus.digest)
    return depths_of(min(GRAPH_K, max((info.rows if info else 0) - 1, 0)))


def different_texts(asked: Asked) -> int:
    """How many texts there are, copies counted once."""
    return int(text_codes(asked.corpus).max(initial=-1)) + 1


def compare_now(asked: Asked) -> None:
    """Compare in this process; for few rows. Raises InputError and StorageError."""
    prepare(asked.corpus, asked.contenders)


def overview(asked: Asked, measure: Measure, k: int) -> Overview:
    """The table of likeness. Raises StorageError where a pair has not been compared."""
    count = len(asked.contenders)
    values, low, high = np.eye(count), np.full((count, count), np.nan), np.full((count, count), np.nan)
    left_out, sample = 0, 0
    for (i, j), (one, other) in zip(_places(count), pairs_of(asked.contenders), strict=True):
        if measure in BY_NEIGHBORS:
            found = kept_overlap(asked.corpus, one, other)
            left_out = max(left_out, int((found.deep == 0).sum()))
            ends = mean_interval(found.by(measure, k)[None], text_codes(asked.corpus))
            values[i, j], low[i, j], high[i, j] = (float(end[0]) for end in ends)
        else:
            facts = kept_pair(asked.corpus, one, other).facts
            kept = (facts.get(name) for name in (measure, f"{measure}_low", f"{measure}_high"))
            values[i, j], low[i, j], high[i, j] = (np.nan if each is None else each for each in kept)
            sample = int(facts["cka_rows" if measure == "cka" else "rsa_pairs"])
        for table in (values, low, high):
            table[j, i] = table[i, j]
    codes = text_codes(asked.corpus)
    texts = int(codes.max(initial=-1)) + 1
    told = chance(measure, k, texts) if measure in BY_NEIGHBORS else 0.0
    order = tuple(alike_order(values))
    return Overview(measure, k, values, low, high, order, told, len(codes), texts, left_out, sample)


def curves(asked: Asked, measure: Measure) -> Curves:
    """How the overlap grows with k, pair by pair. Raises StorageError."""
    codes, made = text_codes(asked.corpus), []
    reached: tuple[int, ...] = ()
    for pair in pairs_of(asked.contenders):
        found = kept_overlap(asked.corpus, *pair)
        reached = found.depths
        made.append(mean_interval(np.stack([found.by(measure, k) for k in reached]), codes))
    texts = int(codes.max(initial=-1)) + 1
    values, low, high = (np.stack([each[i] for each in made]) for i in range(3))
    told = np.array([chance(measure, k, texts, P) for k in reached])
    return Curves(reached, tuple(_places(len(asked.contenders))), values, low, high, told)


def _places(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]
