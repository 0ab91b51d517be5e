"""Bursts (Kleinberg) and anomalous increases: when a group has more rows than usual, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from core.trends.bursts import MIN_ROWS
from core.trends.charts import event_figure, timeline_figure
from core.trends.events import Event, Events, anomalous_increases, bursts, event_counts
from core.trends.increases import ALPHA, MIN_PERIODS
from core.trends.service import TrendQuery
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.tables import show_table
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_event_details
from pages.shared.trends.form import TrendForm, day, select_sentiment_rows

MAX_IN_CHART = 20
MAX_CARDS = 5
BURST_COLUMNS = ("Group", "Start", "End", "Rows", "Expected", "Weight", "Level", "Terms")
INCREASE_COLUMNS = ("Group", "Sentiment", "Start", "End", "Rows", "Expected", "p (corrected)", "Terms")


def show_bursts(form: TrendForm) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = select_sentiment_rows(form)
        s, gamma, levels = _select_burst_parameters()
    events = session.ask(bursts, query, form.period, s, gamma, levels + 1)
    if not events.total:
        hint = "Choose a shorter period: there is only one." if events.periods < 2 else "Lower s or gamma."
        st.info(f"No bursts. {hint}", icon=":material/timeline:")
        return
    st.markdown(heaviest_burst(events))
    _show_timeline(form, events.items[:MAX_IN_CHART])
    frame = event_frame(events, BURST_COLUMNS)
    show_table(frame, "Bursts", {}, max_height=300)
    st.caption(burst_method(events))
    csv_button("Download bursts (CSV)", frame, "bursts.csv", help="One line per burst.")
    event = _select_event(events, "t_burst", "Shows the terms and texts of this burst.")
    show_event_details(query, event.row_filter, "t_burst")


def _select_burst_parameters() -> tuple[float, float, int]:
    """s, gamma and the number of raised states."""
    s = st.slider(
        "Rate ratio (s)", 1.2, 5.0, 2.0, 0.1, key="t_s", bind="query-params", width=160,
        help="The raised state's share is s times the group's overall share.",
    )  # fmt: skip
    gamma = st.slider(
        "Transition cost (gamma)", 0.1, 5.0, 1.0, 0.1, key="t_gamma", bind="query-params", width=180,
        help="Cost of entering a raised state: higher values give fewer, stronger bursts.",
    )  # fmt: skip
    levels = st.number_input(
        "Levels", 1, 3, 1, key="t_levels", bind="query-params", width=110,
        help="Number of raised states: s, s² and s³ times the overall share.",
    )  # fmt: skip
    return float(s), float(gamma), int(levels)


def _show_timeline(form: TrendForm, events: tuple[Event, ...]) -> None:
    names, firsts = [event.name for event in events], [event.first for event in events]
    ends, weights = [event.row_filter.end for event in events], [event.weight for event in events]
    x_range = (min(form.times.first, firsts[0]), max(form.times.last, *ends))
    figure = timeline_figure(names, firsts, ends, weights, x_range, session.theme())
    st.plotly_chart(figure, key="t_bursts", alt="Bursts over time, one line per group")


def heaviest_burst(events: Events) -> str:
    first = events.items[0]
    return (
        f"**{count(events.total, 'burst')}**{'; the heaviest' if events.total > 1 else ''}: "
        f"**{plain(cut(first.name, 60))}**, {count(first.rows, 'row')} from {day(first.first)} to before "
        f"{day(first.row_filter.end)} ({first.expected:,.0f} expected)."
    )


def burst_method(events: Events) -> str:
    listed = f"; showing {len(events.items)} of {events.total:,}" if events.total > len(events.items) else ""
    return (
        f"Kleinberg's two-state automaton (2002) on {count(events.periods, events.period)} and "
        f"{count(events.groups, 'group')}{listed}. Weight: the cost saved by the raised state, in nats; higher is "
        f"stronger. Bursts of fewer than {MIN_ROWS} rows are excluded. Weights are not a significance test: see "
        "Anomalous increases."
    )


def show_increases(form: TrendForm) -> None:
    relative = st.toggle(
        "Relative to all rows", key="t_relative", bind="query-params",
        help="Off: more rows than usual in that much time. On: more than usual for the total number of rows at that "
        "time, so that an overall increase is not attributed to a group.",
    )  # fmt: skip
    query = replace(form.query, sentiment=None)
    events = session.ask(anomalous_increases, query, form.times.finest, relative, ALPHA)
    if not events.windows:
        periods = f"{count(events.periods, events.period)}, at least {MIN_PERIODS} are needed"
        st.info(f"Too few periods: {periods} to estimate what is usual.", icon=":material/timeline:")
        return
    if not events.total:
        st.success("No anomalous increases.", icon=":material/check_circle:")
        st.caption(increase_method(form, events, relative))
        return
    st.markdown(f"**{count(events.total, 'anomalous increase')}**")
    for event in events.items[:MAX_CARDS]:
        _show_increase_card(event, events)
    st.caption(increase_method(form, events, relative))
    frame = event_frame(events, INCREASE_COLUMNS)
    if events.total > MAX_CARDS:
        show_table(frame, "All anomalous increases", {})
    csv_button("Download increases (CSV)", frame, "increases.csv", help="One line per anomalous increase.")
    _show_increase_details(query, events)


def _show_increase_card(event: Event, events: Events) -> None:
    usual = f"{event.expected:.2g}" if event.expected < 1 else f"{event.expected:,.0f}"
    ratio = f", {event.rows / event.expected:,.1f} times as many" if event.expected >= 1 else ""
    with st.container(border=True):
        st.markdown(
            f"**{event_title(event)}** from **{day(event.first)}** to {day(event.last)}: "
            f"**{count(event.rows, 'row')}** ({usual} expected{ratio})."
        )
        terms = f"Terms: {plain(', '.join(event.terms))}. " if event.terms else ""
        st.caption(f"{terms}{chance(event)}, corrected for {events.windows:,} windows.")


def event_title(event: Event) -> str:
    return plain(cut(event.name, 60)) + (f" · {event.sentiment}" if event.sentiment else "")


def chance(event: Event) -> str:
    """The corrected p; the file has it in full."""
    p = event.corrected
    rare = f"1 in {1 / p:,.0f}" if p > 1e-6 else "less than 1 in a million"
    return f"Expected by chance: {rare if p < 0.001 else f'p = {p:.3f}'}"


def _show_increase_details(query: TrendQuery, events: Events) -> None:
    """Timeline, terms and texts of one increase."""
    event = _select_event(events, "t_increase", "Shows the timeline, terms and texts of this increase.")
    starts, counts = session.ask(event_counts, query, event.row_filter, events.period)
    inside = (starts >= pd.Timestamp(event.first)) & (starts <= pd.Timestamp(event.last))
    level = event.expected / max(int(inside.sum()), 1)
    figure = event_figure(starts, counts, event.first, event.last, level, session.theme())
    st.plotly_chart(figure, key="t_increase_chart", alt="Rows of this group over time, the increase highlighted")
    st.caption(f"Rows of {event_title(event)} by {events.period}; orange: the increase, dashed: expected.")
    show_event_details(query, event.row_filter, "t_increase")


def increase_method(form: TrendForm, events: Events, relative: bool) -> str:
    rows = "all, negative and positive rows" if form.query.source.kind != "none" else "all rows"
    exposure = "the number of all rows at that time" if relative else "the length of time"
    return (
        f"Analyzed: {count(events.groups, 'group')} and all rows together ({rows}), in windows of 1 to "
        f"{count(events.max_width, events.period)}, {events.windows:,} in all. Expected: the group's rate at other "
        f"times, in proportion to {exposure}, with a negative binomial spread. p is Bonferroni-corrected: a false "
        f"alarm on steady random data has a probability of at most {ALPHA:.0%}. " + seasonality(events)
    )


def seasonality(events: Events) -> str:
    """Which seasonal cycles the expected counts account for, and which they can't."""
    cycles = [
        f"{name} (significant in {significant:,} of {events.series:,} series"
        + (", the cycle of all rows in the others)" if applied > significant else ")")
        for name, significant, applied in events.seasons
    ]
    names = {name for name, _, _ in events.seasons}
    weekly = "" if "days of the week" in names or events.period not in ("hour", "day") else "weekly"
    yearly = "" if "months of the year" in names or events.period in ("quarter", "year") else "yearly"
    missing = " or ".join(filter(None, [weekly, yearly]))
    text = f"Seasonality accounted for: {' and '.join(cycles)}. " if cycles else ""
    return text + (f"No significant {missing} cycle, or too few cycles to estimate it." if missing else "")


def _select_event(events: Events, key: str, help_text: str) -> Event:
    def title(at: int) -> str:
        event = events.items[at]
        return " ".join(filter(None, (f"{cut(event.name, 60)},", event.sentiment, day(event.first))))

    at = st.selectbox("Details", list(range(len(events.items))), key=key, format_func=title, help=help_text)
    return events.items[at or 0]


def event_frame(events: Events, columns: Sequence[str]) -> pd.DataFrame:
    """One line per event. A burst ends before its end, an increase in its last period."""
    rows = [
        {
            "Group": event.name,
            "Sentiment": event.sentiment or "all",
            "Start": day(event.first),
            "End": day(event.row_filter.end if columns is BURST_COLUMNS else event.last),
            "Rows": event.rows,
            "Expected": round(event.expected, 2),
            "p (corrected)": event.corrected,
            "Weight": round(event.weight, 2),
            "Level": event.level,
            "Terms": ", ".join(event.terms),
        }
        for event in events.items
    ]
    return pd.DataFrame(rows)[list(columns)]
