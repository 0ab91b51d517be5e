"""Surges: what rose beyond its usual range, since when, against what chance, and in which words."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.trends.charts import event_figure
from core.trends.events import Event, Events, anomalous_increases, event_counts
from core.trends.increases import ALPHA, MIN_PERIODS
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends import detail
from pages.shared.trends.form import Ask, day

HEAD = 5  # surges with a card of their own


def show(ask: Ask) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        relative = st.toggle(
            "Against all rows",
            key="t_relative",
            bind="query-params",
            help="Off: more rows than usual in that much time. On: more than usual for the number of rows at that "
            "time, so that a rise of everything is none of one group.",
        )
    subject = replace(ask.subject, sentiment=None)
    found = session.ask(anomalous_increases, subject, ask.facts.finest, relative, ALPHA)
    if not found.windows:
        st.info(
            f"There are {count(found.periods, found.period)} in all: with fewer than {MIN_PERIODS}, nothing can be "
            "called usual, and no surge be found.",
            icon=":material/timeline:",
        )
        return
    if not found.total:
        st.success("No group rose beyond its usual range.", icon=":material/check_circle:")
        st.caption(how(found, relative, ask))
        return
    st.markdown(f"**{count(found.total, 'surge')} beyond the usual range**")
    for each in found.items[:HEAD]:
        card(each, found)
    st.caption(how(found, relative, ask))
    listed = table(found)
    if found.total > HEAD:
        st.dataframe(listed, hide_index=True, width="stretch", lazy=False, alt="All surges")
    csv_button(
        "Download the surges (CSV)",
        listed,
        "surges.csv",
        help="One line a surge: group, sentiment, first and last day, rows, expected, chance, words.",
    )
    look(ask, found)


def card(each: Event, found: Events) -> None:
    """One surge in words."""
    with st.container(border=True):
        st.markdown(
            f"**{title(each)}** since **{day(each.first)}**, until {day(each.last)}: "
            f"**{count(each.rows, 'row')}** where {against(each)}."
        )
        said = f"Words: {plain(', '.join(each.terms))}. " if each.terms else ""
        st.caption(f"{said}{chance(each)}, allowing for all {found.windows:,} stretches looked at.")


def title(each: Event) -> str:
    return plain(cut(each.name, 60)) + (f" · {each.sentiment}" if each.sentiment else "")


def against(each: Event) -> str:
    """What is usual, in words; how many times as many only where that is a sound ratio."""
    if each.expected < 1:
        return f"hardly one is usual ({each.expected:.2g} expected)"
    return f"about {each.expected:,.0f} are usual ({each.rows / each.expected:,.1f} times as many)"


def chance(each: Event) -> str:
    """How likely chance alone gives such a surge anywhere; the file has the number."""
    p = each.corrected
    rare = f"1 in {1 / p:,.0f}" if p > 1e-6 else "less than 1 in a million"
    return f"Chance of one such by luck: {rare if p < 0.001 else f'{p:.3f}'}"


def look(ask: Ask, found: Events) -> None:
    """One surge: its time line, its words, its texts."""
    places = list(range(len(found.items)))
    at = st.selectbox(
        "Look closer",
        places,
        key="t_surge",
        format_func=lambda place: (
            f"{cut(found.items[place].name, 60)} {found.items[place].sentiment} {day(found.items[place].first)}"
        ),
        help="Shows this surge's time line, words and texts.",
    )
    each = found.items[at or 0]
    starts, counts = session.ask(event_counts, ask.subject, each.row_filter, found.period)
    inside = counts[(starts >= pd.Timestamp(each.first)) & (starts <= pd.Timestamp(each.last))]
    level = each.expected / max(len(inside), 1)
    figure = event_figure(starts, counts, each.first, each.last, level, session.theme())
    st.plotly_chart(figure, key="t_surge_chart", alt="Rows of this group over time, the surge in another color")
    st.caption(f"Rows of {title(each)} by {found.period}; the surge in orange, what is usual dashed.")
    detail.show(replace(ask.subject, sentiment=None), each.row_filter, "t_surge")


def how(found: Events, relative: bool, ask: Ask) -> str:
    rows = "all rows, " + (
        "negative and positive ones" if ask.subject.source.kind != "none" else "whatever their sentiment"
    )
    than = "for the number of all rows then" if relative else "for that much time"
    return (
        f"Looked at: {count(found.groups, 'group')} and all rows together ({rows}), every stretch of 1 to "
        f"{count(found.max_width, found.period)}, {found.windows:,} in all. A stretch's count is set against what the "
        f"group's other times lead to expect {than}, with a negative binomial spread estimated from them; p is "
        f"Bonferroni-corrected, so that on steady random data a false alarm comes at most {ALPHA:.0%} of the time. "
        + allowed(found)
    )


def allowed(found: Events) -> str:
    """Which rhythms of the calendar were taken into what is usual, and which could not be."""
    said = [
        f"the {name} ({shown:,} of {found.series:,} counts show a rhythm of their own"
        + (", the others take that of all rows)" if used > shown else ")")
        for name, shown, used in found.seasons
    ]
    names = {name for name, _, _ in found.seasons}
    weekly = "" if "days of the week" in names or found.period not in ("hour", "day") else "a weekly"
    yearly = "" if "months of the year" in names or found.period in ("quarter", "year") else "a yearly"
    missing = " or ".join(filter(None, [weekly, yearly]))
    told = f"Allowed for in what is usual: {' and '.join(said)}. " if said else ""
    return told + (
        f"No allowance is made for {missing} season: the rows show none, or too few cycles of it." if missing else ""
    )


def table(found: Events) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": each.name,
                "Sentiment": each.sentiment or "all",
                "First": day(each.first),
                "Last": day(each.last),
                "Rows": each.rows,
                "Expected": round(each.expected, 2),
                "p (corrected)": each.corrected,
                "Words": ", ".join(each.terms),
            }
            for each in found.items
        ]
    )
