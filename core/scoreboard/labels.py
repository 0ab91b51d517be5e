"""The task "labels": rows of the same label should be near each other, and a label should be easy to tell."""

from typing import Any

import numpy as np

from core.corpus.label_columns import LabelRows, read_label_rows
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.scoreboard.kmeans import SEEDS, v_measures_of_sets
from core.scoreboard.label_splits import few_shot_sides, grouped_places, learnable, probed_places
from core.scoreboard.leave_one_out import DEEPEST, NEAREST, rank_labels
from core.scoreboard.probes import FOLDS, RUNS, SHOTS, cross_validated, few_shot
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_rows

SEED = 0
MOST_GROUPS = 1_000  # labels that k-means is asked to find


def score_labels(
    corpus: CorpusRef,
    contender: Contender,
    task: Task,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Retrieval, votes, probes and k-means by the labels of a column.

    task: column; split, train and test: a column of which rows the few-shot probe trains on and is tested on, and its
    values ("train" and "test", or all that are not test); shots: its training rows a label. Raises InputError where
    labels can't be scored.
    """
    kept = load_corpus(corpus)
    data = read_label_rows(kept.table, task.get("column", ""), distinct_texts(kept.texts)[0], SEED)
    vectors = contender_rows(corpus, contender)
    steps = _Steps(progress, len(data.queries))
    per_query, chance = rank_labels(vectors, data, steps.part(0))
    scores = Scores(per_query, data.texts[data.queries], chance=chance, facts=_facts(data))
    at = probed_places(data)
    _add_probe(scores, vectors, data, at, steps)
    _add_few_shot(scores, vectors, data, few_shot_sides(kept.table, data, task), steps, int(task.get("shots", SHOTS)))
    _add_groups(scores, vectors, data, *grouped_places(kept.table, data, at), steps)
    return scores


def _add_probe(scores: Scores, vectors: np.ndarray, data: LabelRows, at: np.ndarray, steps: "_Steps") -> None:
    places = learnable(data, at, FOLDS)
    label = _codes(data.codes[places])
    if label.max(initial=0) < 1:
        _note(scores, f"No linear probe: it needs two labels on at least {FOLDS} different texts each.")
        return
    made = cross_validated(vectors[data.rows[places]], label, data.texts[places], data.seed, steps.part(1))
    right = np.full(len(data), np.nan, np.float32)
    right[places] = made.right
    scores.per_query["probe_accuracy"] = right[data.queries]
    scores.runs["probe_accuracy"], scores.runs["probe_macro_f1"] = made.accuracy, made.macro_f1
    scores.facts["ratio"] = {"probe_accuracy": made.ratio, "probe_macro_f1": made.ratio}
    # always the most frequent label; guesses as frequent as the labels, whose F1 is the share of each
    scores.chance["probe_accuracy"] = float(np.bincount(label).max() / len(label))
    scores.chance["probe_macro_f1"] = 1 / (int(label.max()) + 1)
    scores.facts["probe"] = _sizes(places, label, data) | {"folds": FOLDS}


def _add_few_shot(
    scores: Scores,
    vectors: np.ndarray,
    data: LabelRows,
    sides: tuple[np.ndarray, np.ndarray],
    steps: "_Steps",
    shots: int,
) -> None:
    both = np.concatenate(sides)
    label = _codes(data.codes[both])
    if label.max(initial=0) < 1:
        _note(scores, "No few-shot probe: it needs two labels with texts on both sides, training and test.")
        return
    train, test = np.arange(len(sides[0])), np.arange(len(sides[0]), len(both))
    made = few_shot(vectors[data.rows[both]], label, data.texts[both], train, test, data.seed, steps.part(2), shots)
    chances = even_guess(label[test])
    for place, name in enumerate(("few_shot_accuracy", "few_shot_macro_f1")):
        scores.runs[name] = made.macro_f1 if place else made.accuracy
        scores.whole[name] = float(scores.runs[name].mean())
        scores.resampled[name] = made.resampled[:, place]
        scores.chance[name] = chances[place]
        _add_words(scores, name, len(test), len(test), "test rows", f"{RUNS} draws of training rows")
    sizes = {"train": len(train), "test": len(test), "labels": int(label.max()) + 1, "of_labels": len(data.names)}
    scores.facts["few_shot"] = sizes | {"runs": RUNS, "shots": shots}


def even_guess(label: np.ndarray) -> tuple[float, float]:
    """Accuracy and macro-F1 expected of guesses that have every label as often: F1 of 2pq / (p + q), q = 1 / labels."""
    shares = np.bincount(label) / len(label)
    return 1 / len(shares), float(np.mean(2 * shares / (shares * len(shares) + 1)))


def _add_groups(
    scores: Scores, vectors: np.ndarray, data: LabelRows, at: np.ndarray, sets: np.ndarray, steps: "_Steps"
) -> None:
    label = _codes(data.codes[at])
    if not 1 <= label.max(initial=0) < MOST_GROUPS:
        _note(scores, f"No V-measure: k-means needs two labels at least, {MOST_GROUPS:,} at most.")
        return
    made = v_measures_of_sets(vectors[data.rows[at]], label, data.texts[at], sets, data.seed, steps.part(3))
    scores.whole["v_measure"] = made.v_measure
    scores.resampled["v_measure"] = made.resampled
    scores.chance["v_measure"] = made.chance
    _add_words(scores, "v_measure", len(at), len(data), "rows", f"{SEEDS} clusterings")
    scores.facts["groups"] = _sizes(at, label, data) | {"seeds": SEEDS, "each": made.seeds.round(4).tolist()}
    scores.facts["groups"]["sets"] = len(np.unique(sets))


def _facts(data: LabelRows) -> dict[str, Any]:
    deepest = int(min(data.relevant.max(), DEEPEST))
    return {
        "unit": "queries",
        "queries": len(data.queries),
        "of_queries": data.eligible,
        "rows": len(data),
        "missing": data.missing,
        "single": data.single,
        "labels": len(data.names),
        "labels_asked": len(np.unique(data.codes[data.queries])),
        "nearest": NEAREST,
        "deepest": deepest,
        "cut": int((data.relevant > DEEPEST).sum()),
        "seed": data.seed,
        "ratio": {},
        "resampled": {},
        "notes": [],
    }


def _sizes(places: np.ndarray, label: np.ndarray, data: LabelRows) -> dict[str, int]:
    labels = int(label.max()) + 1
    return {"rows": len(places), "of_rows": len(data), "labels": labels, "of_labels": len(data.names)}


def _codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def _add_words(scores: Scores, metric: str, count: int, total: int, unit: str, beside: str) -> None:
    """What was resampled, for the record of a whole score: count of total units, and what beside."""
    scores.facts["resampled"][metric] = {"count": count, "of": total, "unit": unit, "beside": beside}


def _note(scores: Scores, text: str) -> None:
    scores.facts["notes"].append(text)


class _Steps:
    """One count of steps over the four parts: queries, folds, runs and clusterings weighed by what they take."""

    def __init__(self, progress: Progress | None, queries: int) -> None:
        self.progress = progress
        self.sizes, self.weights = (queries, FOLDS, RUNS, SEEDS), (40, 25, 20, 15)

    def part(self, number: int) -> Progress | None:
        if self.progress is None:
            return None
        report, before = self.progress, sum(self.weights[:number])
        return lambda done, total: report(before + round(self.weights[number] * done / max(total, 1)), 100)
