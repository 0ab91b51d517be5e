"""Are the groups found again when the rows are others?"""

import streamlit as st

from core.clusters import service as answers
from core.clusters.charts import stability_figure
from core.clusters.resample import FEWER_RUNS, MANY_ROWS, RUNS
from core.clusters.results import CLUSTER_STABILITY
from pages.shared import result_view, session
from pages.shared.clusters import start
from pages.shared.clusters.controls import Chosen
from pages.shared.text import plain


def show(chosen: Chosen, made: answers.Overview) -> None:
    method = chosen.params.method
    runs = min(RUNS[method], FEWER_RUNS if chosen.info.rows > MANY_ROWS else 50)
    st.markdown(
        f"A group that is really there is found again when some of the rows are missing. {runs} times, 63.2% of the "
        f"rows "
        f"are "
        "drawn and grouped anew in the same way; a group counts as found where a new one shares at least three "
        "quarters of "
        "their joint rows.",
        help="Hennig (2007), cluster-wise assessment of stability by the Jaccard index. 63.2% is the share of distinct "
        "rows "
        "in a bootstrap sample; copies are left out, since they would hold groups together. "
        f"Seed {chosen.params.seed}.",
    )
    found = result_view.ready_value(
        CLUSTER_STABILITY,
        chosen.query,
        headline="The stability of these clusters has not been measured yet.",
        description=f"The rows are clustered again {runs} times.",
        button="Measure",
        title=start.title("Stability", chosen),
    )
    if found is None:
        return
    stable = int((found.jaccard >= 0.75).sum())
    low, high = float(found.agreement.min()), float(found.agreement.max())
    st.markdown(
        f"**{stable} of {len(found.jaccard)}** groups are stable (mean Jaccard at least 0.75). Old and new groups "
        f"agree "
        f"by "
        f"**{found.agreement.mean():.2f}** (adjusted mutual information, 0 is chance, 1 is the same; {low:.2f} to "
        f"{high:.2f} "
        f"over {found.runs} resamples)."
    )
    names = [str(name) for name in made.table["name"]]
    st.plotly_chart(
        stability_figure(found.found, found.runs, names, session.theme()),
        key="stability",
        config={"displayModeBar": False},
        alt="How many groups were found again in how many resamples",
    )
    weak = made.table.sort_values("jaccard").head(10)
    st.markdown("**Least stable**")
    for label, row in zip(weak.index.tolist(), weak.to_dict("records"), strict=True):
        st.caption(
            f"{plain(row['name'])} ({row['rows']:,} rows): found again in {int(found.found[label])} of {found.runs}, "
            f"mean Jaccard {row['jaccard']:.2f}"
        )
