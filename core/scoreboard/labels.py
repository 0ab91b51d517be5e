"""The task "labels": rows of the same label should be near each other, and labels should be easy to predict.

Of rows with several labels, those that share one should be near each other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows, read_label_rows
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.scoreboard import probes
from core.scoreboard.held_out import HELD_OUT, used_mask
from core.scoreboard.leave_one_out import rank_labels
from core.scoreboard.shared_labels import rank_shared_labels
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_rows

SEED = 0
PART_WEIGHTS = 40, 25, 20, 15
MAX_CLUSTERS = 1_000  # labels, and so clusters of k-means


def score_labels(
    corpus: CorpusRef, contender: Contender, task: Task, secret: Secret | None = None, progress: Progress | None = None
) -> Scores:
    """Retrieval, votes, probes and k-means by the labels of a column; of one whose rows may have several, retrieval
    only, where rows that share a label are relevant.

    task: column; relevance: "shared label" for such a column; split, train and test: a column that marks training and
    test rows of the few-shot probe, and its values ("train" and "test", or all that are not test); shots: its training
    rows per label; held_out: models whose training rows are left out. Raises InputError where labels can't be
    scored."""
    table, data = read_task_rows(corpus, task)
    vectors = contender_rows(corpus, contender)
    if data.combinations is not None:
        return _score_shared_labels(vectors, data, progress)
    parts = [_part_progress(progress, number) for number in range(4)]
    per_query, chance = rank_labels(vectors, data, parts[0])
    scores = Scores(per_query, data.texts[data.queries], chance=chance, facts=_facts(data))
    at = probes.probed_positions(data)
    _add_probe(scores, vectors, data, at, parts[1])
    sides, shots = probes.few_shot_sides(table, data, task), int(task.get("shots", probes.SHOTS))
    _add_few_shot(scores, vectors, data, sides, shots, parts[2])
    _add_clusters(scores, vectors, data, *probes.clustered_positions(table, data, at), parts[3])
    return scores


def read_task_rows(corpus: CorpusRef, task: Task) -> tuple[pd.DataFrame, LabelRows]:
    """The table of the corpus, without the labels of rows that are left out, and the rows and queries of the task.
    Raises InputError."""
    loaded = load_corpus(corpus)
    table, column = loaded.table, str(task.get("column", ""))
    used = used_mask(corpus, str(task.get(HELD_OUT, "")))
    if used.any() and column in table:
        table = table.assign(**{column: table[column].mask(used)})
    data = read_label_rows(table, column, distinct_texts(loaded.texts)[0], SEED)
    return table, replace(data, missing=data.missing - int(used.sum()))


def _score_shared_labels(vectors: np.ndarray, data: LabelRows, progress: Progress | None) -> Scores:
    per_query, chance = rank_shared_labels(vectors, data, progress)
    facts = _facts(data)
    facts["notes"].append(
        "Rows that share a label with the query are relevant; nDCG weighs them by the Jaccard index of both rows' "
        f"labels. On average {data.relevant.mean():,.0f} of {len(data):,} rows are relevant to a query."
    )
    return Scores(per_query, data.texts[data.queries], chance=chance, facts=facts)


def _add_probe(scores: Scores, vectors: np.ndarray, data: LabelRows, at: np.ndarray, progress: Progress | None) -> None:
    rows = probes.learnable(data, at, probes.FOLDS)
    label = _codes(data.codes[rows])
    if label.max(initial=0) < 1:
        note = f"No linear probe: it needs two labels with at least {probes.FOLDS} distinct texts each."
        scores.facts["notes"].append(note)
        return
    folds = probes.cross_validated(vectors[data.rows[rows]], label, data.texts[rows], data.seed, progress)
    right = np.full(len(data), np.nan, np.float32)
    right[rows] = folds.right
    scores.per_query["probe_accuracy"] = right[data.queries]
    scores.runs["probe_accuracy"], scores.runs["probe_macro_f1"] = folds.accuracy, folds.macro_f1
    scores.facts["ratio"] = {"probe_accuracy": folds.ratio, "probe_macro_f1": folds.ratio}
    # accuracy of the most frequent label; F1 of guesses as frequent as the labels, the share of each
    scores.chance["probe_accuracy"] = float(np.bincount(label).max() / len(label))
    scores.chance["probe_macro_f1"] = 1 / (int(label.max()) + 1)
    scores.facts["probe"] = _sizes(rows, label, data) | {"folds": probes.FOLDS}


def _add_few_shot(
    scores: Scores, vectors: np.ndarray, data: LabelRows, sides: tuple[np.ndarray, np.ndarray],
    shots: int, progress: Progress | None,
) -> None:  # fmt: skip
    both = np.concatenate(sides)
    label = _codes(data.codes[both])
    if label.max(initial=0) < 1:
        scores.facts["notes"].append("No few-shot probe: it needs two labels with both training and test texts.")
        return
    train, test = np.split(np.arange(len(both)), [len(sides[0])])
    points, texts = vectors[data.rows[both]], data.texts[both]
    drawn = probes.few_shot(points, label, texts, train, test, data.seed, progress, shots)
    chances, extra = even_guess(label[test]), f"{probes.RUNS} draws of training rows"
    for column, name in enumerate(("few_shot_accuracy", "few_shot_macro_f1")):
        scores.runs[name] = drawn.macro_f1 if column else drawn.accuracy
        scores.total[name], scores.chance[name] = float(scores.runs[name].mean()), chances[column]
        scores.resampled[name] = drawn.resampled[:, column]
        scores.facts["resampled"][name] = {"count": len(test), "of": len(test), "unit": "test rows", "extra": extra}
    sizes = {"train": len(train), "test": len(test), "labels": int(label.max()) + 1, "of_labels": len(data.names)}
    scores.facts["few_shot"] = sizes | {"runs": probes.RUNS, "shots": shots}


def even_guess(label: np.ndarray) -> tuple[float, float]:
    """Accuracy and macro-F1 expected of guesses with all labels equally often: F1 of 2pq / (p + q), q = 1 / labels."""
    shares = np.bincount(label) / len(label)
    return 1 / len(shares), float(np.mean(2 * shares / (shares * len(shares) + 1)))


def _add_clusters(
    scores: Scores, vectors: np.ndarray, data: LabelRows, at: np.ndarray, sets: np.ndarray, progress: Progress | None
) -> None:
    label = _codes(data.codes[at])
    if not 1 <= label.max(initial=0) < MAX_CLUSTERS:
        scores.facts["notes"].append(f"No V-measure: k-means needs 2 to {MAX_CLUSTERS:,} labels.")
        return
    points = vectors[data.rows[at]]
    clusterings = probes.v_measures_of_sets(points, label, data.texts[at], sets, data.seed, progress)
    scores.total["v_measure"], scores.chance["v_measure"] = clusterings.v_measure, clusterings.chance
    scores.resampled["v_measure"] = clusterings.resampled
    resampling = {"count": len(at), "of": len(data), "unit": "rows", "extra": f"{probes.SEEDS} clusterings"}
    scores.facts["resampled"]["v_measure"] = resampling
    scores.facts["groups"] = _sizes(at, label, data) | {"seeds": probes.SEEDS, "sets": len(np.unique(sets))}


def _facts(data: LabelRows) -> dict[str, Any]:
    counts = {"queries": len(data.queries), "of_queries": data.eligible, "rows": len(data), "labels": data.labels}
    left_out = {"missing": data.missing, "single": data.single}
    return {"unit": "queries", **counts, **left_out, "seed": data.seed, "ratio": {}, "resampled": {}, "notes": []}


def _sizes(rows: np.ndarray, label: np.ndarray, data: LabelRows) -> dict[str, int]:
    labels = int(label.max()) + 1
    return {"rows": len(rows), "of_rows": len(data), "labels": labels, "of_labels": len(data.names)}


def _codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def _part_progress(progress: Progress | None, number: int) -> Progress | None:
    """Of one of the four parts: queries, folds, runs and clusterings, weighted by their time."""
    if progress is None:
        return None
    report, before, weight = progress, sum(PART_WEIGHTS[:number]), PART_WEIGHTS[number]
    return lambda done, total: report(before + round(weight * done / max(total, 1)), 100)
