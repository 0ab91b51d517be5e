"""Adapters: a linear map trained on the vectors of one embedding model, and what to expect of it before training."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.adapt import report as parts
from core.adapt.comparison import Gain, compare, sample
from core.adapt.examples import Examples
from core.adapt.fitting import Settings, fit
from core.adapt.report import Report
from core.adapt.splits import Sides, split
from core.adapt.supervision import Judgments, Labels, Pairs, Supervision, read
from core.errors import InputError
from core.models.adapter_files import adapter_key
from core.models.linear_maps import Arrays, identity, unit_transform
from core.types import ModelSpec, Progress, Vectors, unit_rows

PREVIEW_EPOCHS = 3
MIN_HEADROOM = 1e-6  # a base score of 1 but for rounding
PREVIEW_ROWS = 3_000  # training examples of the preview
DEFAULTS = Settings()


@dataclass(frozen=True, eq=False)
class Adapter:
    """A trained map. arrays: "residual" (d, d), or "down" and "up" (d, r), float32, see core.models.linear_maps. model:
    the embedding model whose vectors it takes. report: on held-out rows. trained_texts: (t,) uint64 digests of the
    training and validation texts (core.models.training_texts), None where they are not known."""

    arrays: Arrays
    model: ModelSpec
    dimensions: int
    settings: Settings
    report: Report
    trained_texts: np.ndarray | None = None

    @property
    def key(self) -> str:
        """16 hex digits, of the model and the arrays."""
        return adapter_key(self.model, self.arrays)

    @property
    def is_identity(self) -> bool:
        """Whether early stopping selected the base itself."""
        return self.report.epochs == 0

    def apply(self, rows: Vectors | np.ndarray) -> np.ndarray:
        """(m, d) float32 unit rows, of vectors of texts or queries (m, d) of the same model. Raises InputError for
        another number of dimensions, NaN and zero rows, and vectors of another model."""
        if isinstance(rows, Vectors) and rows.model.key != self.model.key:
            message = f"This adapter belongs to vectors of {self.model.label}; these are of {rows.model.label}."
            raise InputError(message, f"Embed with {self.model.label}, or train an adapter on these vectors.")
        points = rows.rows if isinstance(rows, Vectors) else unit_rows(rows)
        if points.shape[1] != self.dimensions:
            message = f"The adapter takes {self.dimensions} dimensions, the vectors have {points.shape[1]}."
            raise InputError(message, f"Pass vectors of {self.model.label}.")
        return unit_rows(unit_transform(self.arrays, points))


@dataclass(frozen=True)
class Check:
    """What to expect of an adapter before it is trained. preview: a short training on a part of the rows, on held-out
    examples. headroom: 1 minus the base score. pairs: similar pairs among the training rows, or scored pairs. reason: a
    sentence; notes: what was left out, in sentences."""

    preview: Gain
    headroom: float
    pairs: int
    can_help: bool
    reason: str
    notes: tuple[str, ...] = ()

    @property
    def base(self) -> float:
        return self.preview.base.value

    @property
    def minimum_detectable(self) -> float:
        """The smallest gain that 80% of such held-out samples would find significant."""
        return self.preview.minimum_detectable


def check(
    vectors: Vectors, labels: Labels | None = None, *, pairs: Pairs | None = None, judgments: Judgments | None = None,
    rows: Sequence[int] | np.ndarray | None = None, seed: int = 0, settings: Settings = DEFAULTS,
) -> Check:  # fmt: skip
    """Whether an adapter is likely to help, in seconds. The arguments are those of `train`. Raises InputError where the
    examples are too few."""
    supervision = read(vectors, labels, pairs, judgments)
    sides = split(supervision, rows, seed, settings.stop_on)
    examples = supervision.examples
    train = sample(examples.take(sides.train), seed, PREVIEW_ROWS)
    base = _base(vectors, settings)
    short = fit(train, None, settings, seed, PREVIEW_EPOCHS)
    gain = compare(sample(examples.take(sides.seen), seed), base, short.arrays, seed)
    return _check(gain, examples.take(sides.training).pairs)


def train(
    vectors: Vectors, labels: Labels | None = None, *, pairs: Pairs | None = None, judgments: Judgments | None = None,
    rows: Sequence[int] | np.ndarray | None = None, seed: int = 0, settings: Settings = DEFAULTS,
    control: bool = True, curve: bool = True, progress: Progress | None = None,
) -> Adapter:  # fmt: skip
    """An adapter with its report. Exactly one of:

    labels: n cells, texts with a common label are similar; rows without a label are left out.
    pairs: (p, 3) row, row, score, higher is more similar.
    judgments: (queries, relevant): (q, d) vectors, for each query its relevant rows, or {row: weight} such as clicks.

    rows: the rows, pairs or queries to train on, ids or a mask; the others are held out for the report. By default a
    fifth is held out, and all rows of 15% of the labels where there are ten or more. Of the training rows 15% select
    the epoch. seed: of all draws. control, curve: whether to train on permuted labels and on parts of the rows for the
    report. Raises InputError for what can't be learned from, and for fewer than 50 pairs among the training rows.
    """
    started = time.perf_counter()
    supervision = read(vectors, labels, pairs, judgments)
    sides = split(supervision, rows, seed, settings.stop_on)
    examples, base = supervision.examples, _base(vectors, settings)
    steps = _Steps(progress, settings.epochs, 1 + control + len(parts.SHARES) * curve)
    validation = sample(examples.take(sides.validation), seed)
    fitted = parts.fit_or_identity(examples.take(sides.train), validation, base, settings, seed, steps.epoch)
    steps.end_part()
    result = _report(vectors, supervision, sides, base, fitted.arrays, fitted.epochs, settings, seed)
    if control:
        gain = parts.control_gain(examples, sides, base, fitted.epochs, settings, seed, steps.epoch)
        steps.end_part()
        result = replace(result, control=gain)
    if curve:
        points = parts.learning_curve(examples, sides, base, settings, seed, steps.end_part)
        result = replace(result, curve=(*points, *result.curve))
    result = replace(result, history=tuple(fitted.history), seconds=time.perf_counter() - started)
    return Adapter(fitted.arrays, vectors.model, vectors.rows.shape[1], settings, result)


def _base(vectors: Vectors, settings: Settings) -> Arrays:
    dimensions = vectors.rows.shape[1]
    return identity(settings.kind_of(dimensions), dimensions, settings.rank, np.random.default_rng(0))


def _check(gain: Gain, pairs: int) -> Check:
    headroom = 1 - gain.base.value
    if np.isinf(gain.minimum_detectable):
        reason = "The held-out examples are too few for any gain to be significant."
    elif headroom < max(MIN_HEADROOM, gain.minimum_detectable):
        reason = "The base score is so near 1 that no gain could be significant on these held-out examples."
    elif gain.is_significant:
        reason = "A short training already gives a significant gain on held-out examples."
    elif gain.difference.high < 0:
        reason = "A short training makes held-out examples significantly worse; labels may not follow the texts."
    else:
        reason = "A short training gives no significant gain; more examples may show one."
    return Check(gain, headroom, pairs, gain.is_significant, reason)


def _report(
    vectors: Vectors, supervision: Supervision, sides: Sides, base: Arrays, arrays: Arrays, epochs: int,
    settings: Settings, seed: int,
) -> Report:  # fmt: skip
    """Without control, and with one point of the curve."""
    examples = supervision.examples
    test = sample(examples.take(sides.seen), seed)
    seen, unseen = compare(test, base, arrays, seed), None
    if parts.has_queries(examples, sides.unseen):
        unseen = compare(sample(examples.take(sides.unseen), seed), base, arrays, seed)
    return Report(
        seen, unseen, None, (parts.CurvePoint(len(sides.train), seen),), parts.histograms(test, arrays, seed),
        parts.changed_neighbors(vectors, arrays, seed), epochs, (), len(sides.train), len(sides.validation),
        examples.take(sides.training).pairs, supervision.missing, sides.left_out, seed, 0.0,
        _method(examples, sides, settings, vectors.rows.shape[1], epochs, seen, seed),
        _notes(supervision, sides, epochs, seen, unseen),
    )  # fmt: skip


def _method(
    examples: Examples, sides: Sides, settings: Settings, dimensions: int, epochs: int, gain: Gain, seed: int
) -> str:
    kind = settings.kind_of(dimensions).replace("_", "-")
    loss = "CoSENT" if examples.metric == "Spearman" else settings.loss
    return (
        f"{kind.capitalize()} map from the identity, {loss} loss, Adam, {epochs} epochs by early stopping on "
        f"{len(sides.validation):,} of {len(sides.train) + len(sides.validation):,} training examples, seed {seed}. "
        f"{sides.method} {gain.metric}: {gain.method}"
    )


def _notes(supervision: Supervision, sides: Sides, epochs: int, seen: Gain, unseen: Gain | None) -> tuple[str, ...]:
    notes = []
    if supervision.missing:
        notes.append(f"{supervision.missing:,} {supervision.unit} without usable supervision are left out.")
    if sides.left_out:
        notes.append(
            f"{sides.left_out:,} examples are not used: they share texts with training pairs or labels with validation "
            "rows alone, or are too many."
        )
    if not epochs:
        notes.append(
            "Training did not raise the validation score by more than its standard error: the adapter is the base."
        )
    if unseen is not None and unseen.is_worse:
        notes.append(
            "The adapter is significantly worse on labels that it was not trained on; stopping by other labels helps."
        )
    if seen.is_worse:
        notes.append("The adapter is significantly worse on held-out rows: use the base.")
    return tuple(notes)


class _Steps:
    """Progress over several trainings of at most `epochs` epochs."""

    def __init__(self, progress: Progress | None, epochs: int, trainings: int) -> None:
        self.progress, self.epochs, self.trainings, self.ended = progress, epochs, trainings, 0

    def epoch(self, epoch: int) -> None:
        if self.progress:
            self.progress(self.ended * self.epochs + epoch, self.trainings * self.epochs)

    def end_part(self) -> None:
        self.ended += 1
        self.epoch(0)
