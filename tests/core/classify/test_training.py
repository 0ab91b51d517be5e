"""Each kind of classifier gives what scikit-learn's gives, from arrays; parameters are selected on held-out rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from core import classify
from core.classify import estimators
from core.classify.estimators import ESTIMATORS
from core.errors import InputError
from core.types import ModelSpec, Vectors
from tests.core.classify.conftest import make_vectors


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_is_scikit_learn_s(classes, balanced):
    vectors, labels = make_vectors(classes=classes)
    rows = np.arange(280)[np.arange(280) % 5 > 0]  # classes of unequal size
    model = classify.train(vectors, labels, rows, value=3.0, balanced=balanced)
    weight = "balanced" if balanced else None
    reference = LogisticRegression(C=3.0, tol=1e-8, max_iter=2000, class_weight=weight)
    reference.fit(vectors.rows[rows].astype(np.float64), labels[rows])
    guess, probabilities = model.predict(vectors.rows[300:])
    assert probabilities.dtype == np.float32
    assert guess.dtype.kind == "U"
    np.testing.assert_allclose(probabilities, reference.predict_proba(vectors.rows[300:]), atol=5e-3)
    assert (guess == reference.predict(vectors.rows[300:])).mean() > 0.98
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_svm_decides_as_scikit_learn_s_and_has_probabilities(classes):
    vectors, labels = make_vectors(classes=classes)
    model = classify.train(vectors, labels, np.arange(300), "svm")
    reference = LinearSVC(C=model.facts["value"], random_state=0).fit(vectors.rows[:300], labels[:300])
    guess, probabilities = model.predict(vectors.rows[300:])
    np.testing.assert_array_equal(guess, reference.predict(vectors.rows[300:]))
    report = classify.evaluate(model, vectors, labels, np.arange(300, 400))
    assert model.temperature != 1.0
    assert report.accuracy == pytest.approx(probabilities.max(axis=1).mean(), abs=0.12)  # calibrated


def test_nearest_neighbors_are_scikit_learn_s(data):
    vectors, labels = data
    model = classify.train(vectors, labels, np.arange(300), "knn", value=7)
    reference = KNeighborsClassifier(7, metric="cosine").fit(vectors.rows[:300], labels[:300])
    probabilities = model.predict(vectors.rows[300:])[1]
    np.testing.assert_allclose(probabilities, reference.predict_proba(vectors.rows[300:]), atol=1e-3)


def test_trees_give_what_scikit_learn_s_give(data, monkeypatch):
    monkeypatch.setattr(estimators, "TREES", 12)
    monkeypatch.setattr(estimators, "BOOSTING_STEPS", 5)
    fitted, models = estimators._fitted, []
    monkeypatch.setattr(estimators, "_fitted", lambda *args: models.append(fitted(*args)) or models[-1])
    for kind, classes in (("forest", 4), ("boosting", 4), ("boosting", 2), ("forest", 2)):
        vectors, labels = make_vectors(classes=classes)
        model = classify.train(vectors, labels, np.arange(300), kind)
        assert isinstance(models[-1], RandomForestClassifier | HistGradientBoostingClassifier)
        expected = models[-1].predict_proba(vectors.rows[300:])
        np.testing.assert_allclose(model.predict(vectors.rows[300:])[1], expected, atol=1e-3)


def test_ridge_predicts_numbers(data):
    vectors, _ = data
    rng = np.random.default_rng(0)
    numbers = vectors.rows @ rng.normal(size=12) * 3 + rng.normal(0, 0.3, 400) + 10
    column = pd.Series(numbers)
    column[[0, 5]] = np.nan
    model = classify.train(vectors, column, np.arange(300), "ridge")
    values, none = model.predict(vectors.rows[300:])
    rows = np.setdiff1d(np.arange(300), [0, 5])
    reference = Ridge(alpha=model.facts["value"]).fit(vectors.rows[rows].astype(float), numbers[rows])
    np.testing.assert_allclose(values, reference.predict(vectors.rows[300:]), rtol=1e-4)
    assert none.shape == (100, 0)
    with pytest.raises(InputError, match="ridge regression alone"):
        classify.train(vectors, column, kind="logistic", task="number")


def test_the_parameter_is_selected_on_held_out_rows(data, halves):
    vectors, labels = data
    by_folds = classify.train(vectors, labels, halves[0])
    assert by_folds.facts["candidates"][f"{by_folds.facts['value']:g}"] == max(by_folds.facts["candidates"].values())
    assert "5 of 5 folds of 300" in by_folds.facts["selection"]
    by_rows = classify.train(vectors, labels, np.arange(200), validation=np.arange(200, 300))
    assert "validation rows" in by_rows.facts["selection"]
    scores = {
        value: LogisticRegression(C=value, max_iter=500).fit(vectors.rows[:200], labels[:200])
        .score(vectors.rows[200:300], labels[200:300])
        for value in ESTIMATORS["logistic"].grid
    }  # fmt: skip
    assert scores[by_rows.facts["value"]] >= max(scores.values()) - 0.011


def test_copies_of_a_text_share_a_fold(data):
    vectors, _ = data
    rng = np.random.default_rng(0)
    rows = np.repeat(vectors.rows[:100], 4, axis=0)
    labels = pd.Series(np.repeat(rng.choice(["a", "b"], 100), 4))  # noise, which copies would give away
    model = classify.train(Vectors(rows, vectors.model, ""), labels, kind="knn")
    assert max(model.facts["candidates"].values()) < 0.7


def test_several_labels_per_row_are_learned_one_against_the_rest():
    vectors, labels = make_vectors(600)
    lists = [[name, "urgent"] if row % 3 == 0 else [name] for row, name in enumerate(labels)]
    lists[1], lists[2] = [], None
    text = pd.Series([None if cell is None else "; ".join(cell) for cell in lists])
    model = classify.train(vectors, pd.Series(lists, dtype=object), np.arange(400), value=5.0)
    assert model.task == "sets"
    assert model.classes == ("billing", "delivery", "praise", "returns", "urgent")
    truth = np.array([["praise" in (cell or [])] for cell in lists[:400] if cell is not None]).ravel()
    used = np.array([row for row in range(400) if lists[row] is not None])
    reference = LogisticRegression(C=5.0, tol=1e-8, max_iter=1000).fit(vectors.rows[used].astype(float), truth)
    guess, probabilities = model.predict(vectors.rows[400:])
    np.testing.assert_allclose(probabilities[:, 2], reference.predict_proba(vectors.rows[400:])[:, 1], atol=5e-3)
    for row in range(20):
        assert guess[row] == tuple(np.array(model.classes)[probabilities[row] >= 0.5])
        assert model.predict(vectors.rows[[400 + row, 400 + row]])[0].tolist() == [guess[row]] * 2
    by_text, by_list = (
        classify.train(vectors, cells, np.arange(3, 400), value=5.0, task="sets", separator=separator)
        for cells, separator in ((text, ";"), (pd.Series(lists, dtype=object), None))
    )
    np.testing.assert_allclose(*(model.predict(vectors.rows[400:])[1] for model in (by_text, by_list)), atol=1e-6)
    with pytest.raises(InputError, match="several labels per row"):
        classify.train(vectors, pd.Series(lists, dtype=object), kind="knn")


def test_wrong_input_is_refused_with_a_remedy(data):
    vectors, labels = data
    cases = (
        ({"labels": pd.Series(["one"] * 400)}, 'have the class "one"'),
        ({"labels": pd.Series([None] * 400)}, "0 of 400 rows have a label"),
        ({"labels": labels[:3]}, "3 labels for 400 rows"),
        ({"labels": labels, "rows": [0, 1, 2]}, "3 of 3 rows have a label"),
        ({"labels": labels, "rows": [0, 400]}, "outside of the 400 rows"),
        ({"labels": labels, "kind": "magic"}, 'no kind of classifier "magic"'),
    )
    for arguments, message in cases:
        with pytest.raises(InputError, match=message) as error:
            classify.train(vectors, **arguments)
        assert error.value.remedy
    model = classify.train(vectors, labels, np.arange(40))
    with pytest.raises(InputError, match="takes vectors of 12 dimensions"):
        model.predict(np.zeros((2, 5)))
    with pytest.raises(InputError, match="NaN or infinite"):
        model.predict(np.full((2, 12), np.nan))
    other = Vectors(vectors.rows.copy(), ModelSpec("imported", "other", dimensions=12), "corpus")
    with pytest.raises(InputError, match="trained on vectors of mine; these are of other"):
        classify.evaluate(model, other, labels)


def test_ten_thousand_classes_are_refused():
    rows = np.tile(np.eye(12, dtype=np.float32), (834, 1))[:10_000]
    with pytest.raises(InputError, match="10,000 classes"):
        classify.train(Vectors(rows, ModelSpec("imported", "m"), ""), [f"id {i}" for i in range(10_000)])


def test_few_rows_take_the_default_parameter(data):
    vectors, labels = data
    model = classify.train(vectors, labels, np.arange(6))  # four classes, two of them with one row
    assert model.facts["value"] == ESTIMATORS["logistic"].default
    assert model.facts["selection"].startswith("Default")
    assert len(model.classes) == 4
