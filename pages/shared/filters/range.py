"""A range of numbers or times: by a slider where one can show it, else by two fields for its ends."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, isfinite, log10
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.filters import Filter, FilterOptions
from core.errors import InputError
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import cut

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


def choose(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
    """The range a person has set; None where that is everything."""
    if options.low is None or options.high is None or options.low == options.high:
        st.caption(f"{label}: all rows have the same value.")
        return None
    scale = scale_of(options)
    return _fields(name, options, key, label) if scale is None else _slider(name, scale, key, label)


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


def _fields(name: str, options: FilterOptions, key: str, label: str) -> Filter | None:
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
        low, high = (_read(text, isinstance(options.low, str)) for text in written)
    except InputError as error:
        show_error(error)
        return None
    return None if low is None and high is None else Filter(name, "range", low=low, high=high)


def _read(text: str, is_time: bool) -> float | str | None:
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
