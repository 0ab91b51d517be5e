"""Agreement of the clusters with a column, or with another clustering of the same rows."""

from dataclasses import replace
from math import isnan

import streamlit as st

from core.clusters.agreement import Agreement, compare_clusterings, compare_with_column
from core.clusters.charts import confusion_figure
from core.clusters.methods import ClusterParams
from core.clusters.service import ClusterOverview
from core.types import ModelSpec
from pages.shared import session
from pages.shared.clusters.controls import LEVELS, METHODS, ClusterView, clusters_ready
from pages.shared.clusters.detail import TEXT_COLUMNS
from pages.shared.downloads import csv_button
from pages.shared.tables import show_table
from pages.shared.text import plain

AGREEMENT_HELP = (
    "V-measure (Rosenberg and Hirschberg, 2007): harmonic mean of homogeneity (each cluster holds one value) and "
    "completeness (each value lies in one cluster). Adjusted Rand index and adjusted mutual information: 0 at chance, "
    "1 for identical labels. Clustering does not use the column."
)

SEVERAL_NOTE = (
    "Rows may have several values and count in each. V-measure, adjusted Rand index and adjusted mutual information "
    "are not defined for them."
)


def show_column_comparison(view: ClusterView, overview: ClusterOverview) -> None:
    labels = view.info.roles.labels
    columns = [*labels, *(name for name in view.info.columns if name not in labels)]
    if not columns:
        st.info("This corpus has no columns besides its text.", icon=":material/info:")
        return
    note = "Its values are compared with the clusters. Most useful for a column of labels."
    column = st.selectbox("Column", columns, key="against", bind="query-params", width=320, help=note)
    with st.spinner("Comparing"):
        agreement, table, values = session.ask(compare_with_column, *view.args, str(column))
    name = plain(column)
    if agreement.rows < 2:
        st.info(f"Fewer than two rows have both a cluster and a value of {name}.", icon=":material/info:")
        return
    several = isnan(agreement.v_measure)
    subject = "of the rows of each value" if several else ""
    st.markdown(
        f"**{agreement.purity:.0%}** of rows have the most frequent {name} of their cluster; "
        f"**{agreement.inverse_purity:.0%}** {subject} are in the cluster with most rows of their {name}."
    )
    st.caption(SEVERAL_NOTE if several else agreement_text(agreement), help=AGREEMENT_HELP)
    if values > agreement.rows / 2:
        st.caption(f":material/warning: {name} has {values:,} values in {agreement.rows:,} rows: probably not a label.")
    st.caption(
        f"The {len(table)} largest of {len(overview.table):,} clusters and their {table.shape[1]} most frequent of "
        f"{values:,} values. Color: share of the cluster's counted rows, from 0 to 100%."
    )
    alt, figure = "Rows of each cluster with each value", confusion_figure(table, session.theme())
    st.plotly_chart(figure, key="confusion", config={"displayModeBar": False}, alt=f"{alt} of {column}")
    csv_button("Table (CSV)", table.reset_index(names="cluster"), "clusters-and-values.csv", f"{alt}.")


def agreement_text(agreement: Agreement) -> str:
    rows, total = agreement.rows, agreement.total
    return (
        f"V-measure **{agreement.v_measure:.2f}** (homogeneity {agreement.homogeneity:.2f}, completeness "
        f"{agreement.completeness:z.2f}) · adjusted Rand index **{agreement.ari:z.2f}** · adjusted mutual information "
        f"**{agreement.ami:z.2f}** · {rows:,} rows" + ("" if rows == total else f" of {total:,}")
    )


def show_clustering_comparison(view: ClusterView, overview: ClusterOverview) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = ClusterView(view.info, _select_other_model(view), _select_other_params(view))
    if other == view:
        st.info("This is the clustering above. Select another model, method or resolution.", icon=":material/info:")
        return
    if not clusters_ready(other):
        return
    with st.spinner("Comparing"):
        comparison = session.ask(compare_clusterings, *view.args, other.model, other.params, timeout=600)
    agreement, total = comparison.agreement, overview.total
    st.markdown(
        f"**{comparison.changed:,} of {total:,}** rows changed clusters ({comparison.changed / total:.1%}). Purity "
        f"**{agreement.purity:.0%}**, inverse purity **{agreement.inverse_purity:.0%}**.",
        help="Clusters are paired to share as many rows as possible (Hungarian method); a row changed if its two "
        "clusters are not paired. Purity: share of rows in the other cluster that holds most of their cluster.",
    )
    st.caption(agreement_text(agreement), help=AGREEMENT_HELP)
    rows = comparison.table.assign(row=comparison.table.index + 1)[["row", "cluster", "other", "text"]]
    names = {"cluster": "This clustering", "other": "Other clustering"}
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Paired clusters**")
        sizes = {"shared": "Shared rows", "rows": "Rows (this)", "other_rows": "Rows (other)"}
        show_table(comparison.pairs, "Paired clusters", names | sizes)
    with right:
        st.markdown(f"**Changed rows**, showing {len(rows):,} of {comparison.changed:,}")
        show_table(rows, "Rows that changed clusters", names | TEXT_COLUMNS)
    with st.container(horizontal=True):
        csv_button("Pairs (CSV)", comparison.pairs, "paired-clusters.csv", "The clusters with their pairs.")
        csv_button("Changed rows (CSV)", rows, "changed-rows.csv", "The listed rows with both clusters.")


def _select_other_model(view: ClusterView) -> ModelSpec:
    models = {model.label: model for model in session.workspace().models(view.info.digest)}
    at = list(models).index(view.model.label) if view.model.label in models else 0
    note = "The model of the other clustering. Embed the corpus with more models on the Embed page."
    name = st.selectbox("Model", list(models), at, key="other_model", persist_state="session", width=300, help=note)
    return models[str(name)]


def _select_other_params(view: ClusterView) -> ClusterParams:
    note = "Uses the settings above where both methods have them, otherwise defaults."
    name = st.selectbox("Method", list(METHODS), key="other_method", persist_state="session", width=260, help=note)
    method = METHODS[str(name)]
    if method != "leiden":
        return replace(view.params, method=method, level=ClusterParams().level).canonical()
    # defaults to a level next to the one shown, so that there is something to compare
    level = view.params.level
    session.widget_default("other_level", LEVELS[level + 1 if level + 1 < len(LEVELS) else level - 1])
    note = "The level of the hierarchy to compare with."
    other_level = st.selectbox("Resolution", LEVELS, key="other_level", persist_state="session", width=160, help=note)
    return replace(view.params, method=method, level=LEVELS.index(str(other_level))).canonical()
