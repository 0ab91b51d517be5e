"""Two periods compared: what grew, shrank, came and went, with intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.trends.charts import change_figure
from core.trends.periods import period_name
from core.trends.rows import RowFilter, row_details
from core.trends.service import TrendQuery, compare_periods, period_counts
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends import detail
from pages.shared.trends.form import Ask, choice
from pages.shared.trends.shares import CODES, ROWS

DRAWN = 15
NAMED = 5  # groups of a kind named above the picture
Span = tuple[int, int]


def show(ask: Ask) -> None:
    edges, counts = session.ask(period_counts, ask.subject, ask.period)
    if len(counts) < 2:
        st.info(
            f"All rows fall into one {ask.period}: there are no two to compare. Choose a shorter period.",
            icon=":material/timeline:",
        )
        return
    moody = ask.subject.source.kind != "none" and ask.subject.group != "sentiment"
    mood = choice("rows", "Rows", ROWS, "Count only rows of one sentiment.") if moody else "all"
    first, second = _spans(ask, edges, counts)
    if first[0] <= second[1] and second[0] <= first[1]:
        st.warning(
            "A and B overlap: rows in both count in both, so that differences look smaller.", icon=":material/warning:"
        )
    subject = replace(ask.subject, sentiment=CODES.get(mood))
    found = session.ask(compare_periods, subject, ask.period, first, second)
    rows = [int(counts[span[0] : span[1] + 1].sum()) for span in (first, second)]
    headline(found)
    drawn = found.head(DRAWN)
    change, low, high = (drawn[name].to_numpy() for name in ("change", "low", "high"))
    figure = change_figure(drawn["group"].tolist(), change, low, high, session.theme())
    st.plotly_chart(figure, key="t_change", alt="Change of each group's share from A to B with its interval")
    listed = table(found)
    st.dataframe(
        listed,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(listed), 400),
        lazy=False,
        column_config=columns(),
        alt="All groups in A and B",
    )
    st.caption(
        f"Shares of all {rows[0]:,} rows of A and {rows[1]:,} of B. Intervals of the difference are Newcombe's (1998), "
        "95% each, not corrected for the number of groups: of 20 groups that did not change, one will seem to."
    )
    csv_button("Download the comparison (CSV)", listed, "two-periods.csv", help="One line a group.")
    look(subject, found, _pick(edges, first), _pick(edges, second))


def _spans(ask: Ask, edges: np.ndarray, counts: np.ndarray) -> tuple[Span, Span]:
    places, half = list(range(len(counts))), len(counts) // 2
    key = f"{ask.info.digest}_{ask.period}_{ask.subject.time}"
    chosen = []
    for place, name, start in zip(st.columns(2), "AB", ((0, half - 1), (half, len(counts) - 1)), strict=True):
        low, high = place.select_slider(
            f"Period {name}",
            places,
            start,
            key=f"t_span_{name}_{key}",
            format_func=lambda at: period_name(edges, at, ask.period),
            help="The first and the last one of a stretch, both included.",
        )
        chosen.append((int(low), int(high)))
    return chosen[0], chosen[1]


def headline(found: pd.DataFrame) -> None:
    """Groups by what became of them, in words, with the first names of each kind."""
    parts = []
    for kind, word in (("grew", "grew"), ("new", "new in B"), ("shrank", "shrank"), ("gone", "gone in B")):
        names = found.loc[found["kind"] == kind, "group"].tolist()
        if names:
            named = ", ".join(plain(cut(str(name), 40)) for name in names[:NAMED])
            parts.append(f"{len(names):,} {word} ({named}{', …' if len(names) > NAMED else ''})")
    said = ", ".join(parts) if parts else "no group changed beyond its interval"
    st.markdown(f"**From A to B: {said}** (of {count(len(found), 'group')}).")


def table(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Group": found["group"],
            "Rows in A": found["a"],
            "Rows in B": found["b"],
            "Share in A": found["share_a"],
            "Share in B": found["share_b"],
            "Change": found["change"],
            "From": found["low"],
            "To": found["high"],
            "Verdict": found["kind"],
        }
    )


def columns() -> dict:
    percent = {name: st.column_config.NumberColumn(format="percent") for name in ("Share in A", "Share in B")}
    change = {
        "Change": "Share in B minus share in A; above 0: grew.",
        "From": "Lower end of the change's 95% interval.",
        "To": "Upper end of the change's 95% interval.",
    }
    return percent | {name: st.column_config.NumberColumn(format="percent", help=text) for name, text in change.items()}


def _pick(edges: np.ndarray, span: Span) -> RowFilter:
    return RowFilter(start=str(pd.Timestamp(edges[span[0]])), end=str(pd.Timestamp(edges[span[1] + 1])))


def look(subject: TrendQuery, found: pd.DataFrame, first: RowFilter, second: RowFilter) -> None:
    """One group in A and in B, its words and texts."""
    codes = [-1, *(int(code) for code in found["code"])]
    names = dict(zip(found["code"], found["group"], strict=True)) | {-1: "all rows"}
    code = st.selectbox(
        "Look closer",
        codes,
        key="t_span",
        format_func=lambda code: cut(str(names[code]), 80),
        help="Shows the words and texts of one group, or of all rows, in A and in B.",
    )
    mood = None if subject.group == "sentiment" else subject.sentiment
    picks = [replace(span, group=-1 if code is None else code, sentiment=mood) for span in (first, second)]
    for place, name, pick, other in zip(st.columns(2, gap="medium"), "AB", picks, picks[::-1], strict=True):
        with place:
            told = session.ask(row_details, subject, pick, other)
            st.markdown(f"**In {name}** · {count(told.rows, 'row')}")
            detail.terms(told, "Words against the other period")
            detail.typical(told)
            detail.tools(subject, pick, f"t_span_{name}", told.rows)
