"""Fine-tuned models of the workspace: embedding the corpus with one, and deleting one."""

import streamlit as st

from core.finetune.service import delete_tuned, tuned_models
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import jobs_view, session
from pages.shared.models import run
from pages.shared.models.stored import StoredModels, show_stored_models
from pages.shared.text import plain

TUNED = StoredModels(
    "finetune", "Fine-tuned models", ":material/model_training:", "not used on this corpus; see Embed",
    "Its weights, and its vectors of every corpus, are deleted.", lambda spec: spec.name, delete_tuned,
)  # fmt: skip


def show_use(info: CorpusInfo, spec: ModelSpec) -> None:
    """Whether the corpus is embedded with the model, or the button that starts it."""
    if job := run.running_job(info, spec):
        jobs_view.show_progress(job)
    elif spec.key in {model.key for model in session.workspace().models(info.digest)}:
        st.markdown(f"This corpus is embedded with **{plain(spec.name)}**: select it on every page.")
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Embed this corpus with it", key="finetune_embed", type="primary", icon=":material/memory:",
                on_click=run.submit_embed_jobs, args=(info, [spec], None),
                help="All texts are embedded anew; then the model is on every page.",
            )  # fmt: skip
            st.markdown(f"Stored as **{plain(spec.name)}**, also listed on the Embed page.")


def show_tuned_models(info: CorpusInfo) -> None:
    """All fine-tuned models of the workspace, which can be deleted."""
    show_stored_models(info, TUNED, tuned_models(session.folder()))
