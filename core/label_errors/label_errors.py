"""Label errors by two independent signals: votes of the nearest rows, and confident learning on a cross-validated
probe.

Confident learning: Northcutt, Jiang and Chuang (2021), J. Artificial Intelligence Research 70.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.corpus.label_columns import LabelColumn
from core.types import Neighbors, Progress
from core.vectors.linear_probe import Probe, fit_probe

NEAREST = 15
BLOCK_CELLS = 4_000_000  # rows times labels held at once
FLOATS = ("score", "probe_current", "probe_suggested", "disagreement", "neighbor_suggested")
ROUNDING = 1e-6  # differences below this count as none, as in the authors' package


@dataclass(frozen=True)
class Estimate:
    """About how many of `rows` labels are wrong; an estimate without a confidence interval: where classes overlap,
    correct labels are counted, too, and the data does not tell how many.

    low, high: the least and the most that one of `folds` parts of the texts gives, scaled to all rows. calibrated: the
    same if rows without a confident class were wrong as often as the others; usually too high.
    """

    wrong: int
    low: float
    high: float
    calibrated: float
    rows: int
    folds: int


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """One entry for each of the m rows whose label can be checked, in row order.

    rows, current, suggested: (m,) int32; labels are indices of the column's names. score: (m,) float32 in [0, 1],
    higher is more likely wrong: with the mean of both signals' shares for each label, that of the suggested label over
    that of the current and the suggested one together. probe_current, probe_suggested: the probe's out-of-fold
    probability of either label. disagreement: share of the neighbors' votes for other labels, NaN without neighbors;
    neighbor_suggested: the share for the suggested one. neighbor_flag: most votes are for another label. probe_flag:
    confident learning finds another label. facts: trained (rows).
    """

    rows: np.ndarray
    current: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    probe_current: np.ndarray
    probe_suggested: np.ndarray
    disagreement: np.ndarray
    neighbor_suggested: np.ndarray
    neighbor_flag: np.ndarray
    probe_flag: np.ndarray
    estimate: Estimate
    facts: dict[str, Any] = field(default_factory=dict)


def find_label_errors(
    vectors: np.ndarray,
    graph: Neighbors,
    labels: LabelColumn,
    groups: np.ndarray,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelErrors:
    """Check every label by the 15 nearest other texts and by a probe that was trained without the row.

    vectors: (n, d) unit rows. groups: (n,) codes of identical texts. The default ranking is by `score`, descending.
    progress counts folds of the probe.
    """
    probe = fit_probe(vectors, labels.codes, groups, seed, progress)
    rows = np.flatnonzero(labels.codes >= 0).astype(np.int32)
    current, classes = labels.codes[rows], len(labels.names)
    columns = {name: np.empty(len(rows), np.float32) for name in FLOATS}
    columns |= {"suggested": np.empty(len(rows), np.int32), "neighbor_flag": np.empty(len(rows), bool)}
    for block in _blocks(len(rows), classes):
        ids = rows[block]
        votes = neighbor_votes(
            np.asarray(graph.ids[ids]), np.asarray(graph.scores[ids]), ids, labels.codes, groups, NEAREST, classes
        )
        for name, values in _compare_signals(current[block], votes, probe.probabilities(ids)).items():
            columns[name][block] = values
    confident, best = _confident_classes(probe, rows, current, columns["probe_current"], classes)
    flag = wrong_labels(confident, current, columns["probe_current"], best)
    estimate = estimate_wrong(current, confident, flag, probe.fold[rows], classes)
    facts = {"trained": probe.training_rows}
    return LabelErrors(rows, current, **columns, probe_flag=flag, estimate=estimate, facts=facts)


def neighbor_votes(
    ids: np.ndarray, scores: np.ndarray, rows: np.ndarray, codes: np.ndarray, groups: np.ndarray, k: int, classes: int
) -> np.ndarray:
    """(b, classes) float32 shares of the votes of each row's k nearest other texts, weighted by cosine; rows sum to 1.

    ids, scores: (b, m) of the graph, nearest first. rows: (b,) row ids. codes: (n,) labels, -1 without a vote. groups:
    (n,) codes of identical texts: copies share one vote, and a row's copies have none. NaN where nobody votes.
    """
    weights = neighbor_weights(ids, scores, rows, codes >= 0, groups, k)
    cells = np.arange(len(ids))[:, None] * classes + np.where(weights > 0, codes[ids], 0)
    table = np.bincount(cells.ravel(), weights.ravel(), len(ids) * classes).reshape(len(ids), classes)
    total = table.sum(axis=1, keepdims=True)
    return np.divide(table, total, out=np.full_like(table, np.nan), where=total > 0).astype(np.float32)


def neighbor_weights(
    ids: np.ndarray, scores: np.ndarray, rows: np.ndarray, has_vote: np.ndarray, groups: np.ndarray, k: int
) -> np.ndarray:
    """(b, m) float64 weights of the votes of each row's k nearest other texts: their cosines, divided among copies; 0
    for other rows. Arguments as of `neighbor_votes`; has_vote: (n,) bool."""
    group = groups[ids]
    votes = has_vote[ids] & (group != groups[rows][:, None])
    nearest, copies = _first_of_group(np.where(votes, group, -1))
    first = votes & (nearest == np.arange(ids.shape[1]))
    text_rank = np.cumsum(first, axis=1)  # different texts so far
    counted = votes & (np.take_along_axis(text_rank, nearest, axis=1) <= k)
    return np.where(counted, np.maximum(scores, 0) / copies, 0)


def class_thresholds(self_confidence: np.ndarray, current: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) float64: the mean probability of a label over the rows that have it; 2 (never reached) for none."""
    count = np.bincount(current, minlength=classes)
    total = np.bincount(current, self_confidence, classes)
    return np.divide(total, count, out=np.full(classes, 2.0), where=count > 0)


def confident_class(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """(b,) int32: the class whose probability reaches its threshold, the likeliest where several do, -1 where none."""
    reached = probabilities >= thresholds - ROUNDING
    best = np.where(reached.sum(axis=1) > 1, probabilities.argmax(axis=1), reached.argmax(axis=1))
    return np.where(reached.any(axis=1), best, -1).astype(np.int32)


def wrong_labels(
    confident: np.ndarray, current: np.ndarray, self_confidence: np.ndarray, best: np.ndarray
) -> np.ndarray:
    """(m,) bool: the confident class is not the current one, and the current one is not (nearly) the likeliest.

    confident: from confident_class. self_confidence, best: (m,) probability of the current and of the likeliest class.
    """
    return (confident >= 0) & (confident != current) & (self_confidence < best - ROUNDING)


def estimate_wrong(
    current: np.ndarray, confident: np.ndarray, wrong: np.ndarray, fold: np.ndarray, classes: int
) -> Estimate:
    """How many labels are wrong: those flagged, and the off-diagonal mass of the calibrated confident joint. fold: (m,)
    the fold of each row, whose model judged it."""
    used = np.unique(fold)
    counts = [len(fold) * float(wrong[fold == number].mean()) for number in used] or [0.0]
    calibrated = _off_diagonal(current, confident, classes)
    return Estimate(int(wrong.sum()), min(counts), max(counts), calibrated, len(current), len(used))


def _compare_signals(current: np.ndarray, votes: np.ndarray, probe: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays (b,) of LabelErrors by field. votes, probe: (b, classes) shares; rows of votes may be NaN."""
    rows = np.arange(len(current))
    mean = np.where(np.isnan(votes), probe, (votes + probe) / 2)
    current_share = mean[rows, current]
    mean[rows, current] = -1
    suggested = mean.argmax(axis=1)
    suggested_share = mean[rows, suggested]
    return {
        "suggested": suggested,
        "score": suggested_share / np.maximum(current_share + suggested_share, 1e-9),
        "probe_current": probe[rows, current],
        "probe_suggested": probe[rows, suggested],
        "disagreement": 1 - votes[rows, current],
        "neighbor_suggested": votes[rows, suggested],
        "neighbor_flag": np.nan_to_num(votes).max(axis=1) > np.nan_to_num(votes)[rows, current],
    }


def _confident_classes(
    probe: Probe, rows: np.ndarray, current: np.ndarray, self_confidence: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) confident class, and (m,) probability of the likeliest class.

    Probabilities are computed again, since those of all rows at once may not fit.
    """
    thresholds = class_thresholds(self_confidence, current, classes)
    confident, best = np.empty(len(rows), np.int32), np.empty(len(rows), np.float32)
    for block in _blocks(len(rows), classes):
        probabilities = probe.probabilities(rows[block])
        confident[block], best[block] = confident_class(probabilities, thresholds), probabilities.max(axis=1)
    return confident, best


def _blocks(rows: int, classes: int) -> Iterator[slice]:
    step = max(1, min(8_192, BLOCK_CELLS // max(classes, 1)))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _first_of_group(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b, m) first position of the same group in the row, and (b, m) how often the group is in the row."""
    width = group.shape[1]
    order = np.argsort(group, axis=1, kind="stable")
    ordered = np.take_along_axis(group, order, axis=1)
    begins = np.ones(group.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    start = np.maximum.accumulate(np.where(begins, np.arange(width), 0), axis=1)
    run = np.cumsum(begins.ravel()) - 1  # a new row begins a new run
    sizes = np.bincount(run)[run].reshape(group.shape) if group.size else np.ones(group.shape, np.int64)
    nearest, copies = np.empty_like(order), np.empty_like(order)
    np.put_along_axis(nearest, order, np.take_along_axis(order, start, axis=1), axis=1)
    np.put_along_axis(copies, order, sizes, axis=1)
    return nearest, copies


def _off_diagonal(current: np.ndarray, confident: np.ndarray, classes: int) -> float:
    """Of a label's confident rows the share with another class, times the label's rows; the sum over labels."""
    rows = np.bincount(current, minlength=classes)
    other = np.bincount(current, (confident >= 0) & (confident != current), classes)
    # each label has at least one confident row, as in the authors' package
    same = np.maximum(np.bincount(current, confident == current, classes), 1)
    return float(np.sum(rows * other / (other + same)))
