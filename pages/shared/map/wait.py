"""What the Map page shows while there is no map: where to go, what to wait for, what drawing will take."""

from dataclasses import asdict, replace

import streamlit as st

from core.answers.map import layouts as answers
from core.jobs.types import JobSpec, JobState
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import empty, session
from pages.shared.map import settings
from pages.shared.text import duration, plain

QUICK_ROWS = 100_000  # PCA of no more rows is made at once, without a job


def no_map(info: CorpusInfo | None) -> None:
    """No corpus yet, or none embedded."""
    if empty.coming(info):
        empty.waiting("The map appears here by itself once the texts are read and embedded.")
    elif info is None:
        empty.no_corpus("There is nothing to map yet: bring in some text first.")
    else:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: a map needs vectors.")


def ready(place: answers.Place, info: CorpusInfo) -> answers.Place | None:
    """The place of the kept layout, with its stamp; else draws a quick one, or shows what to wait for or to start."""
    state = session.ask(answers.map_state, place)
    if state.kept:
        return replace(place, made=state.made)
    if any(_makes(job, place) for job in _open_jobs()):
        empty.waiting("The map is being drawn; it appears here by itself.")
        return None
    if place.params.method == "pca" and state.graph and info.rows <= QUICK_ROWS:
        with st.spinner("Drawing the map by its principal components"):
            return replace(place, made=session.ask(answers.draw_now, place))
    _offer(place, info, state)
    return None


def _offer(place: answers.Place, info: CorpusInfo, state: answers.MapState) -> None:
    with st.container(border=True):
        st.markdown("**This map has not been drawn yet.**")
        steps = f"Drawing {info.rows:,} rows with these settings takes about {duration(max(state.seconds, 1))}"
        st.write(steps + ("." if state.graph else ", and finding the neighbors it rests on some time more."))
        with st.container(horizontal=True):
            st.button(
                "Draw this map",
                type="primary",
                icon=":material/draw:",
                on_click=_submit,
                args=(place, info.name),
                help="Starts a job; it is kept, and done but once.",
            )
            if place.params != LayoutParams():
                st.button(
                    "Back to the default map",
                    icon=":material/undo:",
                    on_click=settings.reset,
                    help="UMAP in two dimensions with its usual settings.",
                )


def _submit(place: answers.Place, name: str) -> None:
    session.manager().submit(_job(place, name))


def _job(place: answers.Place, name: str) -> JobSpec:
    params = {"model": place.model.to_dict(), "layout": asdict(place.params)}
    return JobSpec("map", place.folder, place.corpus, params, title=f"Map of {name}")


def _open_jobs() -> list[JobState]:
    return [job for job in session.manager().list(session.folder()) if job.open]


def _makes(job: JobState, place: answers.Place) -> bool:
    """Whether a job will make this layout; one that embeds makes the default one."""
    params = job.spec.params
    same = job.spec.corpus in ("", place.corpus) and params.get("model") == place.model.to_dict()
    return same and LayoutParams(**params.get("layout", {})) == place.params
