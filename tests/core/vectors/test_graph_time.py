"""What finding neighbors takes is told from what was timed on the same corpus."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors import loaders as opened
from core.vectors.contenders import Contender, get_or_compute_neighbors, graph_step

SPEC = ModelSpec("imported", "mine", dimensions=48)


def contender_graph_seconds(corpus, contenders):
    steps = [graph_step(corpus, contender) for contender in contenders]
    return sum(step.result.expected_seconds(step.query) for step in steps)


def test_a_variant_takes_what_its_models_graph_took(tmp_path, monkeypatch):
    table = pd.DataFrame({"text": [f"text {i}" for i in range(60)]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    corpus = build_corpus(raw, Roles("{text}"), name="some").corpus
    workspace, where = Workspace(tmp_path), (CorpusRef(str(tmp_path), corpus.digest),)
    workspace.save_corpus(corpus)
    rows = unit_rows(np.random.default_rng(3).normal(size=(60, 48)))
    workspace.save_vectors(Vectors(rows, SPEC, corpus.digest))
    small, signs = Contender(SPEC, 16), Contender(SPEC, None, "binary")
    monkeypatch.setattr(opened, "PAIRS_A_SECOND", 3_600)
    assert contender_graph_seconds(*where, [small, signs]) == pytest.approx(16 / 384 + 48 / 384)  # as usual
    arrays = {"ids": np.zeros((60, 2), np.int32), "scores": np.zeros((60, 2), np.float32)}
    facts = {"recall": 1.0, "checked": 60, "method": "exact", "facts": {"seconds": 7.5, "threads": 2}}
    workspace.save("neighbors", corpus.digest, opened.neighbor_inputs(SPEC), arrays, facts)
    assert contender_graph_seconds(*where, [Contender(SPEC), small, signs]) == 15
    get_or_compute_neighbors(*where, small)
    assert contender_graph_seconds(*where, [Contender(SPEC), small, signs]) == 7.5
