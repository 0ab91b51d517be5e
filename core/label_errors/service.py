"""The label errors of a column: summary, ranked list, confusion of labels, file, and the evidence on one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.corpus.export import free_name, table_bytes
from core.corpus.label_columns import LabelColumn, column_labels, label_strings
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.marks import RowMarks
from core.corpus.reading.template import column_field
from core.errors import InputError
from core.figures import TRANSPARENT, base_layout, drawn_once
from core.label_errors.label_errors import Estimate, LabelErrors
from core.label_errors.results import LABEL_ERRORS, LabelQuery
from core.palette import BACKGROUND, TEXT_COLOR, Theme, color_scale
from core.text import chart_label
from core.vectors.loaders import load_neighbors

FlaggedBy = Literal["both", "either", "all"]
CELL = 400  # characters of a text in a table
MAX_CHARACTERS = 20_000  # of the text of one row
MAX_LISTED = 500
MAX_MATRIX_LABELS = 12  # on a side of the heat map
MAX_NEIGHBORS = 12
SIGNALS = ("neither", "neighbors", "probe", "both")


@dataclass(frozen=True)
class LabelErrorFilter:
    """Which rows are listed. current, suggested: labels, empty for any. unmarked: only rows without a mark."""

    flagged_by: FlaggedBy = "both"
    current: str = ""
    suggested: str = ""
    unmarked: bool = False


@dataclass(frozen=True)
class LabelErrorSummary:
    """checked, missing, rare_rows: rows, which add up to all. rare: the first labels on too few texts; rare_labels: how
    many there are. both, neighbors, probe: rows flagged by both signals, by neighbors and by the probe. trained: rows
    the probe is trained on in a fold."""

    checked: int
    missing: int
    rare_rows: int
    rare_labels: int
    rare: tuple[tuple[str, int], ...]
    labels: int
    both: int
    neighbors: int
    probe: int
    estimate: Estimate
    trained: int


@dataclass(frozen=True, eq=False)
class LabelErrorTable:
    """table: highest scores first, at most 500, index row ids. total: rows that match; marked: rows with a mark among
    all that are flagged by these signals."""

    table: pd.DataFrame
    total: int
    marked: int


@dataclass(frozen=True, eq=False)
class LabelConfusion:
    """The labels that are most often confused. counts: (m, m) rows by current (first) and suggested label, both in
    the order of `names`, at most 12, those of the most frequent pairs. pairs: (current, suggested, rows) of all labels,
    most rows first, at most 50. counted: rows in `counts`, of `total` that match."""

    names: tuple[str, ...]
    counts: np.ndarray
    pairs: tuple[tuple[str, str, int], ...]
    counted: int
    total: int


@dataclass(frozen=True, eq=False)
class LabelEvidence:
    """text: up to 20,000 characters. neighbors: index row ids, columns cosine, label (several divided by "; "), text,
    nearest first, copies of the row's text and rows without a label left out. copies: labels of other rows with the
    same text, with their number."""

    text: str
    neighbors: pd.DataFrame
    copies: tuple[tuple[str, int], ...]


def label_marks(query: LabelQuery) -> RowMarks:
    """What a person decided about labels."""
    return RowMarks(query.corpus, "label_marks", {"column": query.column}, ("reviewed", "correct"))


def label_error_summary(query: LabelQuery) -> LabelErrorSummary:
    """The numbers above the list."""
    errors, labels = _load(query)
    neighbors, probe = errors.neighbor_flag, errors.probe_flag
    return LabelErrorSummary(
        checked=len(errors.rows), missing=labels.missing, rare_rows=sum(rows for _, rows in labels.rare),
        rare_labels=len(labels.rare), rare=labels.rare[:5], labels=len(labels.names),
        both=int((neighbors & probe).sum()), neighbors=int(neighbors.sum()), probe=int(probe.sum()),
        estimate=errors.estimate, trained=int(errors.facts["trained"]),
    )  # fmt: skip


def label_error_table(query: LabelQuery, row_filter: LabelErrorFilter) -> LabelErrorTable:
    """The beginning of the ranked list."""
    marks = label_marks(query).load()
    flagged = label_error_rows(query, LabelErrorFilter(row_filter.flagged_by)) if marks else ()
    matches = _matches(query, row_filter)
    marked = sum(int(row) in marks for row in flagged)
    return LabelErrorTable(_table(query, matches[:MAX_LISTED], CELL), len(matches), marked)


def label_error_rows(query: LabelQuery, row_filter: LabelErrorFilter) -> np.ndarray:
    """Row ids of the whole list, highest scores first."""
    return LABEL_ERRORS.get(query).rows[_matches(query, row_filter)]


def label_error_file(query: LabelQuery, row_filter: LabelErrorFilter) -> bytes:
    """The ranked list with full texts and the corpus' columns, as CSV."""
    table = _table(query, _matches(query, row_filter), None)
    corpus = load_corpus(query.corpus)
    rows = table.index.to_numpy()
    table.insert(0, "row", rows + 1)
    for name in corpus.table.columns:
        if corpus.roles.text != column_field(str(name)):  # the text is in the table already
            table[free_name(table, str(name))] = corpus.table[name].iloc[rows].array
    return table_bytes(table, "csv")


def label_confusion(query: LabelQuery, flagged_by: FlaggedBy) -> LabelConfusion:
    """Which current labels have which suggestions, for the most frequent pairs."""
    errors, labels = _load(query)
    matches, names, classes = _matches(query, LabelErrorFilter(flagged_by)), labels.names, len(labels.names)
    pair_codes = errors.current[matches].astype(np.int64) * classes + errors.suggested[matches]
    codes, rows = np.unique(pair_codes, return_counts=True)
    pairs = [
        (int(codes[i]) // classes, int(codes[i]) % classes, int(rows[i])) for i in np.argsort(-rows, kind="stable")
    ]
    selected: list[int] = []
    for current, suggested, _ in pairs:
        new = [label for label in (current, suggested) if label not in selected]
        selected += new if len(selected) + len(new) <= MAX_MATRIX_LABELS else []
    counts = np.zeros((len(selected), len(selected)), np.int64)
    for current, suggested, number in pairs:
        if current in selected and suggested in selected:
            counts[selected.index(current), selected.index(suggested)] = number
    named_pairs = tuple((names[current], names[suggested], number) for current, suggested, number in pairs[:50])
    return LabelConfusion(tuple(names[i] for i in selected), counts, named_pairs, int(counts.sum()), len(matches))


def label_evidence(query: LabelQuery, row: int) -> LabelEvidence:
    """What supports or contradicts a row's label. Raises InputError for no such row."""
    corpus = load_corpus(query.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    graph = load_neighbors(query.corpus, query.model)
    ids, scores = np.asarray(graph.ids[row]), np.asarray(graph.scores[row], dtype=np.float64)
    sets = label_sets(corpus.table[query.column])
    names = label_strings(corpus.table[query.column]) if sets is None else sets.row_names()
    labels = names.iloc[ids].to_numpy(dtype=object)
    is_copy = np.array([corpus.texts[i] == corpus.texts[row] for i in ids], bool)
    nearest = np.flatnonzero(~is_copy & pd.notna(labels))[:MAX_NEIGHBORS]
    neighbors = pd.DataFrame({"cosine": scores[nearest], "label": labels[nearest]}, index=ids[nearest])
    neighbors["text"] = [corpus.texts[i][:CELL] for i in ids[nearest]]
    copies = pd.Series(labels[is_copy]).fillna("no label").value_counts()
    copy_labels = tuple((str(name), int(number)) for name, number in copies.items())
    return LabelEvidence(corpus.texts[row][:MAX_CHARACTERS], neighbors, copy_labels)


def _load(query: LabelQuery) -> tuple[LabelErrors, LabelColumn]:
    return LABEL_ERRORS.get(query), column_labels(query.corpus, query.column)


def _matches(query: LabelQuery, row_filter: LabelErrorFilter) -> np.ndarray:
    """Positions among the checked rows that pass a filter, highest scores first."""
    errors, labels = _load(query)
    neighbors, probe = np.asarray(errors.neighbor_flag), np.asarray(errors.probe_flag)
    mask = {"both": neighbors & probe, "either": neighbors | probe, "all": probe | True}[row_filter.flagged_by]
    for name, codes in ((row_filter.current, errors.current), (row_filter.suggested, errors.suggested)):
        if name:
            mask = mask & (codes == (labels.names.index(name) if name in labels.names else -1))
    if row_filter.unmarked:
        mask = mask & ~np.isin(errors.rows, np.array(list(label_marks(query).load()), np.int64))
    positions = np.flatnonzero(mask)
    return positions[np.argsort(-errors.score[positions], kind="stable")]


def _table(query: LabelQuery, positions: np.ndarray, max_characters: int | None) -> pd.DataFrame:
    """Columns of the list; index the row ids. Shares in [0, 1]."""
    errors, labels = _load(query)
    rows, names = np.asarray(errors.rows[positions]), np.array(labels.names, dtype=object)
    texts, marks = load_corpus(query.corpus).texts, label_marks(query).load()
    signals = errors.neighbor_flag[positions] + 2 * errors.probe_flag[positions].astype(int)
    columns = {
        "error score": errors.score[positions],
        "current label": names[errors.current[positions]],
        "suggested label": names[errors.suggested[positions]],
        "text": [texts[row][:max_characters] for row in rows],
        "disagreeing neighbors": errors.disagreement[positions],
        "probe: current": errors.probe_current[positions],
        "probe: suggested": errors.probe_suggested[positions],
        "flagged by": np.array(SIGNALS, dtype=object)[signals],
        "mark": [marks.get(int(row), "") for row in rows],
    }
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()}, index=rows)


MAX_AXIS_LABEL = 22  # characters


@drawn_once
def label_confusion_figure(names: Sequence[str], counts: np.ndarray, theme: Theme = "light") -> go.Figure:
    """counts: (m, m) rows, current label down, suggested label across. Cells without rows are left clear."""
    labels, ticks = [chart_label(name, MAX_AXIS_LABEL) for name in names], list(range(len(names)))
    values = np.where(counts > 0, counts.astype(float), np.nan)
    hover = [
        [f"{number:,} labeled {labels[i]},<br>{labels[j]} suggested" for j, number in enumerate(row)]
        for i, row in enumerate(counts)
    ]
    highest = max(1, int(counts.max(initial=0)))
    cells = go.Heatmap(
        x=ticks, y=ticks, z=values, colorscale=color_scale("cividis", theme), zmin=0, zmax=highest,
        xgap=2, ygap=2, showscale=False, hoverongaps=False, text=hover, hoverinfo="text",
    )  # fmt: skip
    figure = go.Figure(cells, base_layout(theme, 170 + 30 * len(labels)))
    style = {"showarrow": False, "bgcolor": TRANSPARENT, "captureevents": False}
    for i, j in zip(*np.nonzero(counts), strict=True):
        color = TEXT_COLOR["light"] if counts[i, j] / highest > 0.55 else BACKGROUND["light"]  # dark on light cells
        figure.add_annotation(x=int(j), y=int(i), text=f"{counts[i, j]:,}", font={"color": color}, **style)
    axis = {"tickvals": ticks, "ticktext": labels, "showgrid": False, "zeroline": False, "automargin": True}
    ends = [-0.5, len(labels) - 0.5]
    figure.update_xaxes(**axis, range=ends, tickangle=-45, title={"text": "suggested label"})
    figure.update_yaxes(**axis, range=ends[::-1], title={"text": "current label"})
    return figure
