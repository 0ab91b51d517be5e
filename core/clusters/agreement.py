"""Agreement of a clustering with a column or another clustering, and the rows that differ."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.clusters.methods import ClusterParams
from core.clusters.service import cluster_set
from core.corpus.export import short_cells
from core.corpus.filters import factorize_texts
from core.corpus.label_sets import LabelSets, label_sets
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.types import CorpusRef, ModelSpec

CELL_LENGTH = 400
MAX_TABLE_ROWS = 1_000


@dataclass(frozen=True)
class Agreement:
    """rows: that have a label in both, of total. v_measure (Rosenberg and Hirschberg, 2007), homogeneity, completeness
    in [0, 1]; ari: adjusted Rand index (Hubert and Arabie, 1985); ami: adjusted mutual information (Vinh, Epps and
    Bailey, 2010); both 0 at chance, 1 for identical labels. purity: share of rows whose second label is the
    most frequent one of their first; inverse_purity: share whose first label is the most frequent one of their
    second. Where rows have several second labels, these two alone are defined, the others NaN."""

    rows: int
    total: int
    v_measure: float
    homogeneity: float
    completeness: float
    ari: float
    ami: float
    purity: float
    inverse_purity: float


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """first, second: (n,) codes, -1 for none. NaN where fewer than two rows have a label in both. By scikit-learn."""
    from sklearn import metrics

    both = (first >= 0) & (second >= 0)
    a, b, none = first[both], second[both], float("nan")
    if len(a) < 2:
        return Agreement(len(a), len(first), *[none] * 7)
    homogeneity, completeness, v = metrics.homogeneity_completeness_v_measure(b, a)
    ari, ami = metrics.adjusted_rand_score(a, b), metrics.adjusted_mutual_info_score(a, b)
    counts = contingency(a, b)
    shares = (counts.max(axis=1).sum() / len(a), counts.max(axis=0).sum() / len(a))
    return Agreement(len(a), len(first), *map(float, (v, homogeneity, completeness, ari, ami, *shares)))


def label_set_agreement(labels: np.ndarray, sets: LabelSets) -> Agreement:
    """labels: (n,) clusters, -1 for none. purity: share of rows that have the most frequent label of their cluster;
    inverse_purity: share of the rows of a label, over all labels, that are in the cluster with most of them."""
    rows, none = int(((labels >= 0) & (sets.sizes() > 0)).sum()), float("nan")
    counts = contingency(labels[sets.rows], sets.codes)
    if rows < 2:
        return Agreement(rows, len(labels), *[none] * 7)
    shares = (counts.max(axis=1).sum() / rows, counts.max(axis=0).sum() / counts.sum())
    return Agreement(rows, len(labels), *[none] * 5, *map(float, shares))


def match_labels(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each label of first (n,) the paired one of second (n,), or -1; and (n,) bool, the rows that changed.

    Pairs share the most rows in all (Hungarian method, scipy). A row has changed if its two labels are not paired.
    """
    from scipy.optimize import linear_sum_assignment

    counts = contingency(first, second)
    partner = np.full(counts.shape[0], -1, dtype=np.int64)
    rows, columns = linear_sum_assignment(-counts)
    partner[rows] = np.where(counts[rows, columns] > 0, columns, -1)
    expected = np.full(len(first), -1)
    expected[first >= 0] = partner[first[first >= 0]]
    return partner, (expected != second) | ((first < 0) != (second < 0))


def contingency(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(a, b) int64: rows with each pair of labels, -1 in either left out."""
    both = (first >= 0) & (second >= 0)
    shape = (int(first.max(initial=-1)) + 1, int(second.max(initial=-1)) + 1)
    flat = np.bincount(first[both].astype(np.int64) * max(shape[1], 1) + second[both], minlength=shape[0] * shape[1])
    return np.asarray(flat[: shape[0] * shape[1]].reshape(shape))


def confusion(labels: np.ndarray, codes: np.ndarray, names: list[str], values: list[str], limit: int) -> pd.DataFrame:
    """Confusion matrix of the `limit` largest clusters (index) and the values that lead in one of them, then the most
    frequent ones (columns).

    Ordered towards a diagonal: values by the cluster that holds most of them.
    """
    counts = contingency(labels, codes)
    rows = np.argsort(-counts.sum(axis=1), kind="stable")[:limit]
    leads = np.zeros(counts.shape[1], dtype=bool)  # otherwise the row of a cluster could be empty
    if counts.size:
        leads[counts[rows].argmax(axis=1)] = True
    columns = np.lexsort((-counts[rows].sum(axis=0), ~leads))[:limit]
    table = counts[np.ix_(rows, columns)]
    order = np.lexsort((-table.max(axis=0, initial=0), table.argmax(axis=0) if len(table) else np.zeros(len(columns))))
    index, headers = [names[row] for row in rows], [values[column] for column in columns[order]]
    return pd.DataFrame(table[:, order], index, headers)


def compare_with_column(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, column: str, limit: int = 20
) -> tuple[Agreement, pd.DataFrame, int]:
    """Agreement with the values of a column, their confusion matrix, and the number of values. A row with several
    values counts in each of them.

    Raises InputError where there is no such column."""
    clusters, table = cluster_set(corpus, model, params), load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Select another.")
    if sets := label_sets(table[column]):
        matrix = confusion(clusters.labels[sets.rows], sets.codes, list(clusters.names), list(sets.names), limit)
        return label_set_agreement(clusters.labels, sets), matrix, len(sets.names)
    codes, names = factorize_texts(table[column])
    values = [str(name) for name in names]
    matrix = confusion(clusters.labels, np.asarray(codes), list(clusters.names), values, limit)
    return agreement(clusters.labels, np.asarray(codes)), matrix, len(values)


@dataclass(frozen=True, eq=False)
class ClusteringComparison:
    """Two clusterings of the same rows. changed: rows whose clusters are not paired; table: the first 1,000 of them
    with the names of both clusters, index row ids; pairs: name, paired name, shared rows, rows of each."""

    agreement: Agreement
    changed: int
    table: pd.DataFrame
    pairs: pd.DataFrame


def compare_clusterings(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, other_model: ModelSpec, other: ClusterParams
) -> ClusteringComparison:
    """This clustering and another one, of the same or another model. Raises StorageError where that one is missing."""
    first, second = cluster_set(corpus, model, params), cluster_set(corpus, other_model, other)
    partner, changed = match_labels(first.labels, second.labels)
    names, others = np.array([*first.names, "(none)"], object), np.array([*second.names, "(none)"], object)
    rows, texts = np.flatnonzero(changed)[:MAX_TABLE_ROWS], load_corpus(corpus).texts
    columns = {"cluster": names[first.labels[rows]], "other": others[second.labels[rows]]}
    table = pd.DataFrame({"text": [texts[int(row)] for row in rows], **columns}, index=rows)
    counts = contingency(first.labels, second.labels)
    shared = [int(counts[label, to]) if to >= 0 else 0 for label, to in enumerate(partner)]
    sizes = {"rows": counts.sum(axis=1), "other_rows": np.append(counts.sum(axis=0), 0)[partner]}
    pairs = pd.DataFrame({"cluster": names[:-1], "other": others[partner], "shared": shared, **sizes})
    measures = agreement(first.labels, second.labels)
    return ClusteringComparison(measures, int(changed.sum()), short_cells(table, CELL_LENGTH)[0], pairs)
