"""Names of groups of texts by class-based TF-IDF (Grootendorst, 2022, BERTopic)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.corpus.name_terms import alike, is_name
from core.text import clean_line, truncate

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LONGEST = 40  # characters of a name
MOST_WORDS = 3  # in a name; a phrase counts as the words it has
TRIED = 60  # best terms of a group that are looked at
MIN_HELD = 3  # rows of a group that must hold a term
HELD_SHARE = 0.1  # of a group's rows that must hold one of its name's terms
FURTHER_SHARE = 0.1  # of the rows with a name's first term that must hold a further one
PHRASE_SHARE = 0.5  # of the rows with a word that must hold a phrase for it to stand in the word's stead
LIFT = 1.5  # a term's share of a group's rows, over its share of all others, for it to set the group apart


class Namer:
    """Names groups of rows. matrix (n, t) of 0 and 1, vocabulary: of document_terms."""

    def __init__(self, matrix: "csr_matrix", vocabulary: Sequence[str]) -> None:
        allowed = np.array([is_name(term) for term in vocabulary], dtype=bool)
        self.matrix = matrix[:, np.flatnonzero(allowed)]
        self.terms = [term for term, fits in zip(vocabulary, allowed, strict=True) if fits]

    def names(self, labels: np.ndarray, avoided: Sequence[str]) -> list[str]:
        """A name for each group of labels (n,), "" where no term is frequent enough.

        avoided: for each group a name it must not have; no two groups get the same. Large groups choose first.
        """
        groups = len(avoided)
        held, rows = group_counts(self.matrix, labels, groups), np.bincount(labels, minlength=groups)
        weights = np.where((held >= MIN_HELD) & _sets_apart(held, rows), class_tf_idf(held), 0)
        best = np.argsort(-weights, axis=1, kind="stable")[:, :TRIED]
        names = [""] * groups
        taken: set[str] = set()
        for group in np.argsort(-rows, kind="stable"):
            ranked = [int(term) for term in best[group] if weights[group, term] > 0]
            names[group] = self._name(ranked, held[group], labels == group, {*taken, avoided[group]})
            taken.add(names[group])
        return names

    def _name(self, ranked: list[int], held: np.ndarray, members: np.ndarray, taken: set[str]) -> str:
        """The best terms joined; from the next one on where that name is taken."""
        for first in range(len(ranked)):
            chosen = self._chosen(ranked[first:], held)
            name = short_name(", ".join(self.terms[term] for term in chosen))
            if name not in taken:
                return name if self._share(chosen, members) >= HELD_SHARE else ""
        return ""

    def _chosen(self, ranked: list[int], held: np.ndarray) -> list[int]:
        """Up to three words' worth of terms, none within another, that fit into a name."""
        chosen = [self._phrase(ranked[0], ranked, held)]
        for each in ranked[1:]:
            term = self._phrase(each, ranked, held)
            if held[term] >= FURTHER_SHARE * held[chosen[0]] and self._fits(term, chosen):
                chosen.append(term)
        return chosen

    def _fits(self, term: int, chosen: list[int]) -> bool:
        others = [self.terms[each] for each in chosen]
        name = ", ".join([*others, self.terms[term]])
        short = len(name) <= LONGEST and len(name.split(" ")) <= MOST_WORDS
        return short and not any(alike(self.terms[term], other) for other in others)

    def _phrase(self, term: int, ranked: list[int], held: np.ndarray) -> int:
        """The phrase that most rows with a word hold, where there is one."""
        word = self.terms[term]
        longer = [other for other in ranked if word in self.terms[other].split(" ") and other != term]
        most = max(longer, key=lambda other: held[other], default=term)
        return most if held[most] >= PHRASE_SHARE * held[term] else term

    def _share(self, chosen: list[int], members: np.ndarray) -> float:
        """The share of the members that hold one of the terms."""
        rows = self.matrix[np.flatnonzero(members)][:, chosen]
        return float((np.diff(rows.indptr) > 0).mean())


def group_counts(matrix: "csr_matrix", labels: np.ndarray, groups: int) -> np.ndarray:
    """(groups, t) int64: rows of each group of labels (n,) that hold each term."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(labels), dtype=np.int32)
    member: Any = csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(groups, len(labels)))
    return np.asarray((member @ matrix).toarray(), dtype=np.int64)


def class_tf_idf(held: np.ndarray) -> np.ndarray:
    """(groups, t) float64, higher is more telling: W = tf * log(1 + A / f) of each term in each group.

    held (groups, t): tf, how often a term stands in a group. A: the mean number of terms a group; f: how often a term
    stands in all groups (Grootendorst, 2022).
    """
    everywhere = held.sum(axis=0)
    return np.asarray(held * np.log1p(held.sum() / max(len(held), 1) / np.maximum(everywhere, 1)))


def _sets_apart(held: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(groups, t) bool: whether enough more of a group's rows hold a term than of all others."""
    others = np.maximum(rows.sum() - rows, 1)[:, None]
    return np.asarray(held / np.maximum(rows, 1)[:, None] >= LIFT * (held.sum(axis=0) - held) / others)


def short_name(text: str) -> str:
    """One line without control characters, at most 40 characters."""
    return truncate(clean_line(text), LONGEST)
