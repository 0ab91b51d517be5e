"""Filters on any column, each by the widget that suits it. What is chosen is part of the link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, isfinite, log10
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.filters import Filter, FilterOptions, filters_from_json, filters_to_json
from core.corpus.selections import SavedSelection
from core.errors import InputError
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import cut, plain

STEPS = 100
WHOLE_STEPS = 10_000  # up to so many whole numbers each is one step
LARGEST = 1e12  # of a number on a slider
DECIMALS = 8
EARLIEST, LATEST = date(1700, 1, 1), date(2240, 1, 1)  # days that a browser's slider holds exactly


@dataclass(frozen=True)
class Scale:
    """A slider's ends, its step and how numbers are written (None: as dates are)."""

    low: Any
    high: Any
    step: Any
    format: str | None


def range_filter(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    """The range a person has set; None where that is everything."""
    if options.low is None or options.high is None or options.low == options.high:
        st.caption(f"{label}: all rows have the same value.")
        return None
    scale = scale_of(options)
    return _range_fields(name, options, key, label) if scale is None else _slider(name, scale, key, label)


def scale_of(options: FilterOptions) -> Scale | None:
    """The slider that suits a column, None where none can show it: times within a day, years out of reach, numbers
    too large or too near to each other."""
    if isinstance(options.low, str):
        return _day_scale(options.low, str(options.high))
    return _number_scale(float(options.low or 0), float(options.high or 0))


def _day_scale(low: str, high: str) -> Scale | None:
    try:
        first, last = date.fromisoformat(low.partition("T")[0]), date.fromisoformat(high.partition("T")[0])
    except ValueError:  # years before 1 or after 9999
        return None
    fits = EARLIEST <= first < last <= LATEST
    return Scale(first, last, timedelta(days=1), None) if fits else None


def _number_scale(low: float, high: float) -> Scale | None:
    span = high - low
    if not isfinite(span) or span <= 0 or max(abs(low), abs(high)) > LARGEST:
        return None
    if low.is_integer() and high.is_integer() and span <= WHOLE_STEPS:
        return Scale(low, high, 1.0, "%.0f")
    step = span / STEPS
    decimals = max(1 - floor(log10(step)), 0)
    return Scale(low, high, step, f"%.{decimals}f") if decimals <= DECIMALS else None


def _slider(name: str, scale: Scale, key: str, label: str) -> Filter | None:
    session.widget_default(_slider_key(key, scale), (scale.low, scale.high))
    first, last = st.slider(
        label,
        scale.low,
        scale.high,
        step=scale.step,
        format=scale.format,
        key=_slider_key(key, scale),
        persist_state="session",
        help="Both ends included.",
    )
    # a thumb at its end leaves the range open, whatever a browser makes of the last decimals
    low = None if first - scale.low < scale.step / 2 else first
    high = None if scale.high - last < scale.step / 2 else last
    if low is None and high is None:
        return None
    return Filter(name, "range", low=_plain_end(low), high=_plain_end(high))


def _slider_key(key: str, scale: Scale) -> str:
    """Another corpus' column of the same name has another slider, whose ends would not fit this one."""
    return f"{key}-{scale.low}-{scale.high}"


def _plain_end(end: Any) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end


def _range_fields(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    left, right = st.columns(2)
    fields = ((left, "from", options.low), (right, "to", options.high))
    written = [
        place.text_input(
            f"{label} {word}",
            key=f"{key}-{word}",
            persist_state="session",
            placeholder=str(end),
            help="Included. Leave it empty for no limit.",
        ).strip()
        for place, word, end in fields
    ]
    try:
        low, high = (_parse_end(text, isinstance(options.low, str)) for text in written)
    except InputError as error:
        show_error(error)
        return None
    return None if low is None and high is None else Filter(name, "range", low=low, high=high)


def _parse_end(text: str, is_time: bool) -> float | str | None:
    """An end as it was typed. Raises InputError."""
    if not text:
        return None
    try:
        if is_time:
            pd.Timestamp(text)
            return text
        number = float(text)
    except (ValueError, OverflowError) as error:
        example = "a time such as 2026-01-31T14:00" if is_time else "a number such as 0.25"
        raise InputError(f'"{cut(text, 40)}" is no limit of a range.', f"Give {example}.") from error
    if not isfinite(number):
        raise InputError(f'"{cut(text, 40)}" is no limit of a range.', "Give a number such as 0.25.")
    return number


def set_range(key: str, wanted: Filter, options: FilterOptions) -> None:
    """Set the widgets to a filter, as far as the column reaches; what can't be read is left out."""
    if options.low is None or options.high is None or options.low == options.high:
        return
    scale = scale_of(options)
    if scale is None:
        for word, end in (("from", wanted.low), ("to", wanted.high)):
            session.set_widget(f"{key}-{word}", "" if end is None else str(end))
        return
    try:
        low, high = _end_on(scale, wanted.low, scale.low), _end_on(scale, wanted.high, scale.high)
    except (ValueError, TypeError):
        return
    if low <= high:
        session.set_widget(_slider_key(key, scale), (low, high))


def _end_on(scale: Scale, end: float | str | None, default: Any) -> Any:
    if end is None:
        return default
    value = date.fromisoformat(str(end)[:10]) if isinstance(scale.low, date) else float(end)
    if not isinstance(value, date) and not isfinite(value):
        return default
    return min(max(value, scale.low), scale.high)


LINK = "filters"
SELECTION_KEY = "within_selections"
MAX_LINK_LENGTH = 2_000  # characters; addresses much longer are cut by some programs


def choose_filters(columns: dict[str, FilterOptions], kept: Sequence[SavedSelection] = ()) -> tuple[Filter, ...]:
    """The filters a person has set, on columns and by kept selections; rows must pass all of them."""
    _from_link(columns, kept)
    session.drop_unknown("filter_columns", list(columns))
    chosen = st.multiselect(
        "Filter on",
        list(columns),
        key="filter_columns",
        persist_state="session",
        placeholder="All rows",
        help="Only rows that pass every filter can be found.",
    )
    filters = tuple(found for found in (_column_filter(name, columns[name]) for name in chosen) if found)
    filters += _selection_filters(kept)
    _to_link(filters)
    return filters


def _selection_filters(kept: Sequence[SavedSelection]) -> tuple[Filter, ...]:
    by_key = {each.key: each for each in kept}
    session.drop_unknown(SELECTION_KEY, list(by_key))
    if not kept:
        return ()
    chosen = st.multiselect(
        "Within a selection",
        list(by_key),
        key=SELECTION_KEY,
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
        _set_filter_widget(name, wanted, columns[name])
    if fitting:
        session.set_widget("filter_columns", list(fitting))
    known = {each.key for each in kept}
    if within := [f.text for f in filters if f.kind == "rows" and f.text in known]:
        session.set_widget(SELECTION_KEY, list(dict.fromkeys(within)))


def _set_filter_widget(name: str, wanted: Filter, options: FilterOptions) -> None:
    key = f"filter-{name}"
    if wanted.kind == "values":
        offered = [value for value, _ in options.values]
        session.set_widget(key, [value for value in wanted.values if value in offered])
    elif wanted.kind == "range":
        set_range(key, wanted, options)
    else:
        session.set_widget(f"{key}-part", wanted.text)


def _to_link(filters: tuple[Filter, ...]) -> None:
    text = filters_to_json(filters) if filters else ""
    if text and len(text) <= MAX_LINK_LENGTH:
        if st.query_params.get(LINK) != text:
            st.query_params[LINK] = text
    elif LINK in st.query_params:
        del st.query_params[LINK]


def _column_filter(name: str, options: FilterOptions) -> Filter | None:
    key, label = f"filter-{name}", plain(name)
    if options.kind == "values":
        counts = dict(options.values)
        session.drop_unknown(key, list(counts))
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
        return range_filter(name, options, key, label)
    text = st.text_input(
        label,
        key=f"{key}-part",
        persist_state="session",
        placeholder="contains …",
        help="A part of the cell, in any case.",
    )
    return Filter(name, "contains", text=text) if text.strip() else None
