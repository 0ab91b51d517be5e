"""What can be done with the rows of a result: mark them, save them as a selection, or copy the corpus without them."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.corpus.marks import RowMarks
from core.corpus.selections import MAX_NAME_LENGTH, save_selection
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.versions import create_version
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.models import run
from pages.shared.text import count, plain

Rows = Callable[[], Sequence[int] | np.ndarray]
WIDTH = 320  # pixels; a popover would stretch to its longest line
NO_SPENDING = 0.01  # US dollars: all texts have vectors already, so nothing may be paid
MAX_CORPUS_NAME = 120  # characters
MarkButton = tuple[str | None, str, str, str]  # mark (None clears it), label, icon, help


def show_mark_buttons(marks: RowMarks, rows: Sequence[int], buttons: Sequence[MarkButton], key: str) -> None:
    """Buttons that mark rows. key: prefix of the buttons' keys."""
    for mark, label, icon, help_text in buttons:
        st.button(
            f"{label} ({len(rows):,})" if len(rows) > 1 else label, key=f"{key}_{mark}", icon=f":material/{icon}:",
            disabled=not rows, on_click=marks.set, args=(rows, mark), help=help_text,
        )  # fmt: skip


def show_save_selection(info: CorpusInfo, key: str, rows: Rows, row_count: int, suggested_name: str) -> None:
    """The popover that saves rows as a selection. key: prefix of the widgets' keys. rows: called when it is pressed."""
    help_text = "Saves these rows under a name, for the Map, Search and other pages."
    with _popover("Save selection", "bookmark_add", row_count, help_text, f"{key}_selection"):
        name = st.text_input(
            "Save as", key=f"{key}_name", max_chars=MAX_NAME_LENGTH, placeholder=suggested_name,
            help="If empty, the suggested name is used.",
        )  # fmt: skip
        if st.button(f"Save {count(row_count, 'row')}", key=f"{key}_save", type="primary"):
            try:
                saved = save_selection(session.workspace(), info.digest, name.strip() or suggested_name, rows())
            except PlanisphereError as error:
                show_error(error)
                return
            st.success(f"Saved as {plain(saved.name)}: {count(saved.rows, 'row')}.", icon=":material/check:")


def show_cleaned_copy(info: CorpusInfo, key: str, rows: Rows, row_count: int, reason: str, help: str) -> None:
    """The popover that creates a copy of the corpus without rows, embeds it and opens it.

    reason: is recorded in the copy. help: which rows these are.
    """
    label = f"Create cleaned copy without {row_count:,}" if row_count else "Create cleaned copy"
    help_text = f"A new corpus without these rows; this one is not changed. {help}"
    with _popover(label, "content_cut", row_count, help_text, f"{key}_version"):
        st.markdown(
            f"{count(row_count, 'row')} of {info.rows:,} removed, {info.rows - row_count:,} remain. **This corpus is "
            "not changed**; the copy records what was removed, and is opened."
        )
        default_name = f"{info.name} without {count(row_count, 'row')}"[:MAX_CORPUS_NAME]
        name = st.text_input(
            "Name of the copy", key=f"{key}_version_name", placeholder=default_name, max_chars=MAX_CORPUS_NAME
        )
        models = _select_models(info, key)
        help_text = "Cached vectors are reused, so that nothing is computed or paid twice."
        if st.button("Create copy", key=f"{key}_version_yes", type="primary", width="stretch", help=help_text):
            _create_copy(info, rows(), reason, name.strip() or default_name, models)


def _popover(label: str, icon: str, row_count: int, help: str, key: str) -> DeltaGenerator:
    popover = st.popover(label, icon=f":material/{icon}:", disabled=not row_count, help=help, key=key)
    return popover.container(width=WIDTH)


def _select_models(info: CorpusInfo, key: str) -> list[ModelSpec]:
    models = {model.key: model for model in session.workspace().models(info.digest)}
    current = session.current_model()
    keys = st.multiselect(
        "Embed with", list(models), default=[current.key] if current else [], key=f"{key}_version_models",
        format_func=lambda model: models[model].label,
        help="Models this corpus is embedded with. Others can be run later on the Embed page.",
    )  # fmt: skip
    return [models[model] for model in keys]


def _create_copy(
    info: CorpusInfo, rows: Sequence[int] | np.ndarray, reason: str, name: str, models: list[ModelSpec]
) -> None:
    ids = np.asarray(rows, dtype=np.int64)
    try:
        with st.spinner("Creating the copy"):
            copy = session.ask(create_version, session.corpus_ref(info), ids, reason, name, tuple(models), timeout=600)
        for model in models:
            _embed(copy, model)
    except PlanisphereError as error:
        show_error(error)
        return
    session.remember("created", (copy.digest, copy.name, copy.rows, bool(models)))
    session.open_corpus(copy.digest)
    st.rerun()


def _embed(copy: CorpusInfo, model: ModelSpec) -> None:
    """Starts what computes the copy's vectors, graph and map; vectors come from the cache."""
    if not capabilities(model).can_embed:
        params = {"model": model.to_dict()}
        session.manager().submit(JobSpec("map", session.folder(), copy.digest, params, f"Map of {copy.name}"))
        return
    run.submit_embed_jobs(copy, [model], NO_SPENDING if capabilities(model).paid else None)
