"""Models of the contenders that have no default map yet: which, and drawing them."""

import streamlit as st

from core.disagreement.service import Asked
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import MAX_MAPS
from core.map.service import LayoutKey
from core.results import Step
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import result_view
from pages.shared.text import count, plain


def show(asked: Asked, places: tuple[LayoutKey, ...], info: CorpusInfo) -> None:
    """Says what is not shown, and offers to draw it."""
    models = list({contender.model.key: contender.model for contender in asked.contenders}.values())
    if any(not contender.is_model for contender in asked.contenders):
        st.caption("Variants have no map of their own: that of their model is shown.")
    if len(places) < len(models) and len(places) == MAX_MAPS:
        st.caption(f"The maps of the first {MAX_MAPS} models are shown.")
        return
    drawn = {place.model.key for place in places}
    undrawn = [model for model in models if model.key not in drawn][: MAX_MAPS - len(places)]
    queries = [LayoutQuery(CorpusRef(asked.corpus.folder, asked.corpus.digest), model) for model in undrawn]
    if not queries:
        return
    names = ", ".join(plain(query.model.label) for query in queries)
    if result_view.ready_all(
        [Step(LAYOUTS, query) for query in queries],
        headline=f"{count(len(queries), 'map')} to be drawn: {names}",
        description="Each model's vectors are laid out in the plane by UMAP.",
        titles=[f"Map of {info.name}: {query.model.label}" for query in queries],
        button="Draw" if len(queries) == 1 else "Draw them",
    ):
        st.rerun()  # they were drawn at once
