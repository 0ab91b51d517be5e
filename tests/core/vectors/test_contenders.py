"""Contenders: what a variant's vectors are, what names it, and that its graph is that of its own vectors."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors import contenders
from core.vectors.contenders import Contender, from_key, quantize

SPEC = ModelSpec("imported", "mine", dimensions=48)


@pytest.fixture
def rows():
    return unit_rows(np.random.default_rng(3).normal(size=(200, 48)) * np.linspace(3, 0.2, 48))


@pytest.fixture
def embedded(tmp_path, rows):
    table = pd.DataFrame({"text": [f"text {i}" for i in range(200)]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    corpus = build_corpus(raw, Roles("{text}"), name="some").corpus
    workspace = Workspace(tmp_path)
    workspace.save_corpus(corpus)
    workspace.save_vectors(Vectors(rows, SPEC, corpus.digest))
    return CorpusRef(str(tmp_path), corpus.digest)


def test_fewer_dimensions_are_the_first_ones_at_unit_length(rows):
    cut = quantize(rows, 16, "float32")
    expected = rows[:, :16] / np.linalg.norm(rows[:, :16], axis=1, keepdims=True)
    np.testing.assert_allclose(cut, expected, atol=1e-6)


def test_binary_cosine_is_that_of_the_hamming_distance(rows):
    signs = quantize(rows, None, "binary")
    hamming = ((rows[:1] > 0) != (rows > 0)).sum(axis=1)
    np.testing.assert_allclose(signs @ signs[0], 1 - 2 * hamming / 48, atol=1e-5)


@pytest.mark.parametrize(("bits", "minimum"), [("float16", 0.999999), ("int8", 0.9999), ("binary", 0.5)])
def test_fewer_bits_turn_a_vector_the_more(rows, bits, minimum):
    cosines = (quantize(rows, None, bits) * rows).sum(axis=1)
    assert minimum <= cosines.min() < 1


def test_int8_has_at_most_255_values_a_dimension(rows):
    low, high = rows.min(axis=0), rows.max(axis=0)
    step = (high - low) / 255
    expected = low + (np.floor((rows - low) / step).clip(0, 254) + 0.5) * step
    np.testing.assert_allclose(quantize(rows, None, "int8"), unit_rows(expected), atol=1e-6)


def test_a_flat_dimension_and_a_bad_number_of_dimensions(rows):
    flat = rows.copy()
    flat[:, 5] = 0
    assert np.isfinite(quantize(flat, None, "int8")).all()
    with pytest.raises(InputError, match="49 dimensions"):
        quantize(rows, 49, "float32")


def test_a_key_names_a_contender_and_nothing_else():
    contender = Contender(SPEC, 16, "int8")
    assert from_key(contender.key, [SPEC]) == contender == Contender.from_dict(contender.to_dict())
    assert from_key(SPEC.key, [SPEC]) == Contender(SPEC)
    for wrong in ("", "zz", f"{SPEC.key}-x", f"{SPEC.key}-8-9", f"{SPEC.key}-int8-binary"):
        assert from_key(wrong, [SPEC]) is None
    assert contender.label == "mine · first 16d · int8"
    assert [Contender(SPEC, None, bits).bytes_per_vector(48) for bits in contenders.BITS] == [192, 96, 48, 6]


def test_a_variant_has_a_graph_of_its_own_vectors(embedded, rows):
    variant = Contender(SPEC, 8)
    with pytest.raises(StorageError):
        contenders.contender_neighbors(embedded, variant)
    graph = contenders.get_or_compute_neighbors(embedded, variant)
    cut = quantize(rows, 8, "float32")
    scores = cut @ cut.T
    np.fill_diagonal(scores, -2)
    assert (graph.ids[:, 0] == scores.argmax(axis=1)).all()
    assert contenders.has_graph(embedded, variant)
    assert (contenders.contender_neighbors(embedded, variant).ids == graph.ids).all()
