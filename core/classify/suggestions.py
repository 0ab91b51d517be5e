"""Active learning: which rows to label next, when to stop, and how far annotators agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.errors import InputError
from core.stats.agreement import cohen_kappa, kappa, krippendorff_alpha
from core.stats.interval import Interval
from core.stats.resampling import SEED
from core.types import Vectors
from core.vectors.rows import row_ids, text_codes

Strategy = Literal["margin", "diversity", "clusters", "random", "class"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
MAX_UNCERTAINTY = 0.05  # mean normalized entropy; Zhu, Wang and Hovy (2008) stop below such a threshold
MIN_AGREEMENT = 0.99  # kappa between successive models; Bloodgood and Vijay-Shanker (2009)
WINDOW = 3  # retrainings
BLOCK = 512  # labeled rows compared at once


def suggest(
    strategy: Strategy, vectors: Vectors, labeled: np.ndarray, count: int = 1, *,
    probabilities: np.ndarray | None = None, clusters: np.ndarray | None = None, like: int | None = None,
    candidates: np.ndarray | None = None, seed: int = SEED,
) -> np.ndarray:  # fmt: skip
    """(<= count,) int64 row ids to label next, the first choice first; texts that are labeled already are left out, and
    of copies there is one.

    "margin": the least difference between the two likeliest classes (Scheffer, Decomain and Wrobel, 2001).
    "diversity": farthest from all that is labeled or suggested (k-center; Sener and Savarese, 2018), at first the row
    nearest to the mean. "clusters": the most central row of the cluster with the fewest labels for its size.
    "random": with seed. "class": the likeliest rows of the class `like`.
    probabilities: (n, classes) of a classifier or of zero-shot, for "margin" and "class". clusters: (n,) codes, -1 for
    noise. candidates: row ids to choose from, all by default. Raises InputError where what a strategy needs is missing.
    """
    if strategy not in STRATEGIES:
        raise InputError(f'There is no strategy "{strategy}".', f"Available: {', '.join(STRATEGIES)}.")
    pool = _pool(vectors, row_ids(labeled, len(vectors)), row_ids(candidates, len(vectors)))
    if strategy in ("margin", "class") and probabilities is None:
        raise InputError("This strategy needs a classifier or zero-shot labels.", "Label some rows at random first.")
    if strategy == "class" and like is None:
        raise InputError("No class was selected.", "Select the class that rows should be like.")
    if strategy == "clusters" and clusters is None:
        raise InputError("This strategy needs clusters.", "Compute them on the Clusters page, or choose another.")
    if strategy == "random":
        return np.random.default_rng(seed).permutation(pool)[:count]
    if strategy == "diversity":
        return _k_center(vectors.rows, np.asarray(labeled, np.int64), pool, count)
    if strategy == "clusters" and clusters is not None:
        return _per_cluster(vectors.rows, np.asarray(labeled, np.int64), pool, clusters, count)
    assert probabilities is not None  # noqa: S101
    some = probabilities[pool]
    score = some[:, like] if strategy == "class" else -margins(some)
    return pool[np.argsort(-score, kind="stable")[:count]]


def margins(probabilities: np.ndarray) -> np.ndarray:
    """(m,) the likeliest class's probability minus that of the next one, in [0, 1]; lower is more uncertain."""
    if probabilities.shape[1] < 2:
        return probabilities[:, 0]
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0])


@dataclass(frozen=True)
class Advice:
    """What a stopping criterion says. value: what it measures; threshold: where it stops. reason: a sentence."""

    criterion: str
    stop: bool
    value: float
    threshold: float
    reason: str


def stopping_advice(history: Sequence[np.ndarray], probabilities: np.ndarray) -> tuple[Advice, ...]:
    """Whether further labels would change anything, by two published criteria.

    history: (n,) predicted classes of all rows after each retraining, oldest first, say every ten labels.
    probabilities: (u, classes) of the rows that are not labeled, by a classifier with a fitted temperature: without one
    (`train` with a `value`) it is unsure of everything as long as labels are few.
    """
    return _classification_change(history), _overall_uncertainty(probabilities)


def _classification_change(history: Sequence[np.ndarray]) -> Advice:
    """Mean kappa between successive models' predictions (Bloodgood and Vijay-Shanker, 2009)."""
    name, recent = "Classification change", list(history)[-WINDOW - 1 :]
    if len(recent) <= WINDOW:
        reason = f"Retrained {max(len(history) - 1, 0)} of the {WINDOW} times that the criterion needs."
        return Advice(name, False, float("nan"), MIN_AGREEMENT, reason)
    pairs = list(pairwise(recent))
    kappas = [1.0 if np.array_equal(one, other) else kappa(one, other) for one, other in pairs]
    value = float(np.mean(kappas))
    changed = float(np.mean([(one != other).mean() for one, other in pairs]))
    stop = value >= MIN_AGREEMENT
    reason = (
        f"In the last {WINDOW} retrainings {changed:.1%} of predictions changed on average (kappa {value:z.3f}, "
        f"{'at least' if stop else 'below'} {MIN_AGREEMENT}): new labels {'hardly' if stop else 'still'} change the "
        f"classifier."
    )
    return Advice(name, stop, value, MIN_AGREEMENT, reason)


def _overall_uncertainty(probabilities: np.ndarray) -> Advice:
    """Mean entropy of the unlabeled rows' probabilities over that of even ones (Zhu, Wang and Hovy, 2008)."""
    name = "Overall uncertainty"
    if not len(probabilities) or probabilities.shape[1] < 2:
        return Advice(name, not len(probabilities), 0.0, MAX_UNCERTAINTY, "No unlabeled row is left.")
    logs = np.log(np.maximum(probabilities, 1e-12))
    value = float(-(probabilities * logs).sum(axis=1).mean() / np.log(probabilities.shape[1]))
    stop = value <= MAX_UNCERTAINTY
    reason = (
        f"The uncertainty of the {len(probabilities):,} unlabeled rows is {value:.1%} of the maximum, "
        f"{'at most' if stop else 'above'} {MAX_UNCERTAINTY:.0%}."
    )
    return Advice(name, stop, value, MAX_UNCERTAINTY, reason)


@dataclass(frozen=True, eq=False)
class Agreement:
    """kappa: Cohen's, for each pair of annotators with rows in common; (one, other, rows, interval). alpha:
    Krippendorff's over all. disagreements: a line for each row with different labels: row, and a column for each
    annotator. rows: those with two labels or more."""

    kappa: tuple[tuple[str, str, int, Interval[float]], ...]
    alpha: Interval[float]
    disagreements: pd.DataFrame
    rows: int


def annotator_agreement(annotations: pd.DataFrame) -> Agreement:
    """How far annotators agree. annotations: columns row, annotator, label, in the order they were given: the last
    label of an annotator for a row counts. Raises InputError for fewer than two annotators."""
    last = annotations.dropna(subset=["label"]).drop_duplicates(["row", "annotator"], keep="last")
    table = last.pivot(index="row", columns="annotator", values="label")
    if table.shape[1] < 2:
        raise InputError("Agreement needs two annotators.", "Let a second person label some of the same rows.")
    codes = pd.factorize(table.to_numpy().ravel(order="F"))[0]
    ratings = codes.reshape(table.shape, order="F").T  # (annotators, rows), -1 for none
    pairs = []
    for one, other in combinations(range(len(ratings)), 2):
        both = (ratings[one] >= 0) & (ratings[other] >= 0)
        if both.any():
            interval = cohen_kappa(ratings[one, both], ratings[other, both])
            pairs.append((str(table.columns[one]), str(table.columns[other]), int(both.sum()), interval))
    several = table.nunique(axis=1)
    rated = table.notna().sum(axis=1) > 1
    return Agreement(tuple(pairs), krippendorff_alpha(ratings), table[several > 1].reset_index(), int(rated.sum()))


def _pool(vectors: Vectors, labeled: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """One row of each unlabeled text."""
    rows = np.concatenate([labeled, candidates])
    codes = text_codes(vectors.rows[rows])
    first = np.zeros(len(rows), bool)
    first[np.unique(codes, return_index=True)[1]] = True
    return candidates[first[len(labeled) :]]


def _k_center(rows: np.ndarray, labeled: np.ndarray, pool: np.ndarray, count: int) -> np.ndarray:
    points = rows[pool]
    selected: list[int] = []
    nearest = np.full(len(pool), -np.inf)
    for start in range(0, len(labeled), BLOCK):
        nearest = np.maximum(nearest, (points @ rows[labeled[start : start + BLOCK]].T).max(axis=1))
    for _ in range(min(count, len(pool))):
        started = len(labeled) or selected
        at = int(np.argmin(nearest) if started else np.argmax(points @ points.mean(axis=0)))
        selected.append(at)
        nearest = np.maximum(nearest, points @ points[at])
        nearest[at] = np.inf
    return pool[np.array(selected, np.int64)]


def _per_cluster(
    rows: np.ndarray, labeled: np.ndarray, pool: np.ndarray, clusters: np.ndarray, count: int
) -> np.ndarray:
    """Cluster by cluster, the one with the smallest share of labeled rows first; noise comes last."""
    width = int(clusters.max(initial=-1)) + 1
    sizes = np.bincount(clusters[clusters >= 0], minlength=width)
    done = np.bincount(clusters[labeled][clusters[labeled] >= 0], minlength=width).astype(float)
    queues = {}
    for code in np.unique(clusters[pool][clusters[pool] >= 0]):
        members = pool[clusters[pool] == code]
        center = rows[clusters == code].mean(axis=0)
        queues[int(code)] = list(members[np.argsort(rows[members] @ center, kind="stable")])
    selected: list[int] = []
    while queues and len(selected) < count:
        code = min(queues, key=lambda cluster: ((done[cluster] + 1) / sizes[cluster], cluster))
        selected.append(int(queues[code].pop()))
        done[code] += 1
        if not queues[code]:
            del queues[code]
    noise = pool[clusters[pool] < 0][: count - len(selected)]
    return np.concatenate([np.array(selected, np.int64), noise])
