"""Names of clusters without any model: their words by class-based TF-IDF, their most central and most typical texts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.clusters.centers import centers
from core.corpus.ctfidf import MAX_NAME_LENGTH, ClusterNamer, class_tf_idf, group_counts
from core.corpus.terms import is_name
from core.text import clean, cut

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEYWORDS = 10


def cluster_names(
    labels: np.ndarray, terms: "csr_matrix", vocabulary: Sequence[str], texts: Sequence[str]
) -> list[str]:
    """A name for each cluster of labels (n,), -1 for noise; no two the same.

    terms (n, t) of 0 and 1, vocabulary: of document_terms. Where no term is frequent enough, its best keywords; where
    there are none, the beginning of the first text.
    """
    known, count = np.flatnonzero(labels >= 0), int(labels.max(initial=-1)) + 1
    if not count:
        return []
    names = ClusterNamer(terms[known], vocabulary).names(labels[known], [""] * count)
    taken, words = set(names), keywords(labels, terms, vocabulary, 3) if "" in names else []
    for label in (each for each, name in enumerate(names) if not name):
        first = next((texts[int(row)] for row in np.flatnonzero(labels == label) if texts[int(row)].strip()), "")
        found = ", ".join(word for word, _ in words[label]) or clean(first)
        names[label] = _free(cut(found, MAX_NAME_LENGTH) or f"Group {label + 1}", taken)
        taken.add(names[label])
    return names


def _free(name: str, taken: set[str]) -> str:
    number = 2
    found = name
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def keywords(
    labels: np.ndarray, terms: "csr_matrix", vocabulary: Sequence[str], most: int = KEYWORDS
) -> list[list[tuple[str, float]]]:
    """For each cluster its terms with the highest class-based TF-IDF (Grootendorst, 2022), each with that weight."""
    known, count = np.flatnonzero(labels >= 0), int(labels.max(initial=-1)) + 1
    allowed = np.flatnonzero([is_name(term) for term in vocabulary])
    weights = class_tf_idf(group_counts(terms[known][:, allowed], labels[known], count)) if count else np.zeros((0, 0))
    best = np.argsort(-weights, axis=1, kind="stable")[:, :most]
    return [
        [(vocabulary[allowed[term]], float(weights[label, term])) for term in row if weights[label, term] > 0]
        for label, row in enumerate(best)
    ]


def central_rows(rows: np.ndarray, labels: np.ndarray, label: int, most: int = 5) -> np.ndarray:
    """Row ids (int64) of a cluster nearest its center by cosine, nearest first."""
    inside = np.flatnonzero(labels == label)
    if not len(inside):
        return inside
    near = rows[inside] @ centers(rows[inside], np.zeros(len(inside), dtype=np.int32))[0]
    return inside[np.argsort(-near, kind="stable")[:most]]


def typical_rows(rows: np.ndarray, labels: np.ndarray, label: int, others: np.ndarray, most: int = 5) -> np.ndarray:
    """Row ids (int64) of a cluster that are the most its own: by cosine to its center less that to the nearest other.

    others: (c, d) unit centers of all clusters.
    """
    inside = np.flatnonzero(labels == label)
    if not len(inside) or len(others) < 2:
        return central_rows(rows, labels, label, most)
    near = rows[inside] @ others.T
    own = near[:, label].copy()
    near[:, label] = -np.inf
    return inside[np.argsort(-(own - near.max(axis=1)), kind="stable")[:most]]
