"""Questions of the map's component: geometry, colors and columns as bytes, details of rows, what a choice selects."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.corpus.loaders import load_corpus, load_selection
from core.digest import digest_array
from core.errors import InputError
from core.map.color_codes import color_codes, color_look, column_bins
from core.map.coloring import ColorSpec
from core.map.layout import density_sample
from core.map.results import LAYOUTS
from core.map.selection import Bounds, Choice, chosen_rows
from core.map.service import ColorBy, LayoutKey, MapTrust, color_of, map_trust, stored_layout
from core.map.trust import aligned
from core.palette import Theme
from core.secret import Secret
from core.text import clean_line, truncate
from core.types import CorpusRef, LayoutParams, ModelSpec
from core.vectors.loaders import load_neighbors

MOST_DRAWN = 1_000_000
ALL_DETAILS = 4_000  # rows of a map whose details are sent at once; of a larger one those in view, as many at most
TEXT = 200  # characters of a text beside the pointer
CELL = 60
CELLS = 3
NEAR = 8  # neighbors drawn as lines
_CODES: OrderedDict[tuple[LayoutKey, ColorBy], np.ndarray] = OrderedDict()  # for brushing without a key


PLAIN = ColorBy()


@dataclass(frozen=True)
class MapScene:
    """What is looked at: one to four maps of the same rows, their color, and the columns with histograms."""

    layouts: tuple[LayoutKey, ...]
    color: ColorBy = PLAIN
    columns: tuple[str, ...] = ()

    @property
    def first(self) -> LayoutKey:
        return self.layouts[0]


@dataclass(frozen=True, eq=False)
class Packet:
    """An array on its way to the browser. key: its digest."""

    key: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Geometry:
    """points: float32 (m, 2) a map. ids: uint32 (m,), None where all rows are drawn."""

    points: tuple[Packet, ...]
    ids: Packet | None
    bounds: Bounds
    drawn: int
    total: int
    trust: tuple[MapTrust, ...]


@dataclass(frozen=True, eq=False)
class Colors:
    """codes: uint8 (m,), None for one color. look: what the component needs. note: what was grouped or cut."""

    codes: Packet | None
    look: dict[str, Any]
    note: str


@dataclass(frozen=True, eq=False)
class Column:
    """codes: uint8 (m,) bins of a column, 255 where missing."""

    name: str
    codes: Packet
    bins: list[str]


def stored_layouts(corpus: CorpusRef) -> tuple[LayoutKey, ...]:
    """The two-dimensional layouts that are kept of a corpus, of any model and settings, oldest first."""
    found = []
    for record in LAYOUTS.records(CorpusRef(corpus.folder, corpus.digest)):
        params = LayoutParams(**record["inputs"]["params"])
        if params.dims == 2:
            model = ModelSpec.from_dict(record["inputs"]["model"])
            found.append(LayoutKey(corpus, model, params, float(record.get("made") or 0)))
    return tuple(found)


@lru_cache(maxsize=4)
def layouts(places: tuple[LayoutKey, ...]) -> tuple[np.ndarray, ...]:
    """(n, 2) float32 a map; all but the first turned and scaled onto the first, so that only true moves are left.

    Raises StorageError where one is not kept.
    """
    first, *others = (np.asarray(stored_layout(place).points, dtype=np.float32)[:, :2] for place in places)
    return (first, *(aligned(other, first) for other in others))


def geometry(places: tuple[LayoutKey, ...]) -> Geometry:
    """The points to draw: all rows up to a million, else a sample that keeps sparse regions."""
    all_points = layouts(places)
    total = len(all_points[0])
    rows = _drawn(places[0])
    points = tuple(_packet(np.ascontiguousarray(point[rows])) for point in all_points)
    ids = _packet(rows.astype(np.uint32)) if len(rows) < total else None
    trust = tuple(map_trust(stored_layout(place)) for place in places)
    return Geometry(points, ids, Bounds.of(all_points), len(rows), total, trust)


def colors(place: LayoutKey, color: ColorBy, theme: Theme, secret: Secret | None = None) -> Colors:
    """How rows are colored. Raises InputError, ModelError and StorageError as core.map.service does."""
    spec = _spec(place, color, secret)
    codes = None if color.kind == "none" else _packet(color_codes(spec)[_drawn(place)])
    return Colors(codes, color_look(spec, theme), spec.note)


def column(place: LayoutKey, name: str) -> Column:
    """A column's histogram and bins. Raises InputError for a column that isn't there."""
    codes, bins = _column(place.corpus, name)
    return Column(name, _packet(codes[_drawn(place)]), bins)


def details(place: LayoutKey, box: tuple[float, ...] | None, wanted: tuple[int, ...] = ()) -> list[Any]:
    """[row, beginning of its text, [[column, value], ...], [nearest rows, ...]] of rows in a box of the layout.

    All rows where there are few; else at most 4,000 of those in view (a seeded sample), and the rows wanted.
    """
    corpus = load_corpus(place.corpus)
    graph = load_neighbors(place.corpus, place.model)
    shown = [*corpus.roles.labels, *(each for each in (corpus.roles.time, corpus.roles.id) if each)][:CELLS]
    columns = [(name, corpus.table[name]) for name in shown if name in corpus.table.columns]
    told = []
    for row in _near_view(place, box, wanted):
        cells = [
            [truncate(clean_line(name), CELL), truncate(clean_line(column.iat[row]), CELL)] for name, column in columns
        ]
        text = truncate(clean_line(corpus.texts[row][: 4 * TEXT]), TEXT)
        told.append([int(row), text, cells, [int(other) for other in graph.ids[row, :NEAR] if other >= 0]])
    return told


def selected(scene: MapScene, choice: Choice) -> np.ndarray:
    """Row ids that a choice singles out among all rows, drawn or not, sorted, int64."""
    return _selected(scene.layouts, scene.color, choice)


@lru_cache(maxsize=16)
def _selected(places: tuple[LayoutKey, ...], color: ColorBy, choice: Choice) -> np.ndarray:
    place = places[0]
    points = layouts(places)
    needs_codes = bool(choice.hidden or choice.span) and choice.color == color_key(color)
    codes = _codes(place, color) if needs_codes else None
    table = load_corpus(place.corpus).table
    binned = {name: _column(place.corpus, name)[0] for name, *_ in choice.brushes if name in table.columns}
    return chosen_rows(choice, points, Bounds.of(points), codes, binned, members(place))


def plotly_choice(scene: MapScene, event: dict[str, Any]) -> Choice:
    """What is selected on the Plotly chart of a scene's first map, in the terms of the map's component."""
    return Choice.from_plotly(event, Bounds.of(layouts(scene.layouts)))


def members(place: LayoutKey) -> Callable[[str], np.ndarray]:
    """Rows of saved selections by their keys."""
    return lambda key: load_selection(place.corpus, key)


def member_bits(place: LayoutKey, key: str) -> Packet:
    """A saved selection as a bitmask over the corpus' rows. Raises StorageError where it is gone."""
    return Packet(key, np.packbits(load_selection(place.corpus, key)).tobytes())


def color_key(color: ColorBy) -> str:
    return f"{color.kind}:{color.value}"


def _near_view(place: LayoutKey, box: tuple[float, ...] | None, wanted: tuple[int, ...]) -> np.ndarray:
    points = layouts((place,))[0]
    asked = np.array([row for row in wanted if 0 <= row < len(points)], dtype=np.int64)
    if len(points) <= ALL_DETAILS:
        return np.arange(len(points))
    rows = _drawn(place)
    if box is not None and len(box) == 4:
        x0, y0, x1, y1 = box
        x, y = points[rows].T
        rows = rows[(x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)]
    if len(rows) > ALL_DETAILS:
        rows = np.random.default_rng(0).choice(rows, ALL_DETAILS, replace=False)
    return np.union1d(rows, asked)


def _spec(place: LayoutKey, color: ColorBy, secret: Secret | None) -> ColorSpec:
    spec = color_of(place, color, secret)
    _CODES[place, color] = color_codes(spec)
    while len(_CODES) > 6:
        _CODES.popitem(last=False)
    return spec


def _codes(place: LayoutKey, color: ColorBy) -> np.ndarray:
    if (place, color) not in _CODES:
        _spec(place, color, None)
    return _CODES[place, color]


@lru_cache(maxsize=16)
def _column(corpus: CorpusRef, name: str) -> tuple[np.ndarray, list[str]]:
    table = load_corpus(corpus).table
    if name not in table.columns:
        raise InputError(f'There is no column "{name}" to draw a histogram of.', "Choose another.")
    return column_bins(table[name], name)


@lru_cache(maxsize=4)
def _drawn(place: LayoutKey) -> np.ndarray:
    return density_sample(layouts((place,))[0], MOST_DRAWN)


def _packet(array: np.ndarray) -> Packet:
    return Packet(digest_array(array), array.tobytes())
