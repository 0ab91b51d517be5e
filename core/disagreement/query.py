"""One query under several embeddings: ranks of all texts, and how alike the lists are."""

from dataclasses import dataclass

import numpy as np

from core.disagreement.overlap import P, places_in, rank_biased


@dataclass(frozen=True, eq=False)
class Ranking:
    """texts: (t,) int64 row ids of all texts but the query's own, nearest first. cosines: (t,) float32, falling."""

    rows: np.ndarray
    cosines: np.ndarray


def rank_texts(cosines: np.ndarray, texts: np.ndarray, own: int = -1) -> Ranking:
    """All texts by cosine (n,) to a query; of copies the nearest row counts. own: a text's code that is left out."""
    order = np.lexsort((np.arange(len(cosines)), -cosines))
    first = np.sort(np.unique(texts[order], return_index=True)[1])
    rows = order[first]
    rows = rows[texts[rows] != own]
    return Ranking(rows.astype(np.int64), np.asarray(cosines[rows], np.float32))


def rank_of(ranking: Ranking, texts: np.ndarray) -> np.ndarray:
    """(number of texts,) int64: each text's rank from 1 by its code; 0 for the one left out."""
    made = np.zeros(int(texts.max(initial=-1)) + 1, np.int64)
    made[texts[ranking.rows]] = np.arange(1, len(ranking.rows) + 1)
    return made


def list_likeness(first: np.ndarray, second: np.ndarray, p: float = P) -> float:
    """Rank-biased overlap (Webber, Moffat and Zobel, 2010), extrapolated, of two lists (k,) of codes; NaN if empty."""
    width = min(len(first), len(second))
    if not width:
        return float("nan")
    last = np.maximum(np.arange(width), places_in(first[None, :width], second[None, :width])[0])
    both = np.bincount(last, minlength=width + 1)[:width].cumsum()
    return float(rank_biased(both[None, :], p)[0, -1])
