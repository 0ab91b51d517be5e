"""The map as a Plotly chart: in three dimensions, where the browser has no WebGL2, and as a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.figures import save_html
from core.map.charts import map_figure
from core.map.scene import Scene, plotly_choice
from core.map.selection import Choice
from core.map.service import ColorBy, MapData, MapTrust, Place, map_data
from core.palette import Theme
from core.secret import Secret
from pages.shared import cached, session
from pages.shared.map import selection
from pages.shared.map.captions import file_stem, trust_lines

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 640
SCALE_BAR = {"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0.5, "len": 0.9, "title": {"side": "top"}}
# the chart's own bar, readable on either ground
BARS: dict[Theme, dict[str, str]] = {
    "light": {"bgcolor": "rgba(0,0,0,0)", "color": "#6b7486", "activecolor": "#2f5d9f"},
    "dark": {"bgcolor": "rgba(0,0,0,0)", "color": "#98a2b5", "activecolor": "#4b7dcf"},
}


@dataclass(frozen=True)
class View:
    """What is drawn. Equal views give equal figures, which is what keeps zoom and selection in the browser."""

    place: Place
    name: str
    color: ColorBy
    theme: Theme


@dataclass(frozen=True, eq=False)
class Drawn:
    """figure: a Plotly figure as plain data. note: what the colors leave out, or ""."""

    figure: dict[str, Any]
    shown: int
    total: int
    note: str
    trust: MapTrust


def drawn(view: View) -> Drawn:
    """The figure of a view, made once a server for all who look at it."""
    place, secret = view.place, _secret(view)

    def make() -> Drawn:
        data = session.ask(map_data, place, view.color, secret)
        figure = _figure(data, view).to_dict()
        for trace in figure["data"]:
            trace["type"] = trace["type"].removesuffix("gl")  # a flat map is drawn here only where WebGL is missing
        return Drawn(figure, len(data.rows), data.total, data.color.note, data.trust)

    names = (place.corpus, place.model.key, place.params, place.made, view.color, view.theme)
    return cached.computed_once(make, "map", *names)


def _secret(view: View) -> Secret | None:
    """Only who sends texts out needs a key."""
    return session.api_key(view.place.model) if view.color.kind == "similarity" else None


def _figure(data: MapData, view: View) -> "go.Figure":
    figure = map_figure(data.points, data.rows, data.color, data.texts, theme=view.theme, height=HEIGHT)
    figure.update_layout(modebar=BARS[view.theme], margin={"t": 36})
    if view.place.params.dims == 2:
        figure.update_layout(dragmode="pan")  # while a lasso or box is the tool, Streamlit lets no click through
    # below the map, a legend or color bar leaves it the whole width on a narrow screen
    if data.color.kind == "category":
        figure.update_layout(legend={"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0})
    elif data.color.kind != "none":
        figure.update_traces(
            marker_colorbar=SCALE_BAR, selector=lambda trace: trace.marker.colorbar.thickness is not None
        )
        figure.update_layout(legend={"y": 1, "yanchor": "bottom"})
    return figure


def show(view: View, scene: Scene) -> None:
    """The Plotly map: in three dimensions, and where the browser has no WebGL2."""
    with st.spinner("Preparing the map", show_time=False):
        made = drawn(view)
    trust_lines(("",), (made.trust,))
    choice = chart(view, made, scene)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {made.shown:,} of {made.total:,}. {notes(view, made)}", width="content")
        save_button(view)
    if choice is not None:
        selection.show(scene, view.name, choice)


def notes(view: View, made: Drawn) -> str:
    parts = [made.note] if made.note else []
    if made.shown < made.total:
        parts.append("The points drawn are a sample that keeps sparse regions; selections count all rows.")
    if view.place.params.dims == 3:
        parts.append("Three dimensions are for looking: choose two in the map settings to click and select.")
    else:
        parts.append("This browser has no WebGL2, so a simpler map is shown: zoom is lost when its colors change.")
    return " ".join(parts)


def chart(view: View, made: Drawn, scene: Scene) -> Choice | None:
    """Draw it; gives what is selected, None in three dimensions."""
    flat = view.place.params.dims == 2
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": ("points", "box", "lasso")} if flat else {}
    event = st.plotly_chart(
        made.figure, width="stretch", key="map_chart", config=config(view.name), alt=alt_text(view, made), **options
    )
    return session.ask(plotly_choice, scene, dict(event.get("selection", {}))) if flat else None


def config(name: str) -> dict[str, Any]:
    image = {"format": "png", "filename": file_stem(name), "scale": 2}
    return {"displaylogo": False, "scrollZoom": True, "displayModeBar": True, "toImageButtonOptions": image}


def alt_text(view: View, made: Drawn) -> str:
    colored = {"none": "", "trust": ", colored by trust in the map", "similarity": ", colored by similarity to a text"}
    by = colored.get(view.color.kind, f", colored by {view.color.value}")
    return f"Map of {made.shown:,} texts of {view.name}{by}; texts of like meaning lie near each other"


def save_button(view: View) -> None:
    """The map as one page that works without a network; made when it is asked for."""
    secret = _secret(view)
    ask = session.manager().ask  # bound now: the download runs outside of the page

    def page() -> bytes:
        figure = _figure(ask(map_data, view.place, view.color, secret), view)
        return save_html(figure, view.name, view.theme)

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
