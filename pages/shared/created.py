"""A corpus of vectors that was just created, such as the nodes of a graph, opened on the map; links to a new model."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from core.corpus.service import CreatedCorpus
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.messages import show_error

T = TypeVar("T")
SECONDS = 600  # that creating one may take
MAX_NAME = 80
MAP = "pages/explore/map.py"
MODEL_PAGES = (
    (MAP, "Map", ":material/scatter_plot:"),
    ("pages/explore/search.py", "Search", ":material/search:"),
    ("pages/compare/scoreboard.py", "Scoreboard", ":material/leaderboard:"),
)


def submit_map_job(info: CorpusInfo, model: ModelSpec) -> None:
    """Start what computes neighbors, index, map and clusters of vectors that are stored."""
    params = {"model": model.to_dict()}
    session.manager().submit(JobSpec("map", session.folder(), info.digest, params, f"Map of {info.name}"))


def open_on_map(created: CreatedCorpus) -> None:
    """Select the corpus and go to the map, which shows the progress of its job."""
    if created.model:
        submit_map_job(created.info, created.model)
        session.remember("open_model", created.model.key)
    session.open_corpus(created.info.digest)
    st.switch_page(MAP, query_params={})


def show_model_links(model: ModelSpec) -> None:
    """Buttons that open pages with a model of this corpus, which a link to a page would leave as selected before."""
    for page, label, icon in MODEL_PAGES:
        if st.button(label, key=f"open_model-{label}", icon=icon, type="tertiary"):
            session.remember("open_model", model.key)
            st.switch_page(page, query_params={})


def attempt(create: Callable[[], T], message: str) -> T | None:
    """What `create` gives, behind a spinner; None where it failed, after showing why."""
    try:
        with st.spinner(message, show_time=True):
            return create()
    except PlanisphereError as error:
        show_error(error)
        return None
