"""Findings of the contact check on the Embed page: failed checks, models that changed, and models not checked yet."""

from collections.abc import Sequence

import streamlit as st

from core.jobs.results import result_spec
from core.models.checks import CANARIES
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contact import next_version
from core.vectors.contact_report import CONTACT, ContactQuery, ContactState, contact_states
from pages.shared import result_view, session
from pages.shared.models.choice import select_new_model
from pages.shared.text import plain

HELP = (
    "At first use a model is tried on a few short texts of this program: whether a text gets the same vector alone and "
    "in a batch, in any order and twice; whether long texts are read to the end; whether prompts and, on servers, the "
    "model's name matter."
)


def load_states(info: CorpusInfo, selected: Sequence[ModelSpec]) -> tuple[ContactState, ...]:
    """Of the selected models and those the corpus is embedded with."""
    models = {spec.key: spec for spec in (*session.workspace().models(info.digest), *selected)}
    return session.ask_stored(contact_states, session.corpus_ref(info), tuple(models.values()), models=models.values())


def show_states(info: CorpusInfo, states: Sequence[ContactState]) -> None:
    """What is wrong with a model, in a sentence for each failed check; nothing where all passed."""
    for state in states:
        if state.changed:
            _show_changed(state)
        if state.problems:
            problems = "\n".join(f"- {plain(problem)}" for problem in state.problems)
            st.warning(f"**{plain(state.model.label)}**: failed checks\n\n{problems}", icon=":material/fact_check:")
    embedded = {spec.key for spec in session.workspace().models(info.digest)}
    _offer_checks(info, [state.model for state in states if state.checked is False and state.model.key in embedded])


def _show_changed(state: ContactState) -> None:
    """The way on for a model that is another one by now."""
    spec = state.model
    text = f"**{plain(spec.label)}**: the model behind this name has changed since {state.changed}."
    if not capabilities(spec).hosted:
        st.error(f"{text} Its vectors came from other versions of the libraries here.", icon=":material/error:")
        return
    st.error(
        f"{text} New vectors would not match the stored ones, so nothing more is embedded under it.",
        icon=":material/error:",
    )
    new = next_version(spec.base)
    st.button(
        f"Add as {plain(new.label)}",
        key=f"new_version-{spec.key}",
        icon=":material/add:",
        on_click=select_new_model,
        args=(new,),
        help="The model as it is now, as a model of its own: start it to embed the corpus anew.",
    )


def _offer_checks(info: CorpusInfo, models: Sequence[ModelSpec]) -> None:
    """A button for models that an earlier version embedded with."""
    if not models:
        return
    corpus = session.corpus_ref(info)
    jobs = [
        result_spec(CONTACT, ContactQuery(corpus, model, consent=True), f"Check of {model.label}") for model in models
    ]
    labels, texts = ", ".join(plain(model.label) for model in models), 3 * len(CANARIES)
    st.caption(
        f"Not checked yet: {labels}. A check sends about {texts} short texts and a few long ones, none of them yours; "
        "a service may charge for them."
    )
    result_view.start_button("Check models", *jobs, icon=":material/fact_check:")
