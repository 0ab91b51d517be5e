"""Bursts: stretches in which a group's share of the rows is raised, by weight."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.trends.bursts import MIN_ROWS
from core.trends.charts import timeline_figure
from core.trends.events import Events, bursts
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends import detail
from pages.shared.trends.form import Ask, choice, day
from pages.shared.trends.shares import CODES, ROWS

DRAWN = 20


def show(ask: Ask) -> None:
    moody = ask.subject.source.kind != "none" and ask.subject.group != "sentiment"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mood = choice("rows", "Rows", ROWS, "Count only rows of one sentiment.") if moody else "all"
        s = st.slider(
            "Rise (s)",
            1.2,
            5.0,
            2.0,
            0.1,
            key="t_s",
            bind="query-params",
            width=160,
            help="How many times its usual share a group must about reach to count as raised.",
        )
        gamma = st.slider(
            "Reluctance (gamma)",
            0.1,
            5.0,
            1.0,
            0.1,
            key="t_gamma",
            bind="query-params",
            width=180,
            help="What going up costs: higher gives fewer, surer bursts.",
        )
        levels = st.number_input(
            "Levels",
            1,
            3,
            1,
            key="t_levels",
            bind="query-params",
            width=110,
            help="Raised states: s, s², s³ times the usual share.",
        )
    subject = replace(ask.subject, sentiment=CODES.get(mood))
    found = session.ask(bursts, subject, ask.period, float(s), float(gamma), int(levels) + 1)
    if not found.total:
        few = " There is one period only: choose a finer one." if found.periods < 2 else ""
        st.info(f"No burst.{few} Lower the rise or the reluctance to see weaker ones.", icon=":material/timeline:")
        return
    st.markdown(headline(found))
    top = found.items[:DRAWN]
    figure = timeline_figure(
        [each.name for each in top],
        [each.first for each in top],
        [each.row_filter.end for each in top],
        [each.weight for each in top],
        (min(ask.facts.first, top[0].first), max(ask.facts.last, *(each.row_filter.end for each in top))),
        session.theme(),
    )
    st.plotly_chart(figure, key="t_bursts", alt="Bursts over time, one line a group")
    listed = table(found)
    st.dataframe(
        listed, hide_index=True, width="stretch", height=min(38 + 35 * len(listed), 300), lazy=False, alt="Bursts"
    )
    st.caption(how(found))
    csv_button("Download the bursts (CSV)", listed, "bursts.csv", help="One line a burst.")
    at = st.selectbox(
        "Look closer",
        list(range(len(found.items))),
        key="t_burst",
        format_func=lambda place: f"{cut(found.items[place].name, 60)}, {day(found.items[place].first)}",
        help="Shows this burst's words and texts.",
    )
    detail.show(subject, found.items[at or 0].row_filter, "t_burst")


def headline(found: Events) -> str:
    """The heaviest burst in a sentence."""
    first = found.items[0]
    return (
        f"**{count(found.total, 'burst')}**{', the heaviest' if found.total > 1 else ''} of "
        f"**{plain(cut(first.name, 60))}**: "
        f"{count(first.rows, 'row')} from {day(first.first)} until before {day(first.row_filter.end)}, where about "
        f"{first.expected:,.0f} are usual."
    )


def how(found: Events) -> str:
    shown = f"; the heaviest {len(found.items)} of {found.total:,} are listed" if found.total > len(found.items) else ""
    return (
        f"Kleinberg's automaton (2002) on {count(found.periods, found.period)}, {count(found.groups, 'group')}{shown}. "
        "A burst is a stretch that is cheaper to explain by a raised share; its weight is how much cheaper (in nats, "
        f"higher is stronger). Bursts of fewer than {MIN_ROWS} rows are left out. Weights rank; they are no test: "
        "the Surges view has one."
    )


def table(found: Events) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": each.name,
                "First": day(each.first),
                "Until before": day(each.row_filter.end),
                "Rows": each.rows,
                "Expected": round(each.expected, 1),
                "Weight": round(each.weight, 2),
                "Level": each.level,
                "Words": ", ".join(each.terms),
            }
            for each in found.items
        ]
    )
