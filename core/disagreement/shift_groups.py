"""Questions about groups of texts that moved together between two contenders."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.clusters.names import cluster_names, keywords
from core.corpus.ctfidf import class_tf_idf
from core.corpus.label_columns import label_strings
from core.corpus.loaders import load_corpus
from core.corpus.terms import is_name, load_terms
from core.disagreement.neighbor_shifts import Moves
from core.disagreement.rows import disagreement, label_columns
from core.disagreement.service import Asked
from core.disagreement.shift_chance import ByChance
from core.disagreement.shift_results import moves
from core.disagreement.stored import text_codes

MOST_GROUPS = 40
WORDS = 6
TEXTS = 5  # of a group, and of what it moved from and to
CELL = 240


@dataclass(frozen=True)
class MovedText:
    """A text a group lost or gained as a neighbor. members: how many of the group's texts did. label: its
    value of `column`, "" where there are no labels."""

    row: int
    text: str
    column: str
    label: str
    members: int


@dataclass(frozen=True)
class MovedGroup:
    """texts: how many moved together. disagreement: their mean, 1 less Jaccard. words: those the group shares; rows,
    examples: its texts, most alike in how they moved first. from_words, to_words: what the neighbors it lost, and
    gained, have and the other ones don't. lost, gained: the neighbors that most of them lost, and gained. label: its
    commonest value of `column` and how many of the texts have it, "" where there are no labels."""

    number: int
    name: str
    texts: int
    disagreement: float
    words: tuple[str, ...]
    rows: tuple[int, ...]
    examples: tuple[str, ...]
    from_words: tuple[str, ...]
    to_words: tuple[str, ...]
    lost: tuple[MovedText, ...]
    gained: tuple[MovedText, ...]
    column: str
    label: tuple[str, int]


@dataclass(frozen=True)
class MovedGroups:
    """groups: those with most change first, at most 40, of `total`. grouped: texts in any; moved: texts with any
    change among their k nearest; texts: all. resolution: of the communities. chance: what would be grouped by
    chance."""

    groups: tuple[MovedGroup, ...]
    total: int
    grouped: int
    moved: int
    texts: int
    resolution: float
    chance: ByChance


def moved_groups(asked: Asked, k: int) -> MovedGroups:
    """How the first contender's neighborhoods changed under the second. Raises StorageError without a graph."""
    found = moves(asked, k)
    score = disagreement(asked, k)[found.rows]
    count = int(found.labels.max(initial=-1)) + 1
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=count)
    mean = np.array([np.nanmean(score[found.labels == label]) for label in range(count)])
    best = np.argsort(-(sizes * mean), kind="stable")[:MOST_GROUPS]
    names, words = _names(asked, found)
    groups = tuple(_group(asked, found, int(label), names, words, float(mean[label])) for label in best)
    return MovedGroups(groups, count, int(sizes.sum()), found.moved, len(found.rows), found.resolution, found.chance)


def group_rows(asked: Asked, k: int, number: int) -> np.ndarray:
    """Row ids of a group, with the copies of its texts."""
    found, texts = moves(asked, k), text_codes(asked.corpus)
    return np.flatnonzero(np.isin(texts, texts[found.rows[found.labels == number]]))


def _names(asked: Asked, found: Moves) -> tuple[list[str], list[list[tuple[str, float]]]]:
    """Names and words by class-based TF-IDF among all groups, texts in none as a group of their own."""
    matrix, vocabulary = load_terms(asked.corpus)
    texts = load_corpus(asked.corpus).texts
    count = int(found.labels.max(initial=-1)) + 1
    labels = np.where(found.labels >= 0, found.labels, count)
    if not len(vocabulary):
        return [f"Group {label + 1}" for label in range(count)], [[] for _ in range(count)]
    own = matrix[found.rows]
    return cluster_names(labels, own, vocabulary, [texts[row] for row in found.rows]), keywords(
        labels, own, vocabulary, WORDS
    )


def _group(
    asked: Asked, found: Moves, label: int, names: list[str], words: list[list[tuple[str, float]]], mean: float
) -> MovedGroup:
    inside = np.flatnonzero(found.labels == label)
    lost, gained = (np.asarray(each[inside].sum(axis=0)).ravel() for each in (found.lost, found.gained))
    typical = inside[np.argsort(-(found.lost[inside] @ lost + found.gained[inside] @ gained), kind="stable")]
    texts = load_corpus(asked.corpus).texts
    examples = tuple(texts[found.rows[place]][:CELL] for place in typical[:TEXTS])
    from_words, to_words = _told_apart(asked, found.rows, lost, gained)
    return MovedGroup(
        label, names[label], len(inside), mean, tuple(word for word, _ in words[label]),
        tuple(int(found.rows[place]) for place in typical[:TEXTS]), examples, from_words, to_words,
        _texts(asked, found.rows, lost), _texts(asked, found.rows, gained), *_label(asked, found.rows[inside]),
    )  # fmt: skip


def _told_apart(
    asked: Asked, rows: np.ndarray, lost: np.ndarray, gained: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words of the neighbors lost and of those gained, by class-based TF-IDF between the two."""
    matrix, vocabulary = load_terms(asked.corpus)
    if not len(vocabulary):
        return (), ()
    held = np.stack([matrix[rows].T @ lost, matrix[rows].T @ gained])
    weights = class_tf_idf(held) * (held > 1.5 * held[::-1])
    told: list[tuple[str, ...]] = []
    for side in weights:
        best = (vocabulary[term] for term in np.argsort(-side, kind="stable")[: 10 * WORDS] if side[term] > 0)
        told.append(tuple([word for word in best if is_name(word)][:WORDS]))
    return told[0], told[1]


def _texts(asked: Asked, rows: np.ndarray, members: np.ndarray) -> tuple[MovedText, ...]:
    corpus = load_corpus(asked.corpus)
    best = np.argsort(-members, kind="stable")[:TEXTS]
    name = next(iter(corpus.roles.labels), "")
    return tuple(
        MovedText(
            int(rows[place]),
            corpus.texts[rows[place]][:CELL],
            name,
            str(corpus.table[name].iloc[rows[place]]) if name else "",
            int(members[place]),
        )
        for place in best
        if members[place] > 0
    )


def _label(asked: Asked, rows: np.ndarray) -> tuple[str, tuple[str, int]]:
    corpus = load_corpus(asked.corpus)
    name = next(iter(label_columns(asked.corpus)), "")
    counts = label_strings(corpus.table[name].iloc[rows]).value_counts() if name else pd.Series(dtype=int)
    return name, (str(counts.index[0]), int(counts.iloc[0])) if len(counts) else ("", 0)
