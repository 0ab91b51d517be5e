"""Filters on any column, each by the widget that suits it. What is chosen is part of the link."""

from collections.abc import Sequence

import streamlit as st

from core.corpus.filters import Filter, FilterOptions, filters_from_json, filters_to_json
from core.corpus.selections import SavedSelection
from core.errors import InputError
from pages.shared import session
from pages.shared.filters import range as filter_range
from pages.shared.text import plain

LINK = "filters"
WITHIN = "within_selections"
LONGEST_LINK = 2_000  # characters; addresses much longer are cut by some programs


def choose(columns: dict[str, FilterOptions], kept: Sequence[SavedSelection] = ()) -> tuple[Filter, ...]:
    """The filters a person has set, on columns and by kept selections; rows must pass all of them."""
    _from_link(columns, kept)
    session.drop_unknown_values("filter_columns", list(columns))
    chosen = st.multiselect(
        "Filter on",
        list(columns),
        key="filter_columns",
        persist_state="session",
        placeholder="All rows",
        help="Only rows that pass every filter can be found.",
    )
    filters = tuple(found for found in (_filter(name, columns[name]) for name in chosen) if found)
    filters += _within(kept)
    _to_link(filters)
    return filters


def _within(kept: Sequence[SavedSelection]) -> tuple[Filter, ...]:
    by_key = {each.key: each for each in kept}
    session.drop_unknown_values(WITHIN, list(by_key))
    if not kept:
        return ()
    chosen = st.multiselect(
        "Within a selection",
        list(by_key),
        key=WITHIN,
        persist_state="session",
        format_func=lambda key: f"{by_key[key].name} ({by_key[key].rows:,})",
        placeholder="All rows",
        help="Only rows that lie in every one of these selections, which were kept on the Map page.",
    )
    return tuple(Filter(by_key[key].name, "rows", text=key) for key in chosen)


def _from_link(columns: dict[str, FilterOptions], kept: Sequence[SavedSelection]) -> None:
    """Set the widgets to the link's filters when they are first drawn; what doesn't fit the columns is left out."""
    if session.remembered("filters_read"):
        return
    session.remember("filters_read", True)
    try:
        filters = filters_from_json(st.query_params.get(LINK, "[]"))
    except InputError:
        return
    fitting = {f.column: f for f in filters if f.column in columns and f.kind == columns[f.column].kind}
    for name, wanted in fitting.items():
        _set(name, wanted, columns[name])
    if fitting:
        session.set_widget("filter_columns", list(fitting))
    known = {each.key for each in kept}
    if within := [f.text for f in filters if f.kind == "rows" and f.text in known]:
        session.set_widget(WITHIN, list(dict.fromkeys(within)))


def _set(name: str, wanted: Filter, options: FilterOptions) -> None:
    key = f"filter-{name}"
    if wanted.kind == "values":
        offered = [value for value, _ in options.values]
        session.set_widget(key, [value for value in wanted.values if value in offered])
    elif wanted.kind == "range":
        filter_range.set_range(key, wanted, options)
    else:
        session.set_widget(f"{key}-part", wanted.text)


def _to_link(filters: tuple[Filter, ...]) -> None:
    text = filters_to_json(filters) if filters else ""
    if text and len(text) <= LONGEST_LINK:
        if st.query_params.get(LINK) != text:
            st.query_params[LINK] = text
    elif LINK in st.query_params:
        del st.query_params[LINK]


def _filter(name: str, options: FilterOptions) -> Filter | None:
    key, label = f"filter-{name}", plain(name)
    if options.kind == "values":
        counts = dict(options.values)
        session.drop_unknown_values(key, list(counts))
        picked = st.multiselect(
            label,
            list(counts),
            key=key,
            persist_state="session",
            format_func=lambda v: f"{v} ({counts[v]:,})",
            help="Rows with any of these values.",
        )
        return Filter(name, "values", values=tuple(picked)) if picked else None
    if options.kind == "range":
        return filter_range.choose(name, options, key, label)
    text = st.text_input(
        label,
        key=f"{key}-part",
        persist_state="session",
        placeholder="contains …",
        help="A part of the cell, in any case.",
    )
    return Filter(name, "contains", text=text) if text.strip() else None
