"""One row's neighbors under each contender, side by side."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.disagreement.isolated_rows import nearness, stand_alone
from core.disagreement.overlap import kept_places
from core.disagreement.service import Asked
from core.disagreement.stored import text_codes
from core.errors import InputError
from core.types import Corpus
from core.vectors.contenders import Contender, contender_neighbors

CELL = 300
LONGEST = 5_000


@dataclass(frozen=True, eq=False)
class NearList:
    """One contender's nearest texts. table: columns status ("kept", "lost", "gained"), rank, elsewhere (its rank under
    the first contender; in the first one's list under the second; NaN beyond the kept neighbors), cosine, text, label;
    index row ids. percentile: share of the rows, in [0, 100], that are farther from their neighbors than this one."""

    name: str
    table: pd.DataFrame
    percentile: float


@dataclass(frozen=True, eq=False)
class RowSides:
    """A row under all contenders; the first is what the others are held against. alone: it is among the 5% of the rows
    farthest from their neighbors under all. copies: rows with the very same text. reach: ranks that are known."""

    row: int
    text: str
    labels: tuple[tuple[str, str], ...]
    lists: tuple[NearList, ...]
    alone: bool
    copies: int
    reach: int


def row_sides(asked: Asked, row: int, k: int) -> RowSides:
    """Raises InputError for no such row, StorageError where a graph is missing."""
    corpus = load_corpus(asked.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    texts = text_codes(asked.corpus)
    ranked = [_ranked(asked, each, row) for each in asked.contenders]
    reach = max((len(ids) for ids, _ in ranked), default=0)
    ranks = [{int(texts[place]): rank for rank, place in enumerate(ids, start=1)} for ids, _ in ranked]
    lists = []
    for at, (contender, (ids, cosines)) in enumerate(zip(asked.contenders, ranked, strict=True)):
        others = [ranks[0]] if at else ranks[1:]
        near = _near(corpus, ids[:k], cosines[:k], [texts[i] for i in ids[:k]], others, k, first=not at)
        lists.append(NearList(contender.label, near, _percentile(asked, contender, row)))
    labels = tuple((name, str(corpus.table[name].iloc[row])) for name in corpus.roles.labels[:3])
    copies = int((texts == texts[row]).sum()) - 1
    alone = bool(stand_alone(asked)[row])
    return RowSides(row, corpus.texts[row][:LONGEST], labels, tuple(lists), alone, copies, reach)


def _ranked(asked: Asked, contender: Contender, row: int) -> tuple[np.ndarray, np.ndarray]:
    """The row's nearest texts as row ids, copies left out, and their cosines."""
    graph = contender_neighbors(asked.corpus, contender)
    ids, scores = np.asarray(graph.ids[row : row + 1]), np.asarray(graph.scores[row])
    counting = kept_places(ids, text_codes(asked.corpus), np.array([row]))[0]
    return ids[0][counting], scores[counting]


def _near(
    corpus: Corpus, ids: np.ndarray, cosines: np.ndarray, texts: list[int], others: list[dict[int, int]], k: int,
    first: bool,
) -> pd.DataFrame:  # fmt: skip
    kept = [all(other.get(int(text), k + 1) <= k for other in others) for text in texts]
    table = pd.DataFrame(
        {
            "status": ["kept" if each else "lost" if first else "gained" for each in kept],
            "rank": np.arange(1, len(ids) + 1),
            "elsewhere": np.array([others[0].get(int(text), np.nan) for text in texts], np.float64),
            "cosine": np.asarray(cosines, np.float64),
            "text": [corpus.texts[i][:CELL] for i in ids],
        },
        index=np.asarray(ids, np.int64),
    )
    for name in corpus.roles.labels[:1]:
        table["label"] = corpus.table[name].iloc[ids].astype("str").to_numpy()
    return table


def _percentile(asked: Asked, contender: Contender, row: int) -> float:
    near = nearness(asked.corpus, contender)
    known = near[np.isfinite(near)]
    return float((known < near[row]).mean() * 100) if np.isfinite(near[row]) else float("nan")
