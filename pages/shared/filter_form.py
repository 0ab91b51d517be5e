"""Filters on any column, each by the widget that suits it."""

from datetime import date

import streamlit as st

from core.filters import Filter, FilterOptions
from pages.shared import session
from pages.shared.text import plain


def choose(columns: dict[str, FilterOptions]) -> tuple[Filter, ...]:
    """The filters a person has set; rows must pass all of them."""
    session.drop_unknown("filter_columns", list(columns))
    chosen = st.multiselect(
        "Filter on",
        list(columns),
        key="filter_columns",
        persist_state="session",
        placeholder="All rows",
        help="Only rows that pass every filter can be found.",
    )
    found = (_filter(name, columns[name]) for name in chosen)
    return tuple(each for each in found if each)


def _filter(name: str, options: FilterOptions) -> Filter | None:
    key, label = f"filter-{name}", plain(name)
    if options.kind == "values":
        counts = dict(options.values)
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
        return _range(name, options, key, label)
    text = st.text_input(
        label, key=key, persist_state="session", placeholder="contains …", help="A part of the cell, in any case."
    )
    return Filter(name, "contains", text=text) if text.strip() else None


def _range(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    if options.low is None or options.high is None or options.low == options.high:
        st.caption(f"{label}: all rows have the same value.")
        return None
    if isinstance(options.low, str):
        first, last = date.fromisoformat(options.low[:10]), date.fromisoformat(str(options.high)[:10])
        picked = st.slider(
            label, first, last, (first, last), key=key, persist_state="session", help="Both days included."
        )
        return (
            Filter(name, "range", low=picked[0].isoformat(), high=picked[1].isoformat())
            if picked != (first, last)
            else None
        )
    low, high = float(options.low), float(options.high)
    span = st.slider(label, low, high, (low, high), key=key, persist_state="session", help="Both ends included.")
    return Filter(name, "range", low=span[0], high=span[1]) if span != (low, high) else None
