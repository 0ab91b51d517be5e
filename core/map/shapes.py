"""Which points lie in a shape, and what a Plotly chart tells of one that was drawn on it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np


def drawn_shapes(
    event: Mapping[str, Any] | None,
) -> list[tuple[Literal["box", "lasso"], np.ndarray, np.ndarray]]:
    """(kind, x, y) of each box and lasso in a selection event as Streamlit gives it for a Plotly chart.

    An event that can't be understood holds none.
    """
    inner = _inner(event)
    kinds: tuple[Literal["box", "lasso"], ...] = ("box", "lasso")
    return [(kind, x, y) for kind in kinds for x, y in _shapes(inner.get(kind))]


def _inner(event: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(event, Mapping):
        return {}
    inner = event.get("selection", event)
    return inner if isinstance(inner, Mapping) else {}


def _shapes(entries: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """x and y of each box or lasso with at least two corners; other entries are passed over."""
    shapes = []
    for entry in entries if isinstance(entries, list | tuple) else ():
        try:
            x, y = (np.asarray(entry[axis], dtype=np.float64) for axis in ("x", "y"))
        except (KeyError, TypeError, ValueError):
            continue
        if x.ndim == 1 and x.shape == y.shape and len(x) >= 2 and np.isfinite(x).all() and np.isfinite(y).all():
            shapes.append((x, y))
    return shapes


def clicked_rows(event: Mapping[str, Any] | None) -> np.ndarray:
    """Row ids in the customdata of an event's points, sorted, each once, int64."""
    points = _inner(event).get("points") or ()
    entries = (point.get("customdata") for point in points if isinstance(point, Mapping))
    ids = (entry_id for entry in entries for entry_id in _first_number(entry))
    return np.unique(np.fromiter(ids, dtype=np.int64))


def _first_number(entry: Any) -> Iterable[int]:
    """The row id: Plotly gives customdata as a number, a list or a dictionary with the position as key."""
    if isinstance(entry, Mapping):
        entry = entry.get("0", entry.get(0))
    if isinstance(entry, list | tuple | np.ndarray):
        entry = entry[0] if len(entry) else None
    if isinstance(entry, bool) or not isinstance(entry, int | float | np.number) or not float(entry).is_integer():
        return ()
    return (int(entry),) if entry >= 0 else ()


def rows_in_box(points: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bool mask (n,): points (n, 2) within the ranges of x and y, edges included, whichever end comes first."""
    low, high = (np.min(x), np.min(y)), (np.max(x), np.max(y))
    across, up = points[:, 0], points[:, 1]
    return (across >= low[0]) & (across <= high[0]) & (up >= low[1]) & (up <= high[1])


def rows_in_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Bool mask (n,): points (n, 2) inside a polygon (v, 2), closed by itself, by the even-odd rule (Shimrat, 1962).

    A ray to the right crosses the edges an odd number of times from within. Points with NaN are outside.
    """
    inside = rows_in_box(points, polygon[:, 0], polygon[:, 1])
    near = np.flatnonzero(inside)  # only these can be inside: a lasso mostly covers a small part of the map
    x, y = (points[near, axis].astype(np.float64) for axis in (0, 1))
    odd = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            odd ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    inside[near] = odd
    return inside
