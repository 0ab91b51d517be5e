"""The Map page's choices: how the layout is made and what colors the points. All are part of the link."""

from typing import Literal

import streamlit as st

from core.answers.map import ColorBy
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import session

ONE_COLOR, TRUST, SIMILARITY = "(one color)", "(trust in the map)", "(similarity to a text)"

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
    special = (ONE_COLOR, SIMILARITY, TRUST)
    options = [*special, *(name for name in info.columns if name not in special)]
    label = next((name for name in info.roles.labels if name in options), ONE_COLOR)
    chosen = st.selectbox(
        "Color by",
        options,
        index=options.index(label),
        key="color",
        bind="query-params",
        width=300,
        help="A column, how near each text is to a text of yours, or how well the map keeps each text's neighbors.",
    )
    if chosen == TRUST:
        return ColorBy("trust")
    if chosen == SIMILARITY:
        return _similar_to()
    return ColorBy("none") if chosen == ONE_COLOR else ColorBy("column", chosen)


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
