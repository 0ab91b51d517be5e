"""Questions about doubted labels: which columns can be judged, what was found, and each row's evidence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.label_columns import LabelColumn, column_labels
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.corpus.selections import SavedSelection, save_selection
from core.label_errors.confident_learning import Estimate
from core.label_errors.label_errors import Doubts
from core.label_errors.marks import Mark, label_marks, mark_rows
from core.label_errors.results import LABEL_ERRORS, LabelQuery
from core.store import Workspace
from core.types import CorpusRef, ModelSpec

Which = Literal["both", "either", "all"]
CELL = 400  # characters of a text sent to the page
MOST_SHOWN = 500
MOST_CELLS = 12  # labels on a side of the heat map
SIGNALS = ("neither", "neighbors", "probe", "both")


@dataclass(frozen=True)
class Asked:
    """Which labels are meant: everything that names a result."""

    corpus: CorpusRef
    model: ModelSpec
    column: str

    @property
    def query(self) -> LabelQuery:
        return LabelQuery(CorpusRef(self.corpus.folder, self.corpus.digest), self.model, self.column)


@dataclass(frozen=True)
class Look:
    """Which doubts are looked at. given, suggested: labels, empty for any. unmarked: only rows without a mark."""

    which: Which = "both"
    given: str = ""
    suggested: str = ""
    unmarked: bool = False


@dataclass(frozen=True)
class Summary:
    """What was found. judged, missing, rare_rows: rows, which add up to all. both, neighbors, probe: rows doubted by
    both signals, by each in all. rare: beginnings of the list
    of labels on too few texts; rare_labels: how many there are. trained: rows the probe learned from in a fold."""

    judged: int
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
    seconds: float


@dataclass(frozen=True, eq=False)
class DoubtTable:
    """table: the most doubtful rows first, at most 500, index row ids. total: rows that match; marked: rows with a
    mark among all doubted ones of these signals."""

    table: pd.DataFrame
    total: int
    marked: int


@dataclass(frozen=True, eq=False)
class Confusion:
    """The labels that are mixed up most. counts: (m, m) rows of the look by given (first) and suggested label, both in
    the order of `names`, at most 12, those of the most frequent pairs. pairs: (given, suggested, rows) of all labels,
    most rows first, at most 50. shown: rows in `counts`; total: rows of the look."""

    names: tuple[str, ...]
    counts: np.ndarray
    pairs: tuple[tuple[str, str, int], ...]
    shown: int
    total: int


def summary(asked: Asked) -> Summary:
    """The numbers above the list."""
    doubts, labels = _kept(asked)
    near, probe = doubts.near_flag, doubts.probe_flag
    rare = sum(rows for _, rows in labels.rare)
    counts = (int((near & probe).sum()), int(near.sum()), int(probe.sum()))
    facts = (int(doubts.facts["trained"]), float(doubts.facts["seconds"]))
    shown = labels.rare[:5]
    return Summary(
        len(doubts.rows), labels.missing, rare, len(labels.rare), shown, len(labels.names), *counts,
        doubts.estimate, *facts,
    )  # fmt: skip


def doubt_table(asked: Asked, look: Look) -> DoubtTable:
    """What of the ranked list the page shows."""
    doubts, marks = _kept(asked)[0], _marks(asked)
    of_signals = doubts.rows[_order(asked, Look(look.which))]
    marked = sum(int(row) in marks for row in of_signals) if marks else 0
    order = _order(asked, look)
    return DoubtTable(_table(asked, order[:MOST_SHOWN], CELL), len(order), marked)


def confusion(asked: Asked, which: Which) -> Confusion:
    """Which labels are given where which are suggested: the worst pairs."""
    doubts, labels = _kept(asked)
    at, names = _order(asked, Look(which)), labels.names
    classes = len(names)
    codes, rows = np.unique(doubts.given[at].astype(np.int64) * classes + doubts.suggested[at], return_counts=True)
    worst = np.argsort(-rows, kind="stable")
    pairs = [(int(codes[i]) // classes, int(codes[i]) % classes, int(rows[i])) for i in worst]
    shown: list[int] = []
    for first, second, _ in pairs:
        new = [label for label in (first, second) if label not in shown]
        shown += new if len(shown) + len(new) <= MOST_CELLS else []
    counts = np.zeros((len(shown), len(shown)), np.int64)
    for first, second, number in pairs:
        if first in shown and second in shown:
            counts[shown.index(first), shown.index(second)] = number
    told = tuple((names[first], names[second], number) for first, second, number in pairs[:50])
    return Confusion(tuple(names[i] for i in shown), counts, told, int(counts.sum()), len(at))


def doubts_file(asked: Asked, look: Look) -> bytes:
    """The ranked list with whole texts and the corpus' columns, as CSV."""
    table = _table(asked, _order(asked, look), None)
    corpus = load_corpus(asked.corpus)
    rows = table.index.to_numpy()
    table.insert(0, "row", rows + 1)
    for name in corpus.table.columns:
        if corpus.roles.text == column_field(str(name)):
            continue  # the text stands there already
        table[free_name(table, str(name))] = corpus.table[name].iloc[rows].array
    return table_bytes(table, "csv")


def keep_doubts(asked: Asked, look: Look, name: str) -> SavedSelection:
    """The rows of a look kept as a selection. Raises InputError for a bad or taken name and for no rows."""
    doubts, _ = _kept(asked)
    return save_selection(Workspace(asked.corpus.folder), asked.corpus.digest, name, doubts.rows[_order(asked, look)])


def mark(asked: Asked, rows: tuple[int, ...], as_: Mark | None) -> None:
    """Mark rows as seen or right, or take their marks off."""
    mark_rows(Workspace(asked.corpus.folder), asked.corpus.digest, asked.column, rows, as_)


def _kept(asked: Asked) -> tuple[Doubts, LabelColumn]:
    return LABEL_ERRORS.get(asked.query), column_labels(asked.corpus, asked.column)


def _marks(asked: Asked) -> dict[int, Mark]:
    return label_marks(Workspace(asked.corpus.folder), asked.corpus.digest, asked.column)


def _order(asked: Asked, look: Look) -> np.ndarray:
    """Places among the judged rows that match a look, the most doubtful first."""
    doubts, labels = _kept(asked)
    near, probe = np.asarray(doubts.near_flag), np.asarray(doubts.probe_flag)
    keep = {"both": near & probe, "either": near | probe, "all": np.ones(len(near), bool)}[look.which]
    for name, codes in ((look.given, doubts.given), (look.suggested, doubts.suggested)):
        if name:
            keep = keep & (codes == (labels.names.index(name) if name in labels.names else -1))
    if look.unmarked:
        keep = keep & ~np.isin(doubts.rows, np.array(list(_marks(asked)), np.int64))
    at = np.flatnonzero(keep)
    return at[np.argsort(-doubts.doubt[at], kind="stable")]


def _table(asked: Asked, at: np.ndarray, cell: int | None) -> pd.DataFrame:
    """Columns of the list; index the row ids. Shares in [0, 1]."""
    doubts, labels = _kept(asked)
    rows, names = np.asarray(doubts.rows[at]), np.array(labels.names, dtype=object)
    texts, marks = load_corpus(asked.corpus).texts, _marks(asked)
    signals = np.array(SIGNALS, dtype=object)[doubts.near_flag[at] + 2 * doubts.probe_flag[at].astype(int)]
    columns = {
        "doubt": doubts.doubt[at],
        "given label": names[doubts.given[at]],
        "suggested label": names[doubts.suggested[at]],
        "text": [texts[row] if cell is None else texts[row][:cell] for row in rows],
        "neighbors against": doubts.against[at],
        "probe: given": doubts.probe_given[at],
        "probe: suggested": doubts.probe_suggested[at],
        "doubted by": signals,
        "mark": [marks.get(int(row), "") for row in rows],
    }
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()}, index=rows)
