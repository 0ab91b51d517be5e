"""Empty states: what is missing, and the way to it."""

import streamlit as st


def no_corpus(message: str) -> None:
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/corpus.py", label="Bring text in on the Data page", icon=":material/table_view:")


def not_embedded(message: str) -> None:
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")
