"""Adapters in use as models of the workspace."""

import streamlit as st

from core.adapt.results import AdapterQuery
from core.adapt.service import MAX_NAME_LENGTH, use_as_model
from core.adapt.training import Adapter
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.adapters import delete_adapter, stored_adapters
from pages.shared import created, jobs_view, session
from pages.shared.models import run
from pages.shared.models.stored import StoredModels, show_stored_models
from pages.shared.text import plain

HELP = (
    "Makes a model of it: the vectors of this corpus are mapped, nothing is embedded. It appears in every list of "
    "models, and queries pass through the adapter."
)
ADAPTERS = StoredModels(
    "adapt", "Adapters in use", ":material/deployed_code:", "not applied to this corpus; see Embed",
    "Its vectors of every corpus are deleted, too.", lambda spec: spec.label, delete_adapter,
)  # fmt: skip


def offer_model(info: CorpusInfo, query: AdapterQuery, adapter: Adapter) -> None:
    """A name and the button; the state of the adapted model where it is in use."""
    st.subheader("Use as a model")
    in_use = next((spec for spec in stored_adapters(session.folder()) if spec.adapter == adapter.key), None)
    if in_use is not None:
        _show_in_use(info, in_use)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", query.source.column or query.source.kind, key=f"adapt_name {adapter.key}", width=260,
            max_chars=MAX_NAME_LENGTH, help="Shown after the name of the base model.",
        )  # fmt: skip
        pressed = st.button(
            "Use as a model", key="adapt_use", type="primary", icon=":material/add_circle:", disabled=not name.strip(),
            help=HELP,
        )  # fmt: skip
    if pressed:
        apply_adapter(info, session.ask(use_as_model, query, name))


def apply_adapter(info: CorpusInfo, spec: ModelSpec) -> None:
    """Start the job that maps the vectors of the corpus, and draw the whole page anew."""
    run.submit_embed_jobs(info, [spec], None)
    st.rerun()


def _show_in_use(info: CorpusInfo, spec: ModelSpec) -> None:
    if job := run.running_job(info, spec):
        jobs_view.show_progress(job)
    elif spec.key in {model.key for model in session.workspace().models(info.digest)}:
        st.success(f"In use as **{plain(spec.label)}**.", icon=":material/check_circle:")
        with st.container(horizontal=True):
            created.show_model_links(spec)
        st.caption(
            "It has seen rows of this corpus. Scores on other pages, such as the Scoreboard, are fair only for rows "
            "that it was not trained on: those of a test split, or of another corpus."
        )
    elif st.button(f"Apply {plain(spec.label)} to this corpus", key="adapt_apply", icon=":material/play_arrow:"):
        apply_adapter(info, spec)


def show_adapted_models(info: CorpusInfo) -> None:
    """All adapters of the workspace, which can be deleted."""
    show_stored_models(info, ADAPTERS, stored_adapters(session.folder()))
