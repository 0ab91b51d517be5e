"""Node vectors as a model of the corpus, of a version of it, and as a corpus of nodes."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.staging import ImportSource, stage
from core.errors import InputError
from core.graphs.edges import ROW_NUMBER, EdgeColumns
from core.graphs.results import LINK_QUALITY, NODE_VECTORS, EdgeSource, LinkQuery, NodeQuery
from core.graphs.service import (
    add_to_corpus,
    create_connected_version,
    create_node_corpus,
    graph_facts,
    guess_key,
    join_columns,
    key_columns,
    naming_columns,
    shared_names,
)
from core.results import Result
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows


@pytest.fixture
def docs(tmp_path) -> CorpusRef:
    """Forty rows of two topics; the last four cite nothing. cites names two other rows of the topic."""
    topics = np.arange(40) % 2
    cites = [f"D{(i + 2) % 36}; D{(i + 4) % 36}" if i < 36 else None for i in range(40)]
    table = pd.DataFrame({"id": [f"D{i}" for i in range(40)], "text": [f"Text {i}" for i in range(40)], "cites": cites})
    table["topic"] = np.array(["tea", "coffee"])[topics]
    table["reader"] = [f"reader {i % 5}" for i in range(40)]
    built = build_corpus(RawTable(table), Roles("{text}", ("topic",), id="id"), name="Docs").corpus
    Workspace(tmp_path).save_corpus(built)
    return CorpusRef(str(tmp_path), built.digest)


def spectral(corpus: CorpusRef, columns: EdgeColumns, upload: ImportSource | None = None) -> NodeQuery:
    return NodeQuery(corpus, EdgeSource(corpus, upload, columns), "spectral", 8)


def stored_rows(info, model: ModelSpec, corpus: CorpusRef) -> np.ndarray:
    vectors = Workspace(corpus.folder).load_vectors(info.digest, model)
    assert vectors is not None
    return np.asarray(vectors.rows)


def test_columns_are_guessed(docs):
    assert naming_columns(docs)[:1] == ("cites",)
    assert guess_key(docs, "cites") == "id"
    assert guess_key(docs, "topic") == ""
    assert key_columns(docs) == ("id", ROW_NUMBER)
    content = "from,to,who\nD1,D2,x\nD3,D1,y\n"
    upload = ImportSource((stage(docs.folder, "edges.csv", content.encode()),))
    best = join_columns(docs, upload, "from", "to")[0]
    assert (best.name, best.source, best.target) == ("id", 1.0, 1.0)
    assert shared_names(docs, upload, "from", "who") == 0
    assert shared_names(docs, upload, "from", "to") == 0.5


def test_rows_without_edges_lead_to_a_version(docs):
    model = ModelSpec("imported", "text vectors", "1", 3)
    text = unit_rows(np.random.default_rng(0).normal(size=(40, 3)))
    Workspace(docs.folder).save_vectors(Vectors(text, model, docs.digest))
    query = spectral(docs, EdgeColumns("", "cites", key="id", outside=False))
    NODE_VECTORS.get_or_compute(query)
    facts = graph_facts(query.source)
    assert (facts.nodes, facts.components, facts.unconnected, facts.of_rows) == (36, 2, 4, True)
    with pytest.raises(InputError, match="4 rows"):
        add_to_corpus(query)
    created = create_connected_version(query, "Connected", (model,))
    assert created.info.rows == 36
    assert created.model is not None
    rows = stored_rows(created.info, created.model, docs)
    topics = load_corpus(CorpusRef(docs.folder, created.info.digest)).table["topic"].to_numpy()
    cosines = rows @ rows.T
    # components are apart, but for a pair of equal eigenvalues that the last dimension cuts through
    assert cosines[topics[:, None] != topics[None, :]].max() < 0.05
    assert np.allclose(stored_rows(created.info, model, docs), text[:36])


def test_nodes_of_two_kinds_become_a_corpus(docs):
    query = spectral(docs, EdgeColumns("", "reader"))
    NODE_VECTORS.get_or_compute(query)
    created = create_node_corpus(query, "Nodes")
    loaded = load_corpus(CorpusRef(docs.folder, created.info.digest))
    table = loaded.table
    assert table["kind"].value_counts().to_dict() == {"row": 40, "reader": 5}
    assert loaded.roles.labels == ("kind", "topic", "community")
    named = table.index[table["name"] == "reader 3"][0]
    assert loaded.texts[named] == "reader 3"
    assert table["edges"][named] == 8
    assert set(loaded.texts) >= {"Text 0", "Text 39"}
    assert table["component"].nunique() == 5
    model = add_to_corpus(query)  # every row has a reader
    assert created.model is not None
    nodes = stored_rows(created.info, created.model, docs)
    rows = stored_rows(created.info, created.model, docs)[table["kind"] == "row"]
    added = Workspace(docs.folder).load_vectors(docs.digest, model)
    assert added is not None
    order = [int(text.split()[1]) for text in np.array(loaded.texts)[table["kind"] == "row"]]
    assert np.allclose(np.asarray(added.rows)[order], rows)
    assert len(nodes) == 45


def test_quality_is_stored_also_where_there_is_none(docs):
    upload = ImportSource((stage(docs.folder, "edges.csv", b"from,to,how\nD1,D2,x\nD2,D3,y\n"),))
    columns = EdgeColumns("from", "to", relation="how", key="id")
    query = LinkQuery(docs, spectral(docs, columns, upload))
    result: Result = LINK_QUALITY
    assert result.get_or_compute(query).prediction is None
    assert "held out" in result.get(query).message
    created = create_node_corpus(query.nodes, "Few")
    table = load_corpus(CorpusRef(docs.folder, created.info.digest)).table
    assert table[["edges: x", "edges: y"]].sum().tolist() == [2, 2]
    assert result.query_from_dict(docs, result.query_to_dict(query)) == query
