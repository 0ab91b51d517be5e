"""View and selection of the map: stored for the session, and in the link."""

from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.digest import digest_json
from core.map.results import preview
from core.map.rows import save_drawn_selection
from core.map.scene import MapScene, color_key
from core.map.selection import MapSelection, SelectionStep
from core.map.service import layout_created
from pages.shared import session

MAX_LINK = 2_000  # characters; some programs truncate longer addresses
VIEW, SELECTION = "view", "chosen"


@dataclass(frozen=True)
class MapState:
    """view: x, y (shares of the layout's side) and zoom, None for the whole layout. box: visible part, in layout units.
    reset: digest of the layout. revision: incremented when the page, not the user, changes the state."""

    reset: str
    selection: MapSelection = field(default_factory=MapSelection)
    view: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    revision: int = 0

    def command(self) -> dict[str, Any]:
        """What the component applies when it is mounted, or when the stamp has changed."""
        stamp, view = f"{self.reset}-{self.revision}", list(self.view) if self.view else None
        return {"stamp": stamp, "view": view, "choice": self.selection.to_dict()}


def current_state(scene: MapScene) -> MapState:
    """The state of this layout: of this session, else of the link, else empty. Another layout's shapes are dropped."""
    reset = layout_digest(scene)
    stored = session.remembered("map")
    if isinstance(stored, dict) and stored.get("reset") == reset:
        return _parse_state(reset, stored)
    state = _parse_state(reset, _from_link() if stored is None else {})
    if state.selection.has_selection:
        return state
    return replace(state, selection=replace(state.selection, steps=_shared_selection_steps(scene)))


def replace_preview(scene: MapScene) -> None:
    """Where this session showed the preview of this layout, its view and selection stay: shapes become their rows."""
    stored, query = session.remembered("map"), preview(scene.first.query)
    if query is None or not isinstance(stored, dict):
        return
    first = replace(scene.first, params=query.params)
    shown = replace(scene, layout_keys=(replace(first, created=layout_created(first)), *scene.layout_keys[1:]))
    if stored.get("reset") != layout_digest(shown):
        return
    before = _parse_state(layout_digest(shown), stored)
    steps = before.selection.steps
    if any(step.kind != "rows" for step in steps):
        saved = session.ask(save_drawn_selection, shown, MapSelection(steps))
        steps = (SelectionStep("rows", "set", key=saved.key),) if saved else ()
    selection = replace(before.selection, steps=steps)
    _remember(MapState(layout_digest(scene), selection, before.view, None, before.revision + 1))


def update_state(scene: MapScene, raw: Any) -> MapState:
    """Store the state that the component reports, for this session and in the link, and return it."""
    state = current_state(scene)
    is_current = isinstance(raw, dict) and raw.get("reset", state.reset) == state.reset  # not of the previous layout
    if is_current and raw.get("choice") is not None:
        reported = _parse_state(state.reset, raw)
        state = replace(reported, revision=state.revision)
    if state.selection.color != color_key(scene.color):
        state = replace(state, selection=replace(state.selection, color=color_key(scene.color), hidden=(), span=None))
    _remember(state)
    _to_link(state)
    return state


def has_content(scene: MapScene) -> bool:
    """Whether rows are selected or one is clicked, also where the component has only just reported it."""
    reported = session.widget_value("map")
    state = update_state(scene, reported.get("state") if reported else None)
    return state.selection.has_selection or state.selection.clicked is not None


def show_selection(scene: MapScene, selection: MapSelection) -> None:
    """Show this selection on the map from the next run on."""
    state = current_state(scene)
    _remember(replace(state, selection=selection, revision=state.revision + 1))


def show_selection_on_last_map(selection: MapSelection) -> None:
    """Show this selection on the map last opened in this session, from the next run on."""
    stored = session.remembered("map")
    if isinstance(stored, dict):
        stamp = stored["stamp"] if isinstance(stored.get("stamp"), int) else 0
        session.remember("map", stored | {"choice": selection.to_dict(), "stamp": stamp + 1})


def contains_saved_selection(key: str) -> bool:
    """Whether this session's map shows a saved selection; also True if no map was opened yet."""
    stored = session.remembered("map")
    if not isinstance(stored, dict):
        return True
    return any(step.key == key for step in MapSelection.read(stored.get("choice")).steps)


def _shared_selection_steps(scene: MapScene) -> tuple[SelectionStep, ...]:
    """The selection shared by all pages (pages/shared/selections/active.py)."""
    stored = session.remembered("selected")
    if not stored or stored["corpus"] != scene.first.corpus.digest:
        return ()
    return (SelectionStep("rows", "set", key=stored["key"]),)


def layout_digest(scene: MapScene) -> str:
    layout_key = scene.first
    return digest_json([layout_key.corpus.digest, layout_key.model.key, str(layout_key.params), layout_key.created])


def _remember(state: MapState) -> None:
    fields = {"reset": state.reset, "choice": state.selection.to_dict(), "stamp": state.revision}
    session.remember("map", fields | {"view": state.view, "box": state.box})


def _parse_state(reset: str, raw: dict[str, Any]) -> MapState:
    view, box = _numbers(raw.get("view"), 3), _numbers(raw.get("box"), 4)
    stamp = raw.get("stamp")
    return MapState(
        reset,
        MapSelection.read(raw.get("choice")),
        (view[0], view[1], min(max(view[2], 0.3), 5_000.0)) if view else None,
        (box[0], box[1], box[2], box[3]) if box else None,
        stamp if isinstance(stamp, int) else 0,
    )


def _from_link() -> dict[str, Any]:
    parts = st.query_params.get(VIEW, "").split("_")
    try:
        view = [float(part) for part in parts]
    except ValueError:
        view = []
    return {"view": view, "choice": MapSelection.from_text(st.query_params.get(SELECTION, "")).to_dict()}


def _to_link(state: MapState) -> None:
    session.set_link(VIEW, "_".join(f"{part:.6g}" for part in state.view) if state.view else "")
    text = state.selection.to_text() if state.selection.has_selection or state.selection.clicked is not None else ""
    session.set_link(SELECTION, text if len(text) <= MAX_LINK else "")


def _numbers(raw: Any, count: int) -> list[float] | None:
    if not isinstance(raw, list | tuple) or len(raw) != count:
        return None
    is_valid = all(isinstance(part, int | float) and abs(part) < 1e12 for part in raw)  # not NaN either
    return [float(part) for part in raw] if is_valid else None
