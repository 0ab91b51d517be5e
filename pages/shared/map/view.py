"""The interactive map: what its component is sent, and what it reports."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from core.digest import digest_json
from core.map import regions
from core.map.color_codes import BACKGROUND_POINT_COLOR
from core.map.scene import (
    MapColors,
    MapColumn,
    MapGeometry,
    MapScene,
    color_key,
    map_colors,
    map_column,
    map_geometry,
    row_details,
    selection_bitmask,
)
from core.map.service import LayoutKey
from core.palette import GREY, Theme
from pages.shared import cached, scatter, session
from pages.shared.map import chart
from pages.shared.map import state as map_state
from pages.shared.text import file_stem

HEIGHT, SMALL_HEIGHT = 640, 420


@dataclass(frozen=True)
class MapView:
    """What is drawn. label: the column that names regions, "" for distinctive terms, None for no labels."""

    scene: MapScene
    name: str
    theme: Theme
    titles: tuple[str, ...] = ()
    label: str | None = ""
    contours: bool = False


@dataclass(frozen=True, eq=False)
class MapContents:
    """All that the component is sent, as arrays and plain data."""

    geometry: MapGeometry
    colors: MapColors
    columns: tuple[MapColumn, ...]
    panels: list[dict[str, Any]]


def load_map_contents(view: MapView) -> MapContents:
    """Computed once per server and cached."""
    scene = view.scene
    layout_key = scene.first
    geometry = _cached(map_geometry, scene.layout_keys)
    coded = tuple(_cached(map_column, layout_key, name) for name in scene.columns)
    panels = [
        {"array": packet.key, "title": title, "labels": _labels(view, i), "contours": _contours(view, i)}
        for i, (packet, title) in enumerate(zip(geometry.points, view.titles or ("",), strict=True))
    ]
    return MapContents(geometry, _colors(view), coded, panels)


def send_arrays(contents: MapContents) -> None:
    """The arrays, from outside the fragment that a selection redraws; what may be new comes first."""
    geometry = contents.geometry
    columns = (column.codes for column in contents.columns)
    packets = (contents.colors.codes, contents.colors.members, geometry.ids, *columns, *geometry.points)
    with st.container(gap=None):
        scatter.send(packet for packet in packets if packet)


def draw_map(view: MapView, contents: MapContents, command: dict[str, Any]) -> tuple[map_state.MapState, bool]:
    """Draws the map; returns its state, and whether the browser lacks WebGL2."""
    component = scatter.draw(_component_data(view, contents, command), key="map")
    state = map_state.update_state(view.scene, component.get("state"))
    layout_key, requested = view.scene.first, component.get("want")
    with st.container(gap=None):
        rows = session.ask_once(row_details, layout_key, state.box, (requested,) if isinstance(requested, int) else ())
        scatter.send_rows(_details_key(view), rows)
        saved = [step.key for step in state.selection.steps if step.kind == "rows"]
        scatter.send(_cached(selection_bitmask, layout_key, key) for key in saved)  # last, since a deleted one raises
    return state, bool(component.get("unsupported"))


def show_map_with_marks(
    layout_key: LayoutKey, name: str, theme: Theme, rows: list[int], star: tuple[float, float] | None
) -> str:
    """A small gray map with some rows circled and a star; returns a text on how many points it shows."""
    view = MapView(MapScene((layout_key,)), name, theme, ("",))
    drawn = load_map_contents(view)
    data = _component_data(view, drawn, {"stamp": "marked", "view": None, "choice": {}})
    data["color"]["plain"] = GREY
    data |= {"marks": {"rows": rows, "star": star}, "height": SMALL_HEIGHT, "simple": True}
    component = scatter.draw(data, key="marked_map")
    if component.get("unsupported"):
        return "The map can't be shown: this browser has no WebGL2."
    send_arrays(drawn)
    scatter.send_rows(_details_key(view), session.ask_once(row_details, layout_key, None, tuple(rows)))
    return f"Showing {drawn.geometry.drawn:,} of {drawn.geometry.total:,} rows."


def show_map_footer(view: MapView, contents: MapContents, tools: Callable[[], None]) -> None:
    """How many points are shown, a note on colors, tools, and the download."""
    geometry = contents.geometry
    note = f" {contents.colors.note}" if contents.colors.note else ""
    if geometry.drawn < geometry.total:
        note += " The visible points are a sample that includes sparse regions; selections count all rows."
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {geometry.drawn:,} of {geometry.total:,} rows.{note}", width="content")
        with st.container(horizontal=True, width="content"):
            tools()
            chart.show_save_button(chart.PlotlyMapView(view.scene.first, view.name, view.scene.color, view.theme))


def _component_data(view: MapView, contents: MapContents, command: dict[str, Any]) -> dict[str, Any]:
    geometry, colors = contents.geometry, contents.colors
    arrays = {name: packet.key for name, packet in (("array", colors.codes), ("members", colors.members)) if packet}
    return {
        "key": digest_json([packet.key for packet in geometry.points]),
        "reset": map_state.layout_digest(view.scene),
        "panels": contents.panels,
        "ids": geometry.ids.key if geometry.ids else None,
        "bounds": asdict(geometry.bounds),
        "color": {"key": color_key(view.scene.color), "array": None, **arrays, **colors.legend},
        "columns": [{"name": item.name, "array": item.codes.key, "bins": item.bins} for item in contents.columns],
        "details": _details_key(view),
        "theme": view.theme,
        "context": BACKGROUND_POINT_COLOR[view.theme],
        "height": HEIGHT,
        "alt": chart.map_alt_text(view.name, view.scene.color, geometry.drawn),
        "file": f"map-{file_stem(view.name)}",
        "command": command,
    }


def _labels(view: MapView, panel: int) -> list[list[Any]]:
    if view.label is None or panel:  # labels have other positions on the other layouts
        return []
    computed = session.ask_once(regions.layout_regions, view.scene.first, view.label)
    return [[region.text, region.x, region.y, region.level, region.rows] for region in computed]


def _contours(view: MapView, panel: int) -> list[Any]:
    if not view.contours or panel:
        return []
    computed = session.ask_once(regions.layout_contours, view.scene.first)
    return [
        [contour.share, [[round(float(part), 3) for part in line.ravel()] for line in contour.lines]]
        for contour in computed
    ]


def _colors(view: MapView) -> MapColors:
    arguments = layout_key, color, _ = view.scene.first, view.scene.color, view.theme
    secret = session.api_key(layout_key.model) if color.kind == "similarity" else None  # only then a text is embedded
    return cached.computed_once(lambda: session.ask(map_colors, *arguments, secret), "colors", *_cache_keys(*arguments))


def _cached(function: Any, *arguments: Any) -> Any:
    return cached.computed_once(lambda: session.ask(function, *arguments), function.__name__, *_cache_keys(*arguments))


def _cache_keys(*arguments: Any) -> tuple[Any, ...]:
    """Hashable arguments for the cache: the fields of layout keys; anything else unchanged."""
    keys: list[Any] = []
    for argument in arguments:
        if isinstance(argument, tuple):
            keys += _cache_keys(*argument)
        elif isinstance(argument, LayoutKey):
            keys += [argument.corpus.folder, argument.corpus.digest, argument.model.key, argument.params]
            keys.append(argument.created)
        else:
            keys.append(argument)
    return tuple(keys)


def _details_key(view: MapView) -> str:
    layout_key = view.scene.first
    return digest_json([layout_key.corpus.folder, layout_key.corpus.digest, layout_key.model.key])
