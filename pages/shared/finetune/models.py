"""Fine-tuned models of the workspace: embedding the corpus with one, and deleting one."""

from functools import partial

import streamlit as st

from core.errors import PlanisphereError
from core.finetune.service import delete_tuned, tuned_models
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import jobs_view, messages, session
from pages.shared.models import run
from pages.shared.text import plain


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
    specs = tuned_models(session.folder())
    if not specs:
        return
    embedded = {model.key for model in session.workspace().models(info.digest)}
    with st.expander(f"Fine-tuned models ({len(specs)})", icon=":material/model_training:"):
        for spec in specs:
            with st.container(horizontal=True, vertical_alignment="center"):
                state = "vectors of this corpus" if spec.key in embedded else "not used on this corpus; see Embed"
                st.markdown(f"**{plain(spec.name)}**: {state}", width="stretch")
                with st.popover("Delete", icon=":material/delete:"):
                    st.write("Its weights, and its vectors of every corpus, are deleted. The base model stays.")
                    st.button(
                        "Delete model", key=f"finetune_delete {spec.key}", type="primary",
                        on_click=partial(_delete_model, spec),
                    )  # fmt: skip
        if error := session.remembered("finetune_delete_error"):
            messages.show_error(error)


def _delete_model(spec: ModelSpec) -> None:
    session.remember("finetune_delete_error", None)
    try:
        session.ask(delete_tuned, session.folder(), spec)
    except PlanisphereError as error:
        session.remember("finetune_delete_error", error)
