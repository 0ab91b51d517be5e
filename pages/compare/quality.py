"""Quality: what cosines mean under one contender or several, and how full and steady their spaces are."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from pages.shared import (
    contender_choice,
    empty,
    frame,
    quality_density,
    quality_hubs,
    quality_length,
    quality_meaning,
    quality_move,
    quality_robust,
    quality_similarity,
    quality_start,
    session,
)
from pages.shared.quality_common import Asked

PARTS: dict[str, Callable[[Asked], None]] = {
    "Similarity": quality_similarity.show,
    "Information density": quality_density.show,
    "Robustness": quality_robust.show,
    "Hubness": quality_hubs.show,
    "Length bias": quality_length.show,
    "Calibrated similarity": quality_meaning.show,
    "Migration": quality_move.show,
}


def page() -> None:
    st.title("Quality")
    info = session.current_corpus()
    if info is None:
        empty.no_corpus("There is nothing to look into yet: bring in some text first.")
        return
    contenders = contender_choice.choose(info, least=1)
    if not contenders:
        return
    part = st.segmented_control(
        "What to look at",
        list(PARTS),
        key="quality_part",
        bind="query-params",
        default="Similarity",
        required=True,
        help="How cosines lie; how many directions are used; what noise and changed words do; whether some texts "
        "answer everything; what length does; what a cosine means; what changes when one model replaces another. These "
        "describe; which contender is better is told by the Scoreboard.",
    )
    asked = quality_start.asked(info, contenders)
    if asked is not None:
        section(str(part), asked)


@st.fragment
def section(part: str, asked: Asked) -> None:
    """One part of the page; a fragment, so that its choices redraw nothing else."""
    try:
        PARTS[part](asked)
    except PlanisphereError as error:
        frame.show_error(error)


page()
