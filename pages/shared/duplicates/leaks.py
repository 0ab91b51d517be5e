"""Leaks: near-duplicates that stand under different values of a column, such as train and test."""

import pandas as pd
import streamlit as st

from core.duplicates.leaks_service import columns, leak_file, leaks, likely
from core.duplicates.service import MOST_ROWS, Place
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, file_stem, plain

NONE = "(none)"


def show(info: CorpusInfo, place: Place, threshold: float) -> None:
    st.subheader("Leaks between parts")
    options = session.ask_once(columns, place.corpus)
    if not options:
        st.caption("No column has 2 to 50 different values, so there are no parts to compare.")
        return
    split = session.ask_once(likely, place.corpus)
    chosen = st.selectbox(
        "Column that says the part",
        [NONE, *options],
        index=options.index(split) + 1 if split else 0,
        key="split",
        bind="query-params",
        width=300,
        help="Such as a split into train and test, a year or a source. A group that holds several of its values is a "
        "leak: what a model was trained on would stand in its test, too.",
    )
    if chosen == NONE:
        st.caption("Choose a column to see near-duplicates that stand in several of its parts.")
        return
    found, rows = session.ask_once(leaks, place, threshold, chosen)
    if not found.groups:
        st.success(f"No group spans two values of {plain(chosen)}.", icon=":material/check:")
        return
    st.markdown(
        f"**{count(found.groups, 'group')}** with {count(len(found.rows), 'row')} span values of **{plain(chosen)}**."
    )
    if found.missing:
        st.caption(f"{count(found.missing, 'row')} in groups have no value there and count for none.")
    _tables(info, place, threshold, chosen, found.pairs, rows, len(found.rows))


def _tables(
    info: CorpusInfo, place: Place, threshold: float, column: str, pairs: pd.DataFrame, rows: pd.DataFrame, number: int
) -> None:
    ask = session.manager().ask
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.dataframe(
            pairs.set_axis(["Value", "Other value", "Groups", "Rows"], axis=1),
            hide_index=True,
            width="stretch",
            height=min(38 + 35 * len(pairs), 388),
            alt="Leaks by pair of values",
            column_config={
                "Groups": st.column_config.NumberColumn(format="localized", help="Groups that hold both values."),
                "Rows": st.column_config.NumberColumn(format="localized", help="Their rows of either value."),
            },
        )
    with right:
        shown = rows.copy()
        shown.insert(0, "Row", rows.index + 1)
        st.dataframe(
            shown,
            hide_index=True,
            width="stretch",
            height=min(38 + 35 * len(shown), 388),
            alt="Rows of groups that span values",
            column_config={
                "Row": st.column_config.NumberColumn(format="localized", width=60),
                "Group": st.column_config.NumberColumn(format="localized", width=60),
                "Value": st.column_config.TextColumn(plain(column), width="small"),
                "Text": st.column_config.TextColumn(width="large"),
            },
        )
        if number > len(rows):
            st.caption(f"The first {MOST_ROWS:,} of {number:,} rows are shown; the download has all.")
    csv_button(
        "Download the leaks (CSV)",
        lambda: ask(leak_file, place, threshold, column),
        f"{file_stem(info.name)}-leaks.csv",
        help="All rows of groups that span values, with all columns.",
    )
