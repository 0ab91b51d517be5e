"""The search form: query text, mode, example rows and filters, all of them part of the link."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.corpus.filters import Filter
from core.corpus.selections import saved_selections
from core.errors import InputError
from core.search.service import SearchQuery, filter_columns
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.search import SearchMode
from pages.shared import messages, session
from pages.shared.filters import choose_filters, filter_text, remove_filter
from pages.shared.messages import show_error
from pages.shared.text import plain

MODES: dict[SearchMode, str] = {"semantic": "Semantic", "keyword": "Keyword", "regex": "Regex", "hybrid": "Hybrid"}
PLACEHOLDERS: dict[SearchMode, str] = {
    "semantic": "a question, a phrase, a whole text …",
    "keyword": 'refund "gift card" -voucher',
    "regex": r"order \d{4,}",
    "hybrid": "a question or a phrase …",
}
MODE_HELP = (
    "Semantic: nearest vectors by cosine similarity. Keyword: texts with any of the words, those with more of them "
    'first, ranked by BM25; "two words" is a phrase, -word excludes; AND, OR and * have no special meaning. Regex: a '
    "regular expression. Hybrid: semantic and keyword rankings combined by reciprocal rank fusion; -word excludes here "
    "too."
)
OLD_LINK_VALUES = {"Meaning": "semantic", "Words": "keyword", "Pattern": "regex", "Meaning + words": "hybrid"}


def select_models(info: CorpusInfo) -> list[ModelSpec]:
    """The sidebar's model, and those selected to compare it with."""
    main = session.current_model()
    others = [model for model in session.workspace().models(info.digest) if main and model.key != main.key]
    if not main or not others:
        return [main] if main else []
    names = {model.key: model.label for model in others}
    session.drop_unknown_values("beside", list(names))
    options: dict[str, Any] = {"max_selections": 3, "placeholder": "Other models of this corpus"}
    selected = st.multiselect(
        "Compare with",
        list(names),
        key="beside",
        bind="query-params",
        format_func=names.__getitem__,
        wrap=True,
        **options,
    )
    return [main, *(model for model in others if model.key in selected)]


def read_query(info: CorpusInfo, embedded: bool) -> SearchQuery | None:
    """The query, or None after showing what is missing."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with right:
        mode = _select_mode(embedded)
    session.text_from_link("q")
    text = left.text_input("Search", key="q", persist_state="session", placeholder=PLACEHOLDERS[mode], type="search")
    session.write_text_to_link("q")
    with st.expander("Example rows, filters and number of hits", icon=":material/tune:"):
        near, far, k = _example_rows_and_count(info.rows, mode)
        columns = session.ask_once(filter_columns, session.corpus_ref(info))
        filters = choose_filters(columns, saved_selections(session.workspace(), info.digest))
    _show_active(near, far, filters)
    if not embedded:
        messages.show_not_embedded("Only keyword and regex search are available: this corpus is not embedded yet.")
    if not text.strip() and not near and not far:
        st.info("Enter a query. From any hit you can then search for similar rows.", icon=":material/search:")
        return None
    return SearchQuery(text, mode, near, far, k, filters)


def _select_mode(embedded: bool) -> SearchMode:
    labels: dict[str, Any] = {"format_func": MODES.__getitem__, "help": MODE_HELP}
    options: list[SearchMode] = list(MODES) if embedded else ["keyword", "regex"]
    session.update_link("by", OLD_LINK_VALUES)
    selected = st.segmented_control("Mode", options, default=options[0], key="by", bind="query-params", **labels)
    return selected or options[0]


def _example_rows_and_count(total: int, mode: SearchMode) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Ids (from 0) of rows to be similar and dissimilar to, and the number of hits."""
    first, second, third = st.columns([2, 2, 1])
    disabled = mode in ("keyword", "regex")
    options: dict[str, Any] = {"bind": "query-params", "placeholder": "12, 40", "disabled": disabled}
    near = first.text_input("Similar to", key="near", help="Row numbers, from 1.", **options)
    help_ = "Row numbers, from 1. The query moves away from these rows with half the weight (Rocchio, 1971)."
    far = second.text_input("Dissimilar to", key="far", help=help_, **options)
    k = third.number_input("Hits", 1, 200, 10, key="k", bind="query-params", help="Number of rows to show.")
    if disabled:
        return (), (), int(k)
    try:
        return parse_row_numbers(near, total), parse_row_numbers(far, total), int(k)
    except InputError as error:
        show_error(error)
        return (), (), int(k)


def _show_active(near: tuple[int, ...], far: tuple[int, ...], filters: tuple[Filter, ...]) -> None:
    """What limits or moves the search beside its text, each with a button that removes it."""
    active: list[tuple[str, Callable[..., None], tuple[Any, ...]]] = []
    for key, label, rows in (("near", "Similar to", near), ("far", "Dissimilar to", far)):
        active += [(f"{label} row {row + 1:,}", _remove_example_row, (key, row)) for row in rows]
    active += [(filter_text(condition), remove_filter, (condition,)) for condition in filters]
    if not active:
        return
    with st.container(key="active_filters", horizontal=True, gap="small"):
        for i, (label, remove, args) in enumerate(active):
            options: dict[str, Any] = {"icon": ":material/close:", "on_click": remove, "args": args, "help": "Remove"}
            st.button(plain(label), key=f"active_filter-{i}", **options)


def add_example_rows(key: str, rows: tuple[int, ...]) -> None:
    """A callback: add rows (ids from 0) to the field "near" or "far"."""
    current = str(session.widget_value(key) or "")
    session.set_widget(key, ", ".join(filter(None, [current, *(str(row + 1) for row in rows)])))


def _remove_example_row(key: str, row: int) -> None:
    numbers = str(session.widget_value(key) or "").replace(",", " ").split()
    session.set_widget(key, ", ".join(number for number in numbers if number != str(row + 1)))


def parse_row_numbers(text: str, total: int) -> tuple[int, ...]:
    """Row ids (from 0) of row numbers (from 1) such as "12, 40". Raises InputError."""
    parts = [part for part in text.replace(",", " ").split() if part]
    wrong = next((part for part in parts if not part.isdecimal() or not 1 <= int(part) <= total), None)
    if wrong is not None:
        raise InputError(f"{wrong[:20]!r} is not a row number.", f"Enter numbers from 1 to {total:,}, such as 12, 40.")
    return tuple(dict.fromkeys(int(part) - 1 for part in parts))
