"""What the Clusters page shows while a clustering is not there: start it, or wait for it."""

from dataclasses import asdict
from typing import Literal

import streamlit as st

from core.answers.clusters import page as answers
from core.clusters.methods import ClusterParams
from core.jobs.types import JobSpec
from pages.shared import empty, result_view, session
from pages.shared.clusters.controls import METHODS, Chosen
from pages.shared.text import plain

QUICK_ROWS = 60_000  # communities of no more rows are found at once, without a job
What = Literal["clusters", "stability", "sweep", "sweep_all"]
SLOW = {
    "hdbscan": "It first lays the corpus out in five dimensions, which takes a minute or more from some 10,000 rows "
    "on.",
    "evoc": "Its code is compiled at the first use, which takes a minute or two.",
    "kmeans": "With no number given it tries a dozen, which takes some time on large corpora.",
    "leiden": "With so many rows this takes up to some minutes.",
}


def ready(chosen: Chosen) -> bool:
    """Whether the clustering is kept or can be made at once; else shows how to start it, or that it is on its way."""
    params = chosen.params
    if _comes_with_embedding(chosen):
        empty.waiting("The groups are found once the texts are embedded; they appear here by themselves.")
        return False
    if params.method == "leiden" and chosen.info.rows <= QUICK_ROWS:
        return True
    if session.ask(answers.is_kept, *chosen.where):
        return True
    if waiting(chosen, "clusters", "The groups are being found; they appear here by themselves."):
        return False
    with st.container(border=True):
        st.markdown("**This grouping has not been made yet.**")
        st.write(f"{SLOW[params.method]} It is kept, and made but once.")
        start(chosen, "clusters", "Find the groups", ":material/workspaces:")
    return False


def waiting(chosen: Chosen, what: What, words: str) -> bool:
    """Says so if the job for this is open."""
    result_view.show_submitted()
    open_ = any(job.open and job.spec == job_spec(chosen, what) for job in session.manager().list(session.folder()))
    if open_:
        empty.waiting(words)
    return open_


def _comes_with_embedding(chosen: Chosen) -> bool:
    """Whether a job that embeds the texts, and finds the default groups after it, is still at work."""
    if chosen.params.method != "leiden" or chosen.params.seed or session.ask(answers.is_kept, *chosen.where):
        return False
    where, model = chosen.info.digest, chosen.model.to_dict()
    jobs = (job.spec for job in session.manager().list(session.folder()) if job.open)
    return any(job.kind in ("embed", "map") and (job.corpus, job.params.get("model")) == (where, model) for job in jobs)


def start(chosen: Chosen, what: What, label: str, icon: str) -> None:
    st.button(
        label,
        type="primary",
        icon=icon,
        key=f"start-{what}",
        on_click=result_view.submit,  # a callback runs even where the page is left in the same moment
        args=(job_spec(chosen, what),),
        help="Starts a job; you can go on working meanwhile, and cancel it in the sidebar.",
    )


def job_spec(chosen: Chosen, what: What) -> JobSpec:
    names = {method: name for name, method in METHODS.items()}
    words = {
        "clusters": "Groups",
        "stability": "Groups found again",
        "sweep": "Settings tried",
        "sweep_all": "Settings tried",
    }
    asked = ClusterParams() if what == "sweep_all" else chosen.params
    params = {"model": chosen.model.to_dict(), "clusters": asdict(asked), "what": what}
    of = "all methods" if what == "sweep_all" else names[chosen.params.method]
    title = f"{words[what]}: {plain(chosen.info.name)}, {of}"
    return JobSpec("clusters", session.folder(), chosen.info.digest, params, title=title)
