"""Words about a map: how far to trust it, what it shows."""

import re
from dataclasses import replace

import streamlit as st

from core.map.results import LAYOUTS
from core.map.service import LayoutKey, MapTrust, layout_created
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import messages, result_view
from pages.shared.map import settings
from pages.shared.text import count, plain


def show_trust(titles: tuple[str, ...], trusts: tuple[MapTrust, ...]) -> None:
    """One line on each map's trust."""
    for title, trust in zip(titles, trusts, strict=True):
        _show_layout_trust(trust, f"{plain(title)}: " if title else "")


def file_stem(name: str) -> str:
    """A corpus' name as the beginning of a file name."""
    return "map-" + (re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or "corpus")


def _show_layout_trust(trust: MapTrust, title: str = "") -> None:
    """How far to trust the map, in words, with what a random map would reach."""
    if trust.k < 1 or trust.total < 3:
        st.caption(f"{title}With so few texts, any map keeps all neighbors.")
        return
    near = f"{trust.k} nearest texts" if trust.k > 1 else "nearest text"
    st.markdown(
        f"{title}Of each text's {near}, **{trust.preservation:.1%}** are also among the {trust.k} nearest on the map "
        f"(a random map: {trust.preservation_chance:.1%}). Trustworthiness **{trust.trustworthiness:.2f}** "
        f"(a random map: {trust.trustworthiness_chance:.2f}). {_measured(trust)}",
        help="Neighbors are judged by cosine in the model's own space. The first figure is kNN preservation. "
        "Trustworthiness (Venna and Kaski, 2001) is 1 where no text has strangers for neighbors on the map; each "
        "stranger lowers it by how far away it truly is. Any map in 2 or 3 dimensions loses neighbors: use it to look "
        "around, and the true neighbors of a clicked row to judge.",
    )


def _measured(trust: MapTrust) -> str:
    if trust.sample >= trust.total:
        return f"Measured over all {trust.total:,} rows."
    if trust.preservation_rows >= trust.total:
        return f"Measured over all {trust.total:,} rows, trustworthiness over a sample of {trust.sample:,} of them."
    return f"Measured over samples of {trust.preservation_rows:,} and {trust.sample:,} of {trust.total:,} rows."


def show_missing_map(info: CorpusInfo | None) -> None:
    """No corpus yet, or none embedded."""
    if messages.is_embedding_pending(info):
        messages.show_waiting("The map appears here by itself once the texts are read and embedded.")
    elif info is None:
        messages.show_no_corpus("There is nothing to map yet: bring in some text first.")
    else:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: a map needs vectors.")


def computed_layout(layout_key: LayoutKey, info: CorpusInfo) -> LayoutKey | None:
    """The place of the stored layout, with its stamp; else draws a quick one, or shows its progress or an offer."""
    if result_view.ready(
        LAYOUTS,
        layout_key.query,
        headline="This map has not been drawn yet.",
        description=f"{count(info.rows, 'row')} are drawn with these settings.",
        button="Draw this map",
        title=f"Map of {info.name}",
    ):
        return replace(layout_key, created=layout_created(layout_key))
    if layout_key.params != LayoutParams():
        st.button(
            "Back to the default map",
            icon=":material/undo:",
            on_click=settings.reset_layout_params,
            help="UMAP in two dimensions with its usual settings.",
        )
    return None
