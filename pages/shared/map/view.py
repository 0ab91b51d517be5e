"""The map itself: what the component is given, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.digest import digest_json
from core.map import regions
from core.map.color_codes import CONTEXT
from core.map.scene import (
    Colors,
    Column,
    Geometry,
    Packet,
    Scene,
    color_key,
    colors,
    column,
    details,
    geometry,
    member_bits,
)
from core.map.service import Place
from core.palette import GREY, Theme
from pages.shared import cached, scatter, session
from pages.shared.map import chart
from pages.shared.map import state as map_state
from pages.shared.map.captions import file_stem

HEIGHT, SMALL = 640, 420


@dataclass(frozen=True)
class View:
    """What is drawn. label: the column that names regions, "" for their words, None for no labels."""

    scene: Scene
    name: str
    theme: Theme
    titles: tuple[str, ...] = ()
    label: str | None = ""
    contours: bool = False


@dataclass(frozen=True, eq=False)
class Made:
    """All that the component is given, as arrays and plain data."""

    geometry: Geometry
    colors: Colors
    columns: tuple[Column, ...]
    panels: list[dict[str, Any]]


def made(view: View) -> Made:
    """Made once a server for all who look at it."""
    scene = view.scene
    place = scene.first
    shape = _kept(geometry, scene.places)
    coded = tuple(_kept(column, place, name) for name in scene.columns)
    panels = [
        {"array": packet.key, "title": title, "labels": _labels(view, i), "contours": _contours(view, i)}
        for i, (packet, title) in enumerate(zip(shape.points, view.titles or ("",), strict=True))
    ]
    return Made(shape, _colors(view), coded, panels)


def send(made: Made) -> None:
    """The arrays, from outside of the fragment that a choice draws again; what may be new comes first."""
    shape = made.geometry
    with st.container(gap=None):
        scatter.send([*_some(made.colors.codes, shape.ids), *(column.codes for column in made.columns), *shape.points])


def draw(view: View, made: Made, command: dict[str, Any]) -> tuple[map_state.MapState, bool]:
    """Draw it; gives the state, and whether the browser can't (no WebGL2)."""
    told = scatter.draw(_data(view, made, command), key="map")
    state = map_state.keep(view.scene, told.get("state"))
    place, wanted = view.scene.first, told.get("want")
    with st.container(gap=None):
        rows = session.ask_once(details, place, state.box, (wanted,) if isinstance(wanted, int) else ())
        scatter.send_rows(_details_key(view), rows)
        # last, since one that is gone is an error
        scatter.send(_kept(member_bits, place, step.key) for step in state.choice.steps if step.kind == "rows")
    return state, bool(told.get("unsupported"))


def marked(place: Place, name: str, theme: Theme, rows: list[int], star: tuple[float, float] | None) -> str:
    """A smaller map in grey with some rows ringed and a star; gives how many points it shows."""
    view = View(Scene((place,)), name, theme, ("",))
    drawn = made(view)
    data = _data(view, drawn, {"stamp": "marked", "view": None, "choice": {}})
    data["color"]["plain"] = GREY
    told = scatter.draw(
        data | {"marks": {"rows": rows, "star": star}, "height": SMALL, "simple": True}, key="marked_map"
    )
    if told.get("unsupported"):
        return "This browser has no WebGL2, so they can't be shown here."
    send(drawn)
    scatter.send_rows(_details_key(view), session.ask_once(details, place, None, tuple(rows)))
    return f"Showing {drawn.geometry.drawn:,} of {drawn.geometry.total:,} rows."


def below(view: View, made: Made, tools: Callable[[], None]) -> None:
    """How many points are shown and what the colors leave out; tools; and the map as a file."""
    shape = made.geometry
    note = f" {made.colors.note}" if made.colors.note else ""
    if shape.drawn < shape.total:
        note += " The points drawn are a sample that keeps sparse regions; selections count all rows."
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {shape.drawn:,} of {shape.total:,}.{note}", width="content")
        with st.container(horizontal=True, width="content"):
            tools()
            chart.save_button(chart.View(view.scene.first, view.name, view.scene.color, view.theme))


def _data(view: View, made: Made, command: dict[str, Any]) -> dict[str, Any]:
    shape = made.geometry
    bounds = shape.bounds
    return {
        "key": digest_json([packet.key for packet in shape.points]),
        "reset": map_state.reset_key(view.scene),
        "panels": made.panels,
        "ids": shape.ids.key if shape.ids else None,
        "bounds": {"x": bounds.x, "y": bounds.y, "side": bounds.side, "width": bounds.width, "height": bounds.height},
        "color": {
            "key": color_key(view.scene.color),
            "array": made.colors.codes.key if made.colors.codes else None,
            **made.colors.look,
        },
        "columns": [{"name": column.name, "array": column.codes.key, "bins": column.bins} for column in made.columns],
        "details": _details_key(view),
        "theme": view.theme,
        "context": CONTEXT[view.theme],
        "height": HEIGHT,
        "alt": alt_text(view, shape),
        "file": file_stem(view.name),
        "command": command,
    }


def alt_text(view: View, shape: Geometry) -> str:
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
    return f"Map of {shape.drawn:,} texts of {view.name}{by}; texts of like meaning lie near each other"


def _labels(view: View, panel: int) -> list[list[Any]]:
    if view.label is None or panel:  # the first map's regions have other places on the others
        return []
    found = session.ask_once(regions.regions, view.scene.first, view.label)
    return [[region.text, region.x, region.y, region.level, region.rows] for region in found]


def _contours(view: View, panel: int) -> list[Any]:
    if not view.contours or panel:
        return []
    found = session.ask_once(regions.contours, view.scene.first)
    return [[each.share, [[round(float(part), 3) for part in line.ravel()] for line in each.lines]] for each in found]


def _colors(view: View) -> Colors:
    color, place = view.scene.color, view.scene.first
    secret = session.api_key(place.model) if color.kind == "similarity" else None  # only then is a text embedded
    make = lambda: session.ask(colors, place, color, view.theme, secret)  # noqa: E731 - a name would say no more
    return cached.computed_once(make, "colors", *_names(place), color, view.theme)


def _kept(function: Any, *arguments: Any) -> Any:
    names = [part for argument in arguments for part in _names(argument)]
    return cached.computed_once(lambda: session.ask(function, *arguments), function.__name__, *names)


def _names(argument: Any) -> tuple[Any, ...]:
    """A place, or several, by what names it; anything else as it is."""
    places = argument if isinstance(argument, tuple) else (argument,)
    if not hasattr(places[0], "corpus"):
        return (argument,)
    return tuple(
        part
        for place in places
        for part in (place.corpus.folder, place.corpus.digest, place.model.key, place.params, place.made)
    )


def _some(*packets: Packet | None) -> list[Packet]:
    return [packet for packet in packets if packet]


def _details_key(view: View) -> str:
    place = view.scene.first
    return digest_json([place.corpus.folder, place.corpus.digest, place.model.key])
