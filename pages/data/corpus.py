"""Bring text in, choose what a row's text is, and see what a corpus holds."""

import streamlit as st

from pages.shared import session
from pages.shared.corpus import add_data as bring
from pages.shared.corpus import columns, create, guide, profile
from pages.shared.corpus import import_options as reading
from pages.shared.corpus import preprocess as data_steps

pass


def page() -> None:
    st.title("Data")
    guide.show_guide()
    create.show_created()
    origin = bring.choose_source()
    found = reading.read_source(origin) if origin else None
    if found:
        new_corpus(*found)
    else:
        current_corpus()


def new_corpus(origin: bring.Origin, preview: reading.Preview) -> None:
    """From files that were read to a corpus: columns, steps, name; and what the texts look like so far."""
    st.subheader("Choose the text")
    roles = columns.choose_roles(origin, preview)
    st.subheader("Prepare the rows")
    steps = data_steps.choose_steps(origin, preview, roles)
    create.create_button(origin, preview, roles, steps)
    profile.show_text_preview(origin, roles, steps)


def current_corpus() -> None:
    info = session.current_corpus()
    if info:
        profile.show_profile(info)
    else:
        st.caption("There is no corpus yet. Upload a file, paste text, or open the sample above.")


page()
