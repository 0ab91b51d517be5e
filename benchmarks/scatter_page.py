"""A page with one map and nothing else: Streamlit's Plotly chart, or the map's component; for benchmarks/scatter.py."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.digest import digest_array
from core.map.scene import Packet
from core.map.selection import Bounds, MapSelection, rows_in_polygon, rows_in_selection
from core.palette import COLORS
from pages.shared import scatter

HEIGHT = 640


@st.cache_resource(max_entries=3)
def points(count: int) -> np.ndarray:
    """(n, 2) float32: fifty heaps of several sizes, as maps of texts have them."""
    rng = np.random.default_rng(0)
    centers, sizes = rng.uniform(-10, 10, (50, 2)), rng.uniform(0.2, 1.2, 50)
    heap = rng.integers(0, 50, count)
    return (centers[heap] + rng.normal(size=(count, 2)) * sizes[heap, None]).astype(np.float32)


@st.cache_resource(max_entries=4)
def groups(count: int, turned: bool) -> np.ndarray:
    return np.random.default_rng(int(turned)).integers(0, 10, count).astype(np.uint8)


def with_plotly(place: np.ndarray, group: np.ndarray) -> np.ndarray:
    figure = go.Figure(
        go.Scattergl(
            x=place[:, 0], y=place[:, 1], mode="markers", marker={"color": np.array(COLORS)[group], "size": 3}
        ),
        {"height": HEIGHT, "dragmode": "lasso", "uirevision": "kept"},
    )
    event = st.plotly_chart(figure, key="plotly", on_select="rerun", selection_mode="lasso")
    drawn = event["selection"]["lasso"]
    if not drawn:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(rows_in_polygon(place, np.column_stack([drawn[0]["x"], drawn[0]["y"]])))


@st.cache_resource(max_entries=8)
def packet(count: int, what: str) -> Packet:
    """Made once a server, as the app has them from its workers."""
    array = points(count) if what == "points" else groups(count, what == "turned")
    return Packet(digest_array(array), array.tobytes())


@st.cache_resource(max_entries=3)
def bounds_of(count: int) -> Bounds:
    return Bounds.of([points(count)])


def packets(count: int, turned: bool) -> tuple[Packet, Packet]:
    return packet(count, "turned" if turned else "straight"), packet(count, "points")


def with_component(place: np.ndarray, turned: bool) -> np.ndarray:
    bounds, (codes, shape) = bounds_of(len(place)), packets(len(place), turned)
    categories = [{"label": str(i), "count": 0, "color": color, "diamond": False} for i, color in enumerate(COLORS)]
    data = {
        "key": shape.key,
        "reset": shape.key,
        "panels": [{"array": shape.key, "title": "", "labels": [], "contours": []}],
        "ids": None,
        "bounds": {name: getattr(bounds, name) for name in ("x", "y", "side", "width", "height")},
        "color": {
            "key": f"group:{turned}",
            "array": codes.key,
            "kind": "category",
            "name": "group",
            "categories": categories,
        },
        "columns": [],
        "details": "",
        "theme": "light",
        "context": [0.45, 0.47, 0.52, 0.35],
        "height": HEIGHT,
        "alt": "Map",
        "file": "map",
        "command": {"stamp": "0", "view": None, "choice": {}},
    }
    told = scatter.draw(data, key="map").get("state")
    choice = MapSelection.read(told["choice"]) if told else MapSelection()
    return rows_in_selection(choice, [place], bounds) if choice.has_selection else np.empty(0, dtype=np.int64)


@st.fragment
def explore(kind: str, count: int, turned: bool) -> None:
    place = points(count)
    rows = with_plotly(place, groups(count, turned)) if kind == "plotly" else with_component(place, turned)
    shown = rows[:1_000] if len(rows) else np.arange(10)
    st.dataframe(pd.DataFrame({"row": shown, "x": place[shown, 0], "y": place[shown, 1]}))
    st.markdown(f"{len(rows)} rows selected")
    presses = st.session_state.get("presses", 0)
    if st.button("Something else"):
        presses = st.session_state["presses"] = presses + 1
    st.markdown(f"pressed {presses} times")


count, turned = int(st.query_params.get("n", "1000")), st.toggle("Other colors")
kind = st.query_params.get("kind", "component")
with st.container(gap=None):
    if kind == "component":
        scatter.send(packets(count, turned))
    explore(kind, count, turned)
