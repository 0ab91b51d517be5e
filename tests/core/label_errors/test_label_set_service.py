"""The lists of label errors of a column with several labels per row, against its labels and the planted errors."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.label_errors.label_set_service import (
    LabelSetFilter,
    label_counts,
    label_set_file,
    label_set_rows,
    label_set_summary,
    label_set_table,
    row_evidence,
)
from core.label_errors.results import LABEL_SET_ERRORS, LabelQuery, checked_labels
from core.label_errors.service import label_evidence, label_marks
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.core.label_errors.test_label_set_errors import make

NAMES = ("delivery", "app", "price", "staff")


@pytest.fixture(scope="module")
def query(tmp_path_factory):
    """240 rows, of which 12 have a wrong label, four a rare one, and one none."""
    folder = tmp_path_factory.mktemp("home")
    vectors, given, _ = make(wrong=12)
    cells = [[NAMES[code] for code in np.flatnonzero(row)] for row in given]
    for row in (3, 4, 5, 6):
        cells[row].append("rare")
    cells[9] = []
    table = pd.DataFrame({"text": [f"text {i}" for i in range(240)], "tags": [json.dumps(cell) for cell in cells]})
    corpus = build_corpus(RawTable(table.astype("str")), Roles("{text}", ("tags",))).corpus
    workspace, spec = Workspace(folder), ModelSpec("imported", "t", "a", 12)
    workspace.save_corpus(corpus)
    workspace.save_vectors(Vectors(vectors, spec, corpus.digest, {"seconds": 0.0}))
    query = LabelQuery(CorpusRef(str(folder), corpus.digest), spec, "tags")
    NEIGHBORS.get_or_compute(ModelQuery(query.corpus, spec))
    LABEL_SET_ERRORS.get_or_compute(query)
    return query, cells


def test_labels_on_few_texts_are_not_checked(query):
    labels = checked_labels(query[0].corpus, "tags")
    assert set(labels.names) == set(NAMES)
    assert (labels.rare, labels.unlabeled, labels.others) == ((("rare", 4),), 1, 0)
    with pytest.raises(InputError):
        checked_labels(query[0].corpus, "text")
    with pytest.raises(InputError):
        checked_labels(query[0].corpus, "absent")


def test_the_list_has_what_to_remove_and_to_add(query):
    query, cells = query
    summary = label_set_summary(query)
    table = label_set_table(query, LabelSetFilter("either")).table
    assert summary.checked == 239
    assert table["error score"].is_monotonic_decreasing
    for row, line in table.iterrows():
        assert set(line["labels"].split("; ")) == set(cells[row]) - {"rare"}
        assert set(filter(None, line["remove"].split("; "))) <= set(cells[row])
        assert set(filter(None, line["add"].split("; "))).isdisjoint(cells[row])
    both = label_set_table(query, LabelSetFilter("both")).table
    assert len(both) == summary.rows
    assert sum(len(cell.split("; ")) for cell in both["remove"] if cell) == summary.remove
    assert len(label_set_rows(query, LabelSetFilter("all"))) == 239


def test_a_label_narrows_the_list_and_the_counts_agree(query):
    query, _ = query
    counts = label_counts(query, "either").set_index("label")
    for label in NAMES:
        listed = label_set_table(query, LabelSetFilter("either", label)).table
        assert len(listed) == counts.loc[label, ["remove", "add"]].sum()
        assert (listed["remove"].str.contains(label) | listed["add"].str.contains(label)).all()
    assert label_set_table(query, LabelSetFilter("either", "absent")).total == 0


def test_marked_rows_are_hidden_and_the_file_has_all(query):
    query, cells = query
    row = int(label_set_rows(query, LabelSetFilter("either"))[0])
    label_marks(query).set([row], "reviewed")
    table = label_set_table(query, LabelSetFilter("either"))
    assert (table.marked, table.table.loc[row, "mark"]) == (1, "reviewed")
    assert row not in label_set_rows(query, LabelSetFilter("either", unmarked=True))
    label_marks(query).set([row], None)
    file = pd.read_csv(io.BytesIO(label_set_file(query, LabelSetFilter("all"))))
    assert len(file) == 239
    assert json.loads(file["tags"][0]) == cells[file["row"][0] - 1]


def test_the_evidence_on_a_row_begins_with_its_least_certain_label(query):
    query, cells = query
    row = int(label_set_rows(query, LabelSetFilter("both"))[0])
    evidence = row_evidence(query, row)
    first = evidence.iloc[0]
    assert first["present"] == (first["label"] in cells[row])
    assert first["suggestion"] == "remove"
    score = label_set_table(query, LabelSetFilter("both")).table.loc[row, "error score"]
    assert score == pytest.approx(1 - (first["probe"] + first["neighbors"]) / 2, abs=1e-6)
    neighbors = label_evidence(query, row).neighbors
    for other, line in neighbors.iterrows():
        assert set(line["label"].split("; ")) == set(cells[other])
