"""The label errors of a column with several labels per row: summary, ranked list, labels, file, and evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.label_errors.label_set_errors import LabelSetErrors, self_confidence
from core.label_errors.results import LABEL_SET_ERRORS, CheckedLabels, LabelQuery, checked_labels
from core.label_errors.service import CELL, MAX_LISTED, SIGNALS, FlaggedBy, LabelErrorTable, label_marks


@dataclass(frozen=True)
class LabelSetFilter:
    """Which rows are listed. label: one of whose label is wrong or missing, "" for any. unmarked: without a mark."""

    flagged_by: FlaggedBy = "both"
    label: str = ""
    unmarked: bool = False


@dataclass(frozen=True)
class LabelSetSummary:
    """checked, unlabeled: rows. rows: flagged by both signals; remove, add: labels that both find wrong, and missing.
    probe, neighbors: labels flagged by each signal. labels: how many are checked; rare: (label, rows) of labels on too
    few texts; others: labels beyond the most frequent. trained: rows the probe is trained on in a fold."""

    checked: int
    unlabeled: int
    rows: int
    remove: int
    add: int
    probe: int
    neighbors: int
    labels: int
    rare: tuple[tuple[str, int], ...]
    others: int
    trained: int


def label_set_summary(query: LabelQuery) -> LabelSetSummary:
    """The numbers above the list."""
    errors, labels = _load(query)
    both = errors.probe_flag & errors.neighbor_flag
    present, flagged = np.asarray(errors.present), len(np.unique(errors.pair[both]))
    return LabelSetSummary(
        checked=len(errors.rows), unlabeled=labels.unlabeled, rows=flagged, remove=int((both & present).sum()),
        add=int((both & ~present).sum()), probe=int(errors.probe_flag.sum()), neighbors=int(errors.neighbor_flag.sum()),
        labels=len(labels.names), rare=labels.rare, others=labels.others, trained=int(errors.facts["trained"]),
    )  # fmt: skip


def label_set_table(query: LabelQuery, row_filter: LabelSetFilter) -> LabelErrorTable:
    """The beginning of the ranked list."""
    marks = label_marks(query).load()
    flagged = label_set_rows(query, LabelSetFilter(row_filter.flagged_by)) if marks else ()
    matches = _matches(query, row_filter)
    marked = sum(int(row) in marks for row in flagged)
    return LabelErrorTable(_table(query, row_filter, matches[:MAX_LISTED], CELL), len(matches), marked)


def label_set_rows(query: LabelQuery, row_filter: LabelSetFilter) -> np.ndarray:
    """Row ids of the whole list, highest scores first."""
    return np.asarray(LABEL_SET_ERRORS.get(query).rows[_matches(query, row_filter)])


def label_set_file(query: LabelQuery, row_filter: LabelSetFilter) -> bytes:
    """The ranked list with full texts and the corpus' columns, as CSV."""
    table, corpus = _table(query, row_filter, _matches(query, row_filter), None), load_corpus(query.corpus)
    rows = table.index.to_numpy()
    table.insert(0, "row", rows + 1)
    for name in corpus.table.columns:
        if corpus.roles.text != column_field(str(name)):  # the text is in the table already
            table[free_name(table, str(name))] = corpus.table[name].iloc[rows].array
    return table_bytes(table, "csv")


def label_counts(query: LabelQuery, flagged_by: FlaggedBy) -> pd.DataFrame:
    """Columns label, rows, remove, add: rows with each label, and flagged ones where it is wrong or missing; those with
    most flagged rows first."""
    errors, labels = _load(query)
    flagged, present, size = _flagged(errors, flagged_by), np.asarray(errors.present), len(labels.names)
    remove = np.bincount(errors.label[flagged & present], minlength=size)
    add = np.bincount(errors.label[flagged & ~present], minlength=size)
    columns = {"label": labels.names, "rows": labels.labels.sum(axis=0), "remove": remove, "add": add}
    order = np.argsort(-(remove + add), kind="stable")
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def row_evidence(query: LabelQuery, row: int) -> pd.DataFrame:
    """The labels of a row and those suggested for it, the least certain first. Columns label, present, suggestion
    ("remove", "add" or ""), probe, neighbors, flagged by."""
    errors, labels = _load(query)
    pairs = np.flatnonzero(errors.rows[errors.pair] == row)
    present = np.asarray(errors.present[pairs])
    suggestion = np.where(present, "remove", "add").astype(object)
    signals = errors.neighbor_flag[pairs] + 2 * errors.probe_flag[pairs].astype(int)
    suggestion[signals == 0] = ""
    table = pd.DataFrame(
        {
            "label": [labels.names[label] for label in errors.label[pairs]],
            "present": present,
            "suggestion": suggestion,
            "probe": np.asarray(errors.probe[pairs]),
            "neighbors": np.asarray(errors.neighbors[pairs]),
            "flagged by": np.array(SIGNALS, dtype=object)[signals],
        }
    )
    probability = table[["probe", "neighbors"]].mean(axis=1).to_numpy()  # without neighbors that of the probe
    return table.iloc[np.argsort(self_confidence(present, probability), kind="stable")].reset_index(drop=True)


def _load(query: LabelQuery) -> tuple[LabelSetErrors, CheckedLabels]:
    return LABEL_SET_ERRORS.get(query), checked_labels(query.corpus, query.column)


def _flagged(errors: LabelSetErrors, flagged_by: FlaggedBy) -> np.ndarray:
    """(p,) bool: the pairs of a row and a label that are listed."""
    neighbors, probe = np.asarray(errors.neighbor_flag), np.asarray(errors.probe_flag)
    return {"both": neighbors & probe, "either": neighbors | probe, "all": probe | True}[flagged_by]


def _matches(query: LabelQuery, row_filter: LabelSetFilter) -> np.ndarray:
    """Positions among the checked rows that pass a filter, highest scores first."""
    errors, labels = _load(query)
    pairs = _flagged(errors, row_filter.flagged_by)
    if row_filter.label:
        code = labels.names.index(row_filter.label) if row_filter.label in labels.names else -1
        pairs = pairs & (errors.label == code)
    mask = np.zeros(len(errors.rows), dtype=bool)
    mask[errors.pair[pairs]] = True
    if row_filter.unmarked:
        mask &= ~np.isin(errors.rows, np.array(list(label_marks(query).load()), np.int64))
    positions = np.flatnonzero(mask)
    return positions[np.argsort(-errors.score[positions], kind="stable")]


def _table(
    query: LabelQuery, row_filter: LabelSetFilter, positions: np.ndarray, max_characters: int | None
) -> pd.DataFrame:
    """Columns of the list; index the row ids. remove, add: labels divided by "; "."""
    errors, labels = _load(query)
    rows, marks = np.asarray(errors.rows[positions]), label_marks(query).load()
    pairs = np.flatnonzero(_flagged(errors, row_filter.flagged_by) & np.isin(errors.pair, positions))
    present, texts = np.asarray(errors.present[pairs]), load_corpus(query.corpus).texts
    columns = {
        "error score": np.asarray(errors.score[positions]),
        "text": [texts[row][:max_characters] for row in rows],
        "labels": ["; ".join(labels.names[code] for code in np.flatnonzero(labels.labels[row])) for row in rows],
        "remove": _joined(errors, labels.names, pairs[present], positions),
        "add": _joined(errors, labels.names, pairs[~present], positions),
        "mark": [marks.get(int(row), "") for row in rows],
    }
    table = pd.DataFrame(columns, index=rows)
    return table.astype(dict.fromkeys(table.columns[1:], "str"))  # also where it is empty


def _joined(errors: LabelSetErrors, names: Sequence[str], pairs: np.ndarray, positions: np.ndarray) -> list[str]:
    """The labels of the pairs of each position, "" for none."""
    by_position: dict[int, list[str]] = {}
    for position, label in zip(errors.pair[pairs].tolist(), errors.label[pairs].tolist(), strict=True):
        by_position.setdefault(position, []).append(names[label])
    return ["; ".join(by_position.get(position, ())) for position in positions.tolist()]
