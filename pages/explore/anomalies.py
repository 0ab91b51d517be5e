"""Anomalies: what does not belong, what repeats, which labels are in doubt, and how varied the corpus is."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.diversity import view
from pages.shared.duplicates import view as dup_view
from pages.shared.label_errors import view as doubts_view
from pages.shared.messages import show_error
from pages.shared.outliers import view as odd_view
from pages.shared.outliers import wait

PARTS: dict[str, Callable[[CorpusInfo, ModelSpec], None]] = {
    "Odd rows": odd_view.show,
    "Near-duplicates": dup_view.show,
    "Label doubts": doubts_view.show,
    "Diversity": view.show,
}


def page() -> None:
    st.title("Anomalies")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None or not wait.graph_is_there(info, model):
        wait.nothing_yet(info, model)
        return
    chosen = st.segmented_control(
        "What to look for",
        list(PARTS),
        key="part",
        bind="query-params",
        default="Odd rows",
        required=True,
        help="Rows unlike all others, rows that say the same, labels their rows do not fit, and how varied it all is.",
    )
    section(str(chosen), info, model)


@st.fragment
def section(chosen: str, info: CorpusInfo, model: ModelSpec) -> None:
    """One part of the page; a fragment, so that its choices redraw nothing else."""
    try:
        PARTS[chosen](info, model)
    except PlanisphereError as error:
        show_error(error)


page()
