"""Missing and wrong labels of rows that may have several, each label by itself: by the share of the nearest rows that
have it, and by confident learning on a cross-validated probe (one-vs-rest).

Northcutt, Jiang and Chuang (2021); of several labels: Thyagarajan, Snorrason, Northcutt and Mueller (2022), Identifying
incorrect annotations in multi-label classification data.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.label_errors.label_errors import NEAREST, class_thresholds, confident_class, neighbor_weights, wrong_labels
from core.types import Neighbors, Progress
from core.vectors.linear_probe import label_probabilities

_BLOCK_ROWS = 8_192


@dataclass(frozen=True, eq=False)
class LabelSetErrors:
    """rows: (m,) int32 rows with labels, in row order. score: (m,) float32 in [0, 1], higher is more likely wrong: 1
    less the smallest self-confidence of the row's labels, present and absent (of a label with the probability p, p if
    the row has it, else 1 - p).

    The pairs of a row and a label that a signal flags, and for every row the one with the smallest self-confidence:
    pair: (p,) int32 position in rows, ascending; label: (p,) int32 column of the labels; present: (p,) bool whether the
    row has it. probe: (p,) float32 out-of-fold probability of the label. neighbors: (p,) float32 share of the neighbors
    that have it, NaN without neighbors. A label's p is their mean. probe_flag: confident learning finds the label wrong
    or missing. neighbor_flag: of `neighbor_flags`. facts: trained (rows).
    """

    rows: np.ndarray
    score: np.ndarray
    pair: np.ndarray
    label: np.ndarray
    present: np.ndarray
    probe: np.ndarray
    neighbors: np.ndarray
    probe_flag: np.ndarray
    neighbor_flag: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


def find_label_set_errors(
    vectors: np.ndarray,
    graph: Neighbors,
    labels: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelSetErrors:
    """Check every label of every row with labels. vectors: (n, d) unit rows. labels: (n, k) bool. groups: (n,) codes of
    identical texts. progress counts folds of the probe."""
    rows = np.flatnonzero(labels.any(axis=1)).astype(np.int32)
    present = labels[rows]
    probabilities, _, trained = label_probabilities(vectors, labels, groups, seed, progress)
    probe, shares = probabilities[rows], neighbor_shares(graph, labels, rows, groups)
    probe_flag = confident_flags(present, probe)
    neighbor_flag = neighbor_flags(present, shares)
    confidence = self_confidence(present, np.where(np.isnan(shares), probe, (shares + probe) / 2))
    least = np.zeros(present.shape, bool)
    least[np.arange(len(rows)), confidence.argmin(axis=1)] = True
    at, label = np.nonzero(probe_flag | neighbor_flag | least)
    return LabelSetErrors(
        rows, 1 - confidence.min(axis=1).astype(np.float32), at.astype(np.int32), label.astype(np.int32),
        present[at, label], probe[at, label], shares[at, label], probe_flag[at, label], neighbor_flag[at, label],
        {"trained": trained},
    )  # fmt: skip


def neighbor_shares(graph: Neighbors, labels: np.ndarray, rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(m, k) float32: the share of each row's 15 nearest other labeled texts that have a label, weighted by cosine; NaN
    where there are none. labels: (n, k) bool."""
    from scipy.sparse import csr_matrix

    has_labels, indicator = np.asarray(labels.any(axis=1)), labels.astype(np.float32)
    shares = np.full((len(rows), labels.shape[1]), np.nan, np.float32)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS]
        ids = np.asarray(graph.ids[block])
        weights = neighbor_weights(ids, np.asarray(graph.scores[block]), block, has_labels, groups, NEAREST)
        total = weights.sum(axis=1)
        line, slot = np.nonzero(weights)
        normal = weights[line, slot] / total[line]
        votes = csr_matrix((normal, (line, ids[line, slot])), shape=(len(block), len(labels))) @ indicator
        shares[start : start + len(block)][total > 0] = votes[total > 0]
    return shares


def neighbor_flags(present: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(m, k) bool: labels that fewer of a row's neighbors have than rows in general (and fewer than half), and missing
    ones that more than half have. Half of the neighbors would be too much to ask for a rare label."""
    usual = np.minimum(present.mean(axis=0), 0.5)
    return np.where(present, shares < usual, shares > 0.5)  # False for NaN


def self_confidence(present: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(m, k): the probability of each label as it is: p of a label that the row has, else 1 - p."""
    return np.where(present, probabilities, 1 - probabilities)


def confident_flags(present: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(m, k) bool: labels that confident learning finds wrong or missing, each as a problem of two classes."""
    flags = np.zeros(present.shape, bool)
    for label in range(present.shape[1]):
        both = np.column_stack([1 - probabilities[:, label], probabilities[:, label]])
        current = present[:, label].astype(np.int32)
        own = both[np.arange(len(both)), current]
        confident = confident_class(both, class_thresholds(own, current, 2))
        flags[:, label] = wrong_labels(confident, current, own, both.max(axis=1))
    return flags
