"""What an adapter changes: held-out scores, a control with permuted labels, learning curve, cosines, neighbors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.adapt.comparison import Gain, compare, sample, top_columns
from core.adapt.examples import Examples, Ranked, ScoredPairs
from core.adapt.fitting import Fit, Settings, fit
from core.adapt.splits import MIN_PAIRS, Sides
from core.models.linear_maps import Arrays, unit_transform
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean
from core.types import Vectors
from core.vectors.rows import text_codes

SHARES = (0.125, 0.25, 0.5)  # of the training examples on the learning curve, before all of them
NEIGHBORS = 10
MAX_NEIGHBOR_QUERIES, MAX_NEIGHBOR_ROWS = 1_000, 20_000
MAX_HISTOGRAM_PAIRS = 20_000
EDGES = np.linspace(-1, 1, 41)


@dataclass(frozen=True, eq=False)
class Histograms:
    """Cosines of held-out pairs. edges: (41,) float64; the others (40,) int64 counts of similar pairs (which share a
    label, are judged relevant, or score above the midrange) and of dissimilar ones, under base and adapter."""

    edges: np.ndarray
    similar_base: np.ndarray
    similar_adapted: np.ndarray
    dissimilar_base: np.ndarray
    dissimilar_adapted: np.ndarray


@dataclass(frozen=True)
class CurvePoint:
    """rows: training examples; gain: on the held-out ones of seen labels."""

    rows: int
    gain: Gain


@dataclass(frozen=True, eq=False)
class Report:
    """An adapter on held-out examples.

    seen: those of labels (or relevant rows) that were trained on; unseen: of others, None where there are none.
    control: seen, trained as often on permuted labels; a significant gain would not be due to the labels. curve: by
    training examples, the last point is the adapter. changed_neighbors: share of the 10 nearest texts of a text that
    the adapter replaces. epochs: selected by early stopping, 0 where the adapter is the identity. history: validation
    scores by epoch, the base first. train, validation: distinct texts, pairs or queries; pairs: similar pairs among
    both, or scored pairs. missing: rows without supervision; left_out: examples on no side. seconds: of all this.
    """

    seen: Gain
    unseen: Gain | None
    control: Gain | None
    curve: tuple[CurvePoint, ...]
    histograms: Histograms
    changed_neighbors: Interval[float]
    epochs: int
    history: tuple[float, ...]
    train: int
    validation: int
    pairs: int
    missing: int
    left_out: int
    seed: int
    seconds: float
    method: str
    notes: tuple[str, ...]

    @property
    def base(self) -> float:
        """The base's score on held-out examples of labels that were trained on."""
        return self.seen.base.value

    @property
    def adapted(self) -> float:
        """The adapter's score on the same examples."""
        return self.seen.adapted.value

    @property
    def interval(self) -> Interval[float]:
        """Adapted minus base, with the paired 95% interval."""
        return self.seen.difference


def has_queries(examples: Examples, ids: np.ndarray) -> bool:
    """Whether any of these examples can be scored."""
    return len(ids) > 1 and len(examples.take(ids).eligible()) > 0


def control_gain(
    examples: Examples, sides: Sides, base: Arrays, epochs: int, settings: Settings, seed: int,
    progress: Callable[[int], None] | None,
) -> Gain:  # fmt: skip
    """Of a map trained for as many epochs on permuted labels, judgments or scores, on the held-out examples as they
    are."""
    permuted = fit(examples.take(sides.train).permuted(seed), None, settings, seed, epochs, progress)
    return compare(sample(examples.take(sides.seen), seed), base, permuted.arrays, seed)


def learning_curve(
    examples: Examples, sides: Sides, base: Arrays, settings: Settings, seed: int, report_step: Callable[[], None]
) -> list[CurvePoint]:
    """Points of parts of the training examples, each part within the next; the same validation and held-out ones."""
    order, points = np.random.default_rng(seed).permutation(sides.train), []
    validation, test = sample(examples.take(sides.validation), seed), sample(examples.take(sides.seen), seed)
    for share in SHARES:
        part = examples.take(np.sort(order[: round(share * len(order))]))
        if part.pairs >= MIN_PAIRS:
            arrays = fit_or_identity(part, validation, base, settings, seed).arrays
            points.append(CurvePoint(len(part), compare(test, base, arrays, seed)))
        report_step()
    return points


def fit_or_identity(
    train: Examples, validation: Examples, base: Arrays, settings: Settings, seed: int,
    progress: Callable[[int], None] | None = None,
) -> Fit:  # fmt: skip
    """A fitted map, or the identity where the validation score rises by no more than its standard error (the rule of
    one standard error, Breiman et al., 1984)."""
    fitted = fit(train, validation, settings, seed, progress=progress)
    if fitted.epochs == 0:
        return Fit(base, 0, fitted.history)
    gain = compare(validation, base, fitted.arrays, seed)
    is_better = gain.difference.value > gain.standard_error
    return fitted if is_better else Fit(base, 0, fitted.history)


def histograms(examples: Examples, arrays: Arrays, seed: int) -> Histograms:
    """Of pairs drawn at random from held-out examples."""
    similar, dissimilar = _drawn_pairs(examples, np.random.default_rng(seed))
    counts = []
    for first, second in (similar, dissimilar):
        for left, right in ((first, second), (unit_transform(arrays, first), unit_transform(arrays, second))):
            cosines = np.einsum("ij,ij->i", left, right).clip(-1, 1)
            counts.append(np.histogram(cosines, EDGES)[0])
    return Histograms(EDGES, *counts)


def changed_neighbors(vectors: Vectors, arrays: Arrays, seed: int) -> Interval[float]:
    """The mean share of the 10 nearest distinct texts that are others under the adapter, over a sample of texts."""
    rng, first = np.random.default_rng(seed), np.unique(text_codes(vectors.rows), return_index=True)[1]
    if len(first) > MAX_NEIGHBOR_ROWS:
        first = np.sort(rng.choice(first, MAX_NEIGHBOR_ROWS, replace=False))
    queries = np.sort(rng.choice(len(first), min(MAX_NEIGHBOR_QUERIES, len(first)), replace=False))
    rows, depth = vectors.rows[first], min(NEIGHBORS, len(first) - 1)
    before, after = (_nearest(points, queries, depth) for points in (rows, unit_transform(arrays, rows)))
    same = np.array([len(np.intersect1d(*pair)) for pair in zip(before, after, strict=True)])
    return bootstrap_mean(1 - same / depth, seed, proportion=True)


def _nearest(rows: np.ndarray, queries: np.ndarray, depth: int) -> np.ndarray:
    cosines = rows[queries] @ rows.T
    cosines[np.arange(len(queries)), queries] = -np.inf
    return top_columns(cosines, depth)


def _drawn_pairs(
    examples: Examples, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(first, second) vectors of similar pairs, and of dissimilar ones."""
    if isinstance(examples, ScoredPairs):
        is_similar = examples.scores > (examples.scores.min() + examples.scores.max()) / 2
        sides = [np.flatnonzero(is_similar == value)[:MAX_HISTOGRAM_PAIRS] for value in (True, False)]
        similar, dissimilar = ((examples.first[ids], examples.second[ids]) for ids in sides)
        return similar, dissimilar
    queries = rng.choice(len(examples), min(len(examples), 1_000), replace=False)
    candidates = _columns(examples, queries, rng)
    relevant = examples.relevant(queries, candidates)
    differs = ~examples.own_cells(queries, candidates)
    drawn = []
    for mask in (relevant & differs, ~relevant & differs):
        cells = np.flatnonzero(mask)
        cells = rng.choice(cells, min(len(cells), MAX_HISTOGRAM_PAIRS), replace=False)
        rows, columns = np.divmod(cells, len(candidates))
        drawn.append((examples.queries[queries[rows]], examples.candidates[candidates[columns]]))
    return drawn[0], drawn[1]


def _columns(examples: Ranked, queries: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ids of some candidates; of judged queries, the relevant ones are among them."""
    count = len(examples.candidates)
    some = rng.choice(count, min(count, 2_000), replace=False)
    if examples.is_symmetric:
        return np.sort(some)
    relevant = (examples.query_features[queries] @ examples.candidate_features.T).indices
    return np.union1d(some, relevant)
