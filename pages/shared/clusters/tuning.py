"""Stability of the clusters under resampling, and parameter sweeps."""

from typing import Any

import pandas as pd
import streamlit as st

from core.clusters.charts import stability_figure, sweep_figure
from core.clusters.methods import METHODS, ClusterParams, Method
from core.clusters.results import CLUSTER_STABILITY, CLUSTER_SWEEP, SweepQuery
from core.clusters.service import ClusterOverview, finished_sweeps
from core.clusters.stability import STABLE_JACCARD, resample_runs
from core.clusters.sweep import largest_step
from core.jobs.results import result_spec
from core.results import Step
from pages.shared import jobs_view, result_view, session
from pages.shared.clusters.controls import METHOD_NAMES, ClusterView, job_title
from pages.shared.downloads import csv_button
from pages.shared.text import plain

MAX_LISTED = 10  # least stable clusters
CLIFF = 3.0  # times as many clusters from one setting to the next
SIZE = "Minimum cluster size"
SETTINGS = {"leiden": "Resolution", "hdbscan": SIZE, "evoc": SIZE, "kmeans": "Number of clusters"}
METRICS = {  # name: column, format, explanation
    "Clusters": ("clusters", ".0f", "Number of clusters. After a sudden drop (a cliff), nearby settings are fragile."),
    "Noise": ("noise", ".0%", "Share of rows in no cluster."),
    "Silhouette": ("silhouette", ".2f", "Mean silhouette (cosine) in the embedding space, over rows in a cluster."),
    "Seed agreement": ("agreement", ".2f", "Mean adjusted mutual information with the other seeds: 1 identical."),
}


def show_stability(view: ClusterView, overview: ClusterOverview) -> None:
    runs = resample_runs(view.params.method, view.info.rows)
    st.markdown(
        f"How robust each cluster is to leaving rows out: {runs} resamples of 63.2% of the rows are clustered with the "
        f"same settings; a cluster is recovered where a new one has a Jaccard index of at least {STABLE_JACCARD:g}.",
        help="Cluster-wise stability (Hennig, 2007). 63.2% is the share of distinct rows in a bootstrap sample; "
        f"duplicates are left out, since they would hold clusters together. Seed {view.params.seed}.",
    )
    headline, description = "Stability has not been measured yet.", f"The rows are clustered {runs} more times."
    texts = {"headline": headline, "description": description, "title": job_title("Stability", view)}
    stability = result_view.ready_value(CLUSTER_STABILITY, view.query, button="Measure", **texts)
    if stability is None:
        return
    stable, agreement = int((stability.jaccard >= STABLE_JACCARD).sum()), stability.agreement
    st.markdown(
        f"**{stable} of {len(stability.jaccard)}** clusters are stable (mean Jaccard at least {STABLE_JACCARD:g}). The "
        f"clusterings of resamples agree by **{agreement.mean():.2f}** with this one (adjusted mutual information; "
        f"{agreement.min():.2f} to {agreement.max():.2f} over {stability.runs} resamples)."
    )
    figure = stability_figure(stability.recovered, stability.runs, session.theme())
    alt = "Number of clusters by the number of resamples in which they were recovered"
    st.plotly_chart(figure, key="stability", config={"displayModeBar": False}, alt=alt)
    st.markdown("**Least stable**")
    # measured just now, possibly after the overview was loaded
    table = overview.table.assign(recovered=stability.recovered, jaccard=stability.jaccard)
    for row in table.sort_values("jaccard").head(MAX_LISTED).to_dict("records"):
        st.caption(
            f"{plain(row['name'])} ({row['rows']:,} rows): recovered in {int(row['recovered'])} of {stability.runs}, "
            f"mean Jaccard {row['jaccard']:.2f}"
        )


def show_sweep(view: ClusterView, overview: ClusterOverview) -> None:
    st.markdown("Parameter sweep: how the clusters depend on the main setting, with three seeds each.")
    sweeps = session.ask(finished_sweeps, session.corpus_ref(view.info), view.model)
    _offer_sweeps(view, set(sweeps))
    if not sweeps:
        return
    points = [vars(point) for method in METHODS if method in sweeps for point in sweeps[method]]
    table = pd.DataFrame(points)
    note = " ".join(f"{name}: {text}" for name, (_, _, text) in METRICS.items())
    options: dict[str, Any] = {"key": "sweep_figure", "default": "Clusters", "required": True, "help": note}
    _show_sweep_heatmaps(table, str(st.segmented_control("Metric", list(METRICS), **options)))
    csv_button("All metrics (CSV)", table, "parameter-sweep.csv", help="One line per method, setting and seed.")


def _offer_sweeps(view: ClusterView, finished: set[Method]) -> None:
    """Buttons for the missing sweeps, or the progress of a running one."""
    result_view.show_submitted()
    queries = {method: SweepQuery(view.query.corpus, view.model, method) for method in METHODS}
    running = [state for query in queries.values() if (state := result_view.running_job(Step(CLUSTER_SWEEP, query)))]
    if running:
        jobs_view.show_progress(running[0])
        return
    jobs = {
        method: result_spec(CLUSTER_SWEEP, query, job_title("Parameter sweep", view.with_params(ClusterParams(method))))
        for method, query in queries.items()
        if method not in finished
    }
    with st.container(horizontal=True):
        if view.params.method in jobs:
            result_view.start_button("Sweep this method", jobs[view.params.method], icon=":material/grid_on:")
        if set(jobs) - {view.params.method}:
            result_view.start_button("Sweep all four methods", *jobs.values(), icon=":material/apps:")


def _show_sweep_heatmaps(table: pd.DataFrame, metric: str) -> None:
    """One heat map per method, two side by side."""
    column, form, text = METRICS[metric]
    st.caption(text)
    for index, method in enumerate(method for method in METHODS if (table["method"] == method).any()):
        rows = table[table["method"] == method]
        summary, cliff = summarize_sweep(method, metric, rows)
        if index % 2 == 0:
            sides = st.columns(2, gap="medium")
        with sides[index % 2]:
            st.markdown(f"**{METHOD_NAMES[method]}**  \n{summary}")
            cells = rows.pivot(index="seed", columns="value", values=column)
            figure = sweep_figure(cells, form, SETTINGS[method], session.theme(), cliff)
            key, alt = f"sweep-{column}-{method}", f"{metric} for each setting and seed of {METHOD_NAMES[method]}"
            st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def summarize_sweep(method: Method, metric: str, rows: pd.DataFrame) -> tuple[str, int | None]:
    """A sentence on the heat map, by the median seed, and the index of the setting before a cliff."""
    column, form, _ = METRICS[metric]
    median = rows.groupby("value")[column].median().dropna()
    if median.empty:
        return "Not available: there are fewer than two clusters.", None
    settings = [f"{value:g}" for value in median.index]
    step = largest_step(list(median.index), list(median)) if metric == "Clusters" and method != "kmeans" else None
    if step is None:
        low, high = int(median.argmin()), int(median.argmax())
        ends = [f"{median.iloc[index]:{form}} at {settings[index]}" for index in (low, high)]
        return f"From {' to '.join(ends)}.", None
    index, ratio = step
    before, after = (f"{median.iloc[at]:,.0f}" for at in (index, index + 1))
    text = f"{before} clusters at {settings[index]}, {after} at {settings[index + 1]}"
    if ratio < CLIFF:
        return f"No cliff: the largest step is {text}.", None
    return f"**Cliff** at the line: {text}.", index
