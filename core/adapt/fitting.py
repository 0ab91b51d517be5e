"""Fitting a map by Adam on batches, stopped early by a validation score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from core.adapt.batches import Negatives, mine_negatives, pair_batches, ranked_batches
from core.adapt.comparison import score
from core.adapt.examples import Examples, ScoredPairs
from core.adapt.losses import pair_loss, ranked_loss
from core.models.linear_maps import Arrays, Kind, identity

MAX_LINEAR = 1_024  # dimensions up to which the default is a linear map; more cost too much time
LEARNING_RATES: dict[Kind, float] = {"linear": 0.02, "low_rank": 0.06}  # times 1 / sqrt(dimensions)
DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8  # of Adam


@dataclass(frozen=True)
class Settings:
    """kind: None is linear up to 1,024 dimensions. rank: of low_rank. loss: of labels and judgments; scored pairs have
    CoSENT. temperature: of the contrastive loss; margin: of the triplet loss. hard_negatives: whether to mine them, at
    least a margin below the positive, see batches.Negatives; on BANKING77 they add 0.002 on the labels trained on and
    cost 0.02 on others. learning_rate: None is 0.02 / sqrt(d), three times that for low_rank. patience: epochs without
    a better validation score. stop_on: validation rows of the labels that are trained on, or of others, which stops
    earlier and suits an adapter for new labels."""

    kind: Kind | None = None
    rank: int = 128
    loss: Literal["contrastive", "triplet"] = "contrastive"
    temperature: float = 0.1
    margin: float = 0.2
    hard_negatives: bool = False
    absolute_margin: float = 0.0
    relative_margin: float = 0.05
    learning_rate: float | None = None
    epochs: int = 20
    patience: int = 3
    stop_on: Literal["rows", "classes"] = "rows"

    def kind_of(self, dimensions: int) -> Kind:
        return self.kind or ("linear" if dimensions <= MAX_LINEAR else "low_rank")

    def rate_of(self, dimensions: int) -> float:
        return self.learning_rate or LEARNING_RATES[self.kind_of(dimensions)] / float(np.sqrt(dimensions))


@dataclass(frozen=True, eq=False)
class Fit:
    """arrays: of the best epoch. epochs: how many that took, 0 for the identity. history: validation score of the base
    and after each epoch."""

    arrays: Arrays
    epochs: int
    history: list[float] = field(default_factory=list)


def fit(
    train: Examples, validation: Examples | None, settings: Settings, seed: int, epochs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Fit:  # fmt: skip
    """A map fitted to the training examples. validation: selects the epoch; None: as many `epochs` as requested.
    The same inputs give the same arrays: one thread, all draws by seed."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        return _fit(train, validation, settings, seed, settings.epochs if epochs is None else epochs, progress)


def _fit(
    train: Examples, validation: Examples | None, settings: Settings, seed: int, epochs: int,
    progress: Callable[[int], None] | None,
) -> Fit:  # fmt: skip
    rng = np.random.default_rng(seed)
    rows = train.first if isinstance(train, ScoredPairs) else train.queries
    arrays = identity(settings.kind_of(rows.shape[1]), rows.shape[1], settings.rank, rng)
    steps, optimizer = _steps(train, settings, rng), _Adam(arrays, settings.rate_of(rows.shape[1]))
    best, selected = _copy(arrays), 0
    history = [] if validation is None else [score(validation, arrays)]
    for epoch in range(1, epochs + 1):
        for gradient in steps(optimizer.arrays):
            optimizer.step(gradient)
        if progress:
            progress(epoch)
        if validation is None:
            best, selected = optimizer.arrays, epoch
            continue
        history.append(score(validation, optimizer.arrays))
        if history[-1] > history[selected]:
            best, selected = _copy(optimizer.arrays), epoch
        elif epoch - selected >= settings.patience:
            break
    return Fit(best, selected, history)


def _steps(train: Examples, settings: Settings, rng: np.random.Generator) -> Callable[[Arrays], Iterator[Arrays]]:
    """A function that gives the gradients of one epoch's batches for arrays that change between them."""
    negatives: Negatives | None = None
    if not isinstance(train, ScoredPairs) and settings.hard_negatives:
        negatives = mine_negatives(train, settings.absolute_margin, settings.relative_margin, rng)
    margin = settings.margin if settings.loss == "triplet" else None

    def epoch(arrays: Arrays) -> Iterator[Arrays]:
        if isinstance(train, ScoredPairs):
            for pairs in pair_batches(train, rng):
                yield pair_loss(arrays, pairs)[1]
        else:
            for batch in ranked_batches(train, negatives, rng):
                yield ranked_loss(arrays, batch, settings.temperature, margin)[1]

    return epoch


class _Adam:
    """Adam (Kingma and Ba, 2015); changes its arrays in place."""

    def __init__(self, arrays: Arrays, learning_rate: float) -> None:
        self.arrays, self.learning_rate, self.steps = arrays, learning_rate, 0
        self.mean = {name: np.zeros_like(array) for name, array in arrays.items()}
        self.square = {name: np.zeros_like(array) for name, array in arrays.items()}

    def step(self, gradient: Arrays) -> None:
        self.steps += 1
        rate = self.learning_rate * np.sqrt(1 - SQUARE_DECAY**self.steps) / (1 - DECAY**self.steps)
        for name, array in self.arrays.items():
            mean, square = self.mean[name], self.square[name]
            mean += (1 - DECAY) * (gradient[name] - mean)
            square += (1 - SQUARE_DECAY) * (gradient[name] ** 2 - square)
            array -= np.float32(rate) * mean / (np.sqrt(square) + EPSILON)


def _copy(arrays: Arrays) -> Arrays:
    return {name: array.copy() for name, array in arrays.items()}
