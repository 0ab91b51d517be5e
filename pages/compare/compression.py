"""Compression: how small the vectors and how quick the index can be, and what that loses."""

import streamlit as st

from core.answers.compression import Asked
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import (
    compress_bits,
    compress_dimensions,
    compress_index,
    compress_plan,
    compress_which,
    contender_choice,
    empty,
    frame,
    session,
)

PARTS = {
    "Dimensions": compress_dimensions.show,
    "Bits": compress_bits.show,
    "Index": compress_index.show,
    "Size planner": compress_plan.show,
}


def page() -> None:
    st.title("Compression")
    info = session.current_corpus()
    if info is None:
        empty.no_corpus("There is nothing to compress yet: bring in some text first.")
        return
    contenders = contender_choice.choose(info, least=1)
    if not contenders:
        return
    asked = Asked(session.folder(), info.digest, compress_which.which(contenders))
    part = st.segmented_control(
        "What to look at",
        list(PARTS),
        key="compress_part",
        bind="query-params",
        default="Dimensions",
        required=True,
        help="Fewer numbers a vector; fewer bits a number; an index that looks at fewer vectors; and what each takes "
        "for a number of rows.",
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
