"""Which rows lie far from all others, under each contender and under all."""

from functools import lru_cache

import numpy as np

from core.disagreement.overlap import CHUNK, kept_places
from core.disagreement.service import Asked
from core.disagreement.stored import text_codes
from core.types import CorpusRef
from core.vectors.contenders import Contender, contender_neighbors

ALONE_K = 10
ALONE_SHARE = 0.05  # of the rows, those farthest from their neighbors


def stand_alone(asked: Asked) -> np.ndarray:
    """(n,) bool: rows that under every contender are among the 5% with the lowest mean cosine to their neighbors."""
    return np.logical_and.reduce([_alone(asked.corpus, contender) for contender in asked.contenders])


@lru_cache(maxsize=20)
def _alone(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    near = nearness(corpus, contender)
    known = near[np.isfinite(near)]
    return near <= np.quantile(known, ALONE_SHARE) if len(known) else np.zeros(len(near), bool)


@lru_cache(maxsize=10)
def nearness(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(n,) float64: the mean cosine to the 10 nearest other texts, copies left out; NaN without any."""
    graph, texts = contender_neighbors(corpus, contender), text_codes(corpus)
    made = np.empty(len(texts))
    for start in range(0, len(texts), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(texts)))
        counting = kept_places(np.asarray(graph.ids[rows]), texts, rows)
        counting &= counting.cumsum(axis=1) <= ALONE_K
        total = np.where(counting, graph.scores[rows], 0).sum(axis=1, dtype=np.float64)
        many = counting.sum(axis=1)
        made[rows] = np.where(many > 0, total / np.maximum(many, 1), np.nan)
    return made
