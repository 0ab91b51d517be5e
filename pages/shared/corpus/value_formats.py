"""Columns with several values per row: which they are, how the values are divided, and what values there are."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.reading.value_formats import SEPARATOR_NAMES
from core.corpus.reading.values import ValueFormat
from core.corpus.service import FilePreview, ValuePreview, preview_values
from core.corpus.staging import ImportSource
from pages.shared import session
from pages.shared.corpus.import_options import load_preview, tag
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, plain

OTHER = "other"
MAX_SEPARATOR = 10  # characters
RULES = (
    "A separator within double quotes around a value, or behind a backslash, does not divide. Spaces around values and "
    "empty values are removed; a value that is repeated in a cell counts once."
)


def choose_value_formats(source: ImportSource, preview: FilePreview) -> tuple[ImportSource, FilePreview]:
    """The files with the columns that are declared differently from what was detected, and their preview."""
    columns = [name for name in preview.columns if pd.api.types.is_string_dtype(preview.head[name])]
    if not columns:
        return source, preview
    detected = {item.column: item for item in preview.value_formats}
    title = "Columns with several values per row"
    with st.expander(title, icon=":material/sell:", expanded=bool(detected)):
        key = f"several-{tag(source)}"
        session.widget_default(key, list(detected))
        session.drop_unknown_values(key, columns)
        selected = st.multiselect(
            "Columns", columns, key=key, persist_state="session", placeholder="None",
            help="Such as tags or topics. A row counts in each of its values in filters, colors, trends and scores. "
            "Remove a column whose cells are one value each.",
        )  # fmt: skip
        chosen = [_choose_format(source, column, detected.get(column)) for column in selected]
        if selected:
            st.caption(RULES)
    formats = [item for item in chosen if item and item != detected.get(item.column)]
    formats += [ValueFormat(column, None) for column in detected if column not in selected]
    if not formats:
        return source, preview
    declared = replace(source, options=replace(source.options, value_formats=tuple(formats)))
    read = load_preview(declared)
    assert isinstance(read, FilePreview)  # noqa: S101 - the same files with lists in some columns
    return declared, read


def _choose_format(source: ImportSource, column: str, detected: ValueFormat | None) -> ValueFormat | None:
    """The format of one column, with a preview of its values; None while no separator is entered."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        separator = _select_separator(source, column, detected)
        if separator is None:
            st.caption("Enter a separator.")
            return None
        selected = ValueFormat(column, separator)
        values = session.ask_once(preview_values, session.folder(), source, selected)
        if values.similar:
            selected = replace(selected, merge=_select_merge(source, column, values))
            values = session.ask_once(preview_values, session.folder(), source, selected)
        st.caption(_describe_values(values))
    with right:
        labels = pd.DataFrame(values.labels, columns=["Value", "Rows"])
        columns = {"Value": text("Value", width=240), "Rows": number("Rows", "localized", "Rows with this value.", 80)}
        show_table(labels, f"Values of {column}", columns, max_height=213)
    return selected


def _select_separator(source: ImportSource, column: str, detected: ValueFormat | None) -> str | None:
    """The separator, the detected one first; None while another one is to be entered."""
    options = list(SEPARATOR_NAMES)
    index = options.index(detected.separator) if detected and detected.separator in options else 0
    style: dict[str, Any] = {"persist_state": "session"}
    selected = st.selectbox(
        f"Separator in {plain(column)}", [*options, OTHER], index=index,
        key=f"separator-{column}-{tag(source)}", help="The character between the values of a cell.",
        format_func=lambda option: _separator_name(option, detected), **style,
    )  # fmt: skip
    if selected != OTHER:
        return str(selected)
    key, help = f"custom-{column}-{tag(source)}", "One or several characters, such as / or ::"
    return st.text_input("Other separator", key=key, max_chars=MAX_SEPARATOR, help=help, **style) or None


def _separator_name(option: str, detected: ValueFormat | None) -> str:
    if option == OTHER:
        return "Other"
    name = SEPARATOR_NAMES[option].capitalize()
    name += f" ({option})" if option.strip() else ""
    return f"{name}, detected" if detected and detected.separator == option else name


def _select_merge(source: ImportSource, column: str, values: ValuePreview) -> bool:
    example = ", ".join(values.similar[0][:3])
    return st.toggle(
        "Merge values that differ only by case or spaces", key=f"merge-{column}-{tag(source)}", persist_state="session",
        help=f"{count(len(values.similar), 'group')} of such values, for example: {plain(example)}. The most frequent "
        "spelling is used.",
    )  # fmt: skip


def _describe_values(values: ValuePreview) -> str:
    parts = [f"{count(values.distinct, 'value')} in {count(values.rows, 'row')}", f"{values.several:,} with several"]
    parts += [f"{values.empty:,} without any"] if values.empty else []
    listed = f" Showing the {len(values.labels)} most frequent." if values.distinct > len(values.labels) else ""
    return f"{'; '.join(parts)}.{listed}"
