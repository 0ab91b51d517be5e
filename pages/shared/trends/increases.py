"""Anomalous increases: significantly more rows than usual, with their period, chance and terms."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.trends.charts import event_figure
from core.trends.events import Event, Events, anomalous_increases, event_counts
from core.trends.increases import ALPHA, MIN_PERIODS
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_event_details, show_table
from pages.shared.trends.form import TrendForm, day

MAX_CARDS = 5


def show_increases(form: TrendForm) -> None:
    relative = st.toggle(
        "Relative to all rows",
        key="t_relative",
        bind="query-params",
        help="Off: more rows than usual in that much time. On: more than usual for the total number of rows at that "
        "time, so that an overall increase is not attributed to a group.",
    )
    query = replace(form.query, sentiment=None)
    events = session.ask(anomalous_increases, query, form.times.finest, relative, ALPHA)
    if not events.windows:
        st.info(
            f"Too few periods: {count(events.periods, events.period)}, at least {MIN_PERIODS} are needed to estimate "
            "what is usual.",
            icon=":material/timeline:",
        )
        return
    if not events.total:
        st.success("No anomalous increases.", icon=":material/check_circle:")
        st.caption(increase_method(form, events, relative))
        return
    st.markdown(f"**{count(events.total, 'anomalous increase')}**")
    for event in events.items[:MAX_CARDS]:
        show_increase_card(event, events)
    st.caption(increase_method(form, events, relative))
    frame = increase_frame(events)
    if events.total > MAX_CARDS:
        show_table(frame, "All anomalous increases")
    csv_button("Download increases (CSV)", frame, "increases.csv", help="One line per anomalous increase.")
    show_increase_details(form, events)


def show_increase_card(event: Event, events: Events) -> None:
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


def show_increase_details(form: TrendForm, events: Events) -> None:
    """Timeline, terms and texts of one increase."""
    at = st.selectbox(
        "Details",
        list(range(len(events.items))),
        key="t_increase",
        format_func=lambda at: (
            f"{cut(events.items[at].name, 60)} {events.items[at].sentiment} {day(events.items[at].first)}"
        ),
        help="Shows the timeline, terms and texts of this increase.",
    )
    event = events.items[at or 0]
    query = replace(form.query, sentiment=None)
    starts, counts = session.ask(event_counts, form.query, event.row_filter, events.period)
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


def increase_frame(events: Events) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": event.name,
                "Sentiment": event.sentiment or "all",
                "Start": day(event.first),
                "End": day(event.last),
                "Rows": event.rows,
                "Expected": round(event.expected, 2),
                "p (corrected)": event.corrected,
                "Terms": ", ".join(event.terms),
            }
            for event in events.items
        ]
    )
