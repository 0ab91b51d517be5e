"""What the pages of Compare that have several parts share: their beginning, the choice of a part, and its frame."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import contender_choice, empty, session
from pages.shared.errors import show_error


def begin(title: str, nothing: str, least: int = 2) -> tuple[CorpusInfo, tuple[Contender, ...]] | None:
    """Draws the title and the choice of contenders; None where there is no corpus (then it says `nothing`) or too few
    are chosen, having said what to do."""
    st.title(title)
    info = session.current_corpus()
    if info is None:
        empty.no_corpus(nothing)
        return None
    contenders = contender_choice.choose(info, least)
    return (info, contenders) if contenders else None


def part(names: Collection[str], key: str, help_: str) -> str:
    """The part of the page to look at, which the link keeps; the first unless told otherwise."""
    options = list(names)
    chosen = st.segmented_control(
        "What to look at", options, key=key, bind="query-params", default=options[0], required=True, help=help_
    )
    return str(chosen or options[0])


@st.fragment
def section(show: Callable[..., None], *asked: Any) -> None:
    """One part of a page; a fragment, so that its choices redraw nothing else."""
    try:
        show(*asked)
    except PlanisphereError as error:
        show_error(error)
