"""A row with several labels counts in each of them wherever values of a column are counted: against plain counts."""

import json

import numpy as np
import pandas as pd
import pytest

from core.clusters.agreement import confusion, label_set_agreement
from core.corpus.build import build_corpus
from core.corpus.distinctive_terms import distinctive_values
from core.corpus.label_columns import candidate_label_columns, label_set_columns
from core.corpus.label_sets import display_cell, label_sets
from core.corpus.reading.values import RawTable
from core.diversity.service import group_columns, group_scores
from core.store import Workspace
from core.trends.sentiment_source import sentiment_columns
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows

RNG = np.random.default_rng(0)
SETS = [sorted(RNG.choice(["good", "bad", "late"], RNG.integers(0, 3), replace=False).tolist()) for _ in range(90)]
CELLS = pd.Series([json.dumps(names) for names in SETS], dtype="str", name="tags")
CLUSTERS = RNG.integers(-1, 3, 90)


def test_agreement_with_clusters_is_that_of_counts():
    result = label_set_agreement(CLUSTERS, label_sets(CELLS))
    counts = {
        cluster: [
            sum(name in SETS[row] for row in np.flatnonzero(cluster == CLUSTERS)) for name in ("bad", "good", "late")
        ]
        for cluster in range(3)
    }
    rows = sum(bool(SETS[row]) for row in np.flatnonzero(CLUSTERS >= 0))
    table = np.array(list(counts.values()))
    assert result.rows == rows
    assert result.purity == pytest.approx(table.max(axis=1).sum() / rows)
    assert result.inverse_purity == pytest.approx(table.max(axis=0).sum() / table.sum())
    assert np.isnan(result.v_measure)
    sets = label_sets(CELLS)
    matrix = confusion(CLUSTERS[sets.rows], sets.codes, ["A", "B", "C"], list(sets.names), 10)
    for cluster, name in enumerate("ABC"):
        assert matrix.loc[name, ["bad", "good", "late"]].tolist() == counts[cluster]
    assert label_set_agreement(np.full(90, -1), sets).rows == 0


def test_distinctive_values_are_single_labels():
    mask = np.array(["late" in names for names in SETS])
    found = distinctive_values(pd.DataFrame({"tags": CELLS}), mask)
    assert [item.value for item in found.entries] == ["late"]
    item = found.entries[0]
    labeled = np.array([bool(names) for names in SETS])
    assert (item.inside, item.inside_total) == (mask.sum(), (labeled & mask).sum())
    assert found.tests == 3


def test_other_uses_of_columns(tmp_path):
    table = pd.DataFrame({"text": [f"text {i}" for i in range(90)], "tags": CELLS})
    corpus = build_corpus(RawTable(table), Roles("{text}", ("tags",))).corpus
    Workspace(tmp_path).save_corpus(corpus)
    ref = CorpusRef(str(tmp_path), corpus.digest)
    assert candidate_label_columns(corpus.table, corpus.roles.labels) == ()
    assert label_set_columns(ref) == ("tags",)
    assert sentiment_columns(ref) == ()  # "good" and "bad", but a row may have both
    assert group_columns(ref) == ("tags",)
    rows = unit_rows(RNG.normal(size=(90, 8)))
    spec = ModelSpec("imported", "t", "a", 8)
    Workspace(tmp_path).save_vectors(Vectors(rows, spec, corpus.digest, {"seconds": 0.0}))
    scores = group_scores(ref, spec, "tags")
    counts = {name: sum(name in names for names in SETS) for name in ("good", "bad", "late")}
    assert dict(zip(scores.table["group"], scores.table["rows"], strict=True)) == counts
    assert scores.missing == sum(not names for names in SETS)


def test_cells_are_displayed_without_brackets():
    assert display_cell('["a", "b"]') == "a; b"
    for cell in ("[1, 2]", "[a", "plain", 5, None):
        assert display_cell(cell) == cell
