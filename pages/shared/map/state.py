"""Where a person is on a map and what is chosen there: kept for the visit, and in the link."""

from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.digest import digest_json
from core.map.scene import MapScene, color_key
from core.map.selection import Choice, Step
from pages.shared import session

LONGEST_LINK = 2_000  # characters; addresses much longer are cut by some programs
VIEW, CHOICE = "view", "chosen"


@dataclass(frozen=True)
class MapState:
    """view: x, y (shares of the layout's side) and zoom, None for all of it. box: what is in view, in the layout's
    units. stamp: raised where the page, not the person, changes the state."""

    reset: str
    choice: Choice = field(default_factory=Choice)
    view: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    stamp: int = 0

    def command(self) -> dict[str, Any]:
        """What the component takes up when it is mounted, or when the stamp has changed."""
        return {
            "stamp": f"{self.reset}-{self.stamp}",
            "view": list(self.view) if self.view else None,
            "choice": self.choice.to_dict(),
        }


def current(scene: MapScene) -> MapState:
    """The state on this map: of this visit, else of the link, else none. Shapes are of no use on another map."""
    reset = reset_key(scene)
    known = session.remembered("map")
    if isinstance(known, dict) and known.get("reset") == reset:
        return _state(reset, known)
    first = known is None
    linked = _from_link() if first else {}
    state = _state(reset, linked)
    return state if state.choice.selects else replace(state, choice=replace(state.choice, steps=_on_all_pages(scene)))


def keep(scene: MapScene, raw: Any) -> MapState:
    """Keep what the component tells, for this visit and in the link; gives the state as it now is."""
    state = current(scene)
    here = isinstance(raw, dict) and raw.get("reset", state.reset) == state.reset  # else told of the map before this
    if here and raw.get("choice") is not None:
        told = _state(state.reset, raw)
        state = replace(told, stamp=state.stamp)
    if state.choice.color != color_key(scene.color):
        state = replace(state, choice=replace(state.choice, color=color_key(scene.color), hidden=(), span=None))
    _remember(state)
    _to_link(state)
    return state


def force(scene: MapScene, choice: Choice) -> None:
    """Let the map show this choice, from the next run of the page on."""
    state = current(scene)
    _remember(replace(state, choice=choice, stamp=state.stamp + 1))


def put(choice: Choice) -> None:
    """Let whatever map was looked at on this visit show this choice, from the next run of the page on."""
    known = session.remembered("map")
    if isinstance(known, dict):
        stamp = known["stamp"] if isinstance(known.get("stamp"), int) else 0
        session.remember("map", known | {"choice": choice.to_dict(), "stamp": stamp + 1})


def holds(key: str) -> bool:
    """Whether a kept selection is part of what the map of this visit shows; also where no map was looked at yet."""
    known = session.remembered("map")
    return not isinstance(known, dict) or any(step.key == key for step in Choice.read(known.get("choice")).steps)


def _on_all_pages(scene: MapScene) -> tuple[Step, ...]:
    """The rows that are selected on every page (pages/shared/selections/active.py)."""
    known = session.remembered("selected")
    return (Step("rows", "set", key=known["key"]),) if known and known["corpus"] == scene.first.corpus.digest else ()


def reset_key(scene: MapScene) -> str:
    place = scene.first
    return digest_json([place.corpus.digest, place.model.key, str(place.params), place.created])


def _remember(state: MapState) -> None:
    kept = {"reset": state.reset, "choice": state.choice.to_dict(), "stamp": state.stamp}
    session.remember("map", kept | {"view": _list(state.view), "box": _list(state.box)})


def _state(reset: str, raw: dict[str, Any]) -> MapState:
    view, box = _numbers(raw.get("view"), 3), _numbers(raw.get("box"), 4)
    stamp = raw.get("stamp")
    return MapState(
        reset,
        Choice.read(raw.get("choice")),
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
    return {"view": view, "choice": Choice.from_text(st.query_params.get(CHOICE, "")).to_dict()}


def _to_link(state: MapState) -> None:
    _set(VIEW, "_".join(f"{part:.6g}" for part in state.view) if state.view else "")
    text = state.choice.to_text() if state.choice.selects or state.choice.clicked is not None else ""
    _set(CHOICE, text if len(text) <= LONGEST_LINK else "")


def _set(name: str, value: str) -> None:
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]


def _numbers(raw: Any, count: int) -> list[float] | None:
    if not isinstance(raw, list | tuple) or len(raw) != count:
        return None
    fine = all(isinstance(part, int | float) and abs(part) < 1e12 for part in raw)  # not NaN, either
    return [float(part) for part in raw] if fine else None


def _list(values: tuple[float, ...] | None) -> list[float] | None:
    return list(values) if values else None
