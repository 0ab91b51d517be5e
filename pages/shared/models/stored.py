"""Models that the workspace stores, such as adapters and fine-tuned models, which can be deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import messages, session
from pages.shared.text import plain


@dataclass(frozen=True)
class StoredModels:
    """What a list of stored models says. key: begins the keys of its widgets. unused: of models without vectors of this
    corpus. warning: what is deleted. delete: of core, with folder and model."""

    key: str
    title: str
    icon: str
    unused: str
    warning: str
    label: Callable[[ModelSpec], str]
    delete: Callable[[str, ModelSpec], object]


def show_stored_models(info: CorpusInfo, kind: StoredModels, specs: Sequence[ModelSpec]) -> None:
    """All of them, closed; nothing where there are none."""
    if not specs:
        return
    embedded = {model.key for model in session.workspace().models(info.digest)}
    with st.expander(f"{kind.title} ({len(specs)})", icon=kind.icon):
        for spec in specs:
            with st.container(horizontal=True, vertical_alignment="center"):
                state = "vectors of this corpus" if spec.key in embedded else kind.unused
                st.markdown(f"**{plain(kind.label(spec))}**: {state}", width="stretch")
                with st.popover("Delete", icon=":material/delete:"):
                    st.write(f"{kind.warning} The base model stays.")
                    key = f"{kind.key}_delete {spec.key}"
                    st.button("Delete model", key=key, type="primary", on_click=_delete, args=(kind, spec))
        if error := session.remembered(f"{kind.key}_delete_error"):
            messages.show_error(error)


def _delete(kind: StoredModels, spec: ModelSpec) -> None:
    session.remember(f"{kind.key}_delete_error", None)
    try:
        session.ask(kind.delete, session.folder(), spec)
    except PlanisphereError as error:
        session.remember(f"{kind.key}_delete_error", error)
