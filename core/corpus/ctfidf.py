"""Names of clusters of texts by class-based TF-IDF (Grootendorst, 2022, BERTopic)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.corpus.terms import is_name, is_redundant
from core.text import clean_line, truncate

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_NAME_LENGTH = 40  # characters of a name
MAX_NAME_WORDS = 3  # in a name; a phrase counts as the words it has
CANDIDATES = 60  # best terms of a cluster that a name is made of
MIN_ROWS = 3  # of a cluster with a term
NAME_COVERAGE = 0.1  # share of a cluster's rows with a term of its name
FURTHER_SHARE = 0.1  # frequency of a further term, of that of a name's first term
PHRASE_SHARE = 0.5  # of the rows with a word: of those with a phrase that replaces it
LIFT = 1.5  # minimum ratio of a term's share in a cluster to its share in all others


class ClusterNamer:
    """Names clusters of rows. matrix (n, t) of 0 and 1, vocabulary: of document_terms."""

    def __init__(self, matrix: "csr_matrix", vocabulary: Sequence[str]) -> None:
        allowed = [i for i, term in enumerate(vocabulary) if is_name(term)]
        self.matrix, self.terms = matrix[:, np.array(allowed, dtype=np.int64)], [vocabulary[i] for i in allowed]

    def names(self, labels: np.ndarray, avoided: Sequence[str], coverage: float = NAME_COVERAGE) -> list[str]:
        """A name for each cluster of labels (n,), "" where no term is frequent enough.

        avoided: for each cluster a name it must not have. coverage: the minimum share of its rows with a term of the
        name. Names are unique; large clusters are named first.
        """
        groups = len(avoided)
        counts, rows = group_counts(self.matrix, labels, groups), np.bincount(labels, minlength=groups)
        weights = np.where((counts >= MIN_ROWS) & _is_distinctive(counts, rows), class_tf_idf(counts), 0)
        best = np.argsort(-weights, axis=1, kind="stable")[:, :CANDIDATES]
        names = [""] * groups
        for group in np.argsort(-rows, kind="stable"):
            ranked = [int(term) for term in best[group] if weights[group, term] > 0]
            names[group] = self._name(ranked, counts[group], labels == group, {*names, avoided[group]}, coverage)
        return names

    def _name(
        self, ranked: list[int], counts: np.ndarray, members: np.ndarray, taken: set[str], coverage: float
    ) -> str:
        """The best terms joined; without the first of them where that name exists."""
        for first in range(len(ranked)):
            selected = self._select_terms(ranked[first:], counts)
            name = short_name(", ".join(self.terms[term] for term in selected))
            if name not in taken:
                rows = self.matrix[np.flatnonzero(members)][:, selected]
                return name if (np.diff(rows.indptr) > 0).mean() >= coverage else ""
        return ""

    def _select_terms(self, ranked: list[int], counts: np.ndarray) -> list[int]:
        """Terms of up to three words in total that fit into a name, none redundant."""
        first, *further = (self._phrase(term, ranked, counts) for term in ranked)
        selected = [first]
        for term in further:
            if counts[term] >= FURTHER_SHARE * counts[selected[0]] and self._fits(term, selected):
                selected.append(term)
        return selected

    def _fits(self, term: int, selected: list[int]) -> bool:
        others = [self.terms[index] for index in selected]
        name = ", ".join([*others, self.terms[term]])
        short = len(name) <= MAX_NAME_LENGTH and len(name.split(" ")) <= MAX_NAME_WORDS
        return short and not any(is_redundant(self.terms[term], other) for other in others)

    def _phrase(self, term: int, ranked: list[int], counts: np.ndarray) -> int:
        """The phrase that replaces a word: in most of the rows with the word, where there is one."""
        word = self.terms[term]
        longer = [other for other in ranked if word in self.terms[other].split(" ") and other != term]
        best = max(longer, key=lambda other: counts[other], default=term)
        return best if counts[best] >= PHRASE_SHARE * counts[term] else term


def group_counts(matrix: "csr_matrix", labels: np.ndarray, groups: int) -> np.ndarray:
    """(groups, t) int64: rows of each cluster of labels (n,) with each term."""
    from scipy.sparse import csr_matrix

    cells = np.ones(len(labels), dtype=np.int32), (labels, np.arange(len(labels)))
    member: Any = csr_matrix(cells, shape=(groups, len(labels)))
    return np.asarray((member @ matrix).toarray(), dtype=np.int64)


def class_tf_idf(counts: np.ndarray) -> np.ndarray:
    """(groups, t) float64, higher is more characteristic: W = tf * log(1 + A / f) (Grootendorst, 2022). counts
    (groups, t): tf, of a term in a cluster. A: the mean number of terms per cluster; f: of a term in all clusters."""
    return np.asarray(counts * np.log1p(counts.sum() / max(len(counts), 1) / np.maximum(counts.sum(axis=0), 1)))


def _is_distinctive(counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(groups, t) bool: whether a term's share in a cluster is LIFT times its share in all others."""
    others = np.maximum(rows.sum() - rows, 1)[:, None]
    return np.asarray(counts / np.maximum(rows, 1)[:, None] >= LIFT * (counts.sum(axis=0) - counts) / others)


def short_name(text: str) -> str:
    """One line without control characters, at most 40 characters."""
    return truncate(clean_line(text), MAX_NAME_LENGTH)
