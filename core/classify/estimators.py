"""Kinds of classifiers: fitted by scikit-learn, then nothing but arrays, from which scores are computed by NumPy.

So a classifier is stored without pickle, and gives the same answers before and after.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

Kind = Literal["logistic", "svm", "knn", "forest", "boosting", "ridge", "most_frequent"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Arrays = dict[str, np.ndarray]
TREES = 100
BOOSTING_STEPS = 50
BOOSTING_FEATURES = 0.2  # share of the dimensions that a split looks at
BOOSTING_L2 = 5.0  # without it, boosting of many classes diverges
SCALE = 4.0  # mean length of centered vectors that the solver of logistic regression takes
FLOOR = 1e-4  # probability of a class without any vote
BLOCK_CELLS = 8_000_000


@dataclass(frozen=True)
class Estimator:
    """fit: (points, codes, classes, value, balanced, seed) -> arrays. Every class has a row; of two classes, too.
    scores: (arrays, points) -> (m, classes) float64 whose softmax gives the probabilities. parameter: what `grid` has
    values of, "" for none; default: where nothing can be measured. one_vs_rest: can learn sets of labels."""

    label: str
    fit: Callable[[np.ndarray, np.ndarray, int, float, bool, int], Arrays]
    scores: Callable[[Arrays, np.ndarray], np.ndarray]
    parameter: str = ""
    grid: tuple[float, ...] = ()
    default: float = 0.0
    one_vs_rest: bool = False


def _fit_logistic(points: np.ndarray, codes: np.ndarray, classes: int, c: float, balanced: bool, seed: int) -> Arrays:
    """The same optimum as on the points themselves, in half the time: centered and scaled, the problem is rounder."""
    from sklearn.linear_model import LogisticRegression

    center = points.mean(axis=0)
    spread = float(np.sqrt(np.square(points - center).sum(axis=1).mean()))
    scale = np.float32(SCALE / max(spread, 1e-6))
    model = LogisticRegression(C=c / float(scale) ** 2, max_iter=500, class_weight="balanced" if balanced else None)
    arrays = _linear(_fitted(model, (points - center) * scale, codes), classes)
    coefficients = arrays["coefficients"] * scale
    return {"coefficients": coefficients, "intercepts": arrays["intercepts"] - coefficients @ center.astype(np.float64)}


def _fit_svm(points: np.ndarray, codes: np.ndarray, classes: int, c: float, balanced: bool, seed: int) -> Arrays:
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=c, class_weight="balanced" if balanced else None, random_state=seed)
    return _linear(_fitted(model, points, codes), classes)


def _linear(model: Any, classes: int) -> Arrays:
    """Coefficients (classes, d) and intercepts (classes,); scikit-learn has one row for two classes, whose softmax
    with 0 is the same."""
    coefficients, intercepts = np.asarray(model.coef_), np.asarray(model.intercept_)
    if classes == 2:
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    return {"coefficients": coefficients.astype(np.float32), "intercepts": intercepts.astype(np.float64)}


def _linear_scores(arrays: Arrays, points: np.ndarray) -> np.ndarray:
    return np.asarray(points @ arrays["coefficients"].T + arrays["intercepts"], np.float64)


def _fit_most_frequent(
    points: np.ndarray, codes: np.ndarray, classes: int, value: float, balanced: bool, seed: int
) -> Arrays:
    counts = np.bincount(codes, minlength=classes)
    coefficients = np.zeros((classes, points.shape[1]), np.float32)
    return {"coefficients": coefficients, "intercepts": np.log(np.maximum(counts, FLOOR) / len(codes))}


def _fit_ridge(points: np.ndarray, codes: np.ndarray, classes: int, alpha: float, balanced: bool, seed: int) -> Arrays:
    """codes: (m,) float64 numbers. One row of coefficients, whose score is the number."""
    from sklearn.linear_model import Ridge

    model = _fitted(Ridge(alpha=alpha), points.astype(np.float64), codes)
    return {"coefficients": model.coef_[None].astype(np.float32), "intercepts": np.array([model.intercept_], float)}


def _fit_knn(points: np.ndarray, codes: np.ndarray, classes: int, k: float, balanced: bool, seed: int) -> Arrays:
    counts = np.bincount(codes, minlength=classes)
    weights = len(codes) / (classes * np.maximum(counts, 1)) if balanced else np.ones(classes)
    nearest = np.array(min(int(k), len(codes)))
    return {"points": points, "codes": codes.astype(np.int32), "weights": weights, "nearest": nearest}


def _knn_scores(arrays: Arrays, points: np.ndarray) -> np.ndarray:
    """Logarithms of the shares of the votes of the nearest rows by cosine."""
    k, weights, votes = int(arrays["nearest"]), arrays["weights"], np.zeros((len(points), len(arrays["weights"])))
    for start in range(0, len(points), step := max(BLOCK_CELLS // len(arrays["points"]), 1)):
        cosines = points[start : start + step] @ arrays["points"].T
        nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k] if k < cosines.shape[1] else None
        codes = np.broadcast_to(arrays["codes"], cosines.shape) if nearest is None else arrays["codes"][nearest]
        rows = np.repeat(np.arange(start, start + len(cosines)), codes.shape[1])
        np.add.at(votes, (rows, codes.ravel()), weights[codes.ravel()])
    return np.log(votes / votes.sum(axis=1, keepdims=True) + FLOOR)


def _fit_forest(points: np.ndarray, codes: np.ndarray, classes: int, value: float, balanced: bool, seed: int) -> Arrays:
    from sklearn.ensemble import RandomForestClassifier

    weight = "balanced" if balanced else None
    model = RandomForestClassifier(TREES, max_features="log2", class_weight=weight, random_state=seed)
    trees = [tree.tree_ for tree in _fitted(model, points, codes).estimators_]
    parts = [(tree.children_left, tree.children_right, tree.feature, tree.threshold) for tree in trees]
    values = [tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True) / len(trees) for tree in trees]
    return _tree_arrays(parts, values, np.zeros(classes))


def _fit_boosting(
    points: np.ndarray, codes: np.ndarray, classes: int, value: float, balanced: bool, seed: int
) -> Arrays:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=BOOSTING_STEPS, max_leaf_nodes=15, l2_regularization=BOOSTING_L2, max_features=BOOSTING_FEATURES,
        max_bins=63, min_samples_leaf=min(20, max(len(codes) // (4 * classes), 1)), early_stopping=False,
        class_weight="balanced" if balanced else None, random_state=seed,
    )  # fmt: skip
    # scikit-learn has no public access to these trees; a test compares the scores with its own
    steps, base = _fitted(model, points, codes)._predictors, np.ravel(model._baseline_prediction)
    parts, values = [], []
    for step in steps:
        for code, tree in enumerate(step):
            nodes = tree.nodes
            leaf, value_column = nodes["is_leaf"].astype(bool), code if len(step) > 1 else 1
            left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
            parts.append((left, right, nodes["feature_idx"], nodes["num_threshold"]))
            added = np.zeros((len(nodes), classes))
            added[:, value_column] = nodes["value"]
            values.append(added)
    return _tree_arrays(parts, values, base if len(base) == classes else np.array([0.0, base[0]]))


def _tree_arrays(parts: Sequence[tuple[np.ndarray, ...]], values: Sequence[np.ndarray], base: np.ndarray) -> Arrays:
    """All trees in one: nodes with their children (-1: a leaf), and what each leaf adds to which class."""
    sizes = [len(part[0]) for part in parts]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    children = [
        np.concatenate(
            [np.where(part[side] < 0, -1, part[side] + start) for part, start in zip(parts, starts, strict=True)]
        )
        for side in (0, 1)
    ]
    is_leaf, filled = children[0] < 0, [np.nonzero(value) for value in values]
    nodes = np.concatenate([at[0] + start for at, start in zip(filled, starts, strict=True)])
    codes = np.concatenate([at[1] for at in filled])
    added = np.concatenate([value[at] for value, at in zip(values, filled, strict=True)])
    of_leaf = is_leaf[nodes]
    feature, threshold = (np.concatenate([part[i] for part in parts]) for i in (2, 3))
    return {
        "left": children[0].astype(np.int32), "right": children[1].astype(np.int32), "roots": starts.astype(np.int32),
        "feature": np.where(is_leaf, 0, feature).astype(np.int32), "threshold": np.where(is_leaf, 0, threshold),
        "leaf": nodes[of_leaf].astype(np.int32), "code": codes[of_leaf].astype(np.int32), "added": added[of_leaf],
        "base": base,
    }  # fmt: skip


def _tree_sums(arrays: Arrays, points: np.ndarray) -> np.ndarray:
    """(m, classes) float64: the base and what the leaf that a row reaches in each tree adds."""
    from scipy.sparse import csr_matrix

    nodes, trees, classes = len(arrays["left"]), len(arrays["roots"]), len(arrays["base"])
    added = csr_matrix((arrays["added"], (arrays["leaf"], arrays["code"])), shape=(nodes, classes))
    sums = np.empty((len(points), classes))
    for start in range(0, len(points), step := max(BLOCK_CELLS // (8 * trees), 1)):
        block = points[start : start + step]
        at, rows = np.tile(arrays["roots"], (len(block), 1)), np.arange(len(block))[:, None]
        while (inner := arrays["left"][at] >= 0).any():
            goes_left = block[rows, arrays["feature"][at]] <= arrays["threshold"][at]
            at = np.where(inner, np.where(goes_left, arrays["left"][at], arrays["right"][at]), at)
        pointers = np.arange(len(block) + 1) * trees
        reached = csr_matrix((np.ones(at.size), at.ravel(), pointers), shape=(len(block), nodes))
        sums[start : start + step] = (reached @ added).toarray() + arrays["base"]
    return sums


def _forest_scores(arrays: Arrays, points: np.ndarray) -> np.ndarray:
    return np.log(_tree_sums(arrays, points) + FLOOR)


def _fitted(model: Any, points: np.ndarray, codes: np.ndarray) -> Any:
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(1):  # more threads take longer on matrices this small
        warnings.simplefilter("ignore")  # iterations used up, small classes
        return model.fit(points, codes)


ESTIMATORS: dict[str, Estimator] = {
    "logistic": Estimator(
        "Logistic regression", _fit_logistic, _linear_scores, "C", (0.3, 3.0, 10.0, 30.0, 100.0), 10.0,
        one_vs_rest=True),
    "svm": Estimator("Linear SVM", _fit_svm, _linear_scores, "C", (0.1, 1.0, 10.0), 1.0, one_vs_rest=True),
    "knn": Estimator("k-nearest neighbors", _fit_knn, _knn_scores, "k", (1.0, 5.0, 15.0, 30.0), 5.0),
    "forest": Estimator("Random forest", _fit_forest, _forest_scores),
    "boosting": Estimator("Gradient boosting", _fit_boosting, _tree_sums),
    "ridge": Estimator("Ridge regression", _fit_ridge, _linear_scores, "alpha", (0.1, 1.0, 10.0, 100.0), 1.0),
    "most_frequent": Estimator("Most frequent class", _fit_most_frequent, _linear_scores),
}  # fmt: skip
"""By kind; the default first."""
