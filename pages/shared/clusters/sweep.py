"""What other settings of the method would give, so that nobody picks a number blindly."""

import pandas as pd
import streamlit as st

from core.clusters import service as answers
from core.clusters.charts import sweep_figure
from core.clusters.methods import METHODS, ClusterParams, Method
from core.clusters.results import CLUSTER_SWEEP, SweepQuery
from core.clusters.sweep import steepest
from core.jobs.results import result_spec
from core.results import Step
from pages.shared import result_view, session
from pages.shared.clusters import start
from pages.shared.clusters.controls import METHODS as NAMES
from pages.shared.clusters.controls import Chosen
from pages.shared.downloads import csv_button

SETTING = {"leiden": "Resolution", "hdbscan": "Smallest group", "evoc": "Smallest group", "kmeans": "Number of groups"}
CLIFF = 3.0  # times as many groups from one setting to the next
TITLES = {method: name for name, method in NAMES.items()}
FIGURES = {
    "Groups": (
        "clusters",
        ".0f",
        "How many groups there are. A sudden drop is a cliff: settings beside it are not safe.",
    ),
    "Noise": ("noise", ".0%", "Share of rows in no group."),
    "Silhouette": ("silhouette", ".2f", "Mean silhouette by cosine in the model's own space, over rows in a group."),
    "Agreement of seeds": (
        "agreement",
        ".2f",
        "Adjusted mutual information with the other seeds at the same setting; 1 is the same, 0 is chance.",
    ),
}


def show(chosen: Chosen, made: answers.Overview) -> None:
    st.markdown("Every setting by three seeds: how the grouping depends on what is chosen.")
    tried = session.ask(answers.sweeps_of, session.corpus_ref(chosen.info), chosen.model)
    offer(chosen, set(tried))
    if not tried:
        return
    table = pd.concat(pd.DataFrame([vars(each) for each in tried[method]]) for method in METHODS if method in tried)
    name = st.segmented_control(
        "Figure",
        list(FIGURES),
        key="sweep_figure",
        default="Groups",
        required=True,
        help="What is written into the cells. " + " ".join(f"{figure}: {FIGURES[figure][2]}" for figure in FIGURES),
    )
    pictures(table, str(name))
    csv_button("All figures (CSV)", table, "settings.csv", help="One line for each method, setting and seed.")


def offer(chosen: Chosen, made: set[Method]) -> None:
    """Starts what can still be tried, or the progress of what runs."""
    result_view.show_submitted()
    queries = {method: SweepQuery(chosen.query.corpus, chosen.model, method) for method in METHODS}
    running = [state for query in queries.values() if (state := result_view.running_job(Step(CLUSTER_SWEEP, query)))]
    if running:
        result_view.show_progress(running[0])
        return
    jobs = {
        method: result_spec(
            CLUSTER_SWEEP, query, start.title("Parameter sweep", chosen.with_params(ClusterParams(method)))
        )
        for method, query in queries.items()
        if method not in made
    }
    with st.container(horizontal=True):
        if chosen.params.method in jobs:
            result_view.start_button("Try this method", jobs[chosen.params.method], icon=":material/grid_on:")
        if set(jobs) - {chosen.params.method}:
            result_view.start_button("Try all four methods", *jobs.values(), icon=":material/apps:")


def pictures(table: pd.DataFrame, name: str) -> None:
    """One heat map a method, two beside each other."""
    column, form, words = FIGURES[name]
    st.caption(words)
    for place, method in enumerate(each for each in METHODS if (table["method"] == each).any()):
        rows = table[table["method"] == method]
        said, cliff = read(method, name, rows)
        if place % 2 == 0:
            sides = st.columns(2, gap="medium")
        with sides[place % 2]:
            st.markdown(f"**{TITLES[method]}**  \n{said}")
            cells = rows.pivot(index="seed", columns="value", values=column)
            st.plotly_chart(
                sweep_figure(cells, form, SETTING[method], session.theme(), cliff),
                key=f"sweep-{column}-{method}",
                config={"displayModeBar": False},
                alt=f"{name} for each setting and seed of {TITLES[method]}",
            )


def read(method: Method, name: str, rows: pd.DataFrame) -> tuple[str, int | None]:
    """What the heat map says in a sentence, by the middle seed, and the setting after which the cliff is."""
    column, form, _ = FIGURES[name]
    middle = rows.groupby("value")[column].median().dropna()
    if middle.empty:
        return "Nothing to compare: there are fewer than two groups.", None
    settings = [f"{value:g}" for value in middle.index]
    found = steepest(list(middle.index), list(middle)) if name == "Groups" and method != "kmeans" else None
    if found is None:
        low, high = int(middle.argmin()), int(middle.argmax())
        return (
            f"From {middle.iloc[low]:{form}} at {settings[low]} to {middle.iloc[high]:{form}} at {settings[high]}.",
            None,
        )
    at, times = found
    step = f"{middle.iloc[at]:,.0f} groups at {settings[at]}, {middle.iloc[at + 1]:,.0f} at {settings[at + 1]}"
    if times < CLIFF:
        return f"No cliff: {step} is the largest step.", None
    return f"**Cliff** at the line: {step}.", at
