"""Colors and columns as one byte per row, and the legends and bin labels that explain the bytes."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from core.map.coloring import SCALES, ColorSpec, column_spec
from core.map.selection import MISSING_CODE
from core.palette import COLORS, GREY, SYMBOLS, Theme, color_scale
from core.text import clean_line, truncate

MAX_CODE = 254  # the highest code of a color scale
BINS = 24
MAX_NAME = 60
SEVERAL = "several labels"
BACKGROUND_POINT_COLOR = {"light": (0.45, 0.47, 0.52, 0.35), "dark": (0.62, 0.65, 0.71, 0.3)}  # grey, red to alpha


def color_codes(spec: ColorSpec) -> np.ndarray:
    """(n,) uint8: positions among the categories, or 0 .. 254 along the scale and 255 where a value is missing."""
    if spec.kind in ("none", "category"):
        return spec.values.astype(np.uint8)
    return _quantized(spec.values, spec.low, spec.high, MAX_CODE)


def color_legend(spec: ColorSpec, theme: Theme) -> dict[str, Any]:
    """What the map component needs to color points and draw a legend or color bar; plain data, text not escaped."""
    if spec.kind == "none":
        return {"kind": "none", "name": "", "plain": COLORS[0], "categories": []}
    name = truncate(clean_line(spec.name), MAX_NAME)
    if spec.kind == "category":
        return {"kind": "category", "name": name, "categories": _categories(spec), "gray": GREY}
    missing = int(np.isnan(spec.values).sum())
    return {
        "kind": "scale", "name": name, "categories": [],
        "gradient": [_hex(str(color)) for _, color in color_scale(SCALES[spec.kind], theme)], "top": MAX_CODE,
        "ticks": _ticks(spec),
        "missing": {"label": spec.missing_label, "count": missing, "color": GREY} if missing else None,
    }  # fmt: skip


def column_bins(series: pd.Series, name: str) -> tuple[np.ndarray, list[str]]:
    """(n,) uint8 bins of a column and their labels: values where few (missing ones too), else 24 equal ranges.

    255 marks a missing number or time. Of many categories the 20 largest have a bin each, the rest share one; numbers
    are in ascending order. Rows with several labels share a bin.
    """
    spec = column_spec(series, name)
    if spec.kind == "category":
        labels = [category.label for category in spec.categories]
        order = np.arange(len(labels))
        if pd.api.types.is_numeric_dtype(series.dtype):
            order = np.asarray(pd.to_numeric(pd.Series(labels), errors="coerce").sort_values(kind="stable").index)
        bin_of_category = np.empty(len(labels), dtype=np.uint8)
        bin_of_category[order] = np.arange(len(labels))
        bins, names = bin_of_category[spec.values], [truncate(clean_line(labels[i]), MAX_NAME) for i in order]
        if spec.members is None:
            return bins, names
        is_several = spec.members & (spec.members - 1) != 0
        return np.where(is_several, len(names), bins).astype(np.uint8), [*names, SEVERAL]
    edges = np.linspace(spec.low, spec.high, BINS + 1)
    ends = [_format_value(spec, edge) for edge in edges]
    labels = [f"{low} to {high}" for low, high in pairwise(ends)]
    return _quantized(spec.values, spec.low, spec.high, BINS - 1, floor=True), labels


def _quantized(values: np.ndarray, low: float, high: float, top: int, floor: bool = False) -> np.ndarray:
    share = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    steps = np.floor(share * (top + 1)) if floor else np.rint(share * top)
    return np.where(np.isnan(values), MISSING_CODE, np.clip(np.nan_to_num(steps), 0, top)).astype(np.uint8)


def _categories(spec: ColorSpec) -> list[dict[str, Any]]:
    return [
        {"label": truncate(clean_line(category.label), MAX_NAME) or "(empty)", "count": category.count,
         "color": category.color, "diamond": category.symbol == SYMBOLS[1]}
        for category in spec.categories
    ]  # fmt: skip


def _ticks(spec: ColorSpec) -> list[str]:
    if spec.ticks:
        return [text for _, text in (spec.ticks[0], spec.ticks[len(spec.ticks) // 2], spec.ticks[-1])]
    return [_format_value(spec, value) for value in (spec.low, (spec.low + spec.high) / 2, spec.high)]


def _format_value(spec: ColorSpec, value: float) -> str:
    if spec.kind == "trust":
        return f"{value:.0%}"
    if spec.kind == "time" and spec.ticks:  # days since the first date, as dates
        (low, first), (high, last) = spec.ticks[0], spec.ticks[-1]
        share = (value - low) / ((high - low) or 1.0)
        start, end = pd.Timestamp(first), pd.Timestamp(last)
        return str((start + (end - start) * share).strftime("%Y-%m-%d" if len(first) <= 10 else "%Y-%m-%d %H:%M"))
    return f"{value:z.3f}" if spec.kind == "similarity" else f"{value:,.4g}"


def _hex(color: str) -> str:
    """Plotly's "rgb(1, 2, 3)" as "#010203"."""
    parts = color.strip("rgb()").split(",")
    return color if color.startswith("#") else "#" + "".join(f"{round(float(part)):02x}" for part in parts)
