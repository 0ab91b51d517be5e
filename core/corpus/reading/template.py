"""Templates over columns: "Title: {Summary}; Content: {Text}". Filled by splitting, never by str.format."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import repeat

import numpy as np
import pandas as pd

from core.corpus.label_sets import DECLARED, display_cell
from core.corpus.reading.cells import cell_text
from core.errors import InputError

_TOKEN = re.compile(r"\{\{|\}\}|\{((?:[^{}\\]|\\.)+)\}", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}\\])")
_MAX_LISTED = 8


def column_field(name: str) -> str:
    """The template that is one column; braces and backslashes in its name are escaped by a backslash."""
    return "{" + re.sub(r"([{}\\])", r"\\\1", name) + "}"


def template_columns(template: str) -> list[str]:
    """The column names a template uses, each once, in order."""
    return list(dict.fromkeys(name for kind, name in _parse(template) if kind == "column"))


def render_texts(table: pd.DataFrame, template: str) -> list[str]:
    """n texts: each {Column} replaced by the row's cell, a missing cell by nothing; "{{" and "}}" are literal braces.
    A row whose fields are all empty gives "". Raises InputError for a column that isn't there, with similar names."""
    parts = _parse(template)
    names = {name: _resolve(table, name) for kind, name in parts if kind == "column"}
    if not names:
        example = next((column_field(str(column)) for column in table.columns), "{text}")
        raise InputError("The text template names no column.", f"Put a column name in braces, such as {example}.")
    cells = {name: column_texts(table[column]) for name, column in names.items()}
    if len(parts) == 1:
        return cells[parts[0][1]]
    columns = [cells[name] for kind, name in parts if kind == "column"]
    filled = (any(map(str.strip, row)) for row in zip(*columns, strict=True))
    pieces = (cells[text] if kind == "column" else repeat(text) for kind, text in parts)
    texts = map("".join, zip(*pieces, strict=False))
    return [text if has_text else "" for text, has_text in zip(texts, filled, strict=True)]


def rename_fields(template: str, names: Mapping[str, str]) -> str:
    """The same template with columns renamed."""
    double = {"{": "{{", "}": "}}"}
    return "".join(
        column_field(names.get(text, text)) if kind == "column" else "".join(double.get(sign, sign) for sign in text)
        for kind, text in _parse(template)
    )


def column_texts(column: pd.Series) -> list[str]:
    """Cells as text; "" for missing ones, whole floats without ".0", dates without midnight, declared lists with "; "
    between their values."""
    if isinstance(column.dtype, pd.StringDtype):
        if column.name in column.attrs.get(DECLARED, ()):
            column = column.map(display_cell, na_action="ignore")
        return [str(cell) for cell in column.fillna("").tolist()]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        present = column.dropna()
        form = "%Y-%m-%d" if (present == present.dt.normalize()).all() else "%Y-%m-%d %H:%M:%S"
        return [str(cell) for cell in column.dt.strftime(form).fillna("").tolist()]
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
        return [str(cell) for cell in column.tolist()]
    return [cell_text(cell) or "" for cell in column.tolist()]


def _parse(template: str) -> list[tuple[str, str]]:
    """("text", literal) and ("column", name) in order; adjacent literals are joined."""
    parts, literal, position = list[tuple[str, str]](), "", 0
    for token in _TOKEN.finditer(template):
        literal += template[position : token.start()]
        position = token.end()
        if token.group(1) is None:
            literal += token.group()[0]
        else:
            parts += [("text", literal), ("column", _ESCAPED.sub(r"\1", token.group(1)))]
            literal = ""
    return [part for part in (*parts, ("text", literal + template[position:])) if part[1]]


def _resolve(table: pd.DataFrame, name: str) -> str:
    for candidate in (name, name.strip()):
        if candidate in table.columns:
            return candidate
    raise missing_column(name.strip(), table.columns)


def missing_column(name: str, columns: Iterable[str]) -> InputError:
    """The error for a column that doesn't exist, with similar names."""
    names = [str(column) for column in columns]
    lower = {column.lower(): column for column in reversed(names)}
    near = [lower[match] for match in get_close_matches(name.lower(), list(lower), n=3, cutoff=0.6)]
    listed = ", ".join(f'"{column}"' for column in near or names[:_MAX_LISTED])
    remedy = f"Did you mean {listed}?" if near else f"The columns are {listed}."
    return InputError(f'There is no column "{name}".', remedy)
