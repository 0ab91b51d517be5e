"""What other settings of the method would give, so that nobody picks a number blindly."""

import pandas as pd
import streamlit as st

from core.answers import cluster_page as answers
from core.charts.clusters import sweep_figure
from core.export import table_bytes
from pages.shared import clusters_wait, session
from pages.shared.clusters_controls import Chosen

SETTING = {"leiden": "Resolution", "hdbscan": "Smallest group", "evoc": "Smallest group", "kmeans": "Number of groups"}
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
    setting = SETTING[chosen.params.method]
    st.markdown(f"Every setting of **{setting.lower()}** by three seeds: how the grouping depends on what is chosen.")
    tried = session.ask(answers.sweep_of, *chosen.where)
    if tried is None:
        if not clusters_wait.waiting(chosen, "sweep", "Settings are being tried."):
            clusters_wait.start(chosen, "sweep", "Try them", ":material/grid_on:")
        return
    table = pd.DataFrame([vars(each) for each in tried])
    for name, (column, form, words) in FIGURES.items():
        if column == "noise" and not table["noise"].any():
            continue
        st.markdown(f"**{name}**", help=words)
        st.plotly_chart(
            sweep_figure(table.pivot(index="seed", columns="value", values=column), form, setting, session.theme()),
            key=f"sweep-{column}",
            config={"displayModeBar": False},
            alt=f"{name} for each setting and seed",
        )
    st.download_button(
        "All figures (CSV)",
        lambda: table_bytes(table, "csv"),
        "settings.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="One line for each setting and seed.",
    )
