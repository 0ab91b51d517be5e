"""Near-duplicates: how they are found, the threshold with its counts, the groups, and leaks between parts."""

import streamlit as st

from core.duplicates.charts import threshold_figure
from core.duplicates.service import By, Curve, Groups, Place, curve, groups
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.duplicates import groups as dup_groups
from pages.shared.duplicates import leaks, texts
from pages.shared.text import count, plain

BYS: dict[str, By] = {
    "Meaning": "meaning",
    "Wording: characters": "characters",
    "Wording: words": "words",
    "Exact copies": "exact",
}
SCALES: dict[By, str] = {"meaning": "cosine", "characters": "Jaccard similarity", "words": "Jaccard similarity"}
CHAIN = (
    "A group is everything that is linked, step by step: A may be near B and B near C while A and C differ. Such a "
    "**chain** shows in a low lowest cosine; raise the threshold to break it."
)


def show(info: CorpusInfo, model: ModelSpec) -> None:
    place = Place(session.corpus_ref(info), model, _by())
    if (place.by == "characters" or place.by == "words") and not texts.ready(info, place.by):
        return
    with st.spinner("Finding near-duplicates", show_time=True):
        found = session.ask_once(curve, place)
    threshold = _threshold(place, found)
    with st.spinner("Grouping the rows", show_time=True):
        grouped = session.ask_once(groups, place, threshold)
    _counts(grouped, found.total)
    if place.by != "exact":
        _curve(place, found, threshold)
    notes(info, place, found, grouped, model)
    if not grouped.groups:
        st.info(
            "No two rows are that alike. Lower the threshold to see the nearest ones."
            if place.by != "exact"
            else "No text stands here twice, character for character.",
            icon=":material/check:",
        )
        return
    dup_groups.show(info, place, threshold, grouped)
    leaks.show(info, place, threshold)


def _by() -> By:
    chosen = st.segmented_control(
        "Alike by",
        list(BYS),
        key="alike",
        bind="query-params",
        default="Meaning",
        required=True,
        help="Meaning: the model's cosine, from the shared neighbor graph; finds rewordings, too. Wording: how many "
        "runs of 5 characters or of 3 words two texts share; finds edited copies whatever the model. Exact: the same "
        "text, character for character.",
    )
    return BYS[str(chosen)]


def _threshold(place: Place, found: Curve) -> float:
    if place.by == "exact":
        return 1.0
    low = float(found.thresholds[0])
    if low >= 1:
        st.caption("So many rows are the same that only exact likeness can be shown.")
        return 1.0
    usual = min(max(found.usual, low), 1.0)
    return round(
        float(
            st.slider(
                f"Threshold ({SCALES[place.by]})",
                low,
                1.0,
                usual,
                0.005,
                format="%.3f",
                key=f"near-{place.by}-{place.model.key if place.by == 'meaning' else ''}",
                persist_state="session",
                help="Two rows at least this alike count as near-duplicates. Higher is stricter; 1 is the same.",
            )
        ),
        4,
    )


def _counts(grouped: Groups, total: int) -> None:
    with st.container(horizontal=True):
        st.metric("Groups", f"{grouped.groups:,}", help="Sets of rows linked by likeness, step by step.")
        st.metric("Rows in groups", f"{grouped.rows:,}", help=f"Of {count(total, 'row')}.")
        st.metric(
            "Could be dropped", f"{grouped.rows - grouped.groups:,}", help="Rows that go if one of each group is kept."
        )
        st.metric("Pairs", f"{grouped.pairs:,}", help="Pairs of rows at least as alike as the threshold.")


def _curve(place: Place, found: Curve, threshold: float) -> None:
    title = f"{SCALES[place.by][:1].upper()}{SCALES[place.by][1:]} threshold"
    st.plotly_chart(
        threshold_figure(found.thresholds, found.rows, found.groups, threshold, title, session.theme()),
        key="near_curve",
        alt="Rows in groups and groups at every threshold, with a line at the one chosen",
    )


def notes(info: CorpusInfo, place: Place, found: Curve, grouped: Groups, model: ModelSpec) -> None:
    """How it was found, and what may have been missed."""
    if place.by == "exact":
        st.caption(f"Texts that are the same, character for character, among {count(found.total, 'row')}.")
        return
    if place.by == "meaning":
        st.caption(
            f"From the neighbor graph of {plain(model.label)} (k = {found.k:,}), {count(found.total, 'row')}; exact "
            f"copies are added whatever k. Random pairs have a median cosine of {found.random_pair:.2f} here; the "
            "threshold starts as near as 0.95 is where that is 0.1. Other models have other scales."
        )
        if grouped.full:
            st.warning(
                f"{count(grouped.full, 'row')} have {found.k:,} neighbors this near, all the graph holds: they may "
                "have more near-duplicates than are shown, and a group may fall apart.",
                icon=":material/warning:",
            )
    else:
        texts.note(info, place.by, grouped)
    st.caption(CHAIN)
