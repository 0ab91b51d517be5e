"""Models of the contenders that have no default map yet: which, and drawing them."""

from dataclasses import asdict

import streamlit as st

from core.answers.disagreement import maps as answers
from core.answers.disagreement.overview import Asked
from core.answers.map import layouts as maps
from core.answers.map.layouts import Place
from core.jobs.types import JobSpec
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import empty, job_offer, session
from pages.shared.text import count, duration, plain


def show(asked: Asked, places: tuple[Place, ...], info: CorpusInfo) -> None:
    """Says what is not shown, and offers to draw it."""
    models = list({each.model.key: each.model for each in asked.contenders}.values())
    if any(not each.is_model for each in asked.contenders):
        st.caption("Variants have no map of their own: that of their model is shown.")
    if len(places) < len(models) and len(places) == answers.MOST_MAPS:
        st.caption(f"The maps of the first {answers.MOST_MAPS} models are shown.")
        return
    drawn = {place.model.key for place in places}
    left = [model for model in models if model.key not in drawn][: answers.MOST_MAPS - len(places)]
    jobs = [_job(Place(asked.folder, asked.corpus, model, LayoutParams()), info) for model in left]
    if not jobs:
        return
    job_offer.show_submitted()
    running = {each.id for each in session.manager().list(session.folder()) if each.open}
    if running & {job.id for job in jobs}:
        empty.waiting("What is missing is being drawn and appears here by itself.")
        return
    seconds = sum(
        session.ask(maps.map_state, Place(asked.folder, asked.corpus, model, LayoutParams())).seconds for model in left
    )
    names = ", ".join(plain(model.label) for model in left)
    with st.container(border=True):
        st.markdown(f"**{count(len(left), 'map')} to be drawn:** {names}")
        st.write(
            "Each model's vectors are laid out in the plane by UMAP. "
            f"This takes about {duration(max(seconds, 1))} in all."
        )
        st.button(
            "Draw" if len(left) == 1 else "Draw them",
            key="disagree_draw",
            type="primary",
            icon=":material/draw:",
            on_click=_submit,
            args=(jobs,),
            help="Starts a job a map in the background; they are the same as those of the Map page.",
        )


def _job(place: Place, info: CorpusInfo) -> JobSpec:
    params = {"model": place.model.to_dict(), "layout": asdict(place.params)}
    return JobSpec("map", place.folder, place.corpus, params, title=f"Map of {info.name}: {place.model.label}")


def _submit(jobs: list[JobSpec]) -> None:
    for job in jobs:
        job_offer.submit(job)
