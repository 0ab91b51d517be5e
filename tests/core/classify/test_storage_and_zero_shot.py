"""Classifiers survive a file, whole or not at all; zero-shot labels follow descriptions, examples and thresholds."""

import io
import json
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

from core import classify
from core.classify import estimators
from core.classify.storage import to_bytes
from core.classify.zeroshot import NONE
from core.digest import digest_array, digest_json
from core.errors import InputError
from core.models.registry import load_embedder
from core.types import ModelSpec, Vectors
from tests.core.classify.conftest import SPEC, make_vectors

TEXTS = [
    "the parcel came late", "a late parcel again", "where is my parcel", "the lamp is bright", "a bright lamp at night",
    "my lamp broke", "灯坏了", "包裹晚了", "something else entirely",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["logistic", "svm", "knn", "forest", "boosting", "ridge"])
def test_a_loaded_classifier_predicts_the_same(kind, data, tmp_path, monkeypatch):
    monkeypatch.setattr(estimators, "TREES", 8)
    monkeypatch.setattr(estimators, "BOOSTING_STEPS", 4)
    vectors, labels = data
    labels = pd.Series(np.arange(400.0)) if kind == "ridge" else labels
    model = classify.train(vectors, labels, np.arange(300), kind, value=3.0)
    classify.save(model, tmp_path / "classifier.npz")
    loaded = classify.load(tmp_path / "classifier.npz", SPEC)
    for one, other in zip(model.predict(vectors.rows), loaded.predict(vectors.rows), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (loaded.classes, loaded.facts, loaded.model) == (model.classes, model.facts, model.model)


def test_several_labels_survive_too(tmp_path):
    vectors, labels = make_vectors(100)
    model = classify.train(vectors, pd.Series([[name, "all"] for name in labels], dtype=object), value=3.0)
    assert classify.load(to_bytes(model)).predict(vectors.rows[:3])[0][0] == model.predict(vectors.rows[:3])[0][0]


def test_another_model_is_refused(data, tmp_path):
    model = classify.train(*data, np.arange(100), value=3.0)
    with pytest.raises(InputError, match="belongs to vectors of mine; these are of other") as error:
        classify.load(to_bytes(model), ModelSpec("imported", "other", dimensions=12))
    assert "Embed the corpus with mine" in error.value.remedy
    with pytest.raises(InputError, match="can't be read"):
        classify.load(tmp_path / "none.npz")


def test_damage_and_forgery_are_refused(data, monkeypatch):
    monkeypatch.setattr(estimators, "TREES", 4)
    model = classify.train(*data, np.arange(200), "forest")
    content = to_bytes(model)
    rng = np.random.default_rng(0)
    for cut in (b"", b"no archive", content[:-200], content[: len(content) // 2]):
        with pytest.raises(InputError, match="damaged") as error:
            classify.load(cut)
        assert error.value.remedy
    loaded = []
    for at in rng.integers(0, len(content), 60):
        changed = bytearray(content)
        changed[at] ^= 0xFF
        with suppress(InputError):
            loaded.append(classify.load(bytes(changed)))
    assert len(loaded) < 20  # where a byte of the archive means nothing, such as a date
    for same in loaded:
        np.testing.assert_array_equal(same.scores(data[0].rows), model.scores(data[0].rows))
    cycle = model.arrays["left"].copy()
    cycle[np.flatnonzero(cycle > 0)[0]] = 0  # a tree that would never end
    for name, array in (("left", cycle), ("code", model.arrays["code"] + 9), ("base", model.arrays["base"] * np.nan)):
        with pytest.raises(InputError, match="damaged"):
            classify.load(forged(content, f"arrays.{name}", array))
    with pytest.raises(InputError, match="damaged"):
        classify.load(forged(content, "arrays.left", np.array([{"code": "run"}], object)))


def forged(content, name, array):
    """The file with one array replaced and checksums that fit."""
    with np.load(io.BytesIO(content)) as file:
        arrays = {key: file[key] for key in file.files}
    manifest = json.loads(arrays.pop("manifest").tobytes())
    manifest.pop("digest")
    manifest["arrays"][name] = digest_array(array) if array.dtype != object else ""
    text = json.dumps(manifest | {"digest": digest_json(manifest)}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **(arrays | {name: array}), manifest=np.frombuffer(text, np.uint8))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def embedded():
    embedder = load_embedder("lexical")
    return embedder, Vectors(embedder.embed(TEXTS), embedder.spec, "corpus")


def test_names_descriptions_and_examples_classify_rows(embedded):
    embedder, vectors = embedded
    goal = ["post"] * 3 + ["light"] * 3
    for labels in (
        {"post": "a late parcel", "light": "a bright lamp"},
        {"post": ["the parcel was lost", "late parcel"], "light": ["a lamp that broke", "bright lamp"]},
        {"post": "late parcel 包裹", "light": ["the lamp broke", "灯"]},
    ):
        zero = classify.zero_shot(embedder, vectors, labels)
        assert zero.labels[:6].tolist() == goal
        assert zero.scores.dtype == np.float32
        np.testing.assert_allclose(zero.probabilities.sum(axis=1), 1, atol=1e-5)
    assert zero.labels[6:8].tolist() == ["light", "post"]  # Chinese
    expected = vectors.rows @ embedder.embed_query(["parcel"])[0]
    np.testing.assert_allclose(
        classify.zero_shot(embedder, vectors, ["parcel", "lamp"]).scores[:, 0], expected, atol=1e-5
    )


def test_descriptions_are_queries_and_examples_documents(embedded):
    _, vectors = embedded

    class Prompted(type(embedded[0])):
        def embed_query(self, texts):
            return self.encode([f"query: {text}" for text in texts])

    embedder = Prompted(vectors.model)
    zero = classify.zero_shot(embedder, vectors, {"a": "late parcel", "b": ["bright lamp"]})
    np.testing.assert_allclose(zero.prototypes[0], embedder.encode(["query: late parcel"])[0], atol=1e-6)
    np.testing.assert_allclose(zero.prototypes[1], embedder.encode(["bright lamp"])[0], atol=1e-6)


def test_rows_below_the_threshold_are_none_of_these(embedded):
    embedder, vectors = embedded
    truth = ["post"] * 3 + ["light"] * 3 + [None, None, "other"]
    zero = classify.zero_shot(embedder, vectors, {"post": "late parcel", "light": "bright lamp"})
    assert classify.evaluate(classify.train(vectors, truth, value=1.0), vectors, truth).missing == 2
    report = classify.evaluate_zero_shot(zero, vectors, truth)
    assert report.accuracy == pytest.approx(6 / 7)
    curve = classify.choose_threshold(zero, truth)
    top = zero.scores.max(axis=1)[[*range(6), 8]]
    right = np.array([1, 1, 1, 1, 1, 1, 0])
    for threshold, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        assert precision == pytest.approx(right[top >= threshold].mean())
        assert recall == pytest.approx(right[top >= threshold].sum() / 6)
    assert top[6] < curve.best <= top[:6].min()
    strict = classify.zero_shot(
        embedder, vectors, {"post": "late parcel", "light": "bright lamp"}, threshold=curve.best
    )
    assert strict.labels[8] == NONE
    report = classify.evaluate_zero_shot(strict, vectors, truth)
    assert report.accuracy == 1.0
    assert report.classes == ("post", "light", NONE)


def test_labels_that_can_t_serve_are_refused(embedded):
    embedder, vectors = embedded
    other = Vectors(vectors.rows.copy(), ModelSpec("imported", "other"), "")
    for arguments, message in (
        ((vectors, ["one"]), "two or more different labels"),
        ((vectors, "one"), "two or more"),
        ((vectors, {"a": "x", "b": " "}), '"b" has no description'),
        ((vectors, {"a": "x", "b": []}), '"b" has no description'),
        ((other, ["a", "b"]), "would be embedded with lexical baseline, the rows are with other"),
    ):
        with pytest.raises(InputError, match=message) as error:
            classify.zero_shot(embedder, *arguments)
        assert error.value.remedy
    with pytest.raises(InputError, match="temperature must be above 0"):
        classify.zero_shot(embedder, vectors, ["a", "b"], temperature=0)
    zero = classify.zero_shot(embedder, vectors, ["a", "b"])
    with pytest.raises(InputError, match="has one of these labels"):
        classify.choose_threshold(zero, ["x"] * len(vectors))
