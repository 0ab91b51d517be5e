"""Map: the corpus at a glance, how far to trust it, and what lies where."""

import streamlit as st

from core.errors import PlanisphereError
from core.map.scene import MapScene
from core.map.service import LayoutKey
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.map import chart, selection, settings
from pages.shared.map import layout_status as words
from pages.shared.map import state as map_state
from pages.shared.map import view as map_view
from pages.shared.messages import show_error
from pages.shared.selections import active as selected


def page() -> None:
    st.title("Map")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None:
        words.show_missing_map(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        color = settings.select_color(info)
        params = settings.select_layout_params()
        label, contours, columns = settings.select_overlays(info)
        layout_key = LayoutKey(session.corpus_ref(info), model, params)
        others = settings.select_other_layouts(layout_key) if params.dims == 2 else ()
    ready = words.computed_layout(layout_key, info)
    if ready is None:
        return
    places = (ready, *others)
    titles = tuple(settings.layout_title(position) for position in places) if others else ("",)
    scene = MapScene(places, color, columns)
    view = map_view.MapView(scene, info.name, session.theme(), titles, label, contours)
    if params.dims == 3 or session.remembered("no_webgl"):
        chart.show_plotly_map(chart.PlotlyMapView(ready, info.name, color, session.theme()), scene)
    else:
        with st.spinner("Preparing the map", show_time=False):
            made = map_view.load_map_contents(view)
        with st.container(gap=None):
            map_view.send_arrays(made)
            explore(info, view, made, map_state.current_state(scene).command())


@st.fragment
def explore(info: CorpusInfo, view: map_view.MapView, made: map_view.MapContents, command: dict) -> None:
    """The map and what is selected on it; a fragment, so that a lasso redraws nothing else."""
    try:
        words.show_trust(view.titles, made.geometry.trust)
        state, unsupported = map_view.draw_map(view, made, command)
        if unsupported:
            session.remember("no_webgl", True)
            st.rerun()
        map_view.show_map_footer(view, made, lambda: selection.show_saved_selections(view.scene, state.selection))
        selected.line(info)
        selection.show_map_selection(view.scene, view.name, state.selection)
    except PlanisphereError as error:
        show_error(error)


page()
