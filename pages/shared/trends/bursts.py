"""Bursts (Kleinberg): intervals in which a group's share of the rows is raised, by weight."""

import pandas as pd
import streamlit as st

from core.trends.bursts import MIN_ROWS
from core.trends.charts import timeline_figure
from core.trends.events import Events, bursts
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_event_details, show_table
from pages.shared.trends.form import TrendForm, day, select_sentiment_rows

MAX_IN_CHART = 20


def show_bursts(form: TrendForm) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = select_sentiment_rows(form)
        s, gamma, levels = _select_parameters()
    events = session.ask(bursts, query, form.period, s, gamma, levels + 1)
    if not events.total:
        hint = "Choose a shorter period: there is only one." if events.periods < 2 else "Lower s or gamma."
        st.info(f"No bursts. {hint}", icon=":material/timeline:")
        return
    st.markdown(heaviest_burst(events))
    top = events.items[:MAX_IN_CHART]
    ends = [event.row_filter.end for event in top]
    figure = timeline_figure(
        [event.name for event in top],
        [event.first for event in top],
        ends,
        [event.weight for event in top],
        (min(form.times.first, top[0].first), max(form.times.last, *ends)),
        session.theme(),
    )
    st.plotly_chart(figure, key="t_bursts", alt="Bursts over time, one line per group")
    frame = burst_frame(events)
    show_table(frame, "Bursts", max_height=300)
    st.caption(burst_method(events))
    csv_button("Download bursts (CSV)", frame, "bursts.csv", help="One line per burst.")
    at = st.selectbox(
        "Details",
        list(range(len(events.items))),
        key="t_burst",
        format_func=lambda at: f"{cut(events.items[at].name, 60)}, {day(events.items[at].first)}",
        help="Shows the terms and texts of this burst.",
    )
    show_event_details(query, events.items[at or 0].row_filter, "t_burst")


def _select_parameters() -> tuple[float, float, int]:
    """s, gamma and the number of raised states."""
    s = st.slider(
        "Rate ratio (s)",
        1.2,
        5.0,
        2.0,
        0.1,
        key="t_s",
        bind="query-params",
        width=160,
        help="The raised state's share is s times the group's overall share.",
    )
    gamma = st.slider(
        "Transition cost (gamma)",
        0.1,
        5.0,
        1.0,
        0.1,
        key="t_gamma",
        bind="query-params",
        width=180,
        help="Cost of entering a raised state: higher values give fewer, stronger bursts.",
    )
    levels = st.number_input(
        "Levels",
        1,
        3,
        1,
        key="t_levels",
        bind="query-params",
        width=110,
        help="Number of raised states: s, s² and s³ times the overall share.",
    )
    return float(s), float(gamma), int(levels)


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


def burst_frame(events: Events) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": event.name,
                "Start": day(event.first),
                "End": day(event.row_filter.end),
                "Rows": event.rows,
                "Expected": round(event.expected, 1),
                "Weight": round(event.weight, 2),
                "Level": event.level,
                "Terms": ", ".join(event.terms),
            }
            for event in events.items
        ]
    )
