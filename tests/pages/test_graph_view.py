"""Graph: edges of a table and of a column, node vectors with their test, and where they are explored."""

import numpy as np
import pandas as pd

from core.store import Workspace
from pages.shared import created
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/customize.py"


def edge_table(rows: int = 60) -> bytes:
    """Rows are connected in groups of six that their texts say nothing about."""
    group = np.random.default_rng(0).permutation(rows) // 6
    pairs = [(i, j) for i in range(rows) for j in range(rows) if i < j and group[i] == group[j]]
    return pd.DataFrame(pairs, columns=["source", "target"]).to_csv(index=False).encode()


def open_view(app):
    app.query_params["customize_view"] = "Graph"
    return app.run().switch_page(PAGE).run()


def upload(at, content: bytes, name: str = "edges.csv"):
    return at.file_uploader(key="graph_upload").set_value((name, content, "text/csv")).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def test_an_uploaded_graph_becomes_a_model_of_the_corpus(home, corpus, app, monkeypatch):
    info, text = corpus
    at = open_view(app)
    assert at.info
    at = upload(at, b"one column\nx\n")
    assert "single column" in fine(at)
    at = upload(at, b"a,b\nx,x\n")
    assert any("No edge between two nodes" in str(error.value) for error in at.error)
    at = upload(at, edge_table())
    assert "60 nodes" in fine(at)
    at.segmented_control(key="graph_method").set_value("spectral").run()
    shown = fine(at)
    assert "Node vectors predict edges better than degrees" in shown
    assert "The graph adds to the text" in shown
    assert text.label in str(at.selectbox(key="graph_text").options)
    submitted = []
    monkeypatch.setattr(created, "submit_map_job", lambda *arguments: submitted.append(arguments))
    at.button(key="graph_add").click().run()
    fine(at)
    assert at.success
    assert submitted[0][0].digest == info.digest
    assert [model.name for model in Workspace(home).models(info.digest)][-1] == "spectral 32d · edges.csv"


def test_a_column_connects_rows_by_shared_values(corpus, app, monkeypatch):
    at = open_view(app)
    at.segmented_control(key="graph_origin").set_value("Column of the corpus").run()
    at.selectbox(key="graph_column").set_value("subject").run()
    at.segmented_control(key="graph_method").set_value("spectral").run()
    shown = fine(at)
    assert "66 nodes (row: 60, subject: 6)" in shown
    assert "can be held out" in shown  # each row has one edge
    opened = []
    monkeypatch.setattr(created, "open_on_map", opened.append)
    at.button(key="graph_nodes").click().run()
    fine(at)
    assert opened[0].info.rows == 66
    at.segmented_control(key=next(w.key for w in at.segmented_control if w.key.startswith("graph_refers"))).set_value(
        "Other rows"
    ).run()
    assert any("No edge" in str(error.value) for error in at.error)
