"""Making the corpus, and saying so afterwards."""

from pathlib import PurePath

import streamlit as st

from core.corpus.build import Steps
from core.corpus.service import Created, Preview, create, profile
from core.corpus.staging import Origin
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.types import Roles
from pages.shared import session
from pages.shared.corpus import add_data as bring
from pages.shared.corpus.import_options import tag
from pages.shared.messages import show_error
from pages.shared.text import count, plain

CREATE_SECONDS = 600  # a million rows with vectors, or split into passages, take minutes on a small machine


def button(origin: Origin, preview: Preview, roles: Roles, steps: Steps | None) -> None:
    """The name and the button; the new corpus is opened, and its map started where vectors came along."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    name = left.text_input(
        "Name of the corpus",
        _name(origin),
        max_chars=120,
        key=f"name-{tag(origin)}",
        persist_state="session",
        help="How it is called in the sidebar; you can rename it later.",
    )
    pressed = right.button(
        "Create corpus",
        key="create",
        type="primary",
        icon=":material/check:",
        width="stretch",
        disabled=steps is None,
        help="Keeps it in the workspace. Your files are not changed.",
    )
    if pressed and steps is not None:
        try:
            made = _created(origin, preview, roles, steps, (name or "").strip() or _name(origin))
        except PlanisphereError as error:
            show_error(error)
            return
        _finish(made)


def _created(origin: Origin, preview: Preview, roles: Roles, steps: Steps, name: str) -> Created:
    """Raises InputError, StorageError, JobError."""
    doing = [count(preview.rows, "row")]
    doing += ["splitting into passages"] if steps.passage_tokens else []
    doing += ["keeping their vectors"] if preview.vectors else []
    with st.spinner(f"Creating the corpus: {', '.join(doing)}", show_time=True):
        made = session.ask(create, session.folder(), origin, roles, steps, name, timeout=CREATE_SECONDS)
    with st.spinner("Looking at the texts", show_time=True):
        # asked here, so that the page that follows is there at once
        session.ask_once(profile, session.corpus_ref(made.info))
    return made


def _finish(made: Created) -> None:
    if made.model:
        title = f"Map of {made.info.name}"
        params = {"model": made.model.to_dict()}
        session.manager().submit(JobSpec("map", session.folder(), made.info.digest, params, title))
    session.remember("created", (made.info.digest, made.info.name, made.info.rows, made.model is not None))
    session.open_corpus(made.info.digest)
    bring.clear()
    st.rerun()


def announce() -> None:
    """After a corpus was made: what to do next. Stays until another corpus is chosen."""
    digest, name, rows, mapped = session.remembered("created") or ("", "", 0, False)
    info = session.current_corpus()
    if not info or info.digest != digest:
        return
    st.success(f"**{plain(name)}** is ready: {count(rows, 'row')}.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        if mapped:
            st.page_link("pages/explore/map.py", label="See its map", icon=":material/scatter_plot:")
        st.page_link("pages/data/embed.py", label="Embed it with a model", icon=":material/memory:")


def _name(origin: Origin) -> str:
    if origin.pasted:
        return "Pasted text"
    stem = PurePath(origin.files[0].name.replace("\\", "/")).name.split(".")[0] or "Corpus"
    return (stem if len(origin.files) == 1 else f"{stem} and {count(len(origin.files) - 1, 'more file')}")[:120]
