"""The map as a Plotly chart: in three dimensions, in browsers without WebGL2, and as an HTML file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.figures import CONFIG, figure_html
from core.map.charts import map_figure
from core.map.scene import MapScene, plotly_selection
from core.map.selection import MapSelection
from core.map.service import ColorBy, LayoutKey, MapData, MapTrust, map_data
from core.palette import Theme
from core.secret import Secret
from pages.shared import cached, downloads, session
from pages.shared.map import selection
from pages.shared.map.layout_status import show_trust
from pages.shared.text import file_stem

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 640
COLOR_BAR = {"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0.5, "len": 0.9, "title": {"side": "top"}}
COLORED_BY = {
    "trust": "neighbor preservation", "similarity": "similarity to a text", "selection": "a saved selection",
    "clusters": "cluster", "disagreement": "disagreement between contenders",
}  # fmt: skip
# readable on either background
MODEBAR: dict[Theme, dict[str, str]] = {
    "light": {"bgcolor": "rgba(0,0,0,0)", "color": "#6b7486", "activecolor": "#2f5d9f"},
    "dark": {"bgcolor": "rgba(0,0,0,0)", "color": "#98a2b5", "activecolor": "#4b7dcf"},
}


@dataclass(frozen=True)
class PlotlyMapView:
    """What is drawn. Equal views give equal figures, so that the browser preserves zoom and selection."""

    layout_key: LayoutKey
    name: str
    color: ColorBy
    theme: Theme


@dataclass(frozen=True, eq=False)
class PlotlyMap:
    """figure: a Plotly figure as plain data, of `drawn` points. note: on colors, or ""."""

    figure: dict[str, Any]
    drawn: int
    total: int
    note: str
    trust: MapTrust


def plotly_map(view: PlotlyMapView) -> PlotlyMap:
    """The figure of a view, computed once per server and cached."""
    layout_key, secret = view.layout_key, _secret(view)

    def make() -> PlotlyMap:
        data = session.ask(map_data, layout_key, view.color, secret)
        figure = _figure(data, view).to_dict()
        for trace in figure["data"]:
            trace["type"] = trace["type"].removesuffix("gl")  # a 2D map is drawn here only without WebGL
        return PlotlyMap(figure, len(data.rows), data.total, data.color.note, data.trust)

    names = (layout_key.corpus, layout_key.model.key, layout_key.params, layout_key.created, view.color, view.theme)
    return cached.computed_once(make, "map", *names)


def _secret(view: PlotlyMapView) -> Secret | None:
    """Only needed to embed a text."""
    return session.api_key(view.layout_key.model) if view.color.kind == "similarity" else None


def _figure(data: MapData, view: PlotlyMapView) -> "go.Figure":
    figure = map_figure(data.points, data.rows, data.color, data.texts, theme=view.theme, height=HEIGHT)
    figure.update_layout(modebar=MODEBAR[view.theme], margin={"t": 36})
    if view.layout_key.params.dims == 2:
        figure.update_layout(dragmode="pan")  # with a lasso or box as the tool, Streamlit reports no clicks
    # a legend or color bar below the map leaves it the full width on a narrow screen
    if data.color.kind == "category":
        figure.update_layout(
            legend={"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0, "title": {"side": "top"}}
        )
    elif data.color.kind != "none":
        figure.update_traces(
            marker_colorbar=COLOR_BAR, selector=lambda trace: trace.marker.colorbar.thickness is not None
        )
        figure.update_layout(legend={"y": 1, "yanchor": "bottom"})
    return figure


def show_plotly_map(view: PlotlyMapView, scene: MapScene) -> None:
    """The Plotly map with its trustworthiness, download and selection."""
    with st.spinner("Preparing the map", show_time=False):
        plotly = plotly_map(view)
    show_trust(("",), (plotly.trust,))
    selected = _show_chart(view, plotly, scene)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {plotly.drawn:,} of {plotly.total:,} rows. {_notes(view, plotly)}", width="content")
        show_save_button(view)
    if selected is not None and selection.show_selected_rows(scene, view.name, selected):
        selection.show_distinctive_features(scene, selected)


def _notes(view: PlotlyMapView, plotly: PlotlyMap) -> str:
    parts = [plotly.note] if plotly.note else []
    if plotly.drawn < plotly.total:
        parts.append("The visible points are a sample that includes sparse regions; selections count all rows.")
    if view.layout_key.params.dims == 3:
        parts.append("To click and select points, switch to two dimensions in the map settings.")
    else:
        parts.append("Simplified map, as this browser has no WebGL2: changing colors resets the zoom.")
    return " ".join(parts)


def _show_chart(view: PlotlyMapView, plotly: PlotlyMap, scene: MapScene) -> MapSelection | None:
    """Draws the chart; returns the selection, None in three dimensions."""
    flat = view.layout_key.params.dims == 2
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": ("points", "box", "lasso")} if flat else {}
    image = {"format": "png", "filename": f"map-{file_stem(view.name)}", "scale": 2}
    config = CONFIG | {"displayModeBar": True, "toImageButtonOptions": image}
    alt = map_alt_text(view.name, view.color, plotly.drawn)
    event = st.plotly_chart(plotly.figure, width="stretch", key="map_chart", config=config, alt=alt, **options)
    return session.ask(plotly_selection, scene, dict(event.get("selection", {}))) if flat else None


def map_alt_text(name: str, color: ColorBy, drawn: int) -> str:
    """What a map shows, for screen readers."""
    by = "" if color.kind == "none" else f", colored by {COLORED_BY.get(color.kind, color.value)}"
    return f"Map of {drawn:,} texts of {name}{by}; texts with similar meaning are close together"


def describe_map(view: PlotlyMapView, data: MapData) -> str:
    """Model, method, number of rows, trust and date of a saved map."""
    trust, params = data.trust, view.layout_key.params
    parts = (
        f"Model: {view.layout_key.model.label}",
        f"{params.method.upper()} map in {params.dims} dimensions, seed {params.seed}",
        f"{len(data.rows):,} of {data.total:,} rows",
        f"neighbor preservation {trust.preservation:.0%} (chance: {trust.preservation_chance:.1%}) over "
        f"{trust.preservation_rows:,} rows",
        f"Planisphere, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return " · ".join(parts)


def show_save_button(view: PlotlyMapView) -> None:
    """The map as one HTML page that works offline, created on click."""
    secret = _secret(view)
    ask = session.manager().ask  # bound now: the download runs outside of the page

    def page() -> bytes:
        data = ask(map_data, view.layout_key, view.color, secret)
        return figure_html(_figure(data, view), view.name, view.theme, describe_map(view, data))

    name, help_ = f"map-{file_stem(view.name)}.html", "About 5 MB, works offline. For a PNG, use the map's toolbar."
    st.download_button("Save as HTML", page, name, "text/html", help=help_, **downloads.OPTIONS)
