"""What is looked for: text, rows, kind of search, filters. The main choices are part of the link."""

import streamlit as st

from core.corpus.selections import saved_selections
from core.errors import InputError
from core.search import service as answers
from core.search.service import Mode, Query
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import empty, session
from pages.shared import filters as form
from pages.shared.errors import show_error

MODES: dict[Mode, str] = {"meaning": "Meaning", "words": "Words", "pattern": "Pattern", "both": "Meaning + words"}
HINTS = {
    "meaning": "a question, a phrase, a whole text …",
    "words": 'refund "gift card"',
    "pattern": r"order \d{4,}",
    "both": "a question or a phrase …",
}
MODE_HELP = (
    "Meaning: nearest vectors by cosine. Words: texts that hold the words, ranked by BM25. Pattern: a regular "
    "expression. Meaning + words: both lists fused by reciprocal rank."
)


def models(info: CorpusInfo) -> list[ModelSpec]:
    """The sidebar's model, and those chosen to stand beside it."""
    main = session.current_model()
    others = [model for model in session.workspace().models(info.digest) if main and model.key != main.key]
    if not main or not others:
        return [main] if main else []
    names = {model.key: model.label for model in others}
    session.drop_unknown_values("beside", list(names))
    beside = st.multiselect(
        "Compare with",
        list(names),
        key="beside",
        bind="query-params",
        max_selections=3,
        format_func=lambda key: names[key],
        placeholder="Other models this corpus is embedded with",
        help="The same query under each of these models, one column a model.",
    )
    return [main, *(model for model in others if model.key in beside)]


def query(info: CorpusInfo, embedded: bool) -> Query | None:
    """The query, or None after saying what to do."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    options: list[Mode] = list(MODES) if embedded else ["words", "pattern"]
    mode = (
        right.segmented_control(
            "Search by",
            options,
            default=options[0],
            key="by",
            bind="query-params",
            format_func=lambda name: MODES[name],
            help=MODE_HELP,
        )
        or options[0]
    )
    text = left.text_input(
        "Search", key="q", bind="query-params", placeholder=HINTS[mode], type="search", help="Press Enter to search."
    )
    with st.expander("Rows, filters and number of hits", icon=":material/tune:"):
        near, far, k = rows_and_number(info.rows, mode)
        columns = session.ask_once(answers.columns, session.corpus_ref(info))
        filters = form.choose_filters(columns, saved_selections(session.workspace(), info.digest))
    if not embedded:
        empty.not_embedded("Only words and patterns can be searched: this corpus is not embedded yet.")
    if not text.strip() and not near and not far:
        st.info(
            "Type something to look for. Rows that are found can then be chosen to find more like them.",
            icon=":material/search:",
        )
        return None
    return Query(text, mode, near, far, k, filters)


def rows_and_number(total: int, mode: str) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Rows to be near to and far from (ids from 0), and the number of hits."""
    first, second, third = st.columns([2, 2, 1])
    off = mode in ("words", "pattern")
    near = first.text_input(
        "Near these rows",
        key="near",
        bind="query-params",
        placeholder="12, 40",
        disabled=off,
        help="Row numbers, from 1: hits are near all of these.",
    )
    far = second.text_input(
        "Far from these rows",
        key="far",
        bind="query-params",
        placeholder="7",
        disabled=off,
        help="Row numbers, from 1. The query moves away from them at half weight (Rocchio, 1971).",
    )
    k = third.number_input("Hits", 1, 200, 10, key="k", bind="query-params", help="How many rows to show.")
    if off:
        return (), (), int(k)
    try:
        return numbers(near, total), numbers(far, total), int(k)
    except InputError as error:
        show_error(error)
        return (), (), int(k)


def add_row(name: str, row: int) -> None:
    """A callback: put a row (id from 0) among those to be near to or far from."""
    written = str(session.widget_value(name) or "")
    session.set_widget(name, ", ".join(filter(None, [written, str(row + 1)])))


def numbers(text: str, total: int) -> tuple[int, ...]:
    """Row ids (from 0) of row numbers (from 1) such as "12, 40". Raises InputError."""
    parts = [part for part in text.replace(",", " ").split() if part]
    wrong = next((part for part in parts if not part.isdecimal() or not 1 <= int(part) <= total), None)
    if wrong is not None:
        raise InputError(f"{wrong[:20]!r} is not a row number.", f"Give numbers from 1 to {total:,}, such as 12, 40.")
    return tuple(dict.fromkeys(int(part) - 1 for part in parts))
