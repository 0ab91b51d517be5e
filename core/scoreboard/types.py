"""What a task is, the scores of a contender in it, and the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from core.errors import InputError

TaskKind = Literal["labels", "pairs", "queries", "known_item"]
TASK_KINDS: tuple[TaskKind, ...] = get_args(TaskKind)
Value = str | int | float
MetricData = Literal["per_query", "pairs", "resampled", "runs"]


@dataclass(frozen=True)
class Task:
    """All that determines a task on a corpus. params: sorted by name, JSON-able."""

    kind: TaskKind
    params: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, kind: TaskKind, **params: Value | None) -> "Task":
        """A task of these parameters; those that are None are left out."""
        return cls(kind, tuple(sorted((name, value) for name, value in params.items() if value is not None)))

    def get(self, name: str, default: Any = None) -> Any:
        return dict(self.params).get(name, default)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "params": dict(self.params)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Task":
        """Raises InputError for a kind that does not exist."""
        if values["kind"] not in TASK_KINDS:
            raise InputError(f"There is no task of the kind {values['kind']!r}.")
        return cls.of(values["kind"], **values["params"])


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one contender in one task. Queries, pairs, folds and resamples are the same for every contender.

    per_query: metric -> (q,) float32, higher is better; the score is their mean. units: (q,) int32 codes of what is
    resampled together (copies of a text, ...). pairs: (q, 2) float64 cosine and human score, for the metrics "spearman"
    and "pearson" of the kind "pairs"; else None. runs: metric -> (r,) one score per fold or run of a
    probe. total: metric -> a score without parts (V-measure); resampled: metric -> (b,) that score over b seeded
    resamples of the rows. chance: metric -> the score of a random ranking. facts: JSON-able counts, seeds and notes.
    """

    per_query: dict[str, np.ndarray]
    units: np.ndarray
    pairs: np.ndarray | None = None
    runs: dict[str, np.ndarray] = field(default_factory=dict)
    total: dict[str, float] = field(default_factory=dict)
    resampled: dict[str, np.ndarray] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """label, help: for the interface; help is one sentence. kinds: of the tasks that offer it.

    data: where its values are in `Scores`, which decides interval and test, see `core.scoreboard.comparison`:
    "per_query", a mean over queries: bootstrap interval, paired randomization test by flipped signs.
    "pairs", a correlation over pairs: bootstrap interval, paired randomization test by swapped values.
    "resampled", a score of all rows together with its resamples: bootstrap interval, normal test.
    "runs", a mean over folds: Student's interval and the corrected resampled t test.

    unit: of a value: a share in [0, 1], or a correlation in [-1, 1]. higher_is_better: the direction.
    """

    label: str
    help: str
    kinds: tuple[TaskKind, ...]
    data: MetricData = "per_query"
    unit: Literal["share", "correlation"] = "share"
    higher_is_better: bool = True

    @property
    def lowest(self) -> float:
        return -1.0 if self.unit == "correlation" else 0.0


_RANKED: tuple[TaskKind, ...] = ("labels", "queries", "known_item")
_QUERIES: tuple[TaskKind, ...] = ("queries", "known_item")
_LABELS: tuple[TaskKind, ...] = ("labels",)
_PAIRS: tuple[TaskKind, ...] = ("pairs",)

METRICS: dict[str, Metric] = {
    "map_at_r": Metric("MAP@R", "Mean average precision at R, the number of rows with the query's label.", _LABELS),
    "ndcg_at_10": Metric("nDCG@10", "How many relevant rows are in the top 10, early ones counting more.", _RANKED),
    "precision_at_1": Metric("P@1", "Share of queries whose nearest row is relevant.", _RANKED),
    "r_precision": Metric("R-precision", "Share of relevant rows among the R nearest, R being their number.", _LABELS),
    "reciprocal_rank": Metric("MRR@10", "Mean of 1 / rank of the first relevant row, 0 past rank 10.", _QUERIES),
    "recall_at_1": Metric("Recall@1", "Share of a query's relevant rows at rank 1.", _QUERIES),
    "recall_at_10": Metric("Recall@10", "Share of a query's relevant rows in the top 10.", _QUERIES),
    "recall_at_100": Metric("Recall@100", "Share of a query's relevant rows in the top 100.", _QUERIES),
    "map_at_r_macro": Metric("MAP@R, macro", "MAP@R averaged over labels, all with equal weight.", _LABELS),
    "precision_at_1_macro": Metric("P@1, macro", "P@1 averaged over labels, all with equal weight.", _LABELS),
    "knn_accuracy": Metric("kNN accuracy", "Share of rows with the majority label of their ten nearest rows.", _LABELS),
    "probe_macro_f1": Metric(
        "Linear probe, macro-F1", "Macro-averaged F1 of a logistic regression on held-out rows.", _LABELS, "runs"),
    "probe_accuracy": Metric(
        "Linear probe, accuracy", "Share of held-out rows that a logistic regression labels correctly.", _LABELS),
    "few_shot_accuracy": Metric(
        "Few-shot accuracy", "Logistic regression on a few texts per label: MTEB classification.", _LABELS, "resampled",
    ),
    "few_shot_macro_f1": Metric("Few-shot macro-F1", "Macro-averaged F1 of the same probe.", _LABELS, "resampled"),
    "v_measure": Metric(
        "V-measure", "How well k-means with one cluster per label matches the labels, as MTEB.", _LABELS, "resampled"),
    "spearman": Metric("Spearman", "Rank correlation of cosine and human score.", _PAIRS, "pairs", "correlation"),
    "average_precision": Metric(
        "Average precision", "How well cosines rank pairs rated as same first (two ratings).", _PAIRS, "resampled"),
    "pearson": Metric("Pearson", "Linear correlation of cosine and human score.", _PAIRS, "pairs", "correlation"),
}  # fmt: skip
"""By name; a task's main metric comes first among its own."""


SHARED_LABEL_METRICS = ("map_at_r", "ndcg_at_10", "precision_at_1", "r_precision")
"""Those of the kind "labels" where rows have several labels."""


def metrics_of(kind: TaskKind, several: bool = False) -> dict[str, Metric]:
    """The metrics a kind of task offers, the main one first. several: of labels of which a row may have several."""
    metrics = {name: metric for name, metric in METRICS.items() if kind in metric.kinds}
    return {name: metrics[name] for name in SHARED_LABEL_METRICS} if several else metrics
