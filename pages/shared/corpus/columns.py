"""Which columns mean what: the text (a column or a template), labels, time and id."""

import streamlit as st

from core.corpus.reading import column_field, template_columns
from core.corpus.service import Preview, Refusal, sample_texts
from core.corpus.staging import Origin
from core.errors import InputError
from core.types import Roles
from pages.shared import session
from pages.shared.corpus.import_options import tag
from pages.shared.messages import show_error
from pages.shared.text import plain

ONE, SEVERAL = "One column", "Several columns"
CHIPS = 40  # columns offered for inserting; any other can be typed
SHOWN = 160  # characters of a text in the preview


def choose(origin: Origin, preview: Preview) -> Roles:
    """Draw the choices, guesses first, and what the text then looks like."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        way = st.segmented_control(
            "The text is in",
            [ONE, SEVERAL],
            default=SEVERAL if len(template_columns(preview.roles.text)) > 1 else ONE,
            required=True,
            key=f"way-{tag(origin)}",
            persist_state="session",
            help="Several columns are put together by a template, with words of yours between them.",
        )
        text = _template(origin, preview) if way == SEVERAL else _column(origin, preview)
        roles = _others(origin, preview, text)
    with right:
        _show_texts(origin, text)
    return roles


def _column(origin: Origin, preview: Preview) -> str:
    guess = template_columns(preview.roles.text)
    options = [*preview.columns, None] if preview.vectors else list(preview.columns)
    place = options.index(guess[-1]) if guess else (len(options) - 1 if preview.vectors else None)
    chosen = st.selectbox(
        "Text column",
        options,
        index=place,
        key=f"column-{tag(origin)}",
        persist_state="session",
        format_func=lambda name: "None: rows are known by their id" if name is None else str(name),
        placeholder="Choose the column that holds the text",
        help="The likeliest column is chosen; change it if it is another.",
    )
    if chosen is None and not preview.vectors:
        st.warning("No column looks like text. Choose the one to embed, or combine several.", icon=":material/help:")
    return column_field(chosen) if chosen else ""


def _template(origin: Origin, preview: Preview) -> str:
    key, chips = f"template-{tag(origin)}", f"chips-{tag(origin)}"
    session.widget_default(key, preview.roles.text)
    text = st.text_input(
        "Template",
        key=key,
        placeholder="Title: {Summary}; Content: {Text}",
        persist_state="session",
        help="Column names in braces are replaced by the row's cells. For a brace itself write it twice.",
    )
    st.pills(
        "Insert a column",
        preview.columns[:CHIPS],
        key=chips,
        format_func=plain,
        on_change=_insert,
        args=(key, chips),
        help="Puts the column at the end of the template.",
    )
    return text or ""


def _insert(key: str, chips: str) -> None:
    chosen = session.widget_value(chips)
    if chosen is not None:
        session.set_widget(key, (session.widget_value(key) or "") + column_field(chosen))
        session.set_widget(chips, None)


def _others(origin: Origin, preview: Preview, text: str) -> Roles:
    name, guess = tag(origin), preview.roles
    labels = st.multiselect(
        "Labels",
        preview.columns,
        default=[label for label in guess.labels if label in preview.columns],
        key=f"labels-{name}",
        persist_state="session",
        help="Columns with few values, such as a category or a rating: for color and filters.",
    )
    left, right = st.columns(2)
    with left:
        time = _optional("Time", preview, guess.time, f"time-{name}", "Dates in any usual form, or unix seconds.")
    with right:
        identity = _optional("Id", preview, guess.id, f"id-{name}", "What names a row in your own system.")
    return Roles(text, tuple(labels), time, identity)


def _optional(label: str, preview: Preview, guess: str | None, key: str, help: str) -> str | None:
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


def _show_texts(origin: Origin, template: str) -> None:
    if not template.strip():
        return
    texts = session.ask_once(sample_texts, session.folder(), origin, template)
    if isinstance(texts, Refusal):
        show_error(InputError(texts.message, texts.remedy))
        return
    st.caption("What will be embedded, in the first rows", help="An empty box is a row without text.")
    for text in texts:
        st.code(text[:SHOWN] + ("…" if len(text) > SHOWN else "") or " ", language=None, wrap_lines=True)
