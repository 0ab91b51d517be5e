"""Which columns mean what: the text (a column or a template), labels, time and ID."""

from dataclasses import replace

import streamlit as st

from core.corpus.reading.template import column_field, template_columns
from core.corpus.service import FilePreview, InvalidInput, TimePreview, preview_texts, preview_times
from core.corpus.staging import ImportSource
from core.digest import digest_json
from core.errors import InputError
from core.types import Roles
from pages.shared import session
from pages.shared.corpus.import_options import tag
from pages.shared.messages import show_error
from pages.shared.text import count, plain

SINGLE, COMBINED = "Single column", "Combine columns"
ORDERS = {"day": "Day first", "month": "Month first"}
MAX_PILLS = 40  # columns offered for inserting; any other can be typed
PREVIEW_LENGTH = 160  # characters of a text in the preview


def choose_roles(source: ImportSource, preview: FilePreview) -> Roles:
    """The selected roles, guesses first; next to them a preview of the texts."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        mode = st.segmented_control(
            "Text",
            [SINGLE, COMBINED],
            default=COMBINED if len(template_columns(preview.roles.text)) > 1 else SINGLE,
            required=True,
            key=f"text_mode-{tag(source)}",
            persist_state="session",
            help="Several columns are combined with a template; you can add your own text.",
        )
        text = _template_input(source, preview) if mode == COMBINED else _column_select(source, preview)
        roles = _other_roles(source, preview, text)
    with right:
        _show_texts(source, text)
    return roles


def _column_select(source: ImportSource, preview: FilePreview) -> str:
    guess = template_columns(preview.roles.text)
    options = [*preview.columns, None] if preview.vectors else list(preview.columns)
    index = options.index(guess[-1]) if guess else (len(options) - 1 if preview.vectors else None)
    column = st.selectbox(
        "Text column",
        options,
        index=index,
        key=f"column-{tag(source)}",
        persist_state="session",
        format_func=lambda name: "None: rows are identified by their ID" if name is None else str(name),
        placeholder="Select the column with the text",
        help="The most likely column is preselected.",
    )
    if column in preview.descriptions:
        st.caption(plain(preview.descriptions[column]))
    if column is None and not preview.vectors:
        st.warning("No column looks like text. Select the one to embed, or combine several.", icon=":material/help:")
    return column_field(column) if column else ""


def _template_input(source: ImportSource, preview: FilePreview) -> str:
    key, pills = f"template-{tag(source)}", f"insert-{tag(source)}"
    session.widget_default(key, preview.roles.text)
    text = st.text_input(
        "Template",
        key=key,
        placeholder="Title: {Summary}; Content: {Text}",
        persist_state="session",
        help="Column names in braces are replaced by the cells of the row. To write a literal brace, double it: {{",
    )
    st.pills(
        "Insert column",
        preview.columns[:MAX_PILLS],
        key=pills,
        format_func=plain,
        on_change=_insert_column,
        args=(key, pills),
        help="Appends the column to the template.",
    )
    return text or ""


def _insert_column(key: str, pills: str) -> None:
    column = session.widget_value(pills)
    if column is not None:
        session.set_widget(key, (session.widget_value(key) or "") + column_field(column))
        session.set_widget(pills, None)


def _other_roles(source: ImportSource, preview: FilePreview, text: str) -> Roles:
    suffix, guess = tag(source), preview.roles
    labels = st.multiselect(
        "Labels",
        preview.columns,
        default=[label for label in guess.labels if label in preview.columns],
        key=f"labels-{suffix}",
        persist_state="session",
        help="Columns with few values, such as a category or a rating; used for colors, filters and evaluation.",
    )
    left, right = st.columns(2)
    with left:
        time = _optional_column("Time", preview, guess.time, f"time-{suffix}", "Any date format, or Unix timestamps.")
    with right:
        identity = _optional_column("ID", preview, guess.id, f"id-{suffix}", "Unique row ID in your system.")
    return Roles(text, tuple(labels), time, identity)


def _optional_column(label: str, preview: FilePreview, guess: str | None, key: str, help: str) -> str | None:
    options = [None, *preview.columns]
    return st.selectbox(
        label,
        options,
        index=options.index(guess) if guess in options else 0,
        key=key,
        help=help,
        format_func=lambda name: "None" if name is None else str(name),
        persist_state="session",
    )


def choose_day_order(source: ImportSource, roles: Roles) -> ImportSource:
    """The source with the selected order of day and month, where it matters for the time column; and how the column
    reads as times."""
    if not roles.time:
        return source
    read = session.ask_once(preview_times, session.folder(), source, roles.time)
    if read.order:
        selected = st.segmented_control(
            "Date order",
            list(ORDERS),
            default=read.order,
            required=True,
            key=f"day_order-{digest_json([tag(source), roles.time])[:8]}",
            persist_state="session",
            format_func=ORDERS.__getitem__,
            help="Whether 3/4/2024 is 3 April or 4 March. Change it if the first and last date look wrong.",
        )
        if selected and selected != read.order:
            source = replace(source, day_first=selected == "day")
            read = session.ask_once(preview_times, session.folder(), source, roles.time)
    _show_times(roles.time, read)
    return source


def _show_times(column: str, read: TimePreview) -> None:
    if read.first is None or read.last is None:
        show_error(InputError(f'Column "{column}" holds no dates that can be read.', "Select another time column."))
        return
    notes = [f"{read.first:%Y-%m-%d} to {read.last:%Y-%m-%d} (times in UTC).", *read.notes]
    st.caption(":material/schedule: " + plain(f"{column}: " + " ".join(notes)))
    if read.unread:
        message = f'{count(read.unread, "cell")} of "{column}" can\'t be read as dates, such as "{read.example}".'
        st.warning(plain(f"{message} They become missing."), icon=":material/event_busy:")


def _show_texts(source: ImportSource, template: str) -> None:
    if not template.strip():
        return
    texts = session.ask_once(preview_texts, session.folder(), source, template)
    if isinstance(texts, InvalidInput):
        show_error(InputError(texts.message, texts.remedy))
        return
    st.caption("Preview of the texts to embed", help="The first rows. Blank = empty text.")
    for text in texts:
        st.code(
            text[:PREVIEW_LENGTH] + ("…" if len(text) > PREVIEW_LENGTH else "") or " ", language=None, wrap_lines=True
        )
