"""Questions about coverage: how few rows cover the corpus, and which k to take."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, save_selection
from core.diversity.coverage import coverage_curve, covered, facility_location, farthest_first
from core.errors import InputError
from core.search.service import calibration
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

Method = Literal["facility location", "k-center", "random"]
METHODS: tuple[Method, ...] = get_args(Method)
CURVE_ROWS = 20_000  # rows the curve and k-center look at
CURVE_CHOICES = 200
LOCATION_ROWS = 4_000  # rows facility location looks at: it holds all their pairs
CHECKED_ROWS = 100_000  # rows a choice is checked on
MOST_CHOSEN = 500
LOOKED_AT: dict[Method, int] = {"k-center": CURVE_ROWS, "facility location": LOCATION_ROWS, "random": 10**9}
SEED, CELL = 0, 400


@dataclass(frozen=True)
class Picking:
    """Which rows are to be chosen: all that determines them. k: how many. cosine: what counts as near."""

    corpus: CorpusRef
    model: ModelSpec
    method: Method
    k: int
    cosine: float


@dataclass(frozen=True)
class Line:
    """One method's coverage by 1 .. k rows. shares: of rows near a chosen one. gaps: cosine distance of the worst
    covered row. half, ninety: how many rows cover 50% and 90%, None where these do not."""

    method: Method
    shares: tuple[float, ...]
    gaps: tuple[float, ...]
    half: int | None
    ninety: int | None


@dataclass(frozen=True)
class Curve:
    """A line for each method, over `looked_at` of `total` rows."""

    lines: tuple[Line, ...]
    looked_at: int
    total: int


@dataclass(frozen=True)
class Figures:
    """How well one method's k rows cover `checked` rows: see Covered. looked_at: rows it chose among."""

    method: Method
    share: float
    gap: float
    mean: float
    looked_at: int
    checked: int


@dataclass(frozen=True, eq=False)
class Picked:
    """figures: of the wanted method first, then of the others. table: the chosen rows in order, index row ids; stands
    for: checked rows nearest to it. total: rows of the corpus."""

    figures: tuple[Figures, ...]
    table: pd.DataFrame
    total: int


def near_cosine(corpus: CorpusRef, spec: ModelSpec) -> float:
    """A cosine to count as near: to two digits, in [0.05, 0.95]: that of the nearest 1% of random pairs, or the
    median over rows of that to their tenth neighbor, where it is lower (small groups far from all else)."""
    if len(load_vectors(corpus, spec)) < 2:
        return 0.5
    high = float(calibration(corpus, spec).quantiles([0.99])[0])
    graph = load_neighbors(corpus, spec)
    typical = float(np.median(graph.scores[:, min(10, graph.k) - 1]))
    return float(np.clip(round(min(high, typical), 2), 0.05, 0.95))


def curve(corpus: CorpusRef, spec: ModelSpec, cosine: float) -> Curve:
    """How coverage grows with the number of rows chosen, up to 200, by each method."""
    vectors = load_vectors(corpus, spec).rows
    rows = _rows(corpus, spec, CURVE_ROWS)[1]
    lines = [_line(name, rows, vectors[_chosen(corpus, spec, name)[:CURVE_CHOICES]], cosine) for name in METHODS]
    return Curve(tuple(lines), len(rows), len(vectors))


def _line(method: Method, rows: np.ndarray, centers: np.ndarray, cosine: float) -> Line:
    shares, gaps = (tuple(float(value) for value in values) for values in coverage_curve(rows, centers, cosine))
    half, ninety = (next((i + 1 for i, share in enumerate(shares) if share >= goal), None) for goal in (0.5, 0.9))
    return Line(method, shares, gaps, half, ninety)


def picked(picking: Picking) -> Picked:
    """The rows chosen, and how well they cover the corpus beside the other methods' choices. Raises InputError."""
    if picking.method not in METHODS or not 1 <= picking.k <= MOST_CHOSEN:
        raise InputError("This choice can't be made.", f"Choose 1 to {MOST_CHOSEN} rows by one of the methods.")
    methods = [picking.method, *(name for name in METHODS if name != picking.method)]
    vectors = load_vectors(picking.corpus, picking.model).rows
    rows = _rows(picking.corpus, picking.model, CHECKED_ROWS)[1]
    chosen = {name: chosen_rows(replace(picking, method=name)) for name in methods}
    found = {name: covered(rows, vectors[chosen[name]], picking.cosine) for name in methods}
    figures = [
        Figures(name, each.share, each.gap, each.mean, min(LOOKED_AT[name], len(vectors)), len(rows))
        for name, each in found.items()
    ]
    table = _table(picking, chosen[picking.method])
    table.insert(0, "stands for", found[picking.method].served)
    return Picked(tuple(figures), table, len(vectors))


def chosen_rows(picking: Picking) -> np.ndarray:
    """(k,) row ids in order of choice; fewer where the corpus has no more different rows."""
    return _chosen(picking.corpus, picking.model, picking.method)[: picking.k]


def picked_file(picking: Picking) -> bytes:
    """The chosen rows in order with whole texts and all their columns, as CSV."""
    corpus, rows = load_corpus(picking.corpus), chosen_rows(picking)
    table = corpus.table.iloc[rows].copy()
    table.insert(0, free_name(table, "chosen text"), [corpus.texts[row] for row in rows])
    table.insert(0, free_name(table, "row"), rows + 1)
    table.insert(0, free_name(table, "choice"), np.arange(1, len(rows) + 1))
    return table_bytes(table, "csv")


def keep_picked(picking: Picking, name: str) -> SavedSelection:
    """The chosen rows kept as a selection. Raises InputError for a bad or taken name."""
    return save_selection(Workspace(picking.corpus.folder), picking.corpus.digest, name, chosen_rows(picking))


def _table(picking: Picking, chosen: np.ndarray) -> pd.DataFrame:
    texts = load_corpus(picking.corpus).texts
    return pd.DataFrame({"text": [texts[row][:CELL] for row in chosen]}, index=chosen)


@lru_cache(maxsize=6)
def _chosen(corpus: CorpusRef, spec: ModelSpec, method: Method) -> np.ndarray:
    """Row ids of the first 500 choices; the first k of them are the choice of k."""
    if method == "random":
        return np.random.default_rng(SEED).permutation(len(load_vectors(corpus, spec)))[:MOST_CHOSEN]
    places, rows = _rows(corpus, spec, LOOKED_AT[method])
    if method == "facility location":
        return places[facility_location(rows, MOST_CHOSEN)]
    return places[farthest_first(rows, MOST_CHOSEN)[0]]


def _rows(corpus: CorpusRef, spec: ModelSpec, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Row ids, rising, and vectors of a sample of at most so many rows; of all rows where they are no more."""
    vectors = load_vectors(corpus, spec).rows
    if len(vectors) <= most:
        return np.arange(len(vectors)), vectors
    ids = np.sort(np.random.default_rng(SEED).choice(len(vectors), most, replace=False))
    return ids, vectors[ids]
