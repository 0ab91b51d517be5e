"""Groups in two stretches of time: drift of their texts before and after a date, and the change of their shares."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.trends.charts import change_figure
from core.trends.drift import MAX_ROWS, MIN_ROWS, NEIGHBORS, SEED
from core.trends.events import Drifts, drifts
from core.trends.periods import period_name
from core.trends.rows import RowFilter
from core.trends.service import TrendQuery, compare_periods, period_counts
from pages.shared import messages, session
from pages.shared.downloads import csv_button
from pages.shared.tables import number, percentage, show_table
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_side_by_side
from pages.shared.trends.form import TrendForm, day, select_sentiment_rows

ALPHA = 0.05
MAX_IN_CHART = 15
MAX_NAMED = 5  # groups listed above a chart or table
CHANGES = {"grew": "grew", "new": "new in B", "shrank": "shrank", "gone": "gone in B"}
CHANGE_COLUMNS = {
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
Span = tuple[int, int]


def show_drift(form: TrendForm) -> None:
    if form.query.model is None:
        messages.show_not_embedded("Drift needs embeddings; this corpus has none yet.")
        return
    edges, counts = session.ask(period_counts, form.query, form.period)
    if not _has_two_periods(form, counts):
        return
    split = str(pd.Timestamp(edges[_select_split(form, edges, counts)]))
    query = replace(form.query, sentiment=None)
    result = session.ask(drifts, query, split)
    if not result.drifts:
        reason = f"No group has {MIN_ROWS} unique texts before and after."
        st.info(f"{reason} Move the date, or choose larger groups.", icon=":material/timeline:")
        return
    st.markdown(drift_verdict(result))
    frame = drift_frame(result)
    show_table(frame, "Drift by group", _drift_columns())
    st.caption(drift_method(result))
    csv_button("Download drift (CSV)", frame, "drift.csv", help="One line per group.")
    _show_drift_details(query, result, split)


def _has_two_periods(form: TrendForm, counts: np.ndarray) -> bool:
    if len(counts) < 2:
        st.info(f"All rows are in one {form.period}. Choose a shorter period.", icon=":material/timeline:")
    return len(counts) >= 2


def _select_split(form: TrendForm, edges: np.ndarray, counts: np.ndarray) -> int:
    """The first period of the later side; by default the one nearest to half of the rows."""
    middle = 1 + int(np.argmin(np.abs(np.cumsum(counts)[:-1] - counts.sum() / 2)))
    split = st.select_slider(
        "Split date", list(range(1, len(counts))), middle, key=_key("split", form),
        format_func=lambda at: period_name(edges, at, form.period),
        help="Rows from this date on are compared with those before. Default: about half of the rows on each side.",
    )  # fmt: skip
    return int(split)


def _key(name: str, form: TrendForm) -> str:
    return f"t_{name}_{form.info.digest}_{form.period}_{form.query.time}"


def _first_names(names: list[str]) -> str:
    first = ", ".join(plain(cut(name, 40)) for name in names[:MAX_NAMED])
    return first + (", …" if len(names) > MAX_NAMED else "")


def drift_verdict(result: Drifts) -> str:
    significant = [result.names[drift.code] for drift in result.drifts if min(drift.q_change, drift.q_same) <= ALPHA]
    names = f": {_first_names(significant)}" if significant else ""
    return (
        f"**Significant drift in {len(significant):,} of {count(len(result.drifts), 'group')}** (q ≤ {ALPHA}){names}."
    )


def drift_frame(result: Drifts) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": result.names[drift.code],
                "Before": drift.before,
                "After": drift.after,
                "Centroid shift": drift.change,
                "Expected by chance": drift.chance_change,
                "q": drift.q_change,
                "Same-side neighbors": drift.same_side,
                "Expected by chance ": drift.chance_same,
                "q ": drift.q_same,
            }
            for drift in result.drifts
        ]
    )


def _drift_columns() -> dict:
    q = "Permutation p value, corrected over the groups (false discovery rate)."
    same = "Share of neighbor links within the group that do not cross the date."
    return {
        "Before": number(format="localized", help="Unique texts before the date."),
        "After": number(format="localized", help="Unique texts from the date on."),
        "Centroid shift": number(format="%.3f", help="1 - cosine of the mean vectors before and after."),
        "Expected by chance": number(format="%.3f", help="Mean shift when dates are shuffled among the rows."),
        "q": number(format="%.3f", help=q),
        "Same-side neighbors": percentage(help=same),
        "Expected by chance ": percentage(help="Mean share when dates are shuffled."),
        "q ": number(format="%.3f", help=q),
    }


def drift_method(result: Drifts) -> str:
    sampled = sum(drift.tested < drift.before + drift.after for drift in result.drifts)
    samples = f" {count(sampled, 'group')} tested on a sample of {MAX_ROWS:,} rows." if sampled else ""
    return (
        f"Tested: {len(result.drifts):,} of {count(result.groups, 'group')}, those with {MIN_ROWS} texts on both sides."
        f"{samples} Permutation test with {result.permutations:,} shuffles (seed {SEED}); q: Benjamini-Hochberg over "
        f"the groups. Neighbors: the {NEIGHBORS} nearest in embedding space. Duplicates count once per side; many near-"
        "duplicates posted at one time still show as drift."
    )


def _show_drift_details(query: TrendQuery, result: Drifts, split: str) -> None:
    """Terms and texts of one group before and after."""
    codes = [drift.code for drift in result.drifts]
    code = st.selectbox(
        "Details", codes, key="t_drift", format_func=lambda code: cut(result.names[code], 80),
        help="Compares the terms and texts of one group before and after the date.",
    )  # fmt: skip
    code = codes[0] if code is None else code
    before, after = RowFilter(code, end=split), RowFilter(code, start=split)
    sides = [(f"Before {day(split)}", "t_drift_before", before), (f"From {day(split)}", "t_drift_after", after)]
    show_side_by_side(query, sides)


def show_period_comparison(form: TrendForm) -> None:
    edges, counts = session.ask(period_counts, form.query, form.period)
    if not _has_two_periods(form, counts):
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
    frame = result[list(CHANGE_COLUMNS)].rename(columns=CHANGE_COLUMNS)
    show_table(frame, "All groups in A and B", _change_columns())
    rows = [int(counts[span[0] : span[1] + 1].sum()) for span in (first, second)]
    st.caption(
        f"Shares of all {rows[0]:,} rows of A and {rows[1]:,} of B. 95% intervals of the difference (Newcombe, 1998), "
        "not corrected for the number of groups: about 1 in 20 unchanged groups is expected to appear changed."
    )
    csv_button("Download comparison (CSV)", frame, "compare-periods.csv", help="One line per group.")
    _show_change_details(query, result, [_span_filter(edges, span) for span in (first, second)])


def _select_spans(form: TrendForm, edges: np.ndarray, counts: np.ndarray) -> tuple[Span, Span]:
    positions, half = list(range(len(counts))), len(counts) // 2
    spans = []
    for column, name, start in zip(st.columns(2), "AB", ((0, half - 1), (half, len(counts) - 1)), strict=True):
        low, high = column.select_slider(
            f"Period {name}", positions, start, key=_key(f"span_{name}", form),
            format_func=lambda at: period_name(edges, at, form.period), help="Start and end, both included.",
        )  # fmt: skip
        spans.append((int(low), int(high)))
    return spans[0], spans[1]


def change_verdict(result: pd.DataFrame) -> str:
    """Number and first names of the groups of each kind of change."""
    parts = []
    for kind, label in CHANGES.items():
        names = result.loc[result["kind"] == kind, "group"].astype(str).tolist()
        if names:
            parts.append(f"{len(names):,} {label} ({_first_names(names)})")
    return f"**A to B: {', '.join(parts) or 'no significant change'}** (of {count(len(result), 'group')})."


def _change_columns() -> dict:
    return {name: percentage() for name in ("Share in A", "Share in B")} | {
        "Change": percentage(help="Share in B minus share in A."),
        "Change (low)": percentage(help="Lower end of the 95% interval."),
        "Change (high)": percentage(help="Upper end of the 95% interval."),
    }


def _span_filter(edges: np.ndarray, span: Span) -> RowFilter:
    return RowFilter(start=str(pd.Timestamp(edges[span[0]])), end=str(pd.Timestamp(edges[span[1] + 1])))


def _show_change_details(query: TrendQuery, result: pd.DataFrame, spans: list[RowFilter]) -> None:
    """Terms and texts of one group in A and in B."""
    names = {-1: "all rows"} | dict(zip(map(int, result["code"]), result["group"], strict=True))
    code = st.selectbox(
        "Details", list(names), key="t_span", format_func=lambda code: cut(str(names[code]), 80),
        help="Compares the terms and texts of one group, or of all rows, in A and B.",
    )  # fmt: skip
    sentiment = None if query.group == "sentiment" else query.sentiment
    filters = [replace(span, group=-1 if code is None else code, sentiment=sentiment) for span in spans]
    sides = [(f"Period {name}", f"t_span_{name}", rows) for name, rows in zip("AB", filters, strict=True)]
    show_side_by_side(query, sides)
