"""Rows in results of tools: which rows are meant, and their texts and cells within bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.service import CLUSTERS, ClusterQuery, clustering, default_params
from core.corpus.export import short_cells
from core.corpus.filters import Filter, apply_filters, value_text
from core.corpus.loaders import load_corpus, load_selection
from core.corpus.lookup import find_selection
from core.errors import InputError
from core.mcp.access import Access, require_quick
from core.mcp.arguments import FilterArgument, RowChoice
from core.store import CorpusInfo
from core.text import truncate
from core.types import Corpus, CorpusRef

MAX_COLUMNS = 20
MAX_CELL = 300  # characters of a cell
MAX_CHARACTERS = 60_000  # of the texts of one result together, and of its cells
TEXT_LENGTH = 500  # characters of a text by default


@dataclass(frozen=True)
class Row:
    """A row of a corpus. text and values are data. is_cut: the text is longer."""

    row_id: int
    text: str
    is_cut: bool
    values: dict[str, Any]


def read_rows(corpus: Corpus, ids: np.ndarray, columns: Sequence[str] | None, max_characters: int) -> list[Row]:
    """Rows (m,) with cells of the named columns, the label, time and id columns for None; all texts together within
    MAX_CHARACTERS. Raises InputError for unknown columns."""
    names, count = _column_names(corpus, columns), max(len(ids), 1)
    length = min(max_characters, MAX_CHARACTERS // count)
    cells = max(min(MAX_CELL, MAX_CHARACTERS // (count * max(len(names), 1))), 20)
    table = short_cells(corpus.table[names].iloc[ids], cells)[0]
    records = [dict(zip(names, map(plain, values), strict=True)) for values in table.itertuples(index=False, name=None)]
    texts = [corpus.texts[row] for row in ids.tolist()]
    return [
        Row(row, truncate(text, length), len(text) > length, values)
        for row, text, values in zip(ids.tolist(), texts, records, strict=True)
    ]


def plain(value: Any) -> Any:
    """A cell as JSON has it: None for a missing one, times as ISO 8601."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else value_text(value)


def rounded(value: float | None, digits: int = 4) -> float | None:
    """None for what JSON has no number for."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def page_note(offset: int, returned: int, total: int, noun: str = "rows") -> str:
    """Which entries of how many are returned, and how to read on."""
    if not returned:
        return f"None of {total:,} {noun}." if total else f"There are no such {noun}."
    more = f" Call again with offset {offset + returned} for more." if offset + returned < total else ""
    return f"{noun.capitalize()} {offset + 1:,} to {offset + returned:,} of {total:,}.{more}"


def matching_rows(access: Access, info: CorpusInfo, choice: RowChoice) -> np.ndarray:
    """Row ids (m,) int64 that meet all conditions, ascending; in the order of row_ids where these are given. Raises
    InputError."""
    corpus, filters = access.ref(info), list(choice.filters)
    if choice.selection:
        filters.append(FilterArgument(choice.selection, "rows"))
    members = partial(load_selection, corpus)
    mask = apply_filters(load_corpus(corpus).table, as_filters(access, info, filters), members)
    if choice.cluster is not None:
        mask = mask & _in_cluster(access, info, corpus, choice)
    if choice.row_ids is None:
        return np.flatnonzero(mask).astype(np.int64)
    ids = np.array(list(dict.fromkeys(choice.row_ids)), dtype=np.int64)
    check_row_ids(ids, info.rows)
    return ids[mask[ids]]


def check_row_ids(ids: Sequence[int] | np.ndarray, total: int) -> None:
    """Raises InputError for one outside the corpus."""
    wrong = next((int(row) for row in ids if not 0 <= row < total), None)
    if wrong is not None:
        raise InputError(f"There is no row {wrong:,} among the {total:,} rows.", f"Row ids are 0 to {total - 1:,}.")


def as_filters(access: Access, info: CorpusInfo, arguments: Sequence[FilterArgument] | None) -> tuple[Filter, ...]:
    """The app's filters. Raises InputError for a condition without a value, or an unknown selection."""
    return tuple(_as_filter(access, info, argument) for argument in arguments or ())


def _as_filter(access: Access, info: CorpusInfo, argument: FilterArgument) -> Filter:
    if argument.kind == "rows":
        saved = find_selection(access.workspace, info, argument.text or argument.column)
        return Filter(saved.name, "rows", text=saved.key)
    missing = {
        "values": not argument.values and "values",
        "all values": not argument.values and "values",
        "contains": not argument.text and "text",
        "range": argument.low is None and argument.high is None and "low or high",
    }.get(argument.kind)
    if missing:
        raise InputError(f'The filter on "{argument.column}" has no {missing}.', f"Give {missing}.")
    values = tuple(map(value_text, argument.values))
    return Filter(argument.column, argument.kind, values, argument.low, argument.high, argument.text)


def _in_cluster(access: Access, info: CorpusInfo, corpus: CorpusRef, choice: RowChoice) -> np.ndarray:
    """Bool (n,)."""
    model = access.model(info, choice.model)
    params = default_params(corpus, model)
    require_quick("Clusters", ClusterQuery(corpus, model, params), CLUSTERS)
    labels = clustering(corpus, model, params).labels
    count = int(labels.max(initial=-1)) + 1
    if not 1 <= (choice.cluster or 0) <= count:
        raise InputError(f"There is no cluster {choice.cluster}.", f"{model.label} has clusters 1 to {count:,}.")
    return np.asarray(labels == (choice.cluster or 0) - 1)


def _column_names(corpus: Corpus, columns: Sequence[str] | None) -> list[str]:
    roles, existing = corpus.roles, list(map(str, corpus.table.columns))
    if columns is None:
        named = (*roles.labels, roles.time, roles.id)
        return [name for name in dict.fromkeys(named) if name and name in existing][:MAX_COLUMNS]
    unknown = [name for name in columns if name not in existing]
    if unknown:
        raise InputError(f'There is no column "{unknown[0]}".', f"Columns: {', '.join(existing[:50])}.")
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"{len(columns):,} columns were requested.", f"Request at most {MAX_COLUMNS}.")
    return list(dict.fromkeys(columns))
