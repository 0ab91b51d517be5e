"""Vectors of users and items by collaborative filtering, as a corpus that is explored like any other."""

import streamlit as st

from core.recommend.collaborative_corpus import create_collaborative_corpus
from core.recommend.results import HistorySource
from core.store import CorpusInfo
from pages.shared import created, session


def offer_collaborative_corpus(info: CorpusInfo, source: HistorySource) -> None:
    """A button that creates it and opens the map."""
    with st.expander("Explore users and items on the map", icon=":material/hub:"):
        st.caption(
            "Collaborative filtering (ALS, library implicit) gives users and items vectors from histories alone, no "
            "texts. They become a new corpus, in which items have their texts and users their names."
        )
        default = f"Users and items of {info.name}"[: created.MAX_NAME]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Name of the corpus", key="recommend_corpus_name", placeholder=default, max_chars=created.MAX_NAME
            )
            if not st.button(
                "Create corpus of users and items", key="recommend_corpus", icon=":material/add:",
                help="Users who liked nothing and items that nobody liked are left out.",
            ):  # fmt: skip
                return
        corpus = created.attempt(
            lambda: session.ask(
                create_collaborative_corpus, source, name.strip() or default, timeout=created.SECONDS, on="job"
            ),
            "Fitting collaborative filtering",
        )
        if corpus is not None:
            created.open_on_map(corpus)
