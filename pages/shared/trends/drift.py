"""Drift: groups whose texts differ before and after a date."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.trends.drift import MAX_ROWS, MIN_ROWS, NEIGHBORS, SEED
from core.trends.events import Drifts, drifts
from core.trends.periods import period_name
from core.trends.rows import RowFilter
from core.trends.service import TrendQuery, period_counts
from pages.shared import messages, session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends.details import show_side_by_side, show_table
from pages.shared.trends.form import TrendForm, day

ALPHA = 0.05
MAX_NAMED = 5  # groups named above the table


def show_drift(form: TrendForm) -> None:
    if form.query.model is None:
        messages.show_not_embedded("Drift needs embeddings; this corpus has none yet.")
        return
    edges, counts = session.ask(period_counts, form.query, form.period)
    if len(counts) < 2:
        st.info(f"All rows are in one {form.period}. Choose a shorter period.", icon=":material/timeline:")
        return
    split = str(pd.Timestamp(edges[_select_split(form, edges, counts)]))
    query = replace(form.query, sentiment=None)
    result = session.ask(drifts, query, split)
    if not result.drifts:
        st.info(
            f"No group has {MIN_ROWS} unique texts before and after. Move the date, or choose larger groups.",
            icon=":material/timeline:",
        )
        return
    st.markdown(drift_verdict(result))
    frame = drift_frame(result)
    show_table(frame, "Drift by group", drift_columns())
    st.caption(drift_method(result))
    csv_button("Download drift (CSV)", frame, "drift.csv", help="One line per group.")
    show_drift_details(query, result, split)


def drift_verdict(result: Drifts) -> str:
    significant = [result.names[drift.code] for drift in result.drifts if min(drift.q_change, drift.q_same) <= ALPHA]
    names = ", ".join(plain(cut(name, 40)) for name in significant[:MAX_NAMED])
    names += ", …" if len(significant) > MAX_NAMED else ""
    total = count(len(result.drifts), "group")
    return f"**Significant drift in {len(significant):,} of {total}** (q ≤ {ALPHA}){f': {names}' if names else ''}."


def _select_split(form: TrendForm, edges: np.ndarray, counts: np.ndarray) -> int:
    """The first period of the later side; by default the one nearest to half of the rows."""
    middle = 1 + int(np.argmin(np.abs(np.cumsum(counts)[:-1] - counts.sum() / 2)))
    return int(
        st.select_slider(
            "Split date",
            list(range(1, len(counts))),
            middle,
            key=f"t_split_{form.info.digest}_{form.period}_{form.query.time}",
            format_func=lambda at: period_name(edges, at, form.period),
            help="Rows from this date on are compared with those before. Default: about half of the rows on each side.",
        )
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


def drift_columns() -> dict:
    number = st.column_config.NumberColumn
    q = "Permutation p value, corrected over the groups (false discovery rate)."
    return {
        "Before": number(format="localized", help="Unique texts before the date."),
        "After": number(format="localized", help="Unique texts from the date on."),
        "Centroid shift": number(format="%.3f", help="1 - cosine of the mean vectors before and after."),
        "Expected by chance": number(format="%.3f", help="Mean shift when dates are shuffled among the rows."),
        "q": number(format="%.3f", help=q),
        "Same-side neighbors": number(
            format="percent", help="Share of neighbor links within the group that do not cross the date."
        ),
        "Expected by chance ": number(format="percent", help="Mean share when dates are shuffled."),
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


def show_drift_details(query: TrendQuery, result: Drifts, split: str) -> None:
    """Terms and texts of one group before and after."""
    codes = [drift.code for drift in result.drifts]
    code = st.selectbox(
        "Details",
        codes,
        key="t_drift",
        format_func=lambda code: cut(result.names[code], 80),
        help="Compares the terms and texts of one group before and after the date.",
    )
    code = codes[0] if code is None else code
    before, after = RowFilter(code, end=split), RowFilter(code, start=split)
    sides = [(f"Before {day(split)}", "t_drift_before", before), (f"From {day(split)}", "t_drift_after", after)]
    show_side_by_side(query, sides)
