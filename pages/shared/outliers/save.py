"""What can be done with found rows: keep them as a selection, or make a new version of the corpus without them."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH, save_selection
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.versions import create_version
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.models import run
from pages.shared.text import count, plain

Rows = Callable[[], Sequence[int] | np.ndarray]
WIDTH = 320  # pixels; a popover would stretch to its longest line
NOTHING = 0.01  # US dollars: all texts have vectors already, so nothing may be paid


def selection(info: CorpusInfo, key: str, rows: Rows, number: int, suggested: str) -> None:
    """The popover that keeps rows under a name. `key` tells apart several on one page."""
    told = "Keeps these rows under a name, for the Map, Search and other pages."
    with (
        st.popover(
            "Keep as a selection",
            icon=":material/bookmark_add:",
            disabled=not number,
            help=told,
            key=f"{key}_selection",
        ),
        st.container(width=WIDTH),
    ):
        name = st.text_input(
            "Name of the selection",
            key=f"{key}_name",
            max_chars=MAX_NAME_LENGTH,
            placeholder=suggested,
            help="Left empty, it gets the name that is suggested here.",
        )
        if st.button(f"Keep {count(number, 'row')}", key=f"{key}_keep_yes", type="primary", help=told):
            try:
                saved = save_selection(session.workspace(), info.digest, name.strip() or suggested, rows())
            except PlanisphereError as error:
                show_error(error)
                return
            st.success(f"Kept {plain(saved.name)}: {count(saved.rows, 'row')}.", icon=":material/check:")


def version(info: CorpusInfo, key: str, rows: Rows, number: int, why: str, told: str) -> None:
    """The popover that makes a new corpus without these rows, embeds it and opens it. told: which rows these are."""
    with (
        st.popover(
            f"New version without {number:,}" if number else "New version",
            icon=":material/content_cut:",
            disabled=not number,
            help=f"A new corpus without these rows; this one stays as it is. {told}",
            key=f"{key}_version",
        ),
        st.container(width=WIDTH),
    ):
        st.markdown(
            f"{count(number, 'row')} of {info.rows:,} left out, {info.rows - number:,} stay. **This corpus stays as it "
            "is**; the new one says what was left out, and is opened."
        )
        usual = f"{info.name} without {count(number, 'row')}"[:120]
        name = st.text_input(
            "Name of the new corpus", key=f"{key}_version_name", placeholder=usual, max_chars=120, help="Any name."
        )
        models = _models(info, key)
        pressed = st.button(
            "Make the new version",
            key=f"{key}_version_yes",
            type="primary",
            icon=":material/content_cut:",
            width="stretch",
            help="Vectors are taken over from those kept for each text, so that nothing is computed or paid twice.",
        )
        if pressed:
            _make(info, rows(), why, name.strip() or usual, models)


def _models(info: CorpusInfo, key: str) -> list[ModelSpec]:
    known = {model.key: model for model in session.workspace().models(info.digest)}
    present = session.current_model()
    chosen = st.multiselect(
        "Embed it with",
        list(known),
        default=[present.key] if present else [],
        key=f"{key}_version_models",
        format_func=lambda model: known[model].label,
        help="Models this corpus is embedded with. Others can be run later on the Embed page.",
    )
    return [known[model] for model in chosen]


def _make(info: CorpusInfo, rows: Sequence[int] | np.ndarray, why: str, name: str, models: list[ModelSpec]) -> None:
    ids = np.asarray(rows, dtype=np.int64)
    try:
        with st.spinner("Making the new version"):
            made = session.ask(create_version, session.corpus_ref(info), ids, why, name, tuple(models), timeout=600)
        for model in models:
            _embed(made, model)
    except PlanisphereError as error:
        show_error(error)
        return
    session.remember("created", (made.digest, made.name, made.rows, bool(models)))
    session.open_corpus(made.digest)
    st.rerun()


def _embed(made: CorpusInfo, model: ModelSpec) -> None:
    """Start what makes the new corpus' vectors, graph and map; vectors come from those kept for each text."""
    if not capabilities(model).can_embed:
        params = {"model": model.to_dict()}
        session.manager().submit(JobSpec("map", session.folder(), made.digest, params, f"Map of {made.name}"))
        return
    run.submit_embed_jobs(made, [model], NOTHING if capabilities(model).paid else None)
