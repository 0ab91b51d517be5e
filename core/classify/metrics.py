"""F1 and agreement from counts per class, for one sample or many resamples at once. Definitions as scikit-learn's."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Counts:
    """right, predicted, true: (..., classes) how many rows are of a class by prediction and label, by prediction, and
    by label. total: (...,) rows. In any unit, such as means over texts: figures do not depend on the scale."""

    right: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    total: np.ndarray

    @cached_property
    def f1(self) -> np.ndarray:
        """(..., classes); NaN for a class that is neither predicted nor true."""
        return _ratio(2 * self.right, self.predicted + self.true)

    @cached_property
    def macro_f1(self) -> np.ndarray:
        """(...,) mean over the classes that are predicted or true."""
        some = np.isfinite(self.f1)
        return _ratio(np.where(some, self.f1, 0.0).sum(axis=-1), some.sum(axis=-1))

    @cached_property
    def micro_f1(self) -> np.ndarray:
        """(...,) of all classes together; of one class per row it is the accuracy."""
        return _ratio(2 * self.right.sum(axis=-1), (self.predicted + self.true).sum(axis=-1))

    @cached_property
    def weighted_f1(self) -> np.ndarray:
        """(...,) mean weighted by the rows of a class."""
        return _ratio((np.where(self.true > 0, self.f1, 0.0) * self.true).sum(axis=-1), self.true.sum(axis=-1))

    @cached_property
    def chance(self) -> np.ndarray:
        """(...,) the micro F1 (of one class per row: accuracy) of guesses that are as frequent but ignore the row."""
        return _ratio(2 * self._right_by_chance, (self.predicted + self.true).sum(axis=-1))

    @cached_property
    def kappa(self) -> np.ndarray:
        """(...,) 0 at chance, 1 where all are right; of one class per row Cohen's kappa of predictions and labels."""
        mean = (self.predicted + self.true).sum(axis=-1) / 2
        return _ratio(self.right.sum(axis=-1) - self._right_by_chance, mean - self._right_by_chance)

    @property
    def _right_by_chance(self) -> np.ndarray:
        return _ratio((self.predicted * self.true).sum(axis=-1), self.total)

    @classmethod
    def of(cls, truth: np.ndarray, guess: np.ndarray, classes: int) -> "Counts":
        """Codes (m,) from 0, or sets of labels (m, classes) bool."""
        if truth.ndim == 2:
            return cls((truth & guess).sum(axis=0), guess.sum(axis=0), truth.sum(axis=0), np.array(len(truth)))
        return cls.of_pairs(truth, guess, np.ones(len(truth)), classes)

    @classmethod
    def of_pairs(cls, truth: np.ndarray, guess: np.ndarray, weights: np.ndarray, classes: int) -> "Counts":
        """Codes (m,) from 0, row i counting weights[i]."""
        hits = np.where(truth == guess, weights, 0.0)
        right, predicted, true = (
            np.bincount(codes, weight, classes) for codes, weight in ((truth, hits), (guess, weights), (truth, weights))
        )
        return cls(right, predicted, true, weights.sum())


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    """The mean F1 of the classes in truth or guess: codes (m,) from 0, or (m, classes) bool."""
    classes = truth.shape[1] if truth.ndim == 2 else int(max(truth.max(initial=-1), guess.max(initial=-1))) + 1
    return float(Counts.of(truth, guess, classes).macro_f1)


def _ratio(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.asarray(part, np.float64) / total)
