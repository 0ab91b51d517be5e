"""Colors of all rows of a map: by a column, by measured values, or by how much contenders disagree."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.filters import MAX_DISCRETE_NUMBERS, column_kind, factorize_texts
from core.corpus.label_sets import LabelSets, label_sets
from core.disagreement.service import ComparisonQuery, depths, disagreement, first_clusters, is_compared
from core.palette import GREY, MAX_CATEGORIES, category_style
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import from_key

ColorKind = Literal["none", "category", "number", "time", "trust", "similarity"]
TICKS = 5
OUTER_QUANTILE = 0.01  # where outliers would stretch the scale it ends at this quantile and at 1 less it
MAX_STRETCH = 3.0
MIN_CLUSTER_ROWS = 10  # of a cluster named as an extreme
EXCLUDED_SHARE = 0.02  # rows with the least disagreement, left out of the scale
SCALES: dict[ColorKind, str] = {"number": "cividis", "time": "viridis", "trust": "cividis", "similarity": "viridis"}
MISSING_LABELS: dict[ColorKind, str] = {"trust": "not in the measured sample", "similarity": "not measured"}


@dataclass(frozen=True)
class Category:
    """label as in the table; count over all rows."""

    label: str
    count: int
    color: str
    symbol: str


@dataclass(frozen=True, eq=False)
class ColorSpec:
    """How rows are colored. values: (n,) int32 positions in `categories`, or float32, NaN where missing.

    categories: the largest first, then the grey ones (others, missing). low, high: ends of the scale. ticks: (value,
    label) on the color bar; without any, Plotly makes them. note: what was grouped or clipped, for display; else empty.
    members: where a row may be in several categories, (n,) uint32 whose bit j says whether it is in category j.
    """

    name: str
    kind: ColorKind
    values: np.ndarray
    categories: tuple[Category, ...] = ()
    low: float = 0.0
    high: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ()
    note: str = ""
    members: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "ColorSpec":
        """The same colors for some rows only, e.g. those drawn."""
        members = None if self.members is None else self.members[rows]
        return replace(self, values=self.values[rows], members=members)

    def in_category(self, code: int) -> np.ndarray:
        """(n,) bool: the rows in a category, also those in others."""
        return self.values == code if self.members is None else (self.members >> code) & 1 == 1

    @property
    def missing_label(self) -> str:
        return MISSING_LABELS.get(self.kind, "missing")


def color_spec(
    series: pd.Series | np.ndarray | None, name: str, kind: ColorKind | Literal["auto"] = "auto", rows: int = 0
) -> ColorSpec:
    """Colors of all rows by a column or by measured values.

    kind "auto": time, number (more than 20 distinct values) or category, by the column. "trust" wants shares in [0, 1],
    "similarity" cosines. series None or kind "none" colors `rows` rows alike.
    """
    if series is None or kind == "none":
        return ColorSpec(name, "none", np.zeros(rows if series is None else len(series), dtype=np.int32))
    column = pd.Series(series)
    color_kind = _color_kind(column) if kind == "auto" else kind
    if color_kind == "category":
        return _category_spec(column, name)
    if color_kind == "time":
        return _time_spec(column, name)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    low, high, note = (0.0, 1.0, "") if color_kind == "trust" else _scale_limits(numbers)
    return ColorSpec(name, color_kind, numbers.astype(np.float32), (), low, high, (), note)


def column_spec(column: pd.Series, name: str) -> ColorSpec:
    """Colors by a column of a table; of one whose rows may have several labels, by each of them."""
    sets = label_sets(column)
    return color_spec(column, name) if sets is None else label_set_spec(sets, name)


def _color_kind(column: pd.Series) -> ColorKind:
    kind = column_kind(column)
    if kind == "number":
        return "number" if column.nunique() > MAX_DISCRETE_NUMBERS else "category"
    return "time" if kind == "time" else "category"


def _category_spec(column: pd.Series, name: str) -> ColorSpec:
    """The 20 largest in color, in order of size; the rest and the missing ones grey."""
    codes, texts = factorize_texts(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = np.argsort(-counts, kind="stable")
    largest, rest = order[:MAX_CATEGORIES], order[MAX_CATEGORIES:]
    categories = [Category(str(texts[j]), int(counts[j]), *category_style(i)) for i, j in enumerate(largest)]
    position = np.zeros(len(texts) + 1, dtype=np.int32)
    position[largest] = np.arange(len(largest))
    note = ""
    if len(rest):
        position[rest] = len(categories)
        categories.append(Category(f"other ({len(rest):,} categories)", int(counts[rest].sum()), GREY, "circle"))
        note = f"Colored: the {len(largest)} largest of {len(texts):,} categories; the others are gray."
    if (codes == -1).any():
        position[-1] = len(categories)
        categories.append(Category("missing", int(np.count_nonzero(codes == -1)), GREY, "circle"))
    return ColorSpec(name, "category", position[codes], tuple(categories), note=note)


def label_set_spec(sets: LabelSets, name: str) -> ColorSpec:
    """Colors by labels of which a row may have several. A row is in the category of each of its labels, and counts in
    it; of these the 20 most frequent are colored. It has the color of its least frequent colored label."""
    shown = min(len(sets.names), MAX_CATEGORIES)
    styles = [category_style(i) for i in range(shown)]
    categories = [Category(sets.names[i], int(sets.counts[i]), *style) for i, style in enumerate(styles)]
    members = np.zeros(sets.total, dtype=np.uint32)
    np.bitwise_or.at(members, sets.rows, np.uint32(1) << np.minimum(sets.codes, shown).astype(np.uint32))
    if len(sets.names) > shown:
        rows = int(np.count_nonzero(members >> shown))
        categories.append(Category(f"other ({len(sets.names) - shown:,} labels)", rows, GREY, "circle"))
    if (members == 0).any():
        categories.append(Category("missing", int(np.count_nonzero(members == 0)), GREY, "circle"))
        members[members == 0] = 1 << (len(categories) - 1)
    colored = members & np.uint32((1 << shown) - 1)
    values = np.log2(np.where(colored > 0, colored, members)).astype(np.int32)  # the highest category
    grouped = f" Colored: the {shown} most frequent of {len(sets.names):,} labels." if len(sets.names) > shown else ""
    note = f"A row counts in each of its labels; its color is that of the least frequent visible one.{grouped}"
    return ColorSpec(name, "category", values, tuple(categories), note=note, members=members)


def _time_spec(column: pd.Series, name: str) -> ColorSpec:
    """Days since the earliest time, with dates on the color bar."""
    times = pd.to_datetime(column, errors="coerce", utc=True)
    if times.isna().all():
        return ColorSpec(name, "time", np.full(len(times), np.nan, dtype=np.float32))
    start = times.min()
    days = (times - start).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan) / 86_400
    low, high, note = _scale_limits(days, "dates")
    form = "%Y-%m-%d" if high - low > TICKS else "%Y-%m-%d %H:%M"
    tick_days = np.linspace(low, high, TICKS) if high > low else np.array([low])
    ticks = tuple((float(day), (start + pd.Timedelta(days=float(day))).strftime(form)) for day in tick_days)
    return ColorSpec(name, "time", days.astype(np.float32), (), low, high, ticks, note)


def _scale_limits(numbers: np.ndarray, what: str = "values") -> tuple[float, float, str]:
    """Ends of the scale: all values, or the middle 98% where a few would stretch it more than threefold."""
    finite = numbers[~np.isnan(numbers)]
    if not len(finite):
        return 0.0, 1.0, ""
    low, high = float(finite.min()), float(finite.max())
    first, last = (float(end) for end in np.quantile(finite, [OUTER_QUANTILE, 1 - OUTER_QUANTILE]))
    if high - low > MAX_STRETCH * (last - first) > 0:
        return first, last, f"Colors span the middle 98% of the {what}; values beyond have the end colors."
    return low, high, ""


def disagreement_spec(comparison: ComparisonQuery, k: int) -> ColorSpec:
    """Disagreement on each row; the scale starts at the 2% quantile. Rows with only duplicates as neighbors count as 0.

    Raises StorageError where a pair has not been compared.
    """
    values = np.nan_to_num(disagreement(comparison, k)).astype(np.float32)
    low, high = float(np.quantile(values, EXCLUDED_SHARE)), float(values.max())
    return ColorSpec("disagreement", "trust", values, (), low if high > low else 0.0, high if high > low else 1.0)


def disagreement_link(comparison: ComparisonQuery, k: int) -> str:
    """Contenders and depth k as text for a link."""
    return ".".join([str(k), *(contender.key for contender in comparison.contenders)])


def parse_disagreement_link(corpus: CorpusRef, text: str) -> tuple[ComparisonQuery, int] | None:
    """The comparison and depth that a link names; None unless all its contenders have been compared on this corpus."""
    depth, *keys = text.split(".")
    models = Workspace(corpus.folder).models(corpus.digest)
    contenders = tuple(contender for key in keys if (contender := from_key(key, models)) is not None)
    comparison = ComparisonQuery(corpus, contenders)
    is_complete = len(contenders) == len(keys) > 1 and is_compared(comparison)
    return (comparison, int(depth)) if is_complete and depth in map(str, depths(corpus)) else None


def extreme_clusters(comparison: ComparisonQuery, k: int) -> tuple[tuple[str, float], ...]:
    """(name, mean disagreement) of the default clusters with the highest and the lowest mean.

    Empty where fewer than two clusters have ten rows or more.
    """
    clusters, values = first_clusters(comparison), disagreement(comparison, k)
    if clusters is None:
        return ()
    labels, is_finite = np.asarray(clusters.labels), np.isfinite(values)
    inside = is_finite & (labels >= 0)
    rows = np.bincount(labels[inside], minlength=len(clusters.names))
    means = np.bincount(labels[inside], values[inside], len(clusters.names)) / np.maximum(rows, 1)
    large = np.flatnonzero(rows >= MIN_CLUSTER_ROWS)
    if len(large) < 2:
        return ()
    ends = large[np.argmax(means[large])], large[np.argmin(means[large])]
    return tuple((clusters.names[end], float(means[end])) for end in ends)
