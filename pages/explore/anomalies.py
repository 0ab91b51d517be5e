"""Anomalies: outliers, near-duplicates, label errors, and the diversity of the corpus."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import messages, session
from pages.shared.diversity.view import show_diversity
from pages.shared.duplicates.view import show_duplicates
from pages.shared.label_errors.view import show_label_errors
from pages.shared.messages import show_error
from pages.shared.outliers.view import show_outliers
from pages.shared.text import plain

PARTS: dict[str, Callable[[CorpusInfo, ModelSpec], None]] = {
    "Outliers": show_outliers,
    "Near-duplicates": show_duplicates,
    "Label errors": show_label_errors,
    "Diversity": show_diversity,
}


def page() -> None:
    st.title("Anomalies")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None or not NEIGHBORS.exists(ModelQuery(session.corpus_ref(info), model)):
        show_prerequisites(info, model)
        return
    part = st.segmented_control(
        "Analysis", list(PARTS), key="part", bind="query-params", default="Outliers", required=True,
        help="Unusual rows, rows with nearly the same text, labels that do not fit, and the diversity of the corpus.",
    )  # fmt: skip
    show_part(str(part), info, model)


def show_prerequisites(info: CorpusInfo | None, model: ModelSpec | None) -> None:
    """No corpus, no vectors, or no graph."""
    if info is None:
        messages.show_no_corpus("There is no data to analyze yet.")
    elif model is None:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: anomalies are found from vectors.")
    else:
        messages.show_not_embedded(f"The neighbor graph of {plain(model.label)} is missing: run the model again.")


@st.fragment
def show_part(part: str, info: CorpusInfo, model: ModelSpec) -> None:
    """One part of the page; a fragment, so that its settings redraw nothing else."""
    try:
        PARTS[part](info, model)
    except PlanisphereError as error:
        show_error(error)


page()
