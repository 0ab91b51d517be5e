"""Filters on any column, each with the widget that suits it; all filters are part of the link."""

from collections.abc import Callable, Sequence
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
from pages.shared.messages import show_error
from pages.shared.text import cut, plain

LINK = "filters"
MATCH_ANY, MATCH_ALL = "Any", "All"
COLUMNS_KEY, SELECTION_KEY = "filter_columns", "within_selections"
MAX_LINK_LENGTH = 2_000  # characters; some programs cut much longer addresses
SLIDER_STEPS = 100
MAX_WHOLE_STEPS = 10_000  # up to so many whole numbers, each is one step
MAX_SLIDER_NUMBER = 1e12
MAX_DECIMALS = 8
EARLIEST, LATEST = date(1700, 1, 1), date(2240, 1, 1)  # days that a browser's slider represents exactly


def choose_filters(columns: dict[str, FilterOptions], selections: Sequence[SavedSelection] = ()) -> tuple[Filter, ...]:
    """The active filters, on columns and by saved selections; rows must pass all of them."""
    _read_link(columns, selections)
    help = "Only rows that pass every filter are searched."
    names = _multiselect("Filter by", list(columns), COLUMNS_KEY, str, "All rows", help)
    filters = tuple(condition for name in names if (condition := _column_filter(name, columns[name])))
    filters += _selection_filters(selections)
    _write_link(filters)
    return filters


def filter_text(condition: Filter) -> str:
    """A filter in short, such as "stars: 4, 5"."""
    if condition.kind == "rows":
        return f"Within: {cut(condition.column, 40)}"
    if condition.kind == "range":
        low, high = (None if end is None else _end_text(end) for end in (condition.low, condition.high))
        limits = f"up to {high}" if low is None else f"from {low}" if high is None else f"{low} to {high}"
        return f"{cut(condition.column, 30)}: {limits}"
    joined = (" and " if condition.kind == "all values" else ", ").join(condition.values)
    value = f'contains "{condition.text}"' if condition.kind == "contains" else joined
    return f"{cut(condition.column, 30)}: {cut(value, 50)}"


def offer_filter(column: str) -> None:
    """Show the filter of a column, without a condition, when filters are drawn next; call it where none are drawn."""
    names = session.widget_value(COLUMNS_KEY) or []
    session.set_widget(COLUMNS_KEY, list(dict.fromkeys([*names, column])))


def remove_filter(condition: Filter) -> None:
    """A callback: take a filter away."""
    key, removed = (SELECTION_KEY, condition.text) if condition.kind == "rows" else (COLUMNS_KEY, condition.column)
    session.set_widget(key, [value for value in session.widget_value(key) or [] if value != removed])


def _end_text(end: float | str) -> str:
    return end if isinstance(end, str) else f"{end:,.10g}"


def _multiselect(
    label: str, options: list[str], key: str, name: Callable[[str], str], placeholder: str | None, help: str,
    accept_new_options: bool = False,
) -> list[str]:  # fmt: skip
    """A multiple choice without the values that are no options any more, unless new ones can be typed."""
    if not accept_new_options:
        session.drop_unknown_values(key, options)
    widget: dict[str, Any] = {"key": key, "persist_state": "session", "placeholder": placeholder, "help": help}
    return st.multiselect(label, options, format_func=name, accept_new_options=accept_new_options, **widget)


def _selection_filters(selections: Sequence[SavedSelection]) -> tuple[Filter, ...]:
    by_key = {selection.key: selection for selection in selections}
    if not selections:
        session.drop_unknown_values(SELECTION_KEY, [])
        return ()
    help = "Only rows in all of these selections, which are saved on the Map page."
    names = {selection.key: f"{selection.name} ({selection.rows:,})" for selection in selections}
    keys = _multiselect("Within selections", list(names), SELECTION_KEY, names.__getitem__, "All rows", help)
    return tuple(Filter(by_key[key].name, "rows", text=key) for key in keys)


def _column_filter(name: str, options: FilterOptions) -> Filter | None:
    key, label = f"filter-{name}", plain(name)
    if options.kind == "values":
        return _value_filter(name, options, key, label)
    if options.kind == "range":
        return _range_filter(name, options, key, label)
    text = st.text_input(
        label, key=f"{key}-part", persist_state="session", placeholder="contains …", help="Ignores case."
    )
    return Filter(name, "contains", text=text) if text.strip() else None


def _value_filter(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    """The selected values; where rows may have several, any or all of them. Rare values that are not listed can be
    typed."""
    counts, help = dict(options.values), "Rows with any of these values."
    extra: dict[str, Any] = {}
    if options.distinct > len(counts):
        listed = f"The {len(counts):,} most frequent of {options.distinct:,} values are listed; others can be typed."
        extra, help = {"accept_new_options": True}, f"{help} {listed}"
    elif options.several:
        help = "A row counts in each of its values."
    values = _multiselect(label, list(counts), key, lambda value: _counted(value, counts), None, help, **extra)
    is_all = options.several and len(values) > 1 and _choose_match(key, label) == MATCH_ALL
    return Filter(name, "all values" if is_all else "values", values=tuple(values)) if values else None


def _counted(value: str, counts: dict[str, int]) -> str:
    return f"{value} ({counts[value]:,})" if value in counts else value


def _choose_match(key: str, label: str) -> str:
    help = "Whether a row needs one of these values or all of them."
    return str(
        st.segmented_control(
            f"Match in {label}", [MATCH_ANY, MATCH_ALL], key=f"{key}-match", default=MATCH_ANY, required=True,
            persist_state="session", help=help,
        )
    )  # fmt: skip


def _read_link(columns: dict[str, FilterOptions], selections: Sequence[SavedSelection]) -> None:
    """Set the widgets to the filters of the link before they are first drawn; what doesn't fit is ignored."""
    if session.remembered("filters_read") and not session.is_back_navigation():
        return
    session.remember("filters_read", True)
    try:
        filters = filters_from_json(st.query_params.get(LINK, "[]"))
    except InputError:
        return
    fitting = {f.column: f for f in filters if f.column in columns and _fits(f, columns[f.column])}
    for name, condition in fitting.items():
        _set_filter_widget(name, condition, columns[name])
    if fitting or session.is_back_navigation():
        session.set_widget(COLUMNS_KEY, list(fitting))
    existing = {selection.key for selection in selections}
    if keys := [f.text for f in filters if f.kind == "rows" and f.text in existing]:
        session.set_widget(SELECTION_KEY, list(dict.fromkeys(keys)))


def _fits(condition: Filter, options: FilterOptions) -> bool:
    return condition.kind == options.kind or (condition.kind == "all values" and options.several)


def _write_link(filters: tuple[Filter, ...]) -> None:
    text = filters_to_json(filters) if filters else ""
    session.set_link(LINK, text if len(text) <= MAX_LINK_LENGTH else "")


def _set_filter_widget(name: str, condition: Filter, options: FilterOptions) -> None:
    key = f"filter-{name}"
    if condition.kind in ("values", "all values"):
        offered, is_complete = [value for value, _ in options.values], options.distinct == len(options.values)
        session.set_widget(key, [value for value in condition.values if value in offered or not is_complete])
        if options.several:
            session.set_widget(f"{key}-match", MATCH_ALL if condition.kind == "all values" else MATCH_ANY)
    elif condition.kind == "range":
        _set_range_widget(key, condition, options)
    else:
        session.set_widget(f"{key}-part", condition.text)


def _set_range_widget(key: str, condition: Filter, options: FilterOptions) -> None:
    """Set the widgets to a range, within the values of the column; invalid ends are ignored."""
    if options.low is None or options.high is None or options.low == options.high:
        return
    scale = range_scale(options)
    if scale is None:
        for suffix, end in (("from", condition.low), ("to", condition.high)):
            session.set_widget(f"{key}-{suffix}", "" if end is None else str(end))
        return
    try:
        low, high = _clip_end(scale, condition.low, scale.low), _clip_end(scale, condition.high, scale.high)
    except (ValueError, TypeError):
        return
    if low <= high:
        session.set_widget(_slider_key(key, scale), (low, high))


@dataclass(frozen=True)
class SliderScale:
    """A slider's ends, its step and its number format (None for dates)."""

    low: Any
    high: Any
    step: Any
    format: str | None


def range_scale(options: FilterOptions) -> SliderScale | None:
    """The slider that suits a column, None where none can show it: times within a day, years out of reach, numbers
    too large or too close to each other."""
    if isinstance(options.low, str):
        return _date_scale(options.low, str(options.high))
    return _number_scale(float(options.low or 0), float(options.high or 0))


def _date_scale(low: str, high: str) -> SliderScale | None:
    try:
        first, last = date.fromisoformat(low.partition("T")[0]), date.fromisoformat(high.partition("T")[0])
    except ValueError:  # years before 1 or after 9999
        return None
    fits = EARLIEST <= first < last <= LATEST
    return SliderScale(first, last, timedelta(days=1), None) if fits else None


def _number_scale(low: float, high: float) -> SliderScale | None:
    span = high - low
    if not isfinite(span) or span <= 0 or max(abs(low), abs(high)) > MAX_SLIDER_NUMBER:
        return None
    if low.is_integer() and high.is_integer() and span <= MAX_WHOLE_STEPS:
        return SliderScale(low, high, 1.0, "%.0f")
    step = span / SLIDER_STEPS
    decimals = max(1 - floor(log10(step)), 0)
    return SliderScale(low, high, step, f"%.{decimals}f") if decimals <= MAX_DECIMALS else None


def _range_filter(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    """The selected range, by a slider if possible, else by two text inputs; None where it covers all values."""
    if options.low is None or options.high is None or options.low == options.high:
        st.caption(f"{label}: all rows have the same value.")
        return None
    scale = range_scale(options)
    low, high = _range_inputs(options, key, label) if scale is None else _range_slider(scale, key, label)
    return None if low is None and high is None else Filter(name, "range", low=low, high=high)


def _range_slider(scale: SliderScale, key: str, label: str) -> tuple[float | str | None, float | str | None]:
    session.widget_default(_slider_key(key, scale), (scale.low, scale.high))
    first, last = st.slider(
        label,
        scale.low,
        scale.high,
        step=scale.step,
        format=scale.format,
        key=_slider_key(key, scale),
        persist_state="session",
        help="Both ends are included.",
    )
    # a thumb at its end leaves the range open, whatever a browser makes of the last decimals
    low = None if first - scale.low < scale.step / 2 else first
    high = None if scale.high - last < scale.step / 2 else last
    return _serialize_end(low), _serialize_end(high)


def _slider_key(key: str, scale: SliderScale) -> str:
    """A column of the same name in another corpus has another slider, whose ends would not fit this one."""
    return f"{key}-{scale.low}-{scale.high}"


def _serialize_end(end: Any) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end


def _range_inputs(options: FilterOptions, key: str, label: str) -> tuple[float | str | None, float | str | None]:
    left, right = st.columns(2)
    texts = [
        column.text_input(
            f"{label} {suffix}", key=f"{key}-{suffix}", persist_state="session", placeholder=str(end), help="Optional."
        ).strip()
        for column, suffix, end in ((left, "from", options.low), (right, "to", options.high))
    ]
    try:
        low, high = (_parse_end(text, isinstance(options.low, str)) for text in texts)
    except InputError as error:
        show_error(error)
        return None, None
    return low, high


def _parse_end(text: str, is_time: bool) -> float | str | None:
    """An end of a range as typed. Raises InputError."""
    example = "a time such as 2026-01-31T14:00" if is_time else "a number such as 0.25"
    invalid = InputError(f'"{cut(text, 40)}" is not a valid limit.', f"Enter {example}.")
    if not text:
        return None
    try:
        if is_time:
            pd.Timestamp(text)
            return text
        number = float(text)
    except (ValueError, OverflowError) as error:
        raise invalid from error
    if not isfinite(number):
        raise invalid
    return number


def _clip_end(scale: SliderScale, end: float | str | None, default: Any) -> Any:
    if end is None:
        return default
    value = date.fromisoformat(str(end)[:10]) if isinstance(scale.low, date) else float(end)
    if not isinstance(value, date) and not isfinite(value):
        return default
    return min(max(value, scale.low), scale.high)
