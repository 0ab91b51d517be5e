"""What the map component is sent (points, colors and columns as bytes, row details), and the rows selected on it."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from core.corpus.label_sets import display_cell
from core.corpus.loaders import load_corpus, load_selection
from core.digest import digest_array
from core.disagreement.service import ComparisonQuery
from core.errors import InputError, StorageError
from core.map.color_codes import color_codes, color_legend, column_bins
from core.map.coloring import ColorSpec, disagreement_spec
from core.map.layout import density_sample
from core.map.results import LAYOUTS
from core.map.selection import Bounds, MapSelection, rows_in_selection
from core.map.service import ColorBy, LayoutKey, MapTrust, color_of, map_trust, stored_layout
from core.map.trust import align
from core.palette import Theme
from core.secret import Secret
from core.text import clean_line, truncate
from core.types import CorpusRef, LayoutParams, ModelSpec, Neighbors
from core.vectors.loaders import load_neighbors

MAX_DRAWN = 1_000_000
MAX_DETAILS = 4_000  # rows whose details are sent at once; of a larger map, as many of those in view
MAX_HOVER_TEXT = 200  # characters
MAX_HOVER_CELL = 60
MAX_HOVER_CELLS = 3
NEIGHBOR_LINES = 8  # neighbors drawn as lines
MAX_MAPS = 4
Codes = tuple[np.ndarray, np.ndarray | None]  # of the colors, and in which categories rows are
_CODES: OrderedDict[tuple[LayoutKey, ColorBy], Codes] = OrderedDict()  # so that brushing needs no API key
ONE_COLOR = ColorBy()


@dataclass(frozen=True)
class MapScene:
    """What the Map page shows: one to four layouts of the same rows, their color, and the columns with histograms."""

    layout_keys: tuple[LayoutKey, ...]
    color: ColorBy = ONE_COLOR
    columns: tuple[str, ...] = ()

    @property
    def first(self) -> LayoutKey:
        return self.layout_keys[0]


@dataclass(frozen=True, eq=False)
class Packet:
    """An array to send to the browser. key: its digest."""

    key: str
    data: bytes


@dataclass(frozen=True, eq=False)
class MapGeometry:
    """points: float32 (m, 2) a map. ids: uint32 (m,), None where all rows are drawn."""

    points: tuple[Packet, ...]
    ids: Packet | None
    bounds: Bounds
    drawn: int
    total: int
    trust: tuple[MapTrust, ...]


@dataclass(frozen=True, eq=False)
class MapColors:
    """codes: uint8 (m,), None for one color. legend: of `color_legend`. note: what was grouped or clipped. members:
    uint32 (m,), where rows may be in several categories, see `ColorSpec`."""

    codes: Packet | None
    legend: dict[str, Any]
    note: str
    members: Packet | None = None


@dataclass(frozen=True, eq=False)
class MapColumn:
    """codes: uint8 (m,) bins of a column, 255 where missing."""

    name: str
    codes: Packet
    bins: list[str]


def stored_layouts(corpus: CorpusRef) -> tuple[LayoutKey, ...]:
    """The stored two-dimensional layouts of a corpus, of any model and settings, oldest first."""
    layout_keys = []
    for record in LAYOUTS.records(corpus):
        params = LayoutParams(**record["inputs"]["params"])
        if params.dims == 2:
            model = ModelSpec.from_dict(record["inputs"]["model"])
            layout_keys.append(LayoutKey(corpus, model, params, float(record.get("made") or 0)))
    return tuple(layout_keys)


@lru_cache(maxsize=4)
def aligned_layouts(layout_keys: tuple[LayoutKey, ...]) -> tuple[np.ndarray, ...]:
    """(n, 2) float32 each; all but the first aligned to the first (Procrustes), so that only real differences are left.

    Raises StorageError where one is not stored.
    """
    layouts = map(stored_layout, layout_keys)
    first, *others = (np.asarray(layout.points, dtype=np.float32)[:, :2] for layout in layouts)
    return (first, *(align(other, first) for other in others))


def map_geometry(layout_keys: tuple[LayoutKey, ...]) -> MapGeometry:
    """The points to draw: all rows up to a million, else a density-aware sample."""
    all_points = aligned_layouts(layout_keys)
    total, rows = len(all_points[0]), _drawn_rows(layout_keys[0])
    points = tuple(_packet(np.ascontiguousarray(point[rows])) for point in all_points)
    ids = _packet(rows.astype(np.uint32)) if len(rows) < total else None
    trust = tuple(map_trust(stored_layout(layout_key)) for layout_key in layout_keys)
    return MapGeometry(points, ids, Bounds.of(all_points), len(rows), total, trust)


def map_colors(layout_key: LayoutKey, color: ColorBy, theme: Theme, secret: Secret | None = None) -> MapColors:
    """The drawn rows' colors. Raises InputError, ModelError and StorageError as core.map.service does."""
    spec = _spec(layout_key, color, secret)
    drawn = _drawn_rows(layout_key)
    codes = None if color.kind == "none" else _packet(color_codes(spec)[drawn])
    members = None if spec.members is None else _packet(spec.members[drawn])
    return MapColors(codes, color_legend(spec, theme), spec.note, members)


def map_column(layout_key: LayoutKey, name: str) -> MapColumn:
    """A column's histogram and bins. Raises InputError for a column that isn't there."""
    codes, bins = _cached_bins(layout_key.corpus, name)
    return MapColumn(name, _packet(codes[_drawn_rows(layout_key)]), bins)


def row_details(layout_key: LayoutKey, box: tuple[float, ...] | None, requested: tuple[int, ...] = ()) -> list[Any]:
    """[row, beginning of its text, [[column, value], ...], [nearest rows, ...]] of rows in a box of the layout.

    All rows of a small corpus; else at most 4,000 of those in view (a seeded sample), and the requested rows.
    """
    corpus = load_corpus(layout_key.corpus)
    graph = _stored_graph(layout_key)
    names = [name for name in (*corpus.roles.labels, corpus.roles.time, corpus.roles.id) if name]
    columns = [(name, corpus.table[name]) for name in names[:MAX_HOVER_CELLS] if name in corpus.table.columns]
    rows = []
    for row in _rows_in_view(layout_key, box, requested):
        named = [(name, display_cell(column.iat[row])) for name, column in columns]
        cells = [[truncate(clean_line(cell), MAX_HOVER_CELL) for cell in pair] for pair in named]
        text = truncate(clean_line(corpus.texts[row][: 4 * MAX_HOVER_TEXT]), MAX_HOVER_TEXT)
        near = graph.ids[row, :NEIGHBOR_LINES].tolist() if graph else []
        rows.append([int(row), text, cells, [other for other in near if other >= 0]])
    return rows


def _stored_graph(layout_key: LayoutKey) -> Neighbors | None:
    """None before it is built: the first map of a large corpus does not wait for it."""
    try:
        return load_neighbors(layout_key.corpus, layout_key.model)
    except StorageError:
        return None


def selected_rows(scene: MapScene, selection: MapSelection) -> np.ndarray:
    """Ids of all selected rows, drawn or not, sorted, int64."""
    return _cached_selected_rows(scene.layout_keys, scene.color, selection)


@lru_cache(maxsize=16)
def _cached_selected_rows(layout_keys: tuple[LayoutKey, ...], color: ColorBy, selection: MapSelection) -> np.ndarray:
    layout_key = layout_keys[0]
    points = aligned_layouts(layout_keys)
    needs_codes = bool(selection.hidden or selection.span) and selection.color == color_key(color)
    codes, categories = _codes(layout_key, color) if needs_codes else (None, None)
    table = load_corpus(layout_key.corpus).table
    binned = {name: _cached_bins(layout_key.corpus, name)[0] for name, *_ in selection.brushes if name in table.columns}
    members = partial(load_selection, layout_key.corpus)
    return rows_in_selection(selection, points, Bounds.of(points), codes, binned, members, categories)


def plotly_selection(scene: MapScene, event: dict[str, Any]) -> MapSelection:
    """The selection made on the Plotly chart of the scene's first layout."""
    return MapSelection.from_plotly(event, Bounds.of(aligned_layouts(scene.layout_keys)))


def selection_bitmask(layout_key: LayoutKey, key: str) -> Packet:
    """A saved selection as a bitmask over the corpus' rows. Raises StorageError where it was deleted."""
    return Packet(key, np.packbits(load_selection(layout_key.corpus, key)).tobytes())


def color_key(color: ColorBy) -> str:
    return f"{color.kind}:{color.value}"


def _rows_in_view(layout_key: LayoutKey, box: tuple[float, ...] | None, requested: tuple[int, ...]) -> np.ndarray:
    points = aligned_layouts((layout_key,))[0]
    existing = np.array([row for row in requested if 0 <= row < len(points)], dtype=np.int64)
    if len(points) <= MAX_DETAILS:
        return np.arange(len(points))
    rows = _drawn_rows(layout_key)
    if box is not None and len(box) == 4:
        x0, y0, x1, y1 = box
        x, y = points[rows].T
        rows = rows[(x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)]
    if len(rows) > MAX_DETAILS:
        rows = np.random.default_rng(0).choice(rows, MAX_DETAILS, replace=False)
    return np.union1d(rows, existing)


def _spec(layout_key: LayoutKey, color: ColorBy, secret: Secret | None) -> ColorSpec:
    spec = color_of(layout_key, color, secret)
    _CODES[layout_key, color] = color_codes(spec), spec.members
    while len(_CODES) > 6:
        _CODES.popitem(last=False)
    return spec


def _codes(layout_key: LayoutKey, color: ColorBy) -> Codes:
    if (layout_key, color) not in _CODES:
        _spec(layout_key, color, None)
    return _CODES[layout_key, color]


@lru_cache(maxsize=16)
def _cached_bins(corpus: CorpusRef, name: str) -> tuple[np.ndarray, list[str]]:
    table = load_corpus(corpus).table
    if name not in table.columns:
        raise InputError(f'There is no column "{name}" to draw a histogram of.', "Choose another.")
    return column_bins(table[name], name)


@lru_cache(maxsize=4)
def _drawn_rows(layout_key: LayoutKey) -> np.ndarray:
    return density_sample(aligned_layouts((layout_key,))[0], MAX_DRAWN)


def _packet(array: np.ndarray) -> Packet:
    return Packet(digest_array(array), array.tobytes())


def contender_layouts(comparison: ComparisonQuery) -> tuple[LayoutKey, ...]:
    """The stored default layouts of the contenders' models, at most four, in the contenders' order."""
    by_model = {key.model.key: key for key in stored_layouts(comparison.corpus) if key.params == LayoutParams()}
    models = dict.fromkeys(contender.model.key for contender in comparison.contenders)
    return tuple(by_model[model] for model in models if model in by_model)[:MAX_MAPS]


def disagreement_colors(
    comparison: ComparisonQuery, k: int, layout_keys: tuple[LayoutKey, ...], theme: Theme
) -> MapColors:
    """`disagreement_spec` of the drawn rows."""
    spec = disagreement_spec(comparison, k)
    return MapColors(_packet(color_codes(spec)[_drawn_rows(layout_keys[0])]), color_legend(spec, theme), "")
