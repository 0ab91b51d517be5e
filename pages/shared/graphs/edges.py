"""Where edges come from: an uploaded table, or a column of the corpus that names other rows or shared values."""

import pandas as pd
import streamlit as st

from core.corpus.label_sets import display_cell
from core.corpus.service import FilePreview
from core.corpus.staging import ImportSource
from core.graphs.edges import ROW_NUMBER, EdgeColumns
from core.graphs.results import GRAPH, EdgeSource
from core.graphs.service import (
    GraphFacts,
    JoinColumn,
    graph_facts,
    guess_key,
    join_columns,
    key_columns,
    naming_columns,
    shared_names,
)
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, plain
from pages.shared.uploads import preview_table, upload_table

FROM_FILE, FROM_CORPUS = "Table of edges", "Column of the corpus"
ROWS, VALUES = "Other rows", "Shared values"
NONE, NO_ROWS = "None", "Names of the table alone"
FORMATS = (
    "CSV, TSV, JSON, JSONL, Parquet or XLSX: a row per edge, such as a citation, a reply or a purchase. It is not "
    "added to the corpus."
)
SOURCE_NAMES = ("source", "from", "src", "citing", "user", "user_id", "userid", "head", "subject")
TARGET_NAMES = ("target", "to", "dst", "cited", "item", "item_id", "itemid", "tail", "object")
WEIGHT_NAMES = ("weight", "count", "rating", "strength")
RELATION_NAMES = ("relation", "type", "predicate", "edge_type", "kind")
TWO_KINDS = 0.01  # share of names in both columns below which they are taken for two kinds
JOINED = 0.5  # share of an end's names that are rows from which a column is joined by default


def select_graph(info: CorpusInfo) -> tuple[EdgeSource, GraphFacts] | None:
    """The graph and its counts; None without edges, after showing what to do."""
    origin = st.segmented_control(
        "Edges from", [FROM_FILE, FROM_CORPUS], key="graph_origin", default=FROM_FILE, required=True,
        persist_state="session", help="What connects nodes: a table with a row per edge, or a column of this corpus "
        "whose cells name other rows (replies, citations) or values that rows share (authors, users).",
    )  # fmt: skip
    selected = _from_file(info) if origin == FROM_FILE else _from_corpus(info)
    if selected is None:
        return None
    source = EdgeSource(session.corpus_ref(info), *selected)
    stored = result_view.ready(
        GRAPH, source, headline="The edges have not been read yet.", description="Nodes are joined with the corpus.",
        title=f"Graph of {info.name}", button="Read",
    )  # fmt: skip
    if not stored:
        return None
    facts = session.ask(graph_facts, source)
    _show_facts(facts)
    return source, facts


def _from_file(info: CorpusInfo) -> tuple[ImportSource, EdgeColumns] | None:
    upload = upload_table("Edges", "graph_upload", FORMATS)
    if upload is None:
        st.info("Upload a table with a source and a target in each row.", icon=":material/upload:")
        return None
    preview = preview_table(upload, "This table has a single column; edges need a source and a target.")
    if preview is None:
        return None
    with st.expander("First rows of the table", icon=":material/table_rows:"):
        show_table(preview.head.map(display_cell), "First rows of the table of edges", {}, max_height=220)
    return upload, _select_columns(info, upload, preview)


def _select_columns(info: CorpusInfo, upload: ImportSource, preview: FilePreview) -> EdgeColumns:
    names, suffix = list(preview.columns), upload.files[0].key
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = _column("Source", names, SOURCE_NAMES, names[0], f"graph_source {suffix}")
        others = [name for name in names if name != source]
        target = _column("Target", others, TARGET_NAMES, others[0], f"graph_target {suffix} {source}")
        weight = _column("Weight", [NONE, *names], WEIGHT_NAMES, NONE, f"graph_weight {suffix}")
        relation = _column("Relation", [NONE, *names], RELATION_NAMES, NONE, f"graph_relation {suffix}")
    asked = session.corpus_ref(info), upload, source, target
    joins = {join.name: join for join in session.ask_once(join_columns, *asked)}
    two_kinds = session.ask_once(shared_names, *asked) < TWO_KINDS
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = _select_join(joins, f"graph_key {suffix} {source} {target}")
        both = bool(key) and min(joins[key].source, joins[key].target) >= JOINED
        bipartite = st.toggle(
            "Two kinds of nodes", two_kinds and not both, key=f"graph_bipartite {suffix} {source} {target} {key}",
            help="Sources and targets are different things, such as users and items (a bipartite graph): equal names "
            "are different nodes, and held-out edges are compared with pairs of both kinds.",
        )  # fmt: skip
        outside = not key or st.toggle(
            "Include names without a row", key=f"graph_outside {suffix} {key}",
            help="Names that the joined column of the corpus does not have become nodes whose text is their name.",
        )  # fmt: skip
        directed = not bipartite and _select_direction()
    return EdgeColumns(
        source, target, "" if weight == NONE else weight, "" if relation == NONE else relation, key, outside, directed,
        bipartite,
    )  # fmt: skip


def _select_join(joins: dict[str, JoinColumn], key: str) -> str:
    """The column that nodes are joined with, "" for none."""
    by_match = [name for name, join in joins.items() if name != ROW_NUMBER and max(join.source, join.target) >= JOINED]
    options = [*joins, NO_ROWS]

    def label(name: str) -> str:
        return name if name == NO_ROWS else f"{name} ({max(joins[name].source, joins[name].target):.0%} match)"

    selected = st.selectbox(
        "Nodes in the corpus", options, options.index(by_match[0]) if by_match else len(joins), key=key, width=260,
        format_func=label, help="The column of the corpus that has the names of nodes: they get the texts of its rows. "
        "Of two kinds, the one with more matches is joined. Rows are numbered from 1.",
    )  # fmt: skip
    return "" if selected == NO_ROWS else str(selected)


def _select_direction() -> bool:
    return st.toggle(
        "Directed", key="graph_directed", help="Random walks follow edges from source to target alone. The spectral "
        "method treats edges as undirected.",
    )  # fmt: skip


def _column(label: str, names: list[str], known: tuple[str, ...], default: str, key: str) -> str:
    guess = next((name for name in names if name.lower() in known), default)
    return str(st.selectbox(label, names, names.index(guess), key=key, width=160))


def _from_corpus(info: CorpusInfo) -> tuple[None, EdgeColumns] | None:
    corpus = session.corpus_ref(info)
    columns = session.ask_once(naming_columns, corpus)
    if not columns:
        st.info("This corpus has no columns beside its text. Upload a table of edges.", icon=":material/table_rows:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = str(st.selectbox("Column", columns, key="graph_column", width=200, persist_state="session"))
        guess = session.ask_once(guess_key, corpus, column)
        refers = st.segmented_control(
            "Its cells name", [ROWS, VALUES], key=f"graph_refers {info.digest} {column}",
            default=ROWS if guess else VALUES, required=True,
            help="Other rows: such as the IDs of cited documents. Shared values: such as authors or users; each value "
            "is a node, connected to its rows.",
        )  # fmt: skip
        if refers == VALUES:
            return None, EdgeColumns("", column)
        keys = session.ask_once(key_columns, corpus, column)
        key = str(st.selectbox(
            "Rows are named by", keys, keys.index(guess) if guess else 0, key=f"graph_by {info.digest} {column}",
            width=200, help="The column that has the values which the cells name. Rows are numbered from 1.",
        ))  # fmt: skip
        outside = st.toggle("Include names without a row", key="graph_outside", help="They become nodes without text.")
        directed = _select_direction()
    return None, EdgeColumns("", column, key=key, outside=outside, directed=directed)


def _show_facts(facts: GraphFacts) -> None:
    low, middle, high = facts.degrees
    kinds = ", ".join(f"{plain(kind)}: {number_of:,}" for kind, number_of in facts.kinds)
    parts = [
        f"{count(facts.nodes, 'node')} ({kinds}), {count(facts.edges, 'edge')}" if len(facts.kinds) > 1
        else f"{count(facts.nodes, 'node')}, {count(facts.edges, 'edge')}",
        f"{low:,} to {high:,} edges per node, median {middle:g}",
        count(facts.components, "connected component")
        + (f", the largest with {count(facts.largest, 'node')}" if facts.components > 1 else ""),
    ]  # fmt: skip
    if facts.unconnected:
        parts.append(f"{count(facts.unconnected, 'row')} of the corpus without an edge")
    st.caption("; ".join(parts) + ".")
    if facts.notes:
        st.warning("  \n".join(map(plain, facts.notes)), icon=":material/info:")
    with st.expander("Nodes with the most edges", icon=":material/hub:"):
        columns = {"Node": text(width="medium"), "Kind": text(), "Edges": number(format="localized")}
        rows = [dict(zip(columns, row, strict=True)) for row in facts.listed]
        show_table(pd.DataFrame(rows), "Nodes with the most edges", columns, max_height=220)
