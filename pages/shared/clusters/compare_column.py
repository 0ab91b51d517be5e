"""The groups beside the values of a column."""

import streamlit as st

from core.clusters.agreement import Agreement, compare_with_column
from core.clusters.charts import confusion_figure
from core.clusters.service import ClusterOverview
from pages.shared import session
from pages.shared.clusters.controls import Chosen
from pages.shared.downloads import csv_button
from pages.shared.text import plain

HELP = (
    "V-measure (Rosenberg and Hirschberg, 2007): 1 where each group has one value and each value one group. Adjusted "
    "Rand "
    "index and adjusted mutual information: 0 at chance, 1 where both are the same. The method was not told the "
    "column."
)


def show(chosen: Chosen, made: ClusterOverview) -> None:
    columns = [
        *chosen.info.roles.labels,
        *(name for name in chosen.info.columns if name not in chosen.info.roles.labels),
    ]
    if not columns:
        st.info("This corpus has no columns beside its text.", icon=":material/info:")
        return
    column = st.selectbox(
        "Column",
        columns,
        key="against",
        bind="query-params",
        width=320,
        help="The groups are compared with its values; a column with a label for each row fits best.",
    )
    with st.spinner("Comparing"):
        found, table, values = session.ask(compare_with_column, *chosen.where, str(column))
    if found.rows < 2:
        st.info(f"Fewer than two rows have both a group and a value in {plain(column)}.", icon=":material/info:")
        return
    st.markdown(
        f"**{found.purity:.0%}** of the rows have the most frequent {plain(column)} of their group; "
        f"**{found.gathered:.0%}** are in the group that holds most of their {plain(column)}."
    )
    st.caption(line(found), help=HELP)
    if values > found.rows / 2:
        st.caption(f":material/warning: {plain(column)} has {values:,} values for {found.rows:,} rows: hardly a label.")
    st.caption(
        f"The {len(table)} largest groups of {len(made.table):,}, and {table.shape[1]} of {values:,} values: those "
        "most frequent in them. The stronger a cell's color, the more of the group's drawn rows it "
        "holds, from none to all."
    )
    st.plotly_chart(
        confusion_figure(table, session.theme()),
        key="confusion",
        config={"displayModeBar": False},
        alt=f"Rows with each group and each value of {column}",
    )
    csv_button(
        "This table (CSV)",
        table.reset_index(names="group"),
        "groups-and-values.csv",
        help="Rows with each group and value.",
    )


def line(found: Agreement) -> str:
    """The agreement of two groupings in one line."""
    rows = f"{found.rows:,} rows" if found.rows == found.total else f"{found.rows:,} of {found.total:,} rows"
    return (
        f"V-measure **{found.v_measure:.2f}** (groups of one value {found.homogeneity:.2f}, values in one group "
        f"{found.completeness:.2f}) · adjusted Rand index **{found.ari:.2f}** · adjusted mutual information "
        f"**{found.ami:.2f}** · over {rows}"
    )
