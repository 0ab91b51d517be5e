"""Groups of texts whose neighbors shifted together between two contenders, described by their words and neighbors."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.clusters.service import cluster_names, keywords
from core.corpus.ctfidf import class_tf_idf
from core.corpus.label_columns import label_columns, label_strings
from core.corpus.loaders import load_corpus
from core.corpus.terms import is_name, load_terms
from core.disagreement.neighbor_shifts import ChanceGroups, NeighborShifts
from core.disagreement.overlap import text_codes
from core.disagreement.results import NEIGHBOR_SHIFTS, ComparisonQuery, ShiftQuery
from core.disagreement.service import disagreement
from core.types import CorpusRef

MAX_GROUPS = 40
WORDS = 6
TEXTS = 5  # of a group, and of what it moved from and to
CELL = 240
MIN_WORD_RATIO = 1.5  # of a word's use by the neighbors lost, or gained, against the others


@dataclass(frozen=True)
class NeighborText:
    """A text that a group lost or gained as a neighbor. members: how many of the group's texts did. label: its value of
    `column`, "" where there are no labels."""

    row: int
    text: str
    column: str
    label: str
    members: int


@dataclass(frozen=True)
class ShiftedGroup:
    """texts: how many shifted together. disagreement: their mean, 1 less Jaccard. words: those the group shares; rows,
    examples: its texts, most typical first. lost_words, gained_words: what the neighbors it lost, and gained, have and
    the other ones don't. lost, gained: the neighbors that most of them lost, and gained. label: its commonest value of
    `column` and how many of the texts have it, "" where there are no labels."""

    number: int
    name: str
    texts: int
    disagreement: float
    common_words: tuple[str, ...]
    rows: tuple[int, ...]
    examples: tuple[str, ...]
    lost_words: tuple[str, ...]
    gained_words: tuple[str, ...]
    lost: tuple[NeighborText, ...]
    gained: tuple[NeighborText, ...]
    column: str
    label: tuple[str, int]


@dataclass(frozen=True)
class ShiftedGroups:
    """groups: those with most change first, at most 40, of `total`. grouped: texts in any; changed: texts with any
    change among their k nearest; texts: all. resolution: of the communities. chance: what would be grouped by
    chance."""

    groups: tuple[ShiftedGroup, ...]
    total: int
    grouped: int
    changed: int
    texts: int
    resolution: float
    chance: ChanceGroups


@lru_cache(maxsize=4)
def neighbor_shifts(query: ShiftQuery) -> NeighborShifts:
    """The stored shifts. Raises StorageError where there are none."""
    return NEIGHBOR_SHIFTS.get(query)


def shifted_groups(query: ShiftQuery) -> ShiftedGroups:
    """How the first contender's neighborhoods changed under the second. Raises StorageError without stored shifts."""
    shifts = neighbor_shifts(query)
    labels = shifts.labels
    scores = disagreement(ComparisonQuery(query.corpus, (query.first, query.second)), query.k)[shifts.rows]
    count = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    means = np.array([np.nanmean(scores[labels == label]) for label in range(count)])
    best = np.argsort(-(sizes * means), kind="stable")[:MAX_GROUPS]
    names, terms = _group_names(query.corpus, shifts, count)
    groups = [
        _describe_group(query.corpus, shifts, label, names[label], terms[label], float(means[label])) for label in best
    ]
    changed, resolution, chance = shifts.changed, shifts.resolution, shifts.chance
    return ShiftedGroups(tuple(groups), count, int(sizes.sum()), changed, len(shifts.rows), resolution, chance)


def group_rows(query: ShiftQuery, number: int) -> np.ndarray:
    """Row ids of a group, with the copies of its texts."""
    shifts, texts = neighbor_shifts(query), text_codes(query.corpus)
    return np.flatnonzero(np.isin(texts, texts[shifts.rows[shifts.labels == number]]))


def _group_names(corpus: CorpusRef, shifts: NeighborShifts, count: int) -> tuple[list[str], list[tuple[str, ...]]]:
    """Names and words by class-based TF-IDF among all groups, texts in none as one more group."""
    matrix, vocabulary = load_terms(corpus)
    if not len(vocabulary):
        return [f"Group {label + 1}" for label in range(count)], [()] * count
    labels, texts = np.where(shifts.labels >= 0, shifts.labels, count), load_corpus(corpus).texts
    terms = matrix[shifts.rows]
    names = cluster_names(labels, terms, vocabulary, [texts[row] for row in shifts.rows])
    return names, [tuple(word for word, _ in group_words) for group_words in keywords(labels, terms, vocabulary, WORDS)]


def _describe_group(
    corpus: CorpusRef, shifts: NeighborShifts, label: int, name: str, common_words: tuple[str, ...], mean: float
) -> ShiftedGroup:
    inside, texts = np.flatnonzero(shifts.labels == label), load_corpus(corpus).texts
    lost, gained = (np.asarray(changes[inside].sum(axis=0)).ravel() for changes in (shifts.lost, shifts.gained))
    typicality = shifts.lost[inside] @ lost + shifts.gained[inside] @ gained
    typical = shifts.rows[inside[np.argsort(-typicality, kind="stable")][:TEXTS]].tolist()
    lost_words, gained_words = _distinctive_words(corpus, shifts.rows, lost, gained)
    column, commonest = _commonest_label(corpus, shifts.rows[inside])
    return ShiftedGroup(
        number=int(label),
        name=name,
        texts=len(inside),
        disagreement=mean,
        common_words=common_words,
        rows=tuple(typical),
        examples=tuple(texts[row][:CELL] for row in typical),
        lost_words=lost_words,
        gained_words=gained_words,
        lost=_neighbor_texts(corpus, shifts.rows, lost),
        gained=_neighbor_texts(corpus, shifts.rows, gained),
        column=column,
        label=commonest,
    )


def _distinctive_words(
    corpus: CorpusRef, rows: np.ndarray, lost: np.ndarray, gained: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words of the neighbors lost and of those gained, by class-based TF-IDF between the two."""
    matrix, vocabulary = load_terms(corpus)
    if not len(vocabulary):
        return (), ()
    counts = np.stack([matrix[rows].T @ lost, matrix[rows].T @ gained])
    weights = class_tf_idf(counts) * (counts > MIN_WORD_RATIO * counts[::-1])

    def best_words(side: np.ndarray) -> tuple[str, ...]:
        best = (vocabulary[term] for term in np.argsort(-side, kind="stable")[: 10 * WORDS] if side[term] > 0)
        return tuple([word for word in best if is_name(word)][:WORDS])

    return best_words(weights[0]), best_words(weights[1])


def _neighbor_texts(corpus: CorpusRef, rows: np.ndarray, members: np.ndarray) -> tuple[NeighborText, ...]:
    loaded = load_corpus(corpus)
    column = next(iter(loaded.roles.labels), "")
    best = [position for position in np.argsort(-members, kind="stable")[:TEXTS] if members[position] > 0]
    neighbors = []
    for row, count in zip(rows[best].tolist(), members[best].tolist(), strict=True):
        label = str(loaded.table[column].iloc[row]) if column else ""
        neighbors.append(NeighborText(row, loaded.texts[row][:CELL], column, label, int(count)))
    return tuple(neighbors)


def _commonest_label(corpus: CorpusRef, rows: np.ndarray) -> tuple[str, tuple[str, int]]:
    column = next(iter(label_columns(corpus)), "")
    if not column:
        return "", ("", 0)
    counts = label_strings(load_corpus(corpus).table[column].iloc[rows]).value_counts()
    return column, (str(counts.index[0]), int(counts.iloc[0])) if len(counts) else ("", 0)
