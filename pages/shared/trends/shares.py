"""Groups over time: lines with intervals, small multiples, or stacked areas."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.classify.saved_columns import is_predicted
from core.trends.charts import area_figure, line_figure
from core.trends.increases import MIN_ROWS
from core.trends.periods import period_name
from core.trends.service import Shares, has_several_groups, shares_over_time
from core.trends.shares import MIN_RELIABLE_ROWS, OTHERS, largest_deviation
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.form import SENTIMENT_CODES, TrendForm, linked_segments, select_sentiment_rows

CHARTS = {"small": "Small multiples", "lines": "Lines", "area": "Stacked"}
MEASURES = {"share": "Share of all rows", "rows": "Rows", "within": "Share within each group"}
COLUMNS = 3


def show_shares(form: TrendForm) -> None:
    """Controls, the chart, its method and its numbers."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = select_sentiment_rows(form)
        measures = {name: label for name, label in MEASURES.items() if name != "within" or query.sentiment is not None}
        measure = linked_segments(
            "measure",
            "Measure",
            measures,
            "Share of all rows: rows of the group in a period / all rows of the period. Share within each group: rows "
            "with the selected sentiment / all rows of the group in the period.",
        )
        several = session.ask_once(has_several_groups, replace(query, secret=None))
        charts = {name: label for name, label in CHARTS.items() if name != "area" or not several}  # sums mean nothing
        chart = linked_segments("form", "Chart", charts, "One chart per group, one chart for all, or stacked areas.")
        max_groups = st.number_input(
            "Max. groups", 1, 12, 6, key="t_max_groups", bind="query-params", width=110,
            help="Number of largest groups; the rest are combined as “others”.",
        )  # fmt: skip
    shares = session.ask(shares_over_time, query, form.period, int(max_groups), measure == "within")
    if not shares.grouped:
        st.info("No row with a time is in any of these groups. Select other groups.", icon=":material/search_off:")
        return
    st.markdown(peak_verdict(form, shares, measure))
    if form.query.group == "column" and is_predicted(form.query.corpus, form.query.column):
        st.caption(":material/info: These are predictions. Corrected shares accounts for the classifier's errors.")
    show_share_chart(shares, "small" if chart == "area" and measure == "within" else chart, measure)
    st.caption(share_method(form, shares, query.sentiment, measure))
    csv_button("Download data (CSV)", share_frame(shares), "trends.csv", help="Rows, share and interval per period.")


def peak_verdict(form: TrendForm, shares: Shares, measure: str) -> str:
    """The largest deviation from a group's median, in a sentence."""
    named = [at for at, name in enumerate(shares.names) if not is_others(name)]
    counts = shares.counts[named].astype(np.float64)
    if measure == "rows":
        spread = 1.96 * np.sqrt(counts)  # of Poisson counts
        values, low, high = counts, counts - spread, counts + spread
    else:
        values, low, high = shares.share[named], shares.low[named], shares.high[named]
    low = np.where(shares.few & (measure != "rows"), np.nan, np.where(counts < MIN_ROWS, -np.inf, low))
    deviation = largest_deviation(values, low, high)
    if deviation is None:
        enough = "" if measure == "rows" else f" of at least {MIN_RELIABLE_ROWS} rows"
        return f"No group deviates clearly from its median in any {form.period}{enough}."
    group, at, median = deviation
    verb = "peaks at" if values[group, at] > median else "drops to"
    when = period_name(shares.starts, at, form.period)
    return (
        f"**{plain(cut(shares.names[named[group]], 60))}** {verb} **{format_value(values[group, at], measure)}** in "
        f"{'the ' if form.period == 'week' else ''}{when} (median {form.period}: {format_value(median, measure)})."
    )


def format_value(value: float, measure: str) -> str:
    return f"{value:,.0f} rows" if measure == "rows" else f"{value:.1%}"


def is_others(name: str) -> bool:
    return name.startswith(f"{OTHERS} (")


def show_share_chart(shares: Shares, chart: str, measure: str) -> None:
    percent = measure != "rows"
    if chart == "area":
        values = shares.share if percent else shares.counts.astype(np.float64)
        figure = area_figure(shares.names, shares.starts, values, percent, session.theme())
        st.plotly_chart(figure, key="t_area", alt="Stacked areas of groups over time")
    elif chart == "lines" or len(shares.names) == 1:
        figure = share_lines(shares, range(len(shares.names)), percent)
        st.plotly_chart(figure, key="t_lines", alt="Groups over time")
    else:
        show_small_multiples(shares, percent)


def show_small_multiples(shares: Shares, percent: bool) -> None:
    """One chart per group, with a common y-axis except for the combined others."""
    named = [at for at, name in enumerate(shares.names) if not is_others(name)]
    top = float(np.nanmax((shares.high if percent else shares.counts)[named]))
    for start in range(0, len(shares.names), COLUMNS):  # row by row, so that they keep their order on a phone
        for at, column in zip(range(start, len(shares.names)), st.columns(COLUMNS), strict=False):
            with column:
                st.caption(f"**{plain(cut(shares.names[at], 48))}** · {count(int(shares.counts[at].sum()), 'row')}")
                figure = share_lines(shares, [at], percent, 190, top if at in named else None)
                st.plotly_chart(
                    figure, key=f"t_small_{at}", config={"displayModeBar": False}, alt="One group over time"
                )


def share_lines(
    shares: Shares, groups: Sequence[int], percent: bool, height: int = 380, top: float | None = None
) -> go.Figure:
    at = list(groups)
    counts = shares.counts[at].astype(np.float64)
    values, low, high = (shares.share[at], shares.low[at], shares.high[at]) if percent else (counts, counts, counts)
    names = [shares.names[i] for i in at]
    return line_figure(
        names, shares.starts, values, low, high, shares.few, percent, session.theme(), height, len(at) > 1, at[0], top
    )


def share_method(form: TrendForm, shares: Shares, sentiment: int | None, measure: str) -> str:
    name = next((f"{name} " for name, code in SENTIMENT_CODES.items() if code == sentiment), "")
    what = {
        "share": f"Share of {name}rows of the group among all rows of each {form.period}",
        "within": f"Share of {name}rows among the group's rows in each {form.period}",
        "rows": f"Number of {name}rows of the group in each {form.period}",
    }[measure]
    parts = [what + ("; bands: 95% Wilson intervals." if measure != "rows" else ".")]
    few = int(shares.few.sum())
    if few:
        periods = count(len(shares.starts), form.period)
        parts.append(f"{few:,} of {periods} have fewer than {MIN_RELIABLE_ROWS} rows (hollow points).")
    rows = count(shares.rows, "row")
    parts.append(f"{shares.grouped:,} of {rows} with a time are in {count(shares.groups, 'group')}.")
    if shares.several:
        parts.append("A row counts in each of its values, so that shares may add up to more than 100%.")
    if any(is_others(name) for name in shares.names):
        parts.append("In small multiples, “others” uses its own y-axis.")
    parts += incomplete_periods(form)
    if measure == "share" and shares.grouped < shares.rows:
        parts.append("Shares are of all rows with a time.")
    return " ".join(parts)


def incomplete_periods(form: TrendForm) -> list[str]:
    """Whether the first or the last period is incomplete, so that its counts are lower."""
    freq = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}.get(form.period)
    if freq is None:
        return []
    first, last = (pd.Timestamp(stamp).normalize() for stamp in (form.times.first, form.times.last))
    late = first > pd.Period(first, freq).start_time
    early = last < pd.Period(last, freq).end_time.normalize()
    names = " and ".join(name for name, incomplete in (("first", late), ("last", early)) if incomplete)
    return [f"The {names} {form.period} {'are' if late and early else 'is'} incomplete."] if names else []


def share_frame(shares: Shares) -> pd.DataFrame:
    """One line per period and group."""
    groups, periods = shares.counts.shape
    return pd.DataFrame(
        {
            "period_start_utc": np.tile(shares.starts, groups),
            "group": np.repeat(shares.names, periods),
            "rows": shares.counts.ravel(),
            "all_rows": np.tile(shares.totals, groups),
            "share": shares.share.ravel(),
            "low": shares.low.ravel(),
            "high": shares.high.ravel(),
        }
    )
