"""Compare periods: which groups grew, shrank, appeared and disappeared, with intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.trends.charts import change_figure
from core.trends.periods import period_name
from core.trends.rows import RowFilter
from core.trends.service import TrendQuery, compare_periods, period_counts
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_side_by_side, show_table
from pages.shared.trends.form import TrendForm, select_sentiment_rows

MAX_IN_CHART = 15
MAX_NAMED = 5  # groups of a kind named above the chart
CHANGES = {"grew": "grew", "new": "new in B", "shrank": "shrank", "gone": "gone in B"}
Span = tuple[int, int]


def show_period_comparison(form: TrendForm) -> None:
    edges, counts = session.ask(period_counts, form.query, form.period)
    if len(counts) < 2:
        st.info(f"All rows are in one {form.period}. Choose a shorter period.", icon=":material/timeline:")
        return
    query = select_sentiment_rows(form)
    first, second = _select_spans(form, edges, counts)
    if first[0] <= second[1] and second[0] <= first[1]:
        st.warning("A and B overlap; rows in both make differences look smaller.", icon=":material/warning:")
    result = session.ask(compare_periods, query, form.period, first, second)
    st.markdown(change_verdict(result))
    top = result.head(MAX_IN_CHART)
    change, low, high = (top[name].to_numpy() for name in ("change", "low", "high"))
    figure = change_figure(top["group"].tolist(), change, low, high, session.theme())
    st.plotly_chart(figure, key="t_change", alt="Change of each group's share from A to B with its interval")
    frame = change_frame(result)
    show_table(frame, "All groups in A and B", change_columns())
    rows = [int(counts[span[0] : span[1] + 1].sum()) for span in (first, second)]
    st.caption(
        f"Shares of all {rows[0]:,} rows of A and {rows[1]:,} of B. 95% intervals of the difference (Newcombe, 1998), "
        "not corrected for the number of groups: about 1 in 20 unchanged groups is expected to appear changed."
    )
    csv_button("Download comparison (CSV)", frame, "compare-periods.csv", help="One line per group.")
    show_change_details(query, result, [_span_filter(edges, span) for span in (first, second)])


def _select_spans(form: TrendForm, edges: np.ndarray, counts: np.ndarray) -> tuple[Span, Span]:
    positions, half = list(range(len(counts))), len(counts) // 2
    key = f"{form.info.digest}_{form.period}_{form.query.time}"
    spans = []
    for column, name, start in zip(st.columns(2), "AB", ((0, half - 1), (half, len(counts) - 1)), strict=True):
        low, high = column.select_slider(
            f"Period {name}",
            positions,
            start,
            key=f"t_span_{name}_{key}",
            format_func=lambda at: period_name(edges, at, form.period),
            help="Start and end, both included.",
        )
        spans.append((int(low), int(high)))
    return spans[0], spans[1]


def change_verdict(result: pd.DataFrame) -> str:
    """Number and first names of the groups of each kind of change."""
    parts = []
    for kind, label in CHANGES.items():
        names = result.loc[result["kind"] == kind, "group"].tolist()
        if names:
            first = ", ".join(plain(cut(str(name), 40)) for name in names[:MAX_NAMED])
            parts.append(f"{len(names):,} {label} ({first}{', …' if len(names) > MAX_NAMED else ''})")
    return f"**A to B: {', '.join(parts) or 'no significant change'}** (of {count(len(result), 'group')})."


def change_frame(result: pd.DataFrame) -> pd.DataFrame:
    names = {
        "group": "Group",
        "a": "Rows in A",
        "b": "Rows in B",
        "share_a": "Share in A",
        "share_b": "Share in B",
        "change": "Change",
        "low": "Change (low)",
        "high": "Change (high)",
        "kind": "Result",
    }
    return result[list(names)].rename(columns=names)


def change_columns() -> dict:
    percent = {name: st.column_config.NumberColumn(format="percent") for name in ("Share in A", "Share in B")}
    change = {
        "Change": "Share in B minus share in A.",
        "Change (low)": "Lower end of the 95% interval.",
        "Change (high)": "Upper end of the 95% interval.",
    }
    return percent | {name: st.column_config.NumberColumn(format="percent", help=text) for name, text in change.items()}


def _span_filter(edges: np.ndarray, span: Span) -> RowFilter:
    return RowFilter(start=str(pd.Timestamp(edges[span[0]])), end=str(pd.Timestamp(edges[span[1] + 1])))


def show_change_details(query: TrendQuery, result: pd.DataFrame, spans: list[RowFilter]) -> None:
    """Terms and texts of one group in A and in B."""
    names = {-1: "all rows"} | dict(zip(map(int, result["code"]), result["group"], strict=True))
    code = st.selectbox(
        "Details",
        list(names),
        key="t_span",
        format_func=lambda code: cut(str(names[code]), 80),
        help="Compares the terms and texts of one group, or of all rows, in A and B.",
    )
    sentiment = None if query.group == "sentiment" else query.sentiment
    filters = [replace(span, group=-1 if code is None else code, sentiment=sentiment) for span in spans]
    show_side_by_side(
        query, [(f"Period {name}", f"t_span_{name}", rows) for name, rows in zip("AB", filters, strict=True)]
    )
