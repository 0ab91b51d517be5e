"""Stored corpora, vectors and selections by name."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.added_columns import add_column
from core.corpus.lookup import find_corpus, find_model, open_corpus, open_vectors, selection
from core.corpus.selections import save_selection
from core.errors import InputError
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors

DIGESTS = ("1" * 16, "2" * 16, "3" * 16)
MODELS = (
    ModelSpec("onnx", "small", precision="float32", dimensions=2),
    ModelSpec("onnx", "small", precision="int8", dimensions=2),
    ModelSpec("lexical", "words", dimensions=2),
)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """Three corpora, two of one name; the first one has vectors of three models."""
    stored = Workspace(tmp_path)
    for name, digest in zip(("Reviews", "Notes", "Notes"), DIGESTS, strict=True):
        stored.save_corpus(Corpus(name, pd.DataFrame({"a": range(4)}), list("wxyz"), Roles("{a}"), digest))
    for model in MODELS:
        stored.save_vectors(Vectors(np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], model, DIGESTS[0]))
    return stored


def test_a_corpus_is_opened_with_its_added_columns(workspace):
    add_column(CorpusRef(str(workspace.folder), DIGESTS[0]), "topic", pd.Series(["p", "q", "p", "q"]), "predictions")
    for name in ("Reviews", DIGESTS[0]):
        corpus = open_corpus(workspace, name)
        assert corpus.texts == list("wxyz")
        assert corpus.table["topic"].tolist() == ["p", "q", "p", "q"]


def test_vectors_are_opened_by_label_key_or_unique_name(workspace):
    assert open_vectors(workspace, "Reviews").model == MODELS[0]
    for name in ("words", MODELS[2].key, MODELS[2].label):
        assert open_vectors(workspace, "Reviews", name).model == MODELS[2]
    info = find_corpus(workspace, "Reviews")
    assert find_model(workspace, info, MODELS[1].label) == MODELS[1]
    for name in ("small", "other"):
        with pytest.raises(InputError, match="int8"):
            find_model(workspace, info, name)


def test_a_selection_is_read_by_its_name_in_any_case(workspace):
    save_selection(workspace, DIGESTS[0], "First and last", [3, 0])
    rows = selection(workspace, "Reviews", "first AND last")
    assert rows.tolist() == [0, 3]
    assert rows.dtype == np.int64
    with pytest.raises(InputError, match="First and last"):
        selection(workspace, "Reviews", "none")


def test_unknown_and_ambiguous_names_are_refused(workspace):
    with pytest.raises(InputError, match="Reviews"):
        find_corpus(workspace, "reviews 2")
    with pytest.raises(InputError, match=DIGESTS[1]):
        find_corpus(workspace, "Notes")
