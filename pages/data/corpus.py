"""Bring text in, choose what a row's text is, and see what a corpus holds."""

import streamlit as st

from pages.shared import (
    data_bring,
    data_columns,
    data_create,
    data_draft,
    data_guide,
    data_profile,
    data_reading,
    data_steps,
    session,
)


def page() -> None:
    st.title("Data")
    data_guide.show()
    data_create.announce()
    origin = data_bring.choose()
    found = data_reading.read(origin) if origin else None
    if found:
        new_corpus(*found)
    else:
        current_corpus()


def new_corpus(origin: data_bring.Origin, preview: data_reading.Preview) -> None:
    """From files that were read to a corpus: columns, steps, name; and what the texts look like so far."""
    st.subheader("Choose the text")
    roles = data_columns.choose(origin, preview)
    st.subheader("Prepare the rows")
    steps = data_steps.choose(origin, preview, roles)
    data_create.button(origin, preview, roles, steps)
    data_draft.show(origin, roles, steps)


def current_corpus() -> None:
    info = session.current_corpus()
    if info:
        data_profile.show(info)
    else:
        st.caption("There is no corpus yet. Upload a file, paste text, or open the sample above.")


page()
