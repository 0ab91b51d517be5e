"""The map itself: what the component is given, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass
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
    Packet,
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
from pages.shared.map.layout_status import file_stem

HEIGHT, SMALL_HEIGHT = 640, 420


@dataclass(frozen=True)
class MapView:
    """What is drawn. label: the column that names regions, "" for their words, None for no labels."""

    scene: MapScene
    name: str
    theme: Theme
    titles: tuple[str, ...] = ()
    label: str | None = ""
    contours: bool = False


@dataclass(frozen=True, eq=False)
class MapContents:
    """All that the component is given, as arrays and plain data."""

    geometry: MapGeometry
    colors: MapColors
    columns: tuple[MapColumn, ...]
    panels: list[dict[str, Any]]


def load_map_contents(view: MapView) -> MapContents:
    """Made once a server for all who look at it."""
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
    """The arrays, from outside of the fragment that a choice draws again; what may be new comes first."""
    geometry = load_map_contents.geometry
    with st.container(gap=None):
        scatter.send(
            [
                *_not_none(load_map_contents.colors.codes, geometry.ids),
                *(map_column.codes for map_column in load_map_contents.columns),
                *geometry.points,
            ]
        )


def draw_map(view: MapView, contents: MapContents, command: dict[str, Any]) -> tuple[map_state.MapState, bool]:
    """Draw it; gives the state, and whether the browser can't (no WebGL2)."""
    component = scatter.draw(_component_data(view, load_map_contents, command), key="map")
    state = map_state.update_state(view.scene, component.get("state"))
    layout_key, requested = view.scene.first, component.get("want")
    with st.container(gap=None):
        rows = session.ask_once(row_details, layout_key, state.box, (requested,) if isinstance(requested, int) else ())
        scatter.send_rows(_details_key(view), rows)
        # last, since one that is gone is an error
        scatter.send(
            _cached(selection_bitmask, layout_key, step.key) for step in state.choice.steps if step.kind == "rows"
        )
    return state, bool(component.get("unsupported"))


def show_map_with_marks(
    layout_key: LayoutKey, name: str, theme: Theme, rows: list[int], star: tuple[float, float] | None
) -> str:
    """A smaller map in grey with some rows ringed and a star; gives how many points it shows."""
    view = MapView(MapScene((layout_key,)), name, theme, ("",))
    drawn = load_map_contents(view)
    data = _component_data(view, drawn, {"stamp": "marked", "view": None, "choice": {}})
    data["color"]["plain"] = GREY
    component = scatter.draw(
        data | {"marks": {"rows": rows, "star": star}, "height": SMALL_HEIGHT, "simple": True}, key="marked_map"
    )
    if component.get("unsupported"):
        return "This browser has no WebGL2, so they can't be shown here."
    send_arrays(drawn)
    scatter.send_rows(_details_key(view), session.ask_once(row_details, layout_key, None, tuple(rows)))
    return f"Showing {drawn.geometry.drawn:,} of {drawn.geometry.total:,} rows."


def show_map_footer(view: MapView, contents: MapContents, tools: Callable[[], None]) -> None:
    """How many points are shown and what the colors leave out; tools; and the map as a file."""
    geometry = load_map_contents.geometry
    note = f" {load_map_contents.colors.note}" if load_map_contents.colors.note else ""
    if geometry.drawn < geometry.total:
        note += " The points drawn are a sample that keeps sparse regions; selections count all rows."
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {geometry.drawn:,} of {geometry.total:,}.{note}", width="content")
        with st.container(horizontal=True, width="content"):
            tools()
            chart.show_save_button(chart.PlotlyMapView(view.scene.first, view.name, view.scene.color, view.theme))


def _component_data(view: MapView, contents: MapContents, command: dict[str, Any]) -> dict[str, Any]:
    geometry = load_map_contents.geometry
    bounds = geometry.bounds
    return {
        "key": digest_json([packet.key for packet in geometry.points]),
        "reset": map_state.layout_digest(view.scene),
        "panels": load_map_contents.panels,
        "ids": geometry.ids.key if geometry.ids else None,
        "bounds": {"x": bounds.x, "y": bounds.y, "side": bounds.side, "width": bounds.width, "height": bounds.height},
        "color": {
            "key": color_key(view.scene.color),
            "array": load_map_contents.colors.codes.key if load_map_contents.colors.codes else None,
            **load_map_contents.colors.legend,
        },
        "columns": [
            {"name": map_column.name, "array": map_column.codes.key, "bins": map_column.bins}
            for map_column in load_map_contents.columns
        ],
        "details": _details_key(view),
        "theme": view.theme,
        "context": BACKGROUND_POINT_COLOR[view.theme],
        "height": HEIGHT,
        "alt": map_alt_text(view, geometry),
        "file": file_stem(view.name),
        "command": command,
    }


def map_alt_text(view: MapView, geometry: MapGeometry) -> str:
    colored = {
        "none": "",
        "trust": ", colored by trust in the map",
        "similarity": ", colored by similarity to a text",
        "selection": ", a kept selection colored",
        "groups": ", colored by group",
        "disagreement": ", colored by disagreement of contenders",
    }
    color = view.scene.color
    by = colored.get(color.kind, f", colored by {color.value}")
    return f"Map of {geometry.drawn:,} texts of {view.name}{by}; texts of like meaning lie near each other"


def _labels(view: MapView, panel: int) -> list[list[Any]]:
    if view.label is None or panel:  # the first map's regions have other places on the others
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
    color, layout_key = view.scene.color, view.scene.first
    secret = session.api_key(layout_key.model) if color.kind == "similarity" else None  # only then is a text embedded
    make = lambda: session.ask(map_colors, layout_key, color, view.theme, secret)  # noqa: E731 - a name would say no more
    return cached.made(make, "colors", *_cache_key(layout_key), color, view.theme)


def _cached(function: Any, *arguments: Any) -> Any:
    names = [part for argument in arguments for part in _cache_key(argument)]
    return cached.made(lambda: session.ask(function, *arguments), function.__name__, *names)


def _cache_key(argument: Any) -> tuple[Any, ...]:
    """A place, or several, by what names it; anything else as it is."""
    layout_keys = argument if isinstance(argument, tuple) else (argument,)
    if not hasattr(layout_keys[0], "corpus"):
        return (argument,)
    return tuple(
        part
        for layout_key in layout_keys
        for part in (
            layout_key.corpus.folder,
            layout_key.corpus.digest,
            layout_key.model.key,
            layout_key.params,
            layout_key.created,
        )
    )


def _not_none(*packets: Packet | None) -> list[Packet]:
    return [packet for packet in packets if packet]


def _details_key(view: MapView) -> str:
    layout_key = view.scene.first
    return digest_json([layout_key.corpus.folder, layout_key.corpus.digest, layout_key.model.key])
