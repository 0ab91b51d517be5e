"""Map: the corpus as a scatter plot, how trustworthy it is, and what is selected on it."""

import streamlit as st

from core.errors import PlanisphereError
from core.map.scene import MapScene
from core.map.service import LayoutKey
from core.store import CorpusInfo
from pages.shared import messages, session
from pages.shared.map import chart, layout_status, selection, settings, state, view
from pages.shared.messages import show_error
from pages.shared.selections import active


def page() -> None:
    st.title("Map")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None:
        layout_status.show_missing_map(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        color = settings.select_color(info)
        params = settings.select_layout_params()
        label, contours, columns = settings.select_overlays(info)
        requested = LayoutKey(session.corpus_ref(info), model, params)
        others = settings.select_other_layouts(requested) if params.dims == 2 else ()
    first = layout_status.computed_layout(requested, info) or layout_status.preview_layout(requested)
    if first is None:
        return
    layout_keys = (first, *others)
    messages.show_language_warnings(info, *(key.model for key in layout_keys))
    titles = tuple(settings.layout_title(key) for key in layout_keys) if others else ("",)
    scene = MapScene(layout_keys, color, columns)
    if params.dims == 3 or session.remembered("no_webgl"):
        chart.show_plotly_map(chart.PlotlyMapView(first, info.name, color, session.theme()), scene)
        return
    if first.params != params:
        label = None  # a preview does not wait for the terms of all texts
    map_view = view.MapView(scene, info.name, session.theme(), titles, label, contours)
    state.replace_preview(scene)
    with st.spinner("Preparing the map", show_time=False):
        contents = view.load_map_contents(map_view)
    with st.container(gap=None):
        view.send_arrays(contents)
        explore(info, map_view, contents, state.current_state(scene).command())


@st.fragment
def explore(info: CorpusInfo, map_view: view.MapView, contents: view.MapContents, command: dict) -> None:
    """The map, and beside it what is selected (several maps: below). A fragment: a lasso redraws nothing else."""
    several = len(map_view.titles) > 1
    beside = not several and state.has_content(map_view.scene)
    try:
        # columns in any case: the map would be mounted again elsewhere
        left, right = st.columns([4, 3] if beside else [100, 1], gap="medium" if beside else None)
        with left:
            map_state, unsupported = view.draw_map(map_view, contents, command)
            if unsupported:
                session.remember("no_webgl", True)
                st.rerun()
            scene, selected = map_view.scene, map_state.selection
            view.show_map_footer(map_view, contents, lambda: selection.show_saved_selections(scene, selected))
            layout_status.show_trust(map_view.titles, contents.geometry.trust)
        with right if beside else left:
            active.show_active(info)
            has_rows = selection.show_selected_rows(scene, map_view.name, selected)
        if has_rows:
            selection.show_distinctive_features(scene, selected)
    except PlanisphereError as error:
        show_error(error)


page()
