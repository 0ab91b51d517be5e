"""Groups over time: lines with intervals, small charts, or stacked areas."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.trends.charts import area_figure, line_figure
from core.trends.increases import MIN_ROWS
from core.trends.periods import Period, period_name
from core.trends.sentiment import NAMES
from core.trends.service import Shares, shares_over_time
from core.trends.shares import MIN_RELIABLE_ROWS, OTHERS, largest_deviation
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.form import Ask, choice

FORMS = {"small": "Small charts", "lines": "Lines", "area": "Stacked"}
MEASURES = {"share": "Share of all rows", "rows": "Rows", "within": "Share within each group"}
ROWS = {"all": "All", "negative": "Negative", "neutral": "Neutral", "positive": "Positive"}
CODES = {name: code for code, name in NAMES.items()}
ACROSS = 3


def show(ask: Ask) -> None:
    """Controls, the chart, how it was made, and its numbers."""
    moody = ask.subject.source.kind != "none" and ask.subject.group != "sentiment"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mood = choice("rows", "Rows", ROWS, "Count only rows of one sentiment.") if moody else "all"
        measures = {name: label for name, label in MEASURES.items() if name != "within" or mood != "all"}
        measure = choice(
            "measure",
            "Measure",
            measures,
            "Of a period's rows, how many are in the group; or how many rows; "
            "or, of the group's own rows in the period, how many have the chosen sentiment.",
        )
        form = choice("form", "Chart", FORMS, "One small chart a group, all in one with intervals, or stacked.")
        most = int(
            st.number_input(
                "Groups",
                1,
                12,
                6,
                key="t_most",
                bind="query-params",
                width=110,
                help="How many of the largest are shown; the rest are counted together.",
            )
        )
    subject = replace(ask.subject, sentiment=CODES.get(mood))
    found = session.ask(shares_over_time, subject, ask.period, most, measure == "within")
    if not found.grouped:
        st.info(
            "No row with a time is in any of these groups. Choose other groups or rows.", icon=":material/search_off:"
        )
        return
    st.markdown(headline(ask, found, measure))
    draw(found, "area" if form == "area" and measure != "within" else "small" if form == "area" else form, measure)
    st.caption(how(ask, found, mood, measure))
    csv_button(
        "Download these numbers (CSV)",
        numbers(found),
        "trends.csv",
        help="Each period and group: rows, share and its interval.",
    )


def headline(ask: Ask, found: Shares, measure: str) -> str:
    """What stands out most, in a sentence."""
    named = [at for at, name in enumerate(found.names) if not name.startswith(f"{OTHERS} (")]
    counts = found.counts[named].astype(np.float64)
    spread = 1.96 * np.sqrt(counts)  # as Poisson counts vary
    rows = measure == "rows"
    drawn = (counts, counts - spread, counts + spread) if rows else (found.share, found.low, found.high)
    values, low, high = (each if rows else each[named] for each in drawn)
    low = np.where(found.few & (not rows), np.nan, np.where(counts < MIN_ROWS, -np.inf, low))
    out = largest_deviation(values, low, high)
    if out is None:
        enough = "" if rows else f" of at least {MIN_RELIABLE_ROWS} rows"
        return f"No group leaves its usual range clearly in any {ask.period}{enough}."
    group, place, usual = out
    form = (lambda x: f"{x:,.0f} rows") if rows else (lambda x: f"{x:.1%}")
    return (
        f"**{plain(cut(found.names[named[group]], 60))}** stands out most: **{form(values[group, place])}** in the "
        f"{_when(found, place, ask.period)}, {form(usual)} in a usual one (median)."
    )


def _when(found: Shares, place: int, period: Period) -> str:
    name = period_name(found.starts, place, period)
    return name if period == "week" else f"{period} {name}"


def draw(found: Shares, form: str, measure: str) -> None:
    percent = measure != "rows"
    if form == "area":
        values = found.share if percent else found.counts.astype(np.float64)
        figure = area_figure(found.names, found.starts, values, percent, session.theme())
        st.plotly_chart(figure, key="t_area", alt="Stacked areas of groups over time")
    elif form == "lines" or len(found.names) == 1:
        st.plotly_chart(_lines(found, range(len(found.names)), percent), key="t_lines", alt="Groups over time")
    else:
        small(found, percent)


def small(found: Shares, percent: bool) -> None:
    """One chart a group, all on one scale but that of the others together."""
    named = [at for at, name in enumerate(found.names) if not name.startswith(f"{OTHERS} (")]
    top = float(np.nanmax((found.high if percent else found.counts)[named]))
    for start in range(0, len(found.names), ACROSS):  # line by line, so that they keep their order on a phone
        places = st.columns(ACROSS)
        for at, place in zip(range(start, len(found.names)), places, strict=False):
            with place:
                st.caption(f"**{plain(cut(found.names[at], 48))}** · {count(int(found.counts[at].sum()), 'row')}")
                figure = _lines(found, [at], percent, 190, top if at in named else None)
                options = {"displayModeBar": False}
                st.plotly_chart(figure, key=f"t_small_{at}", config=options, alt="One group over time")


def _lines(
    found: Shares, places: Sequence[int], percent: bool, height: int = 380, top: float | None = None
) -> go.Figure:
    at = list(places)
    counts = found.counts[at].astype(np.float64)
    values, low, high = (found.share[at], found.low[at], found.high[at]) if percent else (counts, counts, counts)
    names = [found.names[i] for i in at]
    return line_figure(
        names, found.starts, values, low, high, found.few, percent, session.theme(), height, len(at) > 1, at[0], top
    )


def how(ask: Ask, found: Shares, mood: str, measure: str) -> str:
    what = "" if mood == "all" else f"{mood} "
    of = {
        "share": f"Share of each {ask.period}'s rows that are {what or ''}rows of the group",
        "within": f"Share of the group's own rows in each {ask.period} that are {mood}",
        "rows": f"{what.capitalize() or ''}rows of the group in each {ask.period}".strip(),
    }[measure]
    parts = [of[:1].upper() + of[1:] + ("; bands are Wilson 95% intervals" if measure != "rows" else "") + "."]
    few = int(found.few.sum())
    if few:
        parts.append(
            f"{few:,} of {count(len(found.starts), ask.period)} have fewer than {MIN_RELIABLE_ROWS} rows (hollow points)."
        )
    parts.append(f"{found.grouped:,} of {count(found.rows, 'row')} with a time are in {count(found.groups, 'group')}.")
    if any(name.startswith(f"{OTHERS} (") for name in found.names):
        parts.append("The others together have a scale of their own in small charts.")
    parts += cut_short(ask)
    if measure == "share" and found.grouped < found.rows:
        parts.append("Shares are of all rows with a time.")
    return " ".join(parts)


def cut_short(ask: Ask) -> list[str]:
    """Whether the first or the last period is not whole, so that its counts are no fall."""
    freq = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}.get(ask.period)
    if freq is None:
        return []
    first, last = (pd.Timestamp(each).normalize() for each in (ask.facts.first, ask.facts.last))
    late = first > pd.Period(first, freq).start_time
    early = last < pd.Period(last, freq).end_time.normalize()
    which = " and the ".join(name for name, is_cut in (("first", late), ("last", early)) if is_cut)
    return [f"The {which} {ask.period} {'are' if late and early else 'is'} cut short by the data."] if which else []


def numbers(found: Shares) -> pd.DataFrame:
    """One line a period and group."""
    count_groups, periods = found.counts.shape
    return pd.DataFrame(
        {
            "period_start_utc": np.tile(found.starts, count_groups),
            "group": np.repeat(found.names, periods),
            "rows": found.counts.ravel(),
            "all_rows": np.tile(found.totals, count_groups),
            "share": found.share.ravel(),
            "low": found.low.ravel(),
            "high": found.high.ravel(),
        }
    )
