"""Questions about what a cosine means under a contender, and what is the same under another."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.loaders import load_distinct_texts
from core.errors import InputError
from core.quality import results as quality_tasks
from core.quality.calibration import Scale, measure_scale
from core.quality.distinct_texts import nearest
from core.quality.migration import K, Lists, Threshold, compare_lists, kept_counts, move_threshold
from core.quality.same_label import SameLabel, measure_same_label
from core.quality.service import CELL, SEED, label_codes
from core.secret import Secret
from core.types import CorpusRef
from core.vectors.contenders import Contender

BROKEN = 0.5  # a query breaks when it keeps less than this share of its list


@dataclass(frozen=True)
class Query:
    """One pinned query under A and B. kept: of the `k` texts listed by A, those B lists too; first_same: whether the
    first one is the same; before, after: the beginnings of the first texts."""

    query: str
    kept: int
    k: int
    first_same: bool
    before: str
    after: str

    @property
    def broken(self) -> bool:
        return self.kept < BROKEN * self.k


@lru_cache(maxsize=10)
def scale(corpus: CorpusRef, contender: Contender) -> Scale:
    """The distribution of all pairs' cosines."""
    return measure_scale(quality_tasks.space(corpus, contender), SEED)


def same_label(corpus: CorpusRef, contender: Contender, column: str) -> SameLabel:
    """P(same label) by cosine. Raises InputError for a column that can't be read as labels."""
    codes = label_codes(corpus, column)
    if codes is None:
        raise InputError("P(same label) needs a column with labels.", "Choose one.")
    return measure_same_label(quality_tasks.space(corpus, contender), codes, SEED)


def lists(corpus: CorpusRef, one: Contender, other: Contender) -> Lists:
    """How far the top-10 lists of all texts agree."""
    spaces = [quality_tasks.space(corpus, each) for each in (one, other)]
    return compare_lists(spaces[0], spaces[1], SEED)


def moved_threshold(corpus: CorpusRef, one: Contender, other: Contender, cosine: float) -> Threshold:
    """The threshold under `other` that as many pairs reach as `cosine` under `one`."""
    spaces = [quality_tasks.space(corpus, each) for each in (one, other)]
    scales = (scale(corpus, one), scale(corpus, other))
    return move_threshold(cosine, spaces[0], spaces[1], scales, SEED)


def drawn_queries(corpus: CorpusRef, one: Contender, other: Contender, number: int, seed: int) -> list[Query]:
    """Texts of the corpus drawn as queries, by their kept lists."""
    spaces = [quality_tasks.space(corpus, each) for each in (one, other)]
    own = spaces[0].sample(number, seed)
    k = min(K, len(spaces[0]) - 1)
    texts = load_distinct_texts(corpus)
    before, after = (np.asarray(space.ids[own, :k]) for space in spaces)
    return _queries([texts[place] for place in own], before, after, texts)


def typed_queries(
    corpus: CorpusRef,
    one: Contender,
    other: Contender,
    queries: tuple[str, ...],
    secrets: tuple[Secret | None, Secret | None],
) -> list[Query]:
    """Typed queries under both contenders. Raises ModelError where one of them can't embed texts."""
    from core.vectors.text_vectors import embed_task_texts

    found = []
    for contender, secret in zip((one, other), secrets, strict=True):
        space = quality_tasks.space(corpus, contender)
        rows = embed_task_texts(corpus, contender, queries, queries=True, secret=secret)
        found.append(nearest(space, rows, min(K, len(space)))[0])
    return _queries(list(queries), found[0], found[1], load_distinct_texts(corpus))


def _queries(queries: list[str], before: np.ndarray, after: np.ndarray, texts: list[str]) -> list[Query]:
    kept, k = kept_counts(before, after), before.shape[1]
    return [
        Query(
            query[:CELL],
            int(number),
            k,
            bool(one[0] == other[0]),
            texts[one[0]][:CELL],
            texts[other[0]][:CELL],
        )
        for query, number, one, other in zip(queries, kept, before, after, strict=True)
    ]
