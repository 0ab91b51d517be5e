"""The Map page's settings: layout parameters, color, labels and overlays. All are part of the link."""

import json
from dataclasses import asdict
from typing import Any, Literal

import streamlit as st

from core.clusters.methods import ClusterParams
from core.clusters.names import edited_names
from core.clusters.service import default_params
from core.corpus.selections import saved_selections
from core.corpus.service import label_set_names
from core.digest import digest_json
from core.map import regions
from core.map.coloring import parse_disagreement_link
from core.map.scene import stored_layouts
from core.map.service import ColorBy, LayoutKey
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import session

ONE_COLOR, TRUST, SIMILARITY = "(one color)", "(neighbor preservation)", "(similarity to a text)"
CLUSTERS, BROAD_CLUSTERS = "(clusters)", "(broad clusters)"
DISAGREEMENT = "(disagreement)"

TERMS, NO_LABELS = "(distinctive terms)", "(none)"
OLD_LINK_VALUES = {
    "(groups)": CLUSTERS,
    "(broad groups)": BROAD_CLUSTERS,
    "(trust in the map)": TRUST,
    "(typical words)": TERMS,
}
MAX_HISTOGRAMS = 6

DEFAULTS = {"method": "UMAP", "dims": 2, "neighbors": 15, "min_dist": 0.1, "seed": 0, "mode": "fast"}


def select_layout_params() -> LayoutParams:
    """The popover with the layout's parameters."""
    with st.popover("Map settings", icon=":material/tune:", help="Layout method and its parameters."):
        method = _select_option(
            "Method", ["UMAP", "PCA"], "method", "UMAP preserves neighborhoods, PCA the directions of largest variance."
        )
        dims: Literal[2, 3] = 3 if _select_option("Dimensions", [2, 3], "dims", "Select points in 2D only.") == 3 else 2
        if method == "PCA":
            st.caption("PCA has no further settings and always gives the same map.")
            return LayoutParams(method="pca", dims=dims)
        help_ = "Nearest neighbors per text, including itself (n_neighbors): low for fine, high for global structure."
        neighbors = st.slider("Neighbors", 2, 100, 15, key="neighbors", bind="query-params", help=help_)
        help_ = "Minimum distance between points on the map (min_dist). Low values give dense clusters."
        min_dist = st.slider("Minimum distance", 0.0, 1.0, 0.1, 0.05, key="min_dist", bind="query-params", help=help_)
        help_ = "Another seed gives another, equally valid map; structure that both share is more reliable."
        seed = st.number_input("Seed", 0, 1_000_000, 0, key="seed", bind="query-params", help=help_)
        help_ = "Fast uses all cores; runs differ slightly. Reproducible uses one core and always gives the same map."
        mode = _select_option("Mode", ["fast", "reproducible"], "mode", help_)
        distance = round(float(min_dist), 2)
        return LayoutParams("umap", dims, int(neighbors), distance, int(seed), mode == "reproducible")


def _select_option(label: str, options: list[Any], key: str, help_: str) -> Any:
    """One of the options, the first by default."""
    return st.segmented_control(
        label, options, key=key, bind="query-params", default=options[0], required=True, help=help_
    )


def reset_layout_params() -> None:
    """Back to the default layout; call it in a callback."""
    for key, value in DEFAULTS.items():
        session.set_widget(key, value)


def select_color(info: CorpusInfo) -> ColorBy:
    """The selectbox for the color, and the text to compare with if that is selected."""
    between = _linked_disagreement(info)
    special = (ONE_COLOR, BROAD_CLUSTERS, CLUSTERS, SIMILARITY, TRUST, *([DISAGREEMENT] if between else []))
    selections = saved_selections(session.workspace(), info.digest)
    saved = {f"(selection: {selection.name})": selection.key for selection in selections}
    names = (name for name in info.columns if name not in special and name not in saved)
    labels = {f"{column}: {label}": (column, label) for column, label in _several_labels(info)}
    options = list(dict.fromkeys([*special, *names, *labels, *saved]))
    label = next((name for name in info.roles.labels if name in options), ONE_COLOR)
    session.update_link("color", OLD_LINK_VALUES)
    help_ = (
        "A column, clusters (at the default resolution of the Clusters page, or the next broader one), similarity to a "
        "text, neighbor preservation (kNN), or a saved selection."
    )
    index = options.index(label)
    selected = st.selectbox("Color by", options, index, key="color", bind="query-params", width=300, help=help_)
    if selected == SIMILARITY:
        return _similar_to()
    if selected in (CLUSTERS, BROAD_CLUSTERS):
        return ColorBy("clusters", _cluster_level(info, selected))
    if selected in labels and selected not in info.columns:
        return ColorBy("label", json.dumps(labels[selected]))
    if selected in saved:
        return ColorBy("selection", saved[selected])
    fixed = {ONE_COLOR: ColorBy("none"), TRUST: ColorBy("trust"), DISAGREEMENT: ColorBy("disagreement", between)}
    return fixed[selected] if selected in special else ColorBy("column", selected)


def _several_labels(info: CorpusInfo) -> list[tuple[str, str]]:
    """(column, label) of the columns of which rows have several labels, to color by one."""
    columns = session.ask_once(label_set_names, session.corpus_ref(info))
    return [(column, label) for column, names in columns for label in names]


def _linked_disagreement(info: CorpusInfo) -> str:
    """The compared contenders that the Disagreement page's link names, if they are of this corpus; else ""."""
    text = str(st.query_params.get("between") or session.remembered("map between", ""))
    if not text or parse_disagreement_link(session.corpus_ref(info), text) is None:
        return ""
    session.remember("map between", text)
    if session.widget_value("color") == DISAGREEMENT:
        session.set_link("between", text)
    return text


def select_overlays(info: CorpusInfo) -> tuple[str | None, bool, tuple[str, ...]]:
    """The popover with labels (by terms, "", clusters, a column, or None), contours and histograms."""
    with st.popover("Show", icon=":material/layers:", help="Labels, density contours and histograms."):
        first = (TERMS, CLUSTERS, NO_LABELS)
        options = [*first, *(name for name in info.columns if name not in first)]
        session.update_link("labels", OLD_LINK_VALUES)
        help_ = "Distinctive terms of regions (class-based TF-IDF), cluster names (finer as you zoom in), or values."
        label = st.selectbox("Labels", options, key="labels", bind="query-params", help=help_)
        help_ = "Density contours: each encloses a given share of the points."
        lines = st.toggle("Contours", key="density", bind="query-params", help=help_)
        options, help_ = list(info.columns), "Histograms below the map; drag their ends to filter rows."
        histograms = st.multiselect(
            "Histograms", options, key="hist", bind="query-params", max_selections=MAX_HISTOGRAMS, help=help_
        )
    if label == CLUSTERS:
        label = regions.CLUSTER_LABELS + _cluster_level(info, BROAD_CLUSTERS)
    region_label = None if label == NO_LABELS else "" if label == TERMS else label
    return region_label, bool(lines), tuple(histograms)


def _cluster_level(info: CorpusInfo, label: str) -> str:
    """The clusters' level, and a digest of their edited names, so that new names are drawn."""
    workspace, model = session.workspace(), session.current_model()
    default = session.ask(default_params, session.corpus_ref(info), model).level if model else ClusterParams().level
    levels = (default,) if label == CLUSTERS else (max(default - 1, 0), default)
    names = [
        sorted(edited_names(workspace, info.digest, model, ClusterParams(level=level)).items())
        for level in levels
        if model
    ]
    return f"{levels[0]}.{digest_json(names)[:8]}"


def select_other_layouts(layout_key: LayoutKey) -> tuple[LayoutKey, ...]:
    """Up to three other layouts of the same rows to show next to it."""
    others = {layout_id(other): other for other in stored_layouts(layout_key.corpus)}
    others.pop(layout_id(layout_key), None)
    if not others:
        return ()
    session.select_list_from_link("with", list(others))
    selected = st.multiselect(
        "Compare with",
        list(others),
        key="with",
        format_func=lambda key: layout_title(others[key]),
        max_selections=3,
        width=320,
        placeholder="Second map",
        wrap=True,
        help="Maps with other models or settings, aligned with this one (Procrustes); selections apply to all.",
    )
    session.write_list_to_link("with")
    return tuple(others[key] for key in selected)


def layout_title(layout_key: LayoutKey) -> str:
    """A layout's name where several are shown."""
    params, usual = layout_key.params, LayoutParams()
    if params.method == "pca":
        return f"{layout_key.model.label}, PCA"
    extras = [f"{params.n_neighbors} neighbors"] if params.n_neighbors != usual.n_neighbors else []
    extras += [f"min_dist {params.min_dist:g}"] if params.min_dist != usual.min_dist else []
    extras += [f"seed {params.seed}"] if params.seed != usual.seed else []
    extras += ["reproducible"] if params.reproducible else []
    return ", ".join([layout_key.model.label, "UMAP", *extras])


def layout_id(layout_key: LayoutKey) -> str:
    return digest_json([layout_key.model.key, asdict(layout_key.params)])


def _similar_to() -> ColorBy:
    help_ = "Points are colored by cosine similarity to this text, embedded with the same model."
    options: dict[str, Any] = {"max_chars": 2_000, "width": 340, "placeholder": "Enter a text"}
    text = st.text_input("Similar to", key="like", bind="query-params", help=help_, **options).strip()
    return ColorBy("similarity", text) if text else ColorBy("none")
