import numpy as np
import pytest

from core.clusters.methods import ClusterParams
from core.clusters.names import cluster_names, distinctive_rows, edited_names, keywords, representative_rows, save_names
from core.corpus.terms import document_terms
from core.errors import InputError
from core.store import Workspace
from core.types import ModelSpec

SPEC = ModelSpec("imported", "named")
TEXTS = [
    *[f"The refund for order {row} never arrived" for row in range(6)],
    *[f"My parcel {row} came late, delivery was slow" for row in range(5)],
    *[f"Battery died after {row} weeks" for row in range(4)],
]
LABELS = np.repeat([0, 1, 2], [6, 5, 4])


def test_names_are_the_words_of_each_group():
    names = cluster_names(LABELS, *document_terms(TEXTS), TEXTS)
    assert len(set(names)) == 3
    assert "refund" in names[0]
    assert "delivery" in names[1] or "parcel" in names[1]
    assert "battery" in names[2]


def test_noise_takes_no_part():
    labels = LABELS.copy()
    labels[LABELS == 2] = -1
    assert len(cluster_names(labels, *document_terms(TEXTS), TEXTS)) == 2
    assert cluster_names(np.full(15, -1), *document_terms(TEXTS), TEXTS) == []
    assert not any("battery" in word for words in keywords(labels, *document_terms(TEXTS)) for word, _ in words)


@pytest.mark.parametrize("texts", [["12 34"] * 9, [""] * 9, ["..."] * 9, ["the"] * 9, ["a" * 500] * 9])
def test_names_differ_even_where_no_words_do(texts):
    names = cluster_names(np.repeat([0, 1, 2], 3), *document_terms(texts), texts)
    assert len(set(names)) == 3
    assert all(names)
    assert max(map(len, names)) <= 45


def test_keywords_fall_and_are_of_the_group():
    made = keywords(LABELS, *document_terms(TEXTS), limit=4)
    for words in made:
        weights = [weight for _, weight in words]
        assert weights == sorted(weights, reverse=True)
        assert 0 < len(words) <= 4
    assert {"refund", "order"} & {word for word, _ in made[0]}
    assert not {"refund", "order"} & {word for word, _ in made[2]}


def test_central_and_typical_rows_by_brute_force(scattered):
    rows = scattered.vectors.rows.astype(np.float64)
    labels = np.random.default_rng(0).integers(-1, 3, 300)
    middles = np.stack([rows[labels == label].sum(axis=0) for label in range(3)])
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    inside = np.flatnonzero(labels == 1)
    near = rows[inside] @ middles.T
    central = inside[np.argsort(-near[:, 1])][:5]
    typical = inside[np.argsort(-(near[:, 1] - np.maximum(near[:, 0], near[:, 2])))][:5]
    assert representative_rows(scattered.vectors.rows, labels, 1).tolist() == central.tolist()
    assert distinctive_rows(scattered.vectors.rows, labels, 1, middles).tolist() == typical.tolist()
    assert central.tolist() != typical.tolist()
    assert len(representative_rows(scattered.vectors.rows, labels, 9)) == 0
    assert distinctive_rows(scattered.vectors.rows, labels, 1, middles[1:2]).tolist() == central.tolist()


@pytest.fixture
def place(tmp_path):
    return Workspace(tmp_path), "0123456789abcdef", SPEC


def test_given_names_come_back(place):
    params = ClusterParams(level=2)
    assert edited_names(*place, params) == {}
    save_names(*place, params, {3: "Refunds", 0: "  Späte  Lieferung "})
    found = edited_names(*place, params)
    assert found[3] == "Refunds"
    assert found[0].startswith("Späte")
    assert edited_names(*place, ClusterParams(level=3)) == {}
    assert edited_names(*place, ClusterParams(level=2, k=7)) == found  # k means nothing to this method
    save_names(*place, params, {1: "Only this"})
    assert edited_names(*place, params) == {1: "Only this"}


@pytest.mark.parametrize("names", [{0: "Late", 1: "late"}, {0: ""}, {0: "   "}, {0: "x" * 500}])
def test_names_that_stand_twice_or_say_nothing_are_refused(place, names):
    save_names(*place, ClusterParams(), {0: "Before"})
    with pytest.raises(InputError) as caught:
        save_names(*place, ClusterParams(), names)
    assert caught.value.message
    assert edited_names(*place, ClusterParams()) == {0: "Before"}


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": "b", "-1": "c", "2": " "}'])
def test_a_damaged_file_gives_no_names(place, content):
    save_names(*place, ClusterParams(), {0: "Before"})
    next(place[0].folder.rglob("names.json")).write_text(content)
    assert edited_names(*place, ClusterParams()) == {}
