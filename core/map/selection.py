"""A selection on the map (shapes, hidden colors, ranges, a clicked row), and the rows it contains.

Shapes are stored on a grid of 2^20 steps across the layout, as differences between corners: short enough for a link,
and exact, so that the browser and this module select the same rows.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

GRID_STEPS = 1 << 20
MAX_COORDINATE = 1 << 40
MAX_STEPS, MAX_CORNERS = 200, 2_000
CATEGORY_BITS = 32
MISSING_CODE = 255  # the code of a row without a value
_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Bounds:
    """The square around all points: its lower left corner and side; width, height: the shares of it in use."""

    x: float
    y: float
    side: float
    width: float
    height: float

    @classmethod
    def of(cls, layouts: Sequence[np.ndarray]) -> "Bounds":
        """layouts: (n, 2) each; points that are not finite are ignored."""
        points = np.concatenate([layout[np.isfinite(layout).all(axis=1)] for layout in layouts]).astype(np.float64)
        if not len(points):
            return cls(0.0, 0.0, 1.0, 1.0, 1.0)
        low, span = points.min(axis=0), np.ptp(points, axis=0)
        side = float(span.max()) or 1.0
        return cls(float(low[0]), float(low[1]), side, float(span[0]) / side or 1.0, float(span[1]) / side or 1.0)

    def steps(self, x: float, y: float) -> tuple[int, int]:
        return round((x - self.x) / self.side * GRID_STEPS), round((y - self.y) / self.side * GRID_STEPS)


@dataclass(frozen=True)
class SelectionStep:
    """A shape, or a saved selection by its key, that sets, adds to or is subtracted from the selection.

    corners: differences (dx, dy, dx, dy, ...) in steps, the first from (0, 0). panel: the map it was drawn on.
    """

    kind: Literal["box", "lasso", "rows"]
    operation: Literal["set", "add", "sub"]
    corners: tuple[int, ...] = ()
    panel: int = 0
    key: str = ""

    def polygon(self, bounds: Bounds) -> np.ndarray:
        """(v, 2) float64 in the layout's units."""
        points = np.cumsum(np.array(self.corners, dtype=np.int64).reshape(-1, 2), axis=0)
        return np.array([bounds.x, bounds.y]) + points * bounds.side / GRID_STEPS


@dataclass(frozen=True)
class MapSelection:
    """What is selected on a map.

    steps: applied in order. color: key of the coloring that `hidden` and `span` (low, high) hold codes of.
    brushes: (column, low, high) in bins. clicked: a row id.
    """

    steps: tuple[SelectionStep, ...] = ()
    color: str = ""
    hidden: tuple[int, ...] = ()
    span: tuple[int, int] | None = None
    brushes: tuple[tuple[str, int, int], ...] = ()
    clicked: int | None = None

    @property
    def has_filters(self) -> bool:
        return bool(self.hidden or self.span or self.brushes)

    @property
    def has_selection(self) -> bool:
        """Whether rows are selected, by shape or by filter."""
        return bool(self.steps or self.has_filters)

    @classmethod
    def read(cls, raw: Any) -> "MapSelection":
        """From the form that the component and links use; anything malformed is ignored."""
        if not isinstance(raw, Mapping):
            return cls()
        steps = [step for step in map(_step, _list(raw.get("steps"))[:MAX_STEPS]) if step]
        codes = {code for code in map(_integer, _list(raw.get("hidden"))) if code is not None and 0 <= code < 256}
        named = raw.get("brushes")
        spans = [(str(name), _span(pair)) for name, pair in named.items()] if isinstance(named, Mapping) else []
        brushes = [(name, *span) for name, span in spans if span and _is_encodable(name)]
        clicked, color = _integer(raw.get("clicked")), raw.get("color")
        return cls(
            tuple(steps), color if isinstance(color, str) and _is_encodable(color) else "", tuple(sorted(codes)),
            _span(raw.get("range")), tuple(brushes), clicked if clicked is not None and clicked >= 0 else None,
        )  # fmt: skip

    @classmethod
    def from_text(cls, text: str) -> "MapSelection":
        try:
            return cls.read(json.loads(text))
        except (ValueError, RecursionError):
            return cls()

    @classmethod
    def from_plotly(cls, event: Any, bounds: Bounds) -> "MapSelection":
        """From Streamlit's event of a Plotly chart: its boxes and lassos, else the one point clicked."""
        steps: list[SelectionStep] = []
        for kind, x, y in drawn_shapes(event):
            corners = np.array([bounds.steps(*corner) for corner in zip(x, y, strict=True)])
            flat = np.diff(corners, axis=0, prepend=0).ravel()
            steps.append(SelectionStep(kind, "add" if steps else "set", tuple(int(part) for part in flat)))
        rows = clicked_rows(event)
        return cls(tuple(steps), clicked=int(rows[0]) if not steps and len(rows) == 1 else None)

    def to_dict(self) -> dict[str, Any]:
        """The form that the component and links use, without empty fields to keep links short."""
        fields = {
            "steps": [_step_dict(step) for step in self.steps], "color": self.color, "hidden": list(self.hidden),
            "range": list(self.span) if self.span else None,
            "brushes": {name: [low, high] for name, low, high in self.brushes}, "clicked": self.clicked,
        }  # fmt: skip
        return {name: value for name, value in fields.items() if value not in (None, "", [], {})}

    def to_text(self) -> str:
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)


def rows_in_selection(
    selection: MapSelection, layouts: Sequence[np.ndarray], bounds: Bounds, codes: np.ndarray | None = None,
    columns: Mapping[str, np.ndarray] | None = None, members: Callable[[str], np.ndarray] | None = None,
    categories: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Ids of the rows inside the shapes (all without shapes) that pass the filters, sorted, int64.

    layouts: (n, 2) a panel. codes: (n,) uint8 of the color; columns: (n,) uint8 of brushed columns. members: rows
    of a saved selection by its key, as a bool mask. categories: (n,) uint32, bit j for category j, where rows may be in
    several: one that is in any visible category passes.
    """
    inside = _in_steps(selection.steps, layouts, bounds, members) if selection.steps else np.ones(len(layouts[0]), bool)
    if categories is not None and selection.hidden:
        hidden = sum(1 << code for code in selection.hidden if code < CATEGORY_BITS)
        inside &= categories & ~np.uint32(hidden) != 0
    elif codes is not None and selection.hidden:
        inside &= ~np.isin(codes, selection.hidden)
    if codes is not None and selection.span:
        inside &= (codes >= selection.span[0]) & (codes <= selection.span[1])
    for name, low, high in selection.brushes:
        if columns and name in columns:
            inside &= (columns[name] >= low) & (columns[name] <= high)
    return np.flatnonzero(inside)


def _in_steps(
    steps: Iterable[SelectionStep],
    layouts: Sequence[np.ndarray],
    bounds: Bounds,
    members: Callable[[str], np.ndarray] | None,
) -> np.ndarray:
    mask = np.zeros(len(layouts[0]), dtype=bool)
    for step in steps:
        if step.operation == "set":
            mask[:] = False
        points = layouts[min(step.panel, len(layouts) - 1)]
        if step.kind == "rows":
            rows = np.zeros(len(mask), dtype=bool)
            rows[members(step.key) if members else []] = True
        else:
            polygon = step.polygon(bounds)
            rows = rows_in_box(points, *polygon.T) if step.kind == "box" else rows_in_polygon(points, polygon)
        mask[rows] = step.operation != "sub"
    return mask


def _step(raw: Any) -> SelectionStep | None:
    if not isinstance(raw, Mapping) or raw.get("k") not in ("box", "lasso", "rows"):
        return None
    if raw.get("o") not in ("set", "add", "sub"):
        return None
    panel, key = _integer(raw.get("m", 0)), str(raw.get("a", ""))
    if raw["k"] == "rows":
        return SelectionStep("rows", raw["o"], key=key) if _KEY.fullmatch(key) else None
    corners = [_integer(part) for part in _list(raw.get("p"))]
    min_length, max_length = (4, 4) if raw["k"] == "box" else (6, 2 * MAX_CORNERS)
    if not min_length <= len(corners) <= max_length or len(corners) % 2 or panel is None or not 0 <= panel < 4:
        return None
    flat = tuple(part for part in corners if part is not None and abs(part) < MAX_COORDINATE)
    return SelectionStep(raw["k"], raw["o"], flat, panel) if len(flat) == len(corners) else None


def _step_dict(step: SelectionStep) -> dict[str, Any]:
    shape: dict[str, Any] = {"a": step.key} if step.kind == "rows" else {"p": list(step.corners)}
    return {"k": step.kind, "o": step.operation, **shape, **({"m": step.panel} if step.panel else {})}


def _span(raw: Any) -> tuple[int, int] | None:
    ends = [_integer(end) for end in _list(raw)]
    return (ends[0], ends[1]) if len(ends) == 2 and ends[0] is not None and ends[1] is not None else None


def _is_encodable(text: str) -> bool:
    """Whether it can be part of a URL: a lone surrogate can't."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _list(raw: Any) -> list[Any]:
    return list(raw) if isinstance(raw, list | tuple) else []


def _integer(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return int(raw) if raw == raw and abs(raw) < MAX_COORDINATE and float(raw).is_integer() else None


def drawn_shapes(event: Mapping[str, Any] | None) -> list[tuple[Literal["box", "lasso"], np.ndarray, np.ndarray]]:
    """(kind, x, y) of each box and lasso in Streamlit's selection event of a Plotly chart; none of a malformed one."""
    inner = _inner(event)
    kinds: tuple[Literal["box", "lasso"], ...] = ("box", "lasso")
    return [(kind, x, y) for kind in kinds for x, y in _shapes(inner.get(kind))]


def _inner(event: Mapping[str, Any] | None) -> Mapping[str, Any]:
    inner = event.get("selection", event) if isinstance(event, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _shapes(entries: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """x and y of each box or lasso with at least two corners; other entries are ignored."""
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
    x_values, y_values = points[:, 0], points[:, 1]
    return (x_values >= np.min(x)) & (x_values <= np.max(x)) & (y_values >= np.min(y)) & (y_values <= np.max(y))


def rows_in_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Bool mask (n,): points (n, 2) inside a polygon (v, 2), closed by itself, by the even-odd rule (Shimrat, 1962).

    A ray to the right crosses the edges an odd number of times from within. Points with NaN are outside.
    """
    inside = rows_in_box(points, polygon[:, 0], polygon[:, 1])
    near = np.flatnonzero(inside)  # only these can be inside: a lasso mostly covers a small part of the map
    x, y = points[near].astype(np.float64).T
    is_inside = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            is_inside ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    inside[near] = is_inside
    return inside
