"""Rows whose label is doubtful: two independent signals, the nearest rows and a cross-validated probe."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.corpus.label_columns import LabelColumn
from core.label_errors.confident_learning import (
    Estimate,
    class_thresholds,
    confident_class,
    estimate_wrong,
    wrong_labels,
)
from core.label_errors.neighbor_votes import neighbor_votes
from core.types import Neighbors, Progress
from core.vectors.linear_probe import Probe, fit_probe

NEAREST = 15
BLOCK_CELLS = 4_000_000  # rows times labels held at once


@dataclass(frozen=True, eq=False)
class Doubts:
    """One entry for each of the m rows with a label that can be judged, in row order.

    rows, given, suggested: (m,) int32; labels are places in the column's names. doubt: (m,) float32 in [0, 1], higher
    is more likely wrong: with the mean of both signals' shares for each label, that of the suggested label against that
    of the given and the suggested one together. probe_given, probe_suggested: the probe's
    out-of-fold probability of either label. against: share of the neighbors' votes for other labels, NaN without
    neighbors; for_suggested: the share for the suggested one. near_flag: most votes are for another label. probe_flag:
    confident learning finds another label. facts: trained (rows), seconds.
    """

    rows: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    doubt: np.ndarray
    probe_given: np.ndarray
    probe_suggested: np.ndarray
    against: np.ndarray
    for_suggested: np.ndarray
    near_flag: np.ndarray
    probe_flag: np.ndarray
    estimate: Estimate
    facts: dict[str, Any] = field(default_factory=dict)


def find_doubts(
    vectors: np.ndarray,
    graph: Neighbors,
    labels: LabelColumn,
    groups: np.ndarray,
    seed: int = 0,
    progress: Progress | None = None,
) -> Doubts:
    """Judge every label by the 15 nearest other texts and by a probe that did not see the row.

    vectors: (n, d) unit rows. groups: (n,) codes of identical texts. The default ranking is by `doubt`, falling.
    progress counts folds of the probe.
    """
    started = time.perf_counter()
    probe = fit_probe(vectors, labels.codes, groups, seed, progress)
    rows = np.flatnonzero(labels.codes >= 0).astype(np.int32)
    given, classes = labels.codes[rows], len(labels.names)
    made = _Columns(len(rows))
    for at in _blocks(len(rows), classes):
        votes = _votes(graph, rows[at], labels, groups)
        made.fill(at, given[at], votes, probe.probabilities(rows[at]))
    confident, best = _confident(probe, rows, given, made.probe_given, classes)
    flag = wrong_labels(confident, given, made.probe_given, best)
    estimate = estimate_wrong(given, confident, flag, groups[rows], classes, seed)
    facts = {"trained": probe.training_rows, "seconds": round(time.perf_counter() - started, 3)}
    return Doubts(rows, given, **vars(made), probe_flag=flag, estimate=estimate, facts=facts)


class _Columns:
    """The arrays of Doubts that are filled block by block."""

    def __init__(self, size: int) -> None:
        self.suggested = np.empty(size, np.int32)
        self.doubt, self.probe_given, self.probe_suggested = (np.empty(size, np.float32) for _ in range(3))
        self.against, self.for_suggested = (np.empty(size, np.float32) for _ in range(2))
        self.near_flag = np.empty(size, bool)

    def fill(self, at: slice, given: np.ndarray, votes: np.ndarray, probe: np.ndarray) -> None:
        """votes, probe: (b, classes) shares; rows of votes may be NaN."""
        each = np.arange(len(given))
        both = np.where(np.isnan(votes), probe, (votes + probe) / 2)
        own = both[each, given]
        both[each, given] = -1
        best = both.argmax(axis=1)
        rival = both[each, best]
        self.doubt[at] = rival / np.maximum(own + rival, 1e-9)
        self.suggested[at] = best
        self.probe_given[at], self.probe_suggested[at] = probe[each, given], probe[each, best]
        self.against[at], self.for_suggested[at] = 1 - votes[each, given], votes[each, best]
        self.near_flag[at] = np.nan_to_num(votes).max(axis=1) > np.nan_to_num(votes)[each, given]


def _votes(graph: Neighbors, own: np.ndarray, labels: LabelColumn, groups: np.ndarray) -> np.ndarray:
    ids, scores = np.asarray(graph.ids[own]), np.asarray(graph.scores[own])
    return neighbor_votes(ids, scores, own, labels.codes, groups, NEAREST, len(labels.names))


def _confident(
    probe: Probe, rows: np.ndarray, given: np.ndarray, own: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) each: the class confident learning counts a row to, and the probability of its likeliest class.

    Probabilities are made anew, since those of all rows at once may not fit.
    """
    limits = class_thresholds(own, given, classes)
    confident, best = np.empty(len(rows), np.int32), np.empty(len(rows), np.float32)
    for at in _blocks(len(rows), classes):
        shares = probe.probabilities(rows[at])
        confident[at], best[at] = confident_class(shares, limits), shares.max(axis=1)
    return confident, best


def _blocks(rows: int, classes: int) -> Iterator[slice]:
    step = max(1, min(8_192, BLOCK_CELLS // max(classes, 1)))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
