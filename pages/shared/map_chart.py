"""The map itself: the chart, its trust, and the file it can be saved as."""

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.answers.map import ColorBy, MapData, MapTrust, Place, map_data
from core.charts import Theme, map_figure, save_html
from pages.shared import cached, session

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
    place, model = view.place, view.place.model
    remote = model.backend == "openai" and view.color.kind == "similarity"
    secret = session.api_key(model.base_url) if remote else None  # only who sends texts out needs a key

    def make() -> Drawn:
        return _draw(session.ask(map_data, place, view.color, secret), view)

    names = (place.folder, place.corpus, place.model.key, place.params, place.made, view.color, view.theme)
    return cached.made(make, "map", *names)


def _draw(data: MapData, view: View) -> Drawn:
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
    return Drawn(figure.to_dict(), len(data.rows), data.total, data.color.note, data.trust)


def chart(view: View, made: Drawn) -> Any:
    """Draw it; gives the selection event, None in three dimensions."""
    flat = view.place.params.dims == 2
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": ("points", "box", "lasso")} if flat else {}
    event = st.plotly_chart(
        made.figure, width="stretch", key="map_chart", config=config(view.name), alt=alt_text(view, made), **options
    )
    return event if flat else None


def config(name: str) -> dict[str, Any]:
    image = {"format": "png", "filename": file_stem(name), "scale": 2}
    return {"displaylogo": False, "scrollZoom": True, "displayModeBar": True, "toImageButtonOptions": image}


def alt_text(view: View, made: Drawn) -> str:
    colored = {"none": "", "trust": ", colored by trust in the map", "similarity": ", colored by similarity to a text"}
    by = colored.get(view.color.kind, f", colored by {view.color.value}")
    return f"Map of {made.shown:,} texts of {view.name}{by}; texts of like meaning lie near each other"


def file_stem(name: str) -> str:
    """A corpus' name as the beginning of a file name."""
    return "map-" + (re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or "corpus")


def save_button(view: View, made: Drawn) -> None:
    """The map as one page that works without a network; made when it is asked for."""
    import plotly.graph_objects as go

    st.download_button(
        "Save as HTML",
        lambda: save_html(go.Figure(made.figure), view.name, view.theme),
        f"{file_stem(view.name)}.html",
        "text/html",
        icon=":material/download:",
        on_click="ignore",
        help="One file of about 5 MB that opens in any browser, offline, with zoom and hover. "
        "For a picture, use the camera in the chart's own bar.",
    )


def trust_line(trust: MapTrust) -> None:
    """How far to trust the map, in words, with what a random map would reach."""
    if trust.k < 1 or trust.total < 3:
        st.caption("With so few texts, any map keeps all neighbors.")
        return
    near = f"{trust.k} nearest texts" if trust.k > 1 else "nearest text"
    st.markdown(
        f"Of each text's {near}, **{trust.kept:.1%}** are also among the {trust.k} nearest on the map "
        f"(a random map: {trust.kept_chance:.1%}). Trustworthiness **{trust.trustworthiness:.2f}** "
        f"(a random map: {trust.trustworthiness_chance:.2f}). {_measured(trust)}",
        help="Neighbors are judged by cosine in the model's own space. The first figure is kNN preservation. "
        "Trustworthiness (Venna and Kaski, 2001) is 1 where no text has strangers for neighbors on the map; each "
        "stranger lowers it by how far away it truly is. Any map in 2 or 3 dimensions loses neighbors: use it to look "
        "around, and the true neighbors of a clicked row to judge.",
    )


def _measured(trust: MapTrust) -> str:
    if trust.sample >= trust.total:
        return f"Measured over all {trust.total:,} rows."
    if trust.kept_rows >= trust.total:
        return f"Measured over all {trust.total:,} rows, trustworthiness over a sample of {trust.sample:,} of them."
    return f"Measured over samples of {trust.kept_rows:,} and {trust.sample:,} of {trust.total:,} rows."
