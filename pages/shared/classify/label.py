"""Label: rows are labeled one at a time or in groups of similar rows, while a classifier learns from them."""

import streamlit as st

from core.corpus.annotations import label_columns
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.classify.label_estimates import show_audit, show_progress
from pages.shared.classify.label_rows import show_rows_to_label
from pages.shared.classify.label_settings import Labeling, select_column, select_rows, select_task
from pages.shared.classify.label_setup import NEW, show_error, show_setup
from pages.shared.selections import active


def show_labeling(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for a strategy that needs clusters."""
    active.show_active(info)
    columns = [name for name, _ in label_columns(session.folder(), info.digest)]
    if not columns:
        st.caption(
            "Label rows by hand with the help of a classifier that learns from your labels and selects the rows it can "
            "learn most from. The labels become a column that every page can use."
        )
        show_setup(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = select_column(columns)
        labeling = select_task(info, contenders, column) if column != NEW else None
    if labeling is None:
        show_setup(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labeling = select_rows(labeling)
    show_error()
    if labeling.request.count > 1:  # needs the whole width
        _show_rows(labeling)
        left, right = st.columns([3, 2], gap="medium")
    else:
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _show_rows(labeling)
    with left:
        show_audit(labeling)
    with right:
        show_progress(labeling)


def _show_rows(labeling: Labeling) -> None:
    if labeling.request.annotator:
        show_rows_to_label(labeling)
    else:
        st.info("Enter your name as annotator to label rows.", icon=":material/badge:")
