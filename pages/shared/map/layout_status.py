"""What the Map page says about its layout: missing, being computed, or how trustworthy it is."""

from dataclasses import replace

import streamlit as st

from core.map.results import LAYOUTS, preview
from core.map.service import LayoutKey, MapTrust, layout_created
from core.results import Step
from core.store import CorpusInfo
from core.types import LayoutParams
from pages.shared import messages, result_view
from pages.shared.map import settings
from pages.shared.text import count, plain


def show_missing_map(info: CorpusInfo | None) -> None:
    """No corpus yet, or none embedded."""
    if info is None:
        messages.show_no_corpus("There is nothing to map yet: add some data first.")
    else:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: a map needs vectors.")


def computed_layout(layout_key: LayoutKey, info: CorpusInfo) -> LayoutKey | None:
    """The key of the stored layout, with its time; else computes a quick one, or shows its progress or an offer."""
    if result_view.ready(
        LAYOUTS,
        layout_key.query,
        headline="This map has not been computed yet.",
        description=f"Computes a layout of {count(info.rows, 'row')} with these settings.",
        button="Compute map",
        title=f"Map of {info.name}",
    ):
        return replace(layout_key, created=layout_created(layout_key))
    if layout_key.params != LayoutParams():
        st.button("Reset map settings", icon=":material/undo:", on_click=settings.reset_layout_params)
    return None


def preview_layout(requested: LayoutKey) -> LayoutKey | None:
    """The PCA map of a large corpus, until the requested one is ready; None where there is none."""
    query = preview(requested.query)
    if query is None:
        return None
    layout_key = replace(requested, params=query.params)
    if not LAYOUTS.exists(query):
        if result_view.running_job(Step(LAYOUTS, query)):
            st.fragment(_await_preview, run_every="2s")(layout_key)
        return None
    st.caption("Showing a PCA map. The UMAP map replaces it once it is computed.")
    return replace(layout_key, created=layout_created(layout_key))


def _await_preview(layout_key: LayoutKey) -> None:
    """Draws the page again once the preview is stored."""
    if layout_created(layout_key):
        st.rerun()


def show_trust(titles: tuple[str, ...], trusts: tuple[MapTrust, ...]) -> None:
    """One line per layout on how well it preserves neighbors."""
    for title, trust in zip(titles, trusts, strict=True):
        _show_layout_trust(trust, f"{plain(title)}: " if title else "")


def _show_layout_trust(trust: MapTrust, title: str) -> None:
    if trust.k < 1 or trust.total < 3:
        st.caption(f"{title}With so few texts, any map preserves all neighbors.")
        return
    near = f"{trust.k} nearest neighbors" if trust.k > 1 else "nearest neighbor"
    st.markdown(
        f"{title}**{trust.preservation:.1%}** of each text's {near} in embedding space are also among its {trust.k} "
        f"nearest on the map (chance: {trust.preservation_chance:.1%}). Trustworthiness "
        f"**{trust.trustworthiness:.2f}** (chance: {trust.trustworthiness_chance:.2f}). {_sample_text(trust)}",
        help="The first figure is kNN preservation, with neighbors by cosine similarity. Trustworthiness (Venna and "
        "Kaski, 2001) is 1 if all neighbors on the map are neighbors in embedding space. Every map in 2 or 3 "
        "dimensions loses neighbors: check with the nearest neighbors of a clicked row.",
    )


def _sample_text(trust: MapTrust) -> str:
    placed = (
        f" UMAP was computed on a sample of {trust.fitted:,} of {trust.total:,} distinct texts; the others are placed "
        "by their nearest neighbors in the sample."
    )
    return _measured_on(trust) + (placed if trust.fitted < trust.total else "")


def _measured_on(trust: MapTrust) -> str:
    if trust.sample >= trust.total:
        return f"Measured on all {trust.total:,} distinct texts."
    if trust.preservation_rows >= trust.total:
        return f"Measured on all {trust.total:,} distinct texts, trustworthiness on a sample of {trust.sample:,}."
    if trust.preservation_rows == trust.sample:
        return f"Measured on a sample of {trust.sample:,} of {trust.total:,} distinct texts."
    samples = f"{trust.preservation_rows:,} and {trust.sample:,}"
    return f"Measured on samples of {samples} of {trust.total:,} distinct texts."
