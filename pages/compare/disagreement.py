"""Disagreement: where the contenders see different neighbors, which rows, and what explains it."""

import streamlit as st

from core.answers.disagreement import Asked
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import (
    contender_choice,
    disagree_maps,
    disagree_moves,
    disagree_overview,
    disagree_query,
    disagree_rows,
    disagree_vote,
    disagree_wait,
    disagree_why,
    empty,
    frame,
    session,
)

PARTS = {
    "Overview": disagree_overview.show,
    "Rows": disagree_rows.show,
    "What explains it": disagree_why.show,
    "Moved together": disagree_moves.show,
    "Maps": disagree_maps.show,
    "One query": disagree_query.show,
    "Blind vote": disagree_vote.show,
}


def page() -> None:
    st.title("Disagreement")
    info = session.current_corpus()
    if info is None:
        empty.no_corpus("There is nothing to compare yet: bring in some text first.")
        return
    contenders = contender_choice.choose(info)
    if not contenders:
        return
    asked = Asked(session.folder(), info.digest, contenders)
    if not disagree_wait.ready(asked):
        return
    part = st.segmented_control(
        "What to look at",
        list(PARTS),
        key="differ",
        bind="query-params",
        default="Overview",
        required=True,
        help="How alike the contenders are as a whole; the rows they disagree on; what such rows have in common; which "
        "texts changed neighbors together; their maps; one query under all; and which of them agrees with you.",
    )
    section(str(part), asked, info)


@st.fragment
def section(part: str, asked: Asked, info: CorpusInfo) -> None:
    """One part of the page; a fragment, so that its choices redraw nothing else."""
    try:
        PARTS[part](asked, info)
    except PlanisphereError as error:
        frame.show_error(error)


page()
