"""Embed: choose models, see what they will take, run them, export the vectors."""

import streamlit as st

from pages.shared import session
from pages.shared.messages import show_no_corpus
from pages.shared.models import choice, contact, export, failed, run
from pages.shared.text import count, plain


def page() -> None:
    st.title("Embed")
    info = session.current_corpus()
    if info is None:
        show_no_corpus("There is no corpus to embed yet.")
        return
    st.caption(
        f"A model turns each of the {count(info.rows, 'text')} of {plain(info.name)} into a vector; texts with similar "
        "meaning get similar vectors. Select several models to compare them."
    )
    specs = choice.select_models()
    if specs:
        run.plan_and_start(info, specs)
    failed.show_failed_rows(info)
    states = contact.load_states(info, specs)
    contact.show_states(info, states)
    export.show_embedded_models(info, {state.model.key: state.summary for state in states})


page()
