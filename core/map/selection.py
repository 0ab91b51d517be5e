"""What a person has chosen on a map, as its component tells it: shapes, hidden colors, ranges, a clicked row.

Shapes are kept in whole steps, 2^20 across the layout, as differences between corners: short enough for an address, and
exact, so that the browser and this module find the same rows.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


STEPS = 1 << 20
FARTHEST = 1 << 40
MOST_STEPS, MOST_CORNERS = 200, 2_000
MISSING = 255  # the code of a row without a value
_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Bounds:
    """The square around all points of a view: its lower left corner and side; width, height: the shares used of it."""

    x: float
    y: float
    side: float
    width: float
    height: float

    @classmethod
    def of(cls, layouts: Sequence[np.ndarray]) -> "Bounds":
        """layouts: (n, 2) each; points that are not finite don't count."""
        points = np.concatenate([layout[np.isfinite(layout).all(axis=1)] for layout in layouts]).astype(np.float64)
        if not len(points):
            return cls(0.0, 0.0, 1.0, 1.0, 1.0)
        low, span = points.min(axis=0), np.ptp(points, axis=0)
        side = float(span.max()) or 1.0
        return cls(float(low[0]), float(low[1]), side, float(span[0]) / side or 1.0, float(span[1]) / side or 1.0)

    def steps(self, x: float, y: float) -> tuple[int, int]:
        return round((x - self.x) / self.side * STEPS), round((y - self.y) / self.side * STEPS)


@dataclass(frozen=True)
class Step:
    """A shape, or rows by the key of a saved selection, that sets, adds to or takes from what is selected.

    corners: differences (dx, dy, dx, dy, ...) in steps, the first from (0, 0). panel: the map it was drawn on.
    """

    kind: Literal["box", "lasso", "rows"]
    operation: Literal["set", "add", "sub"]
    corners: tuple[int, ...] = ()
    panel: int = 0
    key: str = ""

    def polygon(self, bounds: Bounds) -> np.ndarray:
        """(v, 2) float64 in the layout's units."""
        places = np.cumsum(np.array(self.corners, dtype=np.int64).reshape(-1, 2), axis=0)
        return np.array([bounds.x, bounds.y]) + places * bounds.side / STEPS


@dataclass(frozen=True)
class Choice:
    """steps in their order; color: what the points are colored by, whose codes `hidden` and `span` (low, high) are of.
    brushes: (column, low, high) in bins. clicked: a row id."""

    steps: tuple[Step, ...] = ()
    color: str = ""
    hidden: tuple[int, ...] = ()
    span: tuple[int, int] | None = None
    brushes: tuple[tuple[str, int, int], ...] = ()
    clicked: int | None = None

    @property
    def filters(self) -> bool:
        return bool(self.hidden or self.span or self.brushes)

    @property
    def selects(self) -> bool:
        """Whether it singles rows out, by shape or by filter."""
        return bool(self.steps or self.filters)

    @classmethod
    def read(cls, raw: Any) -> "Choice":
        """From the component's or an address' form; what can't be understood is left out."""
        if not isinstance(raw, Mapping):
            return cls()
        steps = [step for step in map(_step, _list(raw.get("steps"))[:MOST_STEPS]) if step]
        hidden = sorted(
            {code for code in map(_whole, _list(raw.get("hidden"))) if code is not None and 0 <= code < 256}
        )
        named = raw.get("brushes")
        brushes = (
            [(str(name), *span) for name, pair in named.items() if (span := _span(pair)) and _sound(str(name))]
            if isinstance(named, Mapping)
            else []
        )
        clicked = _whole(raw.get("clicked"))
        color = raw.get("color")
        return cls(
            tuple(steps),
            color if isinstance(color, str) and _sound(color) else "",
            tuple(hidden),
            _span(raw.get("range")),
            tuple(brushes),
            clicked if clicked is not None and clicked >= 0 else None,
        )

    @classmethod
    def from_text(cls, text: str) -> "Choice":
        try:
            return cls.read(json.loads(text))
        except (ValueError, RecursionError):
            return cls()

    @classmethod
    def from_plotly(cls, event: Any, bounds: Bounds) -> "Choice":
        """From Streamlit's event of a Plotly chart: its boxes and lassos, else the one point clicked."""
        pass

        steps: list[Step] = []
        for kind, x, y in drawn_shapes(event):
            corners = np.array([bounds.steps(*corner) for corner in zip(x, y, strict=True)])
            flat = np.diff(corners, axis=0, prepend=0).ravel()
            steps.append(Step(kind, "add" if steps else "set", tuple(int(part) for part in flat)))
        rows = clicked_rows(event)
        return cls(tuple(steps), clicked=int(rows[0]) if not steps and len(rows) == 1 else None)

    def to_dict(self) -> dict[str, Any]:
        """The component's form; what is empty is left out, since it also stands in addresses."""
        steps = [_step_dict(step) for step in self.steps]
        brushes = {name: [low, high] for name, low, high in self.brushes}
        whole = {
            "steps": steps,
            "color": self.color,
            "hidden": list(self.hidden),
            "range": list(self.span) if self.span else None,
            "brushes": brushes,
            "clicked": self.clicked,
        }
        return {name: value for name, value in whole.items() if value not in (None, "", [], {})}

    def to_text(self) -> str:
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)


def chosen_rows(
    choice: Choice,
    layouts: Sequence[np.ndarray],
    bounds: Bounds,
    codes: np.ndarray | None = None,
    columns: Mapping[str, np.ndarray] | None = None,
    members: Callable[[str], np.ndarray] | None = None,
) -> np.ndarray:
    """Row ids that lie in the shapes and pass the filters, sorted, int64; without shapes all that pass.

    layouts: (n, 2) a panel. codes: (n,) uint8 of the color; columns: (n,) uint8 of brushed columns. members: rows
    of a saved selection by its key, as a bool mask.
    """
    inside = np.ones(len(layouts[0]), dtype=bool)
    if choice.steps:
        inside = _in_steps(choice.steps, layouts, bounds, members)
    if codes is not None and choice.hidden:
        inside &= ~np.isin(codes, choice.hidden)
    if codes is not None and choice.span:
        inside &= (codes >= choice.span[0]) & (codes <= choice.span[1])
    for name, low, high in choice.brushes:
        if columns and name in columns:
            inside &= (columns[name] >= low) & (columns[name] <= high)
    return np.flatnonzero(inside)


def _in_steps(
    steps: Iterable[Step],
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
            found = np.zeros(len(mask), dtype=bool)
            found[members(step.key) if members else []] = True
        else:
            polygon = step.polygon(bounds)
            box = step.kind == "box"
            found = rows_in_box(points, *polygon.T) if box else rows_in_polygon(points, polygon)
        mask[found] = step.operation != "sub"
    return mask


def _step(raw: Any) -> Step | None:
    if not isinstance(raw, Mapping) or raw.get("k") not in ("box", "lasso", "rows"):
        return None
    if raw.get("o") not in ("set", "add", "sub"):
        return None
    panel, key = _whole(raw.get("m", 0)), str(raw.get("a", ""))
    if raw["k"] == "rows":
        return Step("rows", raw["o"], key=key) if _KEY.fullmatch(key) else None
    corners = [_whole(part) for part in _list(raw.get("p"))]
    least, most = (4, 4) if raw["k"] == "box" else (6, 2 * MOST_CORNERS)
    if not least <= len(corners) <= most or len(corners) % 2 or panel is None or not 0 <= panel < 4:
        return None
    flat = tuple(part for part in corners if part is not None and abs(part) < FARTHEST)
    return Step(raw["k"], raw["o"], flat, panel) if len(flat) == len(corners) else None


def _step_dict(step: Step) -> dict[str, Any]:
    shape: dict[str, Any] = {"a": step.key} if step.kind == "rows" else {"p": list(step.corners)}
    return {"k": step.kind, "o": step.operation, **shape, **({"m": step.panel} if step.panel else {})}


def _span(raw: Any) -> tuple[int, int] | None:
    ends = [_whole(end) for end in _list(raw)]
    return (ends[0], ends[1]) if len(ends) == 2 and ends[0] is not None and ends[1] is not None else None


def _sound(text: str) -> bool:
    """Whether it can be written to an address: half of a surrogate pair can't."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _list(raw: Any) -> list[Any]:
    return list(raw) if isinstance(raw, list | tuple) else []


def _whole(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return int(raw) if raw == raw and abs(raw) < FARTHEST and float(raw).is_integer() else None
