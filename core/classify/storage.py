"""Classifiers as files: one .npz of arrays and a JSON manifest, without pickle."""

from pathlib import Path

import numpy as np

from core.archive import pack, read_source, unpack
from core.classify.estimators import ESTIMATORS, Arrays
from core.classify.training import Classifier
from core.errors import InputError
from core.files import replacing
from core.types import ModelSpec

NAME = "classifier"
FLOATS, INTEGERS = "f", "i"
NAMES = {
    "coefficients": FLOATS, "intercepts": FLOATS, "points": FLOATS, "codes": INTEGERS, "weights": FLOATS,
    "nearest": INTEGERS, "left": INTEGERS, "right": INTEGERS, "roots": INTEGERS, "feature": INTEGERS,
    "threshold": FLOATS, "leaf": INTEGERS, "code": INTEGERS, "added": FLOATS, "base": FLOATS,
}  # fmt: skip
DAMAGED = "Save the classifier again where it was trained, or train it anew."


def to_bytes(model: Classifier) -> bytes:
    """The content of a file, for a download."""
    return pack(model, NAME)


def save(model: Classifier, path: str | Path) -> None:
    """Write a classifier to a file. Raises StorageError."""
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(to_bytes(model))


def load(source: str | Path | bytes, model: ModelSpec | None = None) -> Classifier:
    """A saved classifier, from a file or its content. model: that of the vectors it is meant for. Raises InputError
    where the file can't be read, is no classifier, is damaged, or belongs to another embedding model."""
    name, content = read_source(source)
    try:
        loaded = _read(content)
    except Exception as error:  # zipfile, zlib and numpy raise almost anything for damaged content
        raise InputError(f"{name} is not a classifier of Planisphere, or is damaged.", DAMAGED) from error
    if model is not None and loaded.model.key != model.key:
        message = f"This classifier belongs to vectors of {loaded.model.label}; these are of {model.label}."
        raise InputError(
            message, f"Embed the corpus with {loaded.model.label}, or train a classifier on these vectors."
        )
    return loaded


def _read(content: bytes) -> Classifier:
    model: Classifier = unpack(Classifier, content, NAME)
    _check(model)
    return model


def _check(model: Classifier) -> None:
    """Raise ValueError for arrays that scores can't be computed from: the checksums do not protect from a forger."""
    arrays, d, outputs = model.arrays, int(model.facts["dimensions"]), max(len(model.classes), 1)
    valid = all(NAMES[name] == array.dtype.kind for name, array in arrays.items()) and model.kind in ESTIMATORS
    if "coefficients" in arrays:
        valid &= arrays["coefficients"].shape == (outputs, d) and arrays["intercepts"].shape == (outputs,)
    elif "points" in arrays:
        codes = arrays["codes"]
        valid &= arrays["points"].shape == (len(codes), d) and arrays["weights"].shape == (outputs,)
        valid &= bool(0 <= codes.min() <= codes.max() < outputs) and 1 <= int(arrays["nearest"]) <= len(codes)
    else:
        valid &= _are_trees(arrays, d, outputs)
    if not valid or not model.temperature > 0 or not all(np.isfinite(a).all() for a in arrays.values()):
        raise ValueError("invalid arrays")


def _are_trees(arrays: Arrays, d: int, outputs: int) -> bool:
    """Whether every node's children come after it, so that a walk from a root ends at a leaf."""
    nodes, own = len(arrays["left"]), np.arange(len(arrays["left"]))
    children = np.stack([arrays["left"], arrays["right"]])
    is_leaf = (children < 0).all(axis=0)
    inside = [(arrays["roots"], nodes), (arrays["feature"], d), (arrays["leaf"], nodes), (arrays["code"], outputs)]
    ordered = bool((is_leaf | ((children > own) & (children < nodes)).all(axis=0)).all())
    sizes = arrays["right"].shape == arrays["feature"].shape == arrays["threshold"].shape == (nodes,)
    same = arrays["leaf"].shape == arrays["code"].shape == arrays["added"].shape and arrays["base"].shape == (outputs,)
    return ordered and sizes and same and all(len(a) and 0 <= a.min() <= a.max() < limit for a, limit in inside)
