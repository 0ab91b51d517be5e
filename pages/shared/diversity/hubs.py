"""Hubs: rows that are among the nearest neighbors of unusually many others."""

from typing import Any

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.diversity.charts import hub_figure
from core.diversity.service import HubSummary, hub_summary
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count

MATTERS = 1.0  # skewness above which hubs distort a search


def show_hubs(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole section."""
    st.caption("Hubs are near to very many rows and turn up in every search; anti-hubs are hardly ever retrieved.")
    if info.rows < 3:
        st.info("With so few rows every row is a neighbor of all others.", icon=":material/info:")
        return
    k = st.segmented_control(
        "Neighbors (k)", [5, 10, 20, 50], key="hub_k", bind="query-params", default=10, required=True,
        help="Length of each row's list of nearest neighbors.",
    )  # fmt: skip
    summary = session.ask_once(hub_summary, session.corpus_ref(info), model, int(k or 10))
    show_hub_metrics(summary)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.plotly_chart(
            hub_figure(summary.bins, summary.rows, summary.k, session.theme()), key="hubs", alt="Rows by k-occurrence"
        )
        st.caption(
            f"All {summary.total:,} distinct texts by k-occurrence: in how many others' lists of {summary.k} nearest "
            f"neighbors a text is. The mean is always {summary.k}; its bar is orange."
        )
    with right:
        show_hub_table(summary)


def show_hub_metrics(summary: HubSummary) -> None:
    """The four numbers with their values by chance, and a verdict."""
    with st.container(horizontal=True):
        threshold = f"k-occurrence above {summary.threshold:,.1f}: the mean plus two standard deviations."
        skewness = "Of the k-occurrences (Radovanovic et al., 2010). Above 1: a few hubs dominate."
        antihubs = f"Share of rows in no other row's list of {summary.k} nearest neighbors."
        robin_hood = "Share of list entries to redistribute for equal k-occurrences. 0: perfectly even."
        chance = f"chance: {summary.skewness_chance:.2f}", f"chance: {summary.antihubs_chance:.1%}"
        no_color: Any = {"delta_color": "off", "delta_arrow": "off"}
        st.metric("Hubs", f"{summary.hubs:,}", help=threshold)
        st.metric("Skewness", f"{summary.skewness:.2f}", chance[0], help=skewness, **no_color)
        st.metric("Anti-hubs", f"{summary.antihubs:.1%}", chance[1], help=antihubs, **no_color)
        st.metric("Robin Hood index", f"{summary.robin_hood:.0%}", help=robin_hood)
    pronounced = "**Hubs are pronounced**: check the rows listed; short or generic texts are typical hubs."
    mild = "**Hubs are mild**: no row dominates the neighbor lists."
    st.markdown(pronounced if summary.skewness > MATTERS else mild)


def show_hub_table(summary: HubSummary) -> None:
    """The rows with the highest k-occurrence."""
    table = with_row_numbers(summary.table, 3)
    st.markdown(f"**{count(len(table), 'row')} with the highest k-occurrence**")
    columns = {
        "k-occurrence": NumberColumn(format="localized", help="Other rows' neighbor lists this row is in."),
        "copies": NumberColumn("Copies", format="localized", help="Further rows with the same text."),
        "relative to mean": NumberColumn("Relative to mean", format="%.1f ×", help=f"The mean is {summary.k}."),
        "text": TextColumn("Text", width="large"),
        "Row": ROW_COLUMN,
    }
    show_table(table, "Rows with the highest k-occurrence", columns, max_height=300)
    help_text = "The rows listed here, with the beginnings of their texts."
    csv_button("Download (CSV)", table, "hubs.csv", help_text, "hubs_file")
