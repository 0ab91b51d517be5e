"""The Map page's choices: how the layout is made and what colors the points. All are part of the link."""

from dataclasses import asdict
from typing import Literal

import streamlit as st

from core.clusters.edited_names import edited_names
from core.clusters.methods import ClusterParams
from core.corpus.selections import saved_selections
from core.digest import digest_json
from core.map import regions
from core.map.disagreement_colors import from_link
from core.map.scene import kept_places
from core.map.service import ColorBy, Place
from core.store import CorpusInfo
from core.types import LayoutParams
from core.vectors.communities import DEFAULT_LEVEL
from pages.shared import session

ONE_COLOR, TRUST, SIMILARITY = "(one color)", "(trust in the map)", "(similarity to a text)"
GROUPS, BROAD_GROUPS = "(groups)", "(broad groups)"
DISAGREEMENT = "(disagreement)"

WORDS, NO_LABELS = "(typical words)", "(none)"
MOST_HISTOGRAMS = 6

DEFAULTS = {"method": "UMAP", "dims": 2, "neighbors": 15, "min_dist": 0.1, "seed": 0, "mode": "fast"}


def layout_params() -> LayoutParams:
    """The popover with a layout's settings."""
    with st.popover("Map settings", icon=":material/tune:", help="How the map is made: method, dimensions, neighbors."):
        method = st.segmented_control(
            "Method",
            ["UMAP", "PCA"],
            key="method",
            bind="query-params",
            default="UMAP",
            required=True,
            help="UMAP keeps neighborhoods: what is near stays near; distances between far groups mean little. "
            "PCA is quick and linear: it keeps the directions in which texts differ most, and few neighborhoods.",
        )
        chosen = st.segmented_control(
            "Dimensions",
            [2, 3],
            key="dims",
            bind="query-params",
            default=2,
            required=True,
            help="Two to explore and select; three to turn around and look at.",
        )
        dims: Literal[2, 3] = 3 if chosen == 3 else 2
        if method == "PCA":
            st.caption("PCA has no more settings: it always gives the same map.")
            return LayoutParams(method="pca", dims=dims)
        return _umap_params(dims)


def _umap_params(dims: Literal[2, 3]) -> LayoutParams:
    neighbors = st.slider(
        "Neighbors",
        2,
        100,
        15,
        key="neighbors",
        bind="query-params",
        help="How many nearest texts each text is tied to (n_neighbors, the text itself counted). "
        "Few show fine groups, many the large ones.",
    )
    min_dist = st.slider(
        "Closeness",
        0.0,
        1.0,
        0.1,
        0.05,
        key="min_dist",
        bind="query-params",
        help="The least distance between points on the map (min_dist). Small packs groups tightly, large spreads them.",
    )
    seed = st.number_input(
        "Seed",
        0,
        1_000_000,
        0,
        key="seed",
        bind="query-params",
        help="Another seed gives another, equally valid map. What two maps share is more likely to be real.",
    )
    mode = st.segmented_control(
        "Mode",
        ["fast", "reproducible"],
        key="mode",
        bind="query-params",
        default="fast",
        required=True,
        help="Fast uses all cores, and two runs differ a little. "
        "Reproducible uses one and gives the same map every time.",
    )
    closeness = round(float(min_dist), 2)
    return LayoutParams("umap", dims, int(neighbors), closeness, int(seed), mode == "reproducible")


def reset() -> None:
    """Back to the default map; call it in a callback."""
    for key, value in DEFAULTS.items():
        session.set_widget(key, value)


def color_by(info: CorpusInfo) -> ColorBy:
    """The selectbox for the color, and the text to compare with where that is chosen."""
    between = _between(info)
    special = (ONE_COLOR, BROAD_GROUPS, GROUPS, SIMILARITY, TRUST, *([DISAGREEMENT] if between else []))
    kept = {
        f"(selection: {selection.name})": selection.key
        for selection in saved_selections(session.workspace(), info.digest)
    }
    options = [*special, *(name for name in info.columns if name not in special and name not in kept), *kept]
    label = next((name for name in info.roles.labels if name in options), ONE_COLOR)
    chosen = st.selectbox(
        "Color by",
        options,
        index=options.index(label),
        key="color",
        bind="query-params",
        width=300,
        help="A column, the groups of the Clusters page, how near each text is to a text of yours, how well the map "
        "keeps "
        "each text's neighbors, or a selection you have kept.",
    )
    if chosen == TRUST:
        return ColorBy("trust")
    if chosen == SIMILARITY:
        return _similar_to()
    if chosen == DISAGREEMENT and between:
        return ColorBy("disagreement", between)
    if chosen in (GROUPS, BROAD_GROUPS):
        return ColorBy("groups", _groups(info, chosen))
    if chosen in kept:
        return ColorBy("selection", kept[chosen])
    return ColorBy("none") if chosen == ONE_COLOR else ColorBy("column", chosen)


def _between(info: CorpusInfo) -> str:
    """Whose disagreement the Disagreement page's link asks to see, while they are of this corpus; else ""."""
    text = str(st.query_params.get("between") or session.remembered("map between", ""))
    if not text or from_link(session.corpus_ref(info), text) is None:
        return ""
    session.remember("map between", text)
    if session.widget_value("color") == DISAGREEMENT:
        st.query_params["between"] = text
    return text


def look(info: CorpusInfo) -> tuple[str | None, bool, tuple[str, ...]]:
    """The popover with what is drawn beside the points: labels by words, a column or none; contours; histograms."""
    with st.popover("Show", icon=":material/layers:", help="Labels, density lines and histograms on the map."):
        first = (WORDS, GROUPS, NO_LABELS)
        options = [*first, *(name for name in info.columns if name not in first)]
        label = st.selectbox(
            "Labels",
            options,
            key="labels",
            bind="query-params",
            help="Names on the map: words that are typical of a region (class-based TF-IDF), the groups of the "
            "Clusters "
            "page (broad ones, finer when you zoom in), or a column's values.",
        )
        lines = st.toggle(
            "Density lines",
            key="density",
            bind="query-params",
            help="Lines around the densest parts: each encloses a given share of the points.",
        )
        histograms = st.multiselect(
            "Histograms",
            list(info.columns),
            key="hist",
            bind="query-params",
            max_selections=MOST_HISTOGRAMS,
            help="Columns shown as histograms below the map; drag their ends to keep part of the rows.",
        )
    if label == GROUPS:
        label = regions.GROUPS + _groups(info, BROAD_GROUPS)
    chosen = None if label == NO_LABELS else "" if label == WORDS else label
    return chosen, bool(lines), tuple(histograms)


def _groups(info: CorpusInfo, chosen: str) -> str:
    """The level of the groups, and a stamp of the names given to them, so that new names are drawn."""
    level = DEFAULT_LEVEL if chosen == GROUPS else DEFAULT_LEVEL - 1
    model = session.current_model()
    shown = (level, level + 1) if chosen == BROAD_GROUPS else (level,)
    given = [
        sorted(edited_names(session.workspace(), info.digest, model, ClusterParams(level=each)).items())
        for each in shown
        if model
    ]
    return f"{level}.{digest_json(given)[:8]}"


def beside(place: Place) -> tuple[Place, ...]:
    """Up to three other maps of the same rows, to be shown beside it."""
    kept = {place_key(position): position for position in kept_places(place.corpus) if not _same(position, place)}
    if not kept:
        return ()
    session.select_list_from_link("with", list(kept))
    chosen = st.multiselect(
        "Beside it",
        list(kept),
        key="with",
        format_func=lambda key: title(kept[key]),
        max_selections=3,
        width=320,
        placeholder="Another map",
        help="Other maps of this corpus, of other models or settings: turned and scaled onto this one (Procrustes), so "
        "that what differs is the map, not its rotation. Pointing and selecting work on all of them at once.",
    )
    session.write_list_to_link("with")
    return tuple(kept[key] for key in chosen)


def title(place: Place) -> str:
    """A map's name where several are shown."""
    params, usual = place.params, LayoutParams()
    if params.method == "pca":
        return f"{place.model.label}, PCA"
    extras = [f"{params.n_neighbors} neighbors"] if params.n_neighbors != usual.n_neighbors else []
    extras += [f"closeness {params.min_dist:g}"] if params.min_dist != usual.min_dist else []
    extras += [f"seed {params.seed}"] if params.seed != usual.seed else []
    extras += ["reproducible"] if params.reproducible else []
    return ", ".join([place.model.label, "UMAP", *extras])


def place_key(place: Place) -> str:
    return digest_json([place.model.key, asdict(place.params)])


def _same(one: Place, other: Place) -> bool:
    return one.model.key == other.model.key and one.params == other.params


def _similar_to() -> ColorBy:
    text = st.text_input(
        "Similar to",
        key="like",
        bind="query-params",
        max_chars=2_000,
        width=340,
        placeholder="Type a text, then Enter",
        help="It is embedded with the same model; the points then show their cosine similarity to it.",
    )
    return ColorBy("similarity", text.strip()) if text.strip() else ColorBy("none")
