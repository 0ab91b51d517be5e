"""Customize: embeddings fitted to this corpus, such as adapters on the vectors of a model."""

from collections.abc import Callable

import streamlit as st

from core.store import CorpusInfo
from pages.shared import contenders, messages, session
from pages.shared.adapt.adapter import show_adapter
from pages.shared.finetune.view import show_finetuning
from pages.shared.graphs.graph import show_graph
from pages.shared.word_vectors.view import show_word_vectors

VIEWS: dict[str, Callable[[CorpusInfo], None]] = {
    "Adapter": show_adapter,
    "Fine-tuning": show_finetuning,
    "Word vectors": show_word_vectors,
    "Graph": show_graph,
}
HELP = (
    "Adapter: a linear map of a model's vectors, trained on labels or pairs. Fine-tuning: the weights of a local "
    "model, trained on the same. Word vectors: word2vec, fastText and doc2vec trained on the corpus, or files of word "
    "vectors. Graph: vectors of nodes, from edges."
)


def page() -> None:
    st.title("Customize")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("No data yet. Add texts to fit embeddings to them.")
        return
    view = contenders.select_view(VIEWS, "customize_view", HELP)
    contenders.run_view(VIEWS[view], info)


page()
