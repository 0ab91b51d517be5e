"""Judging the labels of a column, as a function for workers; the result is kept in the workspace."""

from dataclasses import asdict
from functools import lru_cache

from core import opened
from core.embedding import distinct
from core.errors import InputError, StorageError
from core.labels.columns import FOLDS, Labels, read_labels
from core.labels.confident import Estimate
from core.labels.doubts import NEAREST, Doubts, find_doubts
from core.labels.probe import DIMENSIONS
from core.store import Workspace
from core.types import ModelSpec, Progress

KIND = "label_doubts"
SECONDS_A_CELL = 1e-8  # of a row, a label, a component and a fold of the probe, on one core


def judge_labels(folder: str, corpus: str, spec: ModelSpec, column: str, progress: Progress | None = None) -> None:
    """Find and keep the doubts about a column's labels, unless they are kept already. Raises InputError."""
    workspace, inputs = Workspace(folder), doubt_inputs(spec, column)
    if workspace.load(KIND, corpus, inputs) is not None:
        return
    labels = column_labels(folder, corpus, column)
    groups = distinct(opened.corpus(folder, corpus).texts)[0]
    vectors, graph = opened.vectors(folder, corpus, spec).rows, opened.neighbors(folder, corpus, spec)
    made = dict(vars(find_doubts(vectors, graph, labels, groups, progress=progress)))
    facts = {"facts": made.pop("facts"), "estimate": asdict(made.pop("estimate")), "names": list(labels.names)}
    facts |= {"missing": labels.missing, "rare": [list(each) for each in labels.rare]}
    workspace.save(KIND, corpus, inputs, made, facts)


@lru_cache(maxsize=4)
def kept_doubts(folder: str, corpus: str, spec: ModelSpec, column: str) -> tuple[Doubts, Labels]:
    """The kept doubts and the labels they are of. Raises StorageError where there are none."""
    stored = Workspace(folder).load(KIND, corpus, doubt_inputs(spec, column))
    if stored is None:
        raise StorageError(f'The labels in "{column}" have not been judged.', "Open Label doubts and start it.")
    facts, labels = stored.facts, column_labels(folder, corpus, column)
    doubts = Doubts(**stored.arrays, estimate=Estimate(**facts["estimate"]), facts=facts["facts"])
    return doubts, labels


@lru_cache(maxsize=4)
def column_labels(folder: str, corpus: str, column: str) -> Labels:
    """A corpus' column read as labels. Raises InputError."""
    kept = opened.corpus(folder, corpus)
    if column not in kept.table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    return read_labels(kept.table[column], distinct(kept.texts)[0], column)


def expected_seconds(rows: int, labels: int, dimensions: int) -> float:
    """About how long judging takes on one core."""
    return rows * labels * min(dimensions, DIMENSIONS) * FOLDS * SECONDS_A_CELL


def doubt_inputs(spec: ModelSpec, column: str) -> dict[str, object]:
    """What names the doubts; raise the version when the algorithm changes its values."""
    return {
        **opened.neighbor_inputs(spec),
        "column": column,
        "nearest": NEAREST,
        "folds": FOLDS,
        "seed": 0,
        "doubts": 2,
    }
