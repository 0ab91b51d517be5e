"""Node vectors as a model of this corpus, or as a corpus of nodes of their own, opened on the map."""

import streamlit as st

from core.graphs.results import NodeQuery
from core.graphs.service import GraphFacts, add_to_corpus, create_connected_version, create_node_corpus
from core.models.registry import capabilities
from core.store import CorpusInfo
from pages.shared import created, session
from pages.shared.models import run
from pages.shared.selections.save_form import NO_SPENDING
from pages.shared.text import count, plain


def show_exploring(info: CorpusInfo, query: NodeQuery, facts: GraphFacts) -> None:
    """The buttons that fit the graph: rows without an edge have no vector, so that a model of this corpus needs one of
    every row."""
    st.markdown("##### Explore the vectors")
    if facts.rows and not facts.unconnected:
        _offer_model(info, query)
    elif facts.rows:
        st.caption(
            f"{count(facts.unconnected, 'row')} of {info.rows:,} have no edge and so no vector: the vectors can't be a "
            "model of this corpus, but of a version without these rows."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _offer_version(info, query, facts)
    if not facts.of_rows or not facts.rows:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _offer_nodes(info, query, facts)


def _offer_model(info: CorpusInfo, query: NodeQuery) -> None:
    added = next((model for model in session.workspace().models(info.digest) if model.name == query.label), None)
    if added:
        st.success(f"{plain(query.label)} is a model of this corpus.", icon=":material/check:")
        created.show_model_links(added)
    elif st.button(
        "Add to this corpus as a model", key="graph_add", type="primary", icon=":material/add:",
        help=f"Every row has a vector: {plain(query.label)} becomes a model of this corpus, beside those of its texts.",
    ):  # fmt: skip
        model = created.attempt(
            lambda: session.ask(add_to_corpus, query, timeout=created.SECONDS), "Storing the vectors"
        )
        if model is not None:
            created.submit_map_job(info, model)
            session.remember("open_model", model.key)
            st.rerun()


def _offer_version(info: CorpusInfo, query: NodeQuery, facts: GraphFacts) -> None:
    default = f"{info.name}: {count(facts.rows, 'connected row')}"[: created.MAX_NAME]
    name = st.text_input(
        "Name of the version", key="graph_version_name", placeholder=default, max_chars=created.MAX_NAME
    )
    if st.button(
        f"Create version with {count(facts.rows, 'row')}", key="graph_version", type="primary", icon=":material/add:",
        help="A new corpus of the rows that have an edge, with their texts and columns. The models of this corpus are "
        "run on it from their cached vectors, so that the graph can be compared with them.",
    ):  # fmt: skip
        models = tuple(session.workspace().models(info.digest))
        version = created.attempt(
            lambda: session.ask(
                create_connected_version, query, name.strip() or default, models, timeout=created.SECONDS
            ),
            "Creating the version",
        )
        if version is not None:
            for model in models:
                if capabilities(model).can_embed:
                    run.submit_embed_jobs(version.info, [model], NO_SPENDING if capabilities(model).paid else None)
            created.open_on_map(version)


def _offer_nodes(info: CorpusInfo, query: NodeQuery, facts: GraphFacts) -> None:
    default = f"Nodes of {query.source.name}"[: created.MAX_NAME]
    name = st.text_input("Name of the corpus", key="graph_nodes_name", placeholder=default, max_chars=created.MAX_NAME)
    if st.button(
        f"Create corpus of {count(facts.nodes, 'node')}", key="graph_nodes", icon=":material/add:",
        type="secondary" if facts.rows else "primary", help="A new corpus with a row per node: its name, or the text "
        "of its row, its kind, community and number of edges. Map, Clusters, Search by row and other pages take it.",
    ):  # fmt: skip
        corpus = created.attempt(
            lambda: session.ask(create_node_corpus, query, name.strip() or default, timeout=created.SECONDS),
            "Creating the corpus",
        )
        if corpus is not None:
            created.open_on_map(corpus)
