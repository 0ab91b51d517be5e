"""Two ways to group the same rows: how far they agree, and which rows differ."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Agreement:
    """rows: that have a group in both, of total. v_measure (Rosenberg and Hirschberg, 2007), homogeneity, completeness
    in [0, 1]; ari: adjusted Rand index (Hubert and Arabie, 1985); ami: adjusted mutual information (Vinh, Epps and
    Bailey, 2010); both 0 at chance, 1 where the groups are the same. purity: share of the rows whose second group is
    the most frequent of their first; gathered: share whose first group is the most frequent of their second."""

    rows: int
    total: int
    v_measure: float
    homogeneity: float
    completeness: float
    ari: float
    ami: float
    purity: float
    gathered: float


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """first, second: (n,) codes, -1 for none. NaN where fewer than two rows have a group in both. By scikit-learn."""
    from sklearn import metrics

    both = (first >= 0) & (second >= 0)
    a, b, none = first[both], second[both], float("nan")
    if len(a) < 2:
        return Agreement(len(a), len(first), *[none] * 7)
    homogeneity, completeness, v = metrics.homogeneity_completeness_v_measure(b, a)
    ari, ami = metrics.adjusted_rand_score(a, b), metrics.adjusted_mutual_info_score(a, b)
    counts = crossed(a, b)
    shares = (counts.max(axis=1).sum() / len(a), counts.max(axis=0).sum() / len(a))
    return Agreement(len(a), len(first), *map(float, (v, homogeneity, completeness, ari, ami, *shares)))


def matched(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each label of first (n,) the one of second (n,) it is paired with, or -1; and (n,) bool, the rows that
    changed.

    Pairs share the most rows in all (Hungarian method, scipy). A row has changed if its two labels are no pair.
    """
    from scipy.optimize import linear_sum_assignment

    counts = crossed(first, second)
    partner = np.full(counts.shape[0], -1, dtype=np.int64)
    rows, columns = linear_sum_assignment(-counts)
    partner[rows] = np.where(counts[rows, columns] > 0, columns, -1)
    expected = np.full(len(first), -1)
    expected[first >= 0] = partner[first[first >= 0]]
    return partner, (expected != second) | ((first < 0) != (second < 0))


def crossed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(a, b) int64: rows with each pair of labels, -1 in either left out."""
    both = (first >= 0) & (second >= 0)
    shape = (int(first.max(initial=-1)) + 1, int(second.max(initial=-1)) + 1)
    flat = np.bincount(first[both].astype(np.int64) * max(shape[1], 1) + second[both], minlength=shape[0] * shape[1])
    return np.asarray(flat[: shape[0] * shape[1]].reshape(shape))


def confusion(labels: np.ndarray, codes: np.ndarray, names: list[str], values: list[str], most: int) -> pd.DataFrame:
    """Rows with each cluster and value: the `most` largest clusters (index), and the values that lead in one of them,
    then the most frequent in them (columns).

    Ordered so that what belongs together lies on the diagonal: values by the cluster that holds most of them.
    """
    counts = crossed(labels, codes)
    rows = np.argsort(-counts.sum(axis=1), kind="stable")[:most]
    leads = np.zeros(counts.shape[1], dtype=bool)  # in a shown cluster: else its line could be empty
    if counts.size:
        leads[counts[rows].argmax(axis=1)] = True
    columns = np.lexsort((-counts[rows].sum(axis=0), ~leads))[:most]
    shown = counts[np.ix_(rows, columns)]
    order = np.lexsort((-shown.max(axis=0, initial=0), shown.argmax(axis=0) if len(shown) else np.zeros(len(columns))))
    return pd.DataFrame(
        shown[:, order], index=[names[row] for row in rows], columns=[values[columns[each]] for each in order]
    )
