"""What the Map page shows while there is no map: where to go, what to wait for, what drawing will take."""

from dataclasses import replace

import streamlit as st

from core.map.results import LAYOUTS
from core.map.service import Place, layout_stamp
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import empty, result_view
from pages.shared.map import settings
from pages.shared.text import count, plain


def no_map(info: CorpusInfo | None) -> None:
    """No corpus yet, or none embedded."""
    if empty.coming(info):
        empty.waiting("The map appears here by itself once the texts are read and embedded.")
    elif info is None:
        empty.no_corpus("There is nothing to map yet: bring in some text first.")
    else:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: a map needs vectors.")


def ready(place: Place, info: CorpusInfo) -> Place | None:
    """The place of the stored layout, with its stamp; else draws a quick one, or shows its progress or an offer."""
    if result_view.ready(
        LAYOUTS,
        place.query,
        headline="This map has not been drawn yet.",
        description=f"{count(info.rows, 'row')} are drawn with these settings.",
        button="Draw this map",
        title=f"Map of {info.name}",
    ):
        return replace(place, made=layout_stamp(place))
    if place.params != LayoutParams():
        st.button(
            "Back to the default map",
            icon=":material/undo:",
            on_click=settings.reset,
            help="UMAP in two dimensions with its usual settings.",
        )
    return None
