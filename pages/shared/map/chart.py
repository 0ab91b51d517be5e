"""The map as a Plotly chart: in three dimensions, where the browser has no WebGL2, and as a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.figures import figure_html
from core.map.charts import map_figure
from core.map.scene import MapScene, plotly_selection
from core.map.selection import MapSelection
from core.map.service import ColorBy, LayoutKey, MapData, MapTrust, map_data
from core.palette import Theme
from core.secret import Secret
from pages.shared import cached, session
from pages.shared.map import selection
from pages.shared.map.layout_status import file_stem, show_trust

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 640
COLOR_BAR = {"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0.5, "len": 0.9, "title": {"side": "top"}}
# the chart's own bar, readable on either ground
MODEBAR: dict[Theme, dict[str, str]] = {
    "light": {"bgcolor": "rgba(0,0,0,0)", "color": "#6b7486", "activecolor": "#2f5d9f"},
    "dark": {"bgcolor": "rgba(0,0,0,0)", "color": "#98a2b5", "activecolor": "#4b7dcf"},
}


@dataclass(frozen=True)
class PlotlyMapView:
    """What is drawn. Equal views give equal figures, which is what keeps zoom and selection in the browser."""

    layout_key: LayoutKey
    name: str
    color: ColorBy
    theme: Theme


@dataclass(frozen=True, eq=False)
class PlotlyMap:
    """figure: a Plotly figure as plain data. note: what the colors leave out, or ""."""

    figure: dict[str, Any]
    drawn: int
    total: int
    note: str
    trust: MapTrust


def plotly_map(view: PlotlyMapView) -> PlotlyMap:
    """The figure of a view, made once a server for all who look at it."""
    layout_key, secret = view.layout_key, _secret(view)

    def make() -> PlotlyMap:
        data = session.ask(map_data, layout_key, view.color, secret)
        figure = _figure(data, view).to_dict()
        for trace in figure["data"]:
            trace["type"] = trace["type"].removesuffix("gl")  # a flat map is drawn here only where WebGL is missing
        return PlotlyMap(figure, len(data.rows), data.total, data.color.note, data.trust)

    names = (layout_key.corpus, layout_key.model.key, layout_key.params, layout_key.created, view.color, view.theme)
    return cached.made(make, "map", *names)


def _secret(view: PlotlyMapView) -> Secret | None:
    """Only who sends texts out needs a key."""
    return session.api_key(view.layout_key.model) if view.color.kind == "similarity" else None


def _figure(data: MapData, view: PlotlyMapView) -> "go.Figure":
    figure = map_figure(data.points, data.rows, data.color, data.texts, theme=view.theme, height=HEIGHT)
    figure.update_layout(modebar=MODEBAR[view.theme], margin={"t": 36})
    if view.layout_key.params.dims == 2:
        figure.update_layout(dragmode="pan")  # while a lasso or box is the tool, Streamlit lets no click through
    # below the map, a legend or color bar leaves it the whole width on a narrow screen
    if data.color.kind == "category":
        figure.update_layout(legend={"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0})
    elif data.color.kind != "none":
        figure.update_traces(
            marker_colorbar=COLOR_BAR, selector=lambda trace: trace.marker.colorbar.thickness is not None
        )
        figure.update_layout(legend={"y": 1, "yanchor": "bottom"})
    return figure


def show_plotly_map(view: PlotlyMapView, scene: MapScene) -> None:
    """The Plotly map: in three dimensions, and where the browser has no WebGL2."""
    with st.spinner("Preparing the map", show_time=False):
        plotly = plotly_map(view)
    show_trust(("",), (plotly.trust,))
    choice = _show_chart(view, plotly, scene)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {plotly.drawn:,} of {plotly.total:,}. {_notes(view, plotly)}", width="content")
        show_save_button(view)
    if choice is not None:
        selection.show_map_selection(scene, view.name, choice)


def _notes(view: PlotlyMapView, plotly: PlotlyMap) -> str:
    parts = [plotly.note] if plotly.note else []
    if plotly.drawn < plotly.total:
        parts.append("The points drawn are a sample that keeps sparse regions; selections count all rows.")
    if view.layout_key.params.dims == 3:
        parts.append("Three dimensions are for looking: choose two in the map settings to click and select.")
    else:
        parts.append("This browser has no WebGL2, so a simpler map is shown: zoom is lost when its colors change.")
    return " ".join(parts)


def _show_chart(view: PlotlyMapView, plotly: PlotlyMap, scene: MapScene) -> MapSelection | None:
    """Draw it; gives what is selected, None in three dimensions."""
    flat = view.layout_key.params.dims == 2
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": ("points", "box", "lasso")} if flat else {}
    event = st.plotly_chart(
        plotly.figure,
        width="stretch",
        key="map_chart",
        config=_chart_config(view.name),
        alt=_alt_text(view, plotly),
        **options,
    )
    return session.ask(plotly_selection, scene, dict(event.get("selection", {}))) if flat else None


def _chart_config(name: str) -> dict[str, Any]:
    image = {"format": "png", "filename": file_stem(name), "scale": 2}
    return {"displaylogo": False, "scrollZoom": True, "displayModeBar": True, "toImageButtonOptions": image}


def _alt_text(view: PlotlyMapView, plotly: PlotlyMap) -> str:
    colored = {"none": "", "trust": ", colored by trust in the map", "similarity": ", colored by similarity to a text"}
    by = colored.get(view.color.kind, f", colored by {view.color.value}")
    return f"Map of {plotly.drawn:,} texts of {view.name}{by}; texts of like meaning lie near each other"


def show_save_button(view: PlotlyMapView) -> None:
    """The map as one page that works without a network; made when it is asked for."""
    secret = _secret(view)
    ask = session.manager().ask  # bound now: the download runs outside of the page

    def page() -> bytes:
        figure = _figure(ask(map_data, view.layout_key, view.color, secret), view)
        return figure_html(figure, view.name, view.theme)

    st.download_button(
        "Save as HTML",
        page,
        f"{file_stem(view.name)}.html",
        "text/html",
        icon=":material/download:",
        on_click="ignore",
        help="One file of about 5 MB that opens in any browser, offline, with zoom and hover. "
        "For a picture, use the last button of the map's own bar.",
    )
