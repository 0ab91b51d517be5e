"""Graph: edges become node vectors, which are judged by held-out edges and explored on the map like any model."""

import streamlit as st

from core.figures import interval_figure
from core.graphs.link_prediction import BOTH, DEGREES, GRAPH, NEGATIVES, TEXT, Difference, LinkPrediction
from core.graphs.results import LINK_QUALITY, EdgeSource, LinkQuery, Method, NodeQuery
from core.graphs.service import GraphFacts
from core.graphs.walks import LENGTH, ROUNDS, Bias
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.classify.rows import format_interval
from pages.shared.graphs.edges import select_graph
from pages.shared.graphs.exploring import show_exploring
from pages.shared.text import count, plain

METHODS: dict[Method, str] = {"walks": "Random walks (node2vec)", "spectral": "Spectral"}
METHOD_HELP = (
    f"Random walks: {ROUNDS} walks of {LENGTH} nodes from each node; nodes that are near each other in walks get "
    "similar vectors (skip-gram, gensim). Spectral: eigenvectors of the normalized adjacency matrix (diffusion map), "
    "fast, and best where the graph has clear communities."
)
SIZES, DEFAULT_SIZES = (8, 16, 32, 64, 128, 256), {"walks": 64, "spectral": 32}
NO_MODEL = "None"
LABELS = {GRAPH: "Node vectors", DEGREES: "Degree product", TEXT: "Text", BOTH: "Node vectors + text"}


def show_graph(info: CorpusInfo) -> None:
    """The whole view."""
    st.caption(
        "Citations, replies, purchases or other edges become vectors of nodes: nodes with similar neighborhoods get "
        "similar vectors, whatever their texts say."
    )
    selected = select_graph(info)
    if selected is None:
        return
    source, facts = selected
    query = _select_method(info, source, facts)
    stored = result_view.ready_value(
        LINK_QUALITY, query, headline="These node vectors have not been computed yet.",
        description="Vectors of all nodes, and a second time without some edges, to test whether they predict them.",
        title=f"Node vectors: {source.name}", button="Compute node vectors",
    )  # fmt: skip
    if stored is None:
        return
    st.markdown("##### Do the vectors predict edges?")
    if stored.prediction is None:
        st.info(plain(stored.message), icon=":material/info:")
    else:
        _show_prediction(stored.prediction, query)
    show_exploring(info, query.nodes, facts)


def _select_method(info: CorpusInfo, source: EdgeSource, facts: GraphFacts) -> LinkQuery:
    methods: list[Method] = list(METHODS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method: Method = st.segmented_control(
            "Method", methods, key="graph_method", default=methods[0], required=True, persist_state="session",
            format_func=METHODS.__getitem__, help=METHOD_HELP,
        )  # fmt: skip
        size = st.selectbox(
            "Dimensions", SIZES, SIZES.index(DEFAULT_SIZES[method]), key=f"graph_size {method}", width=110,
            help="Of the vectors, at most; fewer are enough for small graphs.",
        )  # fmt: skip
        text = _select_text_model(info) if facts.of_rows else None
    with st.expander("More options", icon=":material/tune:"):
        first, second, third = st.columns(3)
        p, q = (
            float(column.number_input(
                label, 0.1, 10.0, 1.0, 0.1, key=f"graph_{label}", disabled=method != "walks", help=help_,
            ))
            for column, label, help_ in (
                (first, "p", "Higher: walks return less to the node before (node2vec's return parameter)."),
                (second, "q", "Higher: walks stay closer to where they are (node2vec's in-out parameter)."),
            )
        )  # fmt: skip
        seed = int(third.number_input("Seed", 0, 9_999, 0, key="graph_seed", help="Of walks and training."))
    nodes = NodeQuery(session.corpus_ref(info), source, method, int(size), Bias(p, q), seed)
    return LinkQuery(nodes.corpus, nodes, text)


def _select_text_model(info: CorpusInfo) -> ModelSpec | None:
    """An embedding of the texts that held-out edges are predicted with, too."""
    models = {model.key: model for model in session.workspace().models(info.digest) if capabilities(model).can_embed}
    if not models:
        return None
    options = [*models, NO_MODEL]
    key = st.selectbox(
        "Compare with text", options, key="graph_text", width=240, format_func=lambda key: models[key].label
        if key in models else NO_MODEL, help="Does the graph know something that the texts do not?",
    )  # fmt: skip
    return models.get(str(key))


def _show_prediction(prediction: LinkPrediction, query: LinkQuery) -> None:
    for difference in prediction.differences:
        st.markdown(_verdict(difference, query))
    value, low, high = (part.tolist() for part in prediction.intervals)
    rows = [
        (_label(name, query), (value[i], low[i], high[i]), name != GRAPH) for i, name in enumerate(prediction.names)
    ]
    st.plotly_chart(
        interval_figure(rows, "AUC, 95% interval (chance: 0.5)", session.theme(), False),
        key="graph_auc", alt="AUC of held-out edges with intervals", config={"displayModeBar": False},
    )  # fmt: skip
    held_out = prediction.values.shape[1]
    st.caption(
        f"{count(held_out, 'edge')} of {prediction.edges:,} were held out and vectors trained without them; AUC is the "
        f"share of {NEGATIVES} random pairs without an edge, drawn for each held-out edge, that are less similar than "
        f"its ends (cosine). Degree product: edges of one end times those of the other, below chance where all nodes "
        f"have similarly many, since the held-out ones are missing there. Paired bootstrap and "
        f"randomization test over held-out edges, seed {prediction.seed}; p-values corrected by Holm's method."
        + (" Node vectors + text: the sum of both cosines, standardized." if TEXT in prediction.names else "")
    )  # fmt: skip


def _label(name: str, query: LinkQuery) -> str:
    return f"Text: {query.text.label}" if name == TEXT and query.text else LABELS[name]


def _verdict(difference: Difference, query: LinkQuery) -> str:
    gain, higher = format_interval(difference.interval, False), difference.interval.value > 0
    if difference.first == GRAPH:
        if not difference.is_significant:
            return f"**No significant difference from the degree product**: node vectors differ by {gain} AUC."
        better = "**Node vectors predict edges better than degrees**" if higher else "**Degrees predict edges better**"
        return f"{better}: a difference of {gain} AUC."
    if difference.is_significant and higher:
        return f"**The graph adds to the text**: with it, AUC is {gain} higher than by {_text_name(query)} alone."
    return (
        f"**The graph adds nothing significant to the text**: AUC with it differs by {gain} from {_text_name(query)}."
    )


def _text_name(query: LinkQuery) -> str:
    return plain(query.text.label) if query.text else "text"
