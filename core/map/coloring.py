"""What color each row of a map gets, worked out over all rows, whichever of them are drawn."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.filters import MAX_DISCRETE_NUMBERS, column_kind, factorize_texts
from core.palette import GREY, MOST_CATEGORIES, category_style

ColorKind = Literal["none", "category", "number", "time", "trust", "similarity"]
TICKS = 5
OUTER = 0.01  # share of values beyond the color scale on either side where a few stretch it
STRETCH = 3.0
SCALES: dict[ColorKind, str] = {
    "number": "cividis",
    "time": "viridis",
    "trust": "cividis",
    "similarity": "viridis",
}
MISSING: dict[ColorKind, str] = {"trust": "not in the measured sample", "similarity": "not measured"}


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
    label) on the color bar; without any, Plotly makes them. note: what was grouped or cut, to be shown; else empty.
    """

    name: str
    kind: ColorKind
    values: np.ndarray
    categories: tuple[Category, ...] = ()
    low: float = 0.0
    high: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "ColorSpec":
        """The same colors for some rows only, e.g. those drawn."""
        return replace(self, values=self.values[rows])

    @property
    def missing_label(self) -> str:
        return MISSING.get(self.kind, "missing")


def color_spec(
    series: pd.Series | np.ndarray | None, name: str, kind: ColorKind | Literal["auto"] = "auto", rows: int = 0
) -> ColorSpec:
    """Colors of all rows by a column or by measured values.

    kind "auto": time, number (more than 20 distinct values) or category, by the column. "trust" wants shares in [0, 1],
    "similarity" cosines. series None or kind "none" colors `rows` rows alike.
    """
    if series is None or kind == "none":
        return ColorSpec(name, "none", np.zeros(rows if series is None else len(series), dtype=np.int32))
    column = series if isinstance(series, pd.Series) else pd.Series(series)
    chosen = _kind_of(column) if kind == "auto" else kind
    if chosen == "category":
        return _categories(column, name)
    if chosen == "time":
        return _times(column, name)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if chosen == "trust":
        return ColorSpec(name, chosen, numbers.astype(np.float32))
    low, high, note = _limits(numbers)
    return ColorSpec(name, chosen, numbers.astype(np.float32), (), low, high, (), note)


def _kind_of(column: pd.Series) -> ColorKind:
    kind = column_kind(column)
    if kind == "number":
        return "number" if column.nunique() > MAX_DISCRETE_NUMBERS else "category"
    return "time" if kind == "time" else "category"


def _categories(column: pd.Series, name: str) -> ColorSpec:
    """The 20 largest in color, in order of size; the rest and the missing ones grey."""
    codes, texts = factorize_texts(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = np.argsort(-counts, kind="stable")
    shown, rest = order[:MOST_CATEGORIES], order[MOST_CATEGORIES:]
    categories = [Category(str(texts[j]), int(counts[j]), *category_style(i)) for i, j in enumerate(shown)]
    position = np.zeros(len(texts) + 1, dtype=np.int32)
    position[shown] = np.arange(len(shown))
    note = ""
    if len(rest):
        position[rest] = len(categories)
        categories.append(Category(f"other ({len(rest):,} categories)", int(counts[rest].sum()), GREY, "circle"))
        note = f"The {len(shown)} largest of {len(texts):,} categories are in color, the others grey."
    if (codes == -1).any():
        position[-1] = len(categories)
        categories.append(Category("missing", int(np.count_nonzero(codes == -1)), GREY, "circle"))
    return ColorSpec(name, "category", position[codes], tuple(categories), note=note)


def _times(column: pd.Series, name: str) -> ColorSpec:
    """Days since the earliest time, with dates on the color bar."""
    times = pd.to_datetime(column, errors="coerce", utc=True)
    if times.isna().all():
        return ColorSpec(name, "time", np.full(len(times), np.nan, dtype=np.float32))
    start = times.min()
    days = (times - start).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan) / 86_400
    low, high, note = _limits(days, "dates")
    form = "%Y-%m-%d" if high - low > TICKS else "%Y-%m-%d %H:%M"
    places = np.linspace(low, high, TICKS) if high > low else np.array([low])
    ticks = tuple((float(day), (start + pd.Timedelta(days=float(day))).strftime(form)) for day in places)
    return ColorSpec(name, "time", days.astype(np.float32), (), low, high, ticks, note)


def _limits(numbers: np.ndarray, what: str = "values") -> tuple[float, float, str]:
    """Ends of the scale: all values, or the middle 98% where a few would stretch it more than threefold."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return 0.0, 1.0, ""
    low, high = float(known.min()), float(known.max())
    first, last = (float(end) for end in np.quantile(known, [OUTER, 1 - OUTER]))
    if high - low > STRETCH * (last - first) > 0:
        return first, last, f"Colors span the middle 98% of the {what}; those beyond have the end colors."
    return low, high, ""
