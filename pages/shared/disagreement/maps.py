"""Maps of the contenders, aligned and colored by disagreement; hovering highlights a row on all of them."""

from typing import Any

import streamlit as st

from core.digest import digest_json
from core.disagreement.results import ComparisonQuery
from core.map.color_codes import BACKGROUND_POINT_COLOR
from core.map.coloring import disagreement_link, extreme_clusters
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import (
    MAX_MAPS,
    MapColors,
    MapGeometry,
    contender_layouts,
    disagreement_colors,
    map_geometry,
    row_details,
)
from core.map.service import LayoutKey
from core.results import Step
from core.store import CorpusInfo
from pages.shared import cached, result_view, scatter, session
from pages.shared.disagreement.controls import contender_names, k_slider, select_pair
from pages.shared.map import layout_status, settings
from pages.shared.text import count, file_stem, plain

HEIGHT = 520


def show_maps(query: ComparisonQuery, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        selected = select_pair(query)
        k = k_slider(selected)
    layouts = session.ask(contender_layouts, selected)
    _offer_missing_layouts(selected, layouts, info)
    if not layouts:
        return
    shape = _cached_geometry(layouts)
    colors = session.ask_once(disagreement_colors, selected, k, layouts, session.theme())
    _extremes_sentence(selected, k)
    if _draw_maps(info, layouts, shape, colors):
        st.info("This browser has no WebGL2, so the maps can't be shown here.", icon=":material/info:")
        return
    st.caption(
        f"Showing {shape.drawn:,} of {shape.total:,} rows. Lighter: {contender_names(selected)} disagree more on a "
        f"row's {k} nearest texts (1 less the Jaccard overlap, in the embedding spaces, not on the maps). The maps are "
        "aligned to the first (Procrustes); hover over a row to highlight it on all."
    )
    with st.expander("How reliable are these maps?"):
        layout_status.show_trust(tuple(layout.model.label for layout in layouts), shape.trust)
    _map_link(selected, k, layouts)


def _offer_missing_layouts(query: ComparisonQuery, layouts: tuple[LayoutKey, ...], info: CorpusInfo) -> None:
    """Says which models have no map, and offers to compute them."""
    models = list({contender.model.key: contender.model for contender in query.contenders}.values())
    if any(not contender.is_model for contender in query.contenders):
        st.caption("Variants use the map of their model.")
    if len(layouts) < len(models) and len(layouts) == MAX_MAPS:
        st.caption(f"Showing the maps of the first {MAX_MAPS} models.")
        return
    existing = {layout.model.key for layout in layouts}
    missing = [model for model in models if model.key not in existing][: MAX_MAPS - len(layouts)]
    if not missing:
        return
    names = ", ".join(plain(model.label) for model in missing)
    if result_view.ready_all(
        [Step(LAYOUTS, LayoutQuery(query.corpus, model)) for model in missing],
        headline=f"{count(len(missing), 'map')} to compute: {names}",
        description="Each model's vectors are projected to two dimensions by UMAP.",
        titles=[f"Map of {info.name}: {model.label}" for model in missing],
        button="Compute map" if len(missing) == 1 else "Compute maps",
    ):
        st.rerun()  # they were computed at once


def _extremes_sentence(query: ComparisonQuery, k: int) -> None:
    extremes = session.ask(extreme_clusters, query, k)  # names of clusters change, so it is not cached
    if extremes:
        (highest, high), (lowest, low) = extremes
        st.markdown(
            f"Cluster with most disagreement: **{plain(highest)}** (mean {high:.0%}); with least: **{plain(lowest)}** "
            f"({low:.0%})."
        )


def _draw_maps(info: CorpusInfo, layouts: tuple[LayoutKey, ...], shape: MapGeometry, colors: MapColors) -> bool:
    """Whether the browser can't draw them."""
    # a new component for each number of maps: an existing one does not take in another panel
    state = scatter.draw(_scatter_data(info, layouts, shape, colors), key=f"disagree_map_{len(layouts)}")
    with st.container(gap=None):
        scatter.send([packet for packet in (colors.codes, shape.ids, *shape.points) if packet])
        scatter.send_rows(_details_key(layouts), session.ask_once(row_details, layouts[0], None, ()))
    return bool(state.get("unsupported"))


def _scatter_data(
    info: CorpusInfo, layouts: tuple[LayoutKey, ...], shape: MapGeometry, colors: MapColors
) -> dict[str, Any]:
    """What the component needs, see its README."""
    theme, bounds = session.theme(), shape.bounds
    stamp = digest_json([packet.key for packet in shape.points])
    array = colors.codes.key if colors.codes else None
    panels = [
        {"array": packet.key, "title": layout.model.label, "labels": [], "contours": []}
        for packet, layout in zip(shape.points, layouts, strict=True)
    ]
    return {
        "key": stamp,
        "reset": stamp,
        "panels": panels,
        "ids": shape.ids.key if shape.ids else None,
        "bounds": {"x": bounds.x, "y": bounds.y, "side": bounds.side, "width": bounds.width, "height": bounds.height},
        "color": {"key": "disagreement", "array": array, **colors.legend},
        "columns": [],
        "details": _details_key(layouts),
        "theme": theme,
        "context": BACKGROUND_POINT_COLOR[theme],
        "height": HEIGHT,
        "simple": True,
        "alt": f"Maps of {shape.drawn:,} texts of {info.name} under {len(layouts)} models, colored by disagreement",
        "file": file_stem(info.name),
        "command": {"stamp": stamp, "view": None, "choice": {}},
    }


def _map_link(query: ComparisonQuery, k: int, layouts: tuple[LayoutKey, ...]) -> None:
    first, others = layouts[0], ".".join(settings.layout_id(layout) for layout in layouts[1:])
    color = {"color": settings.DISAGREEMENT, "between": disagreement_link(query, k)}
    link = {"corpus": first.corpus.digest, "model": first.model.key, **color, **({"with": others} if others else {})}
    st.page_link(
        "pages/explore/map.py", label="Open on the Map page", icon=":material/scatter_plot:", query_params=link,
        help="With these colors, to select, save, search and export rows on all maps at once. The first map is that of "
        f"{plain(first.model.label)}.",
    )  # fmt: skip


def _details_key(layouts: tuple[LayoutKey, ...]) -> str:
    return digest_json([layouts[0].corpus.folder, layouts[0].corpus.digest, layouts[0].model.key])


def _cached_geometry(layouts: tuple[LayoutKey, ...]) -> MapGeometry:
    names = [(layout.corpus, layout.model.key, layout.params, layout.created) for layout in layouts]
    shape: MapGeometry = cached.computed_once(lambda: session.ask(map_geometry, layouts), map_geometry.__name__, *names)
    return shape
