"""The map as a Streamlit component: WebGL2 in plain ES modules in web/, without a build step; see README.md."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.map.scene import Packet

WEB = Path(__file__).with_name("web")
_IMPORT = re.compile(r'^import\s+\{[^}]*\}\s+from\s+"\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@lru_cache(maxsize=8)
def bundle(name: str) -> str:
    """A module and all its imports as one script, as a component without a package needs it."""
    return "".join(_modules(name, set()))


def _modules(name: str, seen: set[str]) -> Iterable[str]:
    seen.add(name)
    source = (WEB / name).read_text(encoding="utf-8")
    for other in _IMPORT.findall(source):
        if other not in seen:
            yield from _modules(other, seen)
    yield _EXPORT.sub("", _IMPORT.sub("", source))


_MAP = st.components.v2.component(
    "planisphere_map", css=(WEB / "style.css").read_text(encoding="utf-8"), js=bundle("main.js")
)
_ARRAY = st.components.v2.component("planisphere_array", js=bundle("array.js"))
_ROWS = st.components.v2.component("planisphere_rows", js=bundle("rows.js"))


def draw(data: dict[str, Any], key: str) -> Any:
    """Mount the map. Returns `state` (see README.md), `want` (a row) and `unsupported`; each None until reported."""
    return _MAP(data=data, key=key, on_state_change=_nothing, on_want_change=_nothing, on_unsupported_change=_nothing)


def send(packets: Iterable[Packet]) -> None:
    """Send arrays that the map refers to by key; each reaches a browser once, even if the page is redrawn."""
    for packet in {packet.key: packet for packet in packets}.values():
        _ARRAY(data=packet.key.encode() + packet.data, key=f"array-{packet.key}")


def send_rows(key: str, rows: list[Any]) -> None:
    """Send row details, as returned by core.map.scene.row_details."""
    _ROWS(data={"key": key, "rows": rows}, key="map_details")


def _nothing() -> None:
    """Streamlit stores a component's state only if it has a callback."""
