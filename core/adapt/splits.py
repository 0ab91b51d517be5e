"""Training, validation and held-out examples. Copies of a text are one example, so no text is on two sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.adapt.examples import Examples, Ranked, ScoredPairs
from core.adapt.supervision import Supervision
from core.errors import InputError
from core.vectors.rows import row_ids

VALIDATION, TEST = 0.15, 0.2  # shares of the training examples, and of all
HELD_OUT_CLASSES = 0.15  # share of the labels no row of which is trained on
MIN_CLASSES = 10  # labels where some are held out
MIN_STRATUM = 4  # texts of a label of which some can be held out
MIN_PAIRS = 50  # similar pairs, or scored pairs, among the training rows
StopOn = Literal["rows", "classes"]
MAX_TRAINING = 20_000  # examples, drawn at random from more


@dataclass(frozen=True, eq=False)
class Sides:
    """Ids of examples, ascending. train: fitted; validation: selects the epoch; test: held out, of which `seen` share a
    label or relevant row with `train`, and `unseen` with neither train nor validation. left_out: examples on no side.
    method: a sentence."""

    train: np.ndarray
    validation: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray
    left_out: int
    method: str

    @property
    def training(self) -> np.ndarray:
        """Training and validation examples."""
        return np.union1d(self.train, self.validation)


def split(
    supervision: Supervision, rows: Sequence[int] | np.ndarray | None, seed: int, stop_on: StopOn = "rows"
) -> Sides:
    """rows: the rows, pairs or queries to train on; all others with supervision are held out. None: held out are a
    fifth of the examples and, of ten labels or more, all texts of 15% of the labels. Raises InputError where too few
    are left to train on, or none to test."""
    examples, rng = supervision.examples, np.random.default_rng(seed)
    if rows is None:
        training, method = _draw_training(examples, rng), f"Held out at random (seed {seed})."
    else:
        selected = supervision.of_source[row_ids(rows, len(supervision.of_source))]
        training = np.unique(selected[selected >= 0])
        method = f"Held out: all {supervision.unit} outside of the training {supervision.unit}."
    test = np.setdiff1d(np.arange(len(examples)), training)
    if isinstance(examples, ScoredPairs):
        test = test[~np.isin(examples.groups[test], examples.groups[training])]
    if len(training) > MAX_TRAINING:
        training = np.sort(rng.choice(training, MAX_TRAINING, replace=False))
    train, validation = _set_aside(examples, training, stop_on, rng)
    seen, unseen = test, test[:0]
    if not isinstance(examples, ScoredPairs):
        seen = test[examples.share_feature(test, train)]
        unseen = test[~examples.share_feature(test, training)]
    left_out = len(examples) - len(training) - len(seen) - len(unseen)
    sides = Sides(train, validation, seen, unseen, left_out, method)
    _check(examples, sides, supervision.unit)
    return sides


def _draw_training(examples: Examples, rng: np.random.Generator) -> np.ndarray:
    every = np.arange(len(examples))
    training = np.setdiff1d(every, _draw(examples, every, TEST, rng))
    if isinstance(examples, ScoredPairs) or not examples.is_symmetric or len(_labels(examples)) < MIN_CLASSES:
        return training
    return training[~_has_drawn_label(examples, training, rng)]


def _set_aside(
    examples: Examples, training: np.ndarray, stop_on: StopOn, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation ids."""
    if stop_on == "rows":
        validation = _draw(examples, training, VALIDATION, rng)
        return np.setdiff1d(training, validation), validation
    inside = None if isinstance(examples, ScoredPairs) else examples.take(training)
    if inside is None or not inside.is_symmetric or len(_labels(inside)) < MIN_CLASSES:
        message = f"Stopping by other labels needs {MIN_CLASSES} labels with at least {MIN_STRATUM} training texts."
        raise InputError(message, "Stop by the same labels.")
    is_drawn = _has_drawn_label(inside, np.arange(len(inside)), rng)
    return training[~is_drawn], training[is_drawn]


def _labels(examples: Ranked) -> np.ndarray:
    """Labels that can be held out."""
    return np.flatnonzero(examples.members() >= MIN_STRATUM)


def _has_drawn_label(examples: Ranked, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(len(ids),) bool: whether a text has one of 15% of the labels, drawn at random."""
    labels, excluded = _labels(examples), np.zeros(examples.query_features.shape[1], np.float32)
    excluded[rng.choice(labels, round(HELD_OUT_CLASSES * len(labels)), replace=False)] = 1
    return np.asarray(examples.query_features[ids] @ excluded > 0)


def _draw(examples: Examples, ids: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A random share of some examples, ascending: whole groups of pairs; of each label with at least four texts two or
    more, so that they have something to find."""
    if isinstance(examples, ScoredPairs):
        groups = rng.permutation(np.unique(examples.groups[ids]))
        return ids[np.isin(examples.groups[ids], groups[: round(share * len(groups))])]
    order = rng.permutation(ids)
    strata = examples.strata()[order]
    order = order[np.argsort(strata, kind="stable")]
    _, start, size = np.unique(np.sort(strata), return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(start, size)
    wanted = np.maximum(np.rint(share * size), 2 if examples.is_symmetric else 1) * (size >= MIN_STRATUM)
    return np.sort(order[rank < np.repeat(wanted, size)])


def _named(unit: str) -> str:
    return "labeled rows" if unit == "rows" else unit


def _check(examples: Examples, sides: Sides, unit: str) -> None:
    pairs = examples.take(sides.training).pairs
    if pairs < MIN_PAIRS:
        message = f"The training {unit} have {pairs:,} pairs to learn from; at least {MIN_PAIRS} are required."
        raise InputError(message, f"Add {_named(unit)}, or compare base models instead.")
    if not len(examples.take(sides.seen).eligible()):
        message = f"No {unit} are held out for a test."
        raise InputError(message, f"Train on fewer of the {_named(unit)}, or add more.")
    if len(examples.take(sides.validation).eligible()) < 2:
        message = f"The training {unit} are too few to set some aside for early stopping."
        raise InputError(message, f"Train on more {unit}.")
    if isinstance(examples, ScoredPairs):
        constant = [ids for ids in (sides.train, sides.validation, sides.seen) if np.ptp(examples.scores[ids]) == 0]
        if constant:
            raise InputError("All training, validation or held-out pairs have one score.", "Add pairs of other scores.")
