"""Hubs: rows that stand in the neighbor lists of too many others."""

import streamlit as st

from core.diversity import service as answers
from core.diversity.charts import hub_figure
from core.diversity.service import HubFigures
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count


def show(info: CorpusInfo, model: ModelSpec) -> None:
    st.caption(
        "A search returns the nearest rows. In many dimensions some rows are near to a great many others: they "
        "turn up in "
        "answers to everything, while rows that are nobody's neighbor are hardly ever found."
    )
    if info.rows < 3:
        st.info("With so few rows every row is a neighbor of every other.", icon=":material/info:")
        return
    k = st.segmented_control(
        "Nearest rows looked at",
        [5, 10, 20, 50],
        key="hub_k",
        bind="query-params",
        default=10,
        required=True,
        help="How long each row's list of neighbors is; as many as a search would show.",
    )
    found = session.ask_once(answers.hub_figures, session.corpus_ref(info), model, int(k or 10))
    headline(found)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.plotly_chart(
            hub_figure(found.bins, found.rows, found.k, session.theme()),
            key="hubs",
            alt="Rows by how often they are a neighbor",
        )
        st.caption(
            f"All {found.total:,} rows, from the neighbor graph: in how many lists of {found.k} nearest each row "
            "stands. "
            f"The average is {found.k} by construction; its bar is orange."
        )
    with right:
        _table(found)


def headline(found: HubFigures) -> None:
    with st.container(horizontal=True):
        st.metric(
            "Hubs",
            f"{found.hubs:,}",
            help=f"Rows in the lists of more than {found.threshold:,.1f} others: the mean and two standard deviations.",
        )
        st.metric(
            "Skewness",
            f"{found.skewness:.2f}",
            f"by chance {found.chance:.2f}",
            delta_color="off",
            delta_arrow="off",
            help="Of the numbers of lists rows stand in (Radovanovic, Nanopoulos and Ivanovic, 2010). Above 1: a few "
            "hubs take many places. By chance: with neighbors drawn at random.",
        )
        st.metric(
            "Nobody's neighbor",
            f"{found.never:.1%}",
            f"by chance {found.never_chance:.1%}",
            delta_color="off",
            delta_arrow="off",
            help=f"Rows in no list of {found.k} nearest (anti-hubs). A search by another row never shows them among "
            f"its first {found.k}.",
        )
        st.metric(
            "Unfair share",
            f"{found.unfair:.0%}",
            help="Share of the places in all lists that would have to go to other rows for each to stand in as many "
            "(the Robin Hood index). 0: all rows alike.",
        )
    st.markdown(_verdict(found))


def _verdict(found: HubFigures) -> str:
    if found.skewness > 1:
        return "**Hubs matter here**: look at those listed; short or general texts that answer everything are typical."
    return "**Hubs are mild here**: no row takes an undue share of the answers."


def _table(found: HubFigures) -> None:
    table = found.table.assign(row=found.table.index + 1)[["times", "against expected", "text", "row"]]
    st.markdown(f"**The {count(len(table), 'row')} most often a neighbor**")
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(table), 300),
        lazy=False,
        alt="Rows most often a neighbor",
        column_config={
            "times": st.column_config.NumberColumn("Times", format="localized", help="Lists this row stands in."),
            "against expected": st.column_config.NumberColumn(
                "Against expected", format="%.1f ×", help=f"Against {found.k}, the average."
            ),
            "text": st.column_config.TextColumn("Text", width="large"),
            "row": st.column_config.NumberColumn("Row", format="localized"),
        },
    )
    csv_button(
        "Download this list (CSV)",
        table,
        "hubs.csv",
        key="hubs_file",
        help="The rows most often a neighbor, with beginnings of their texts.",
    )
