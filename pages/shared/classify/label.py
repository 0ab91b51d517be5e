"""Label: rows are labeled one at a time or in groups of similar rows, while a classifier learns from them."""

from dataclasses import dataclass

import streamlit as st

from core.classify.labeling import LabelTask, Request
from core.classify.suggestions import Strategy
from core.corpus.annotations import label_columns
from core.corpus.codebook import Codebook, load_codebook
from core.corpus.selections import clean_name, saved_selections
from core.store import CorpusInfo
from core.types import CorpusRef
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.classify.label_estimates import show_estimates
from pages.shared.classify.label_rows import show_rows_to_label
from pages.shared.classify.label_setup import (
    COLUMN_KEY,
    NEW,
    show_annotator,
    show_codebook,
    show_error,
    show_setup,
)
from pages.shared.selections import active

STRATEGIES: dict[Strategy, str] = {
    "margin": "Most uncertain", "diversity": "Most different", "clusters": "Per cluster", "random": "Random",
    "class": "More like a label",
}  # fmt: skip
STRATEGY_HELP = (
    "Most uncertain: the smallest margin between the two likeliest labels, which usually needs the fewest labels. Most "
    "different: farthest from all labeled rows (k-center). Per cluster: representative rows of the clusters with the "
    "fewest labels for their size. More like a label: the rows that most probably have it, for rare labels."
)
ONE, SIMILAR = "One row", "Similar rows"
GROUP_SIZE = 12


@dataclass(frozen=True)
class Labeling:
    """What is labeled, and how rows are chosen."""

    info: CorpusInfo
    task: LabelTask
    codebook: Codebook
    request: Request
    copies: bool


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
    column = _select_column(columns)
    if column == NEW:
        show_setup(info)
        return
    labeling = _select_settings(info, contenders, column)
    show_error()
    if labeling is None:
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_rows_to_label(labeling.task, labeling.codebook, labeling.request, labeling.copies)
    with right:
        show_estimates(info, labeling.task)


def _select_column(columns: list[str]) -> str:
    options = [*columns, NEW]
    if session.widget_value(COLUMN_KEY) not in options:
        session.set_widget(COLUMN_KEY, columns[-1])
    return str(st.selectbox(
        "Label column", options, key=COLUMN_KEY, width=320, format_func=lambda name: name or "New label column",
        help="Each label is stored at once and is part of this column on every page.",
    ))  # fmt: skip


def _select_settings(info: CorpusInfo, contenders: tuple[Contender, ...], column: str) -> Labeling | None:
    """None without an annotator's name, after saying so."""
    corpus = CorpusRef(session.folder(), info.digest)
    codebook = load_codebook(corpus, column)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=180):
            annotator = show_annotator()
        strategy, like = _select_strategy(codebook)
        mode = st.segmented_control(
            "Show", [ONE, SIMILAR], key="label_mode", default=ONE, required=True, persist_state="session",
            help="Similar rows: a row of the strategy with those nearest to it that have the same suggestion, to label "
            "together. Rows of the audit sample are shown one by one only.",
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        show_codebook(info, corpus, codebook)
        contender, selection, context, copies = _select_options(info, contenders)
    if not annotator.strip():
        st.info("Enter your name as annotator to label rows.", icon=":material/badge:")
        return None
    request = Request(
        clean_name(annotator, "annotator"), strategy, like, selection, GROUP_SIZE if mode == SIMILAR else 1,
        context=context,
    )  # fmt: skip
    return Labeling(info, LabelTask(corpus, contender, column), codebook, request, copies)


def _select_strategy(codebook: Codebook) -> tuple[Strategy, str]:
    """The strategy, and the label of "More like a label"."""
    strategy = st.selectbox(
        "Rows to label", list(STRATEGIES), key="label_strategy", format_func=STRATEGIES.__getitem__, width=180,
        persist_state="session", help=STRATEGY_HELP,
    )  # fmt: skip
    if strategy != "class":
        return strategy, ""
    key = f"label_like {codebook.column}"
    if session.widget_value(key) not in codebook.names:
        session.set_widget(key, codebook.names[0])
    return strategy, str(st.selectbox("Label", codebook.names, key=key, width=180))


def _select_options(
    info: CorpusInfo, contenders: tuple[Contender, ...]
) -> tuple[Contender, str, tuple[str, ...], bool]:
    """Settings that are rarely changed: contender, selection, columns to show, and whether copies are labeled."""
    by_key = {contender.key: contender for contender in contenders}
    selections = {"": "all rows"}
    selections |= {
        each.key: f"{each.name} ({each.rows:,})" for each in saved_selections(session.workspace(), info.digest)
    }
    for key, options in (("label_contender", list(by_key)), ("label_scope", list(selections))):
        if session.widget_value(key) not in options:
            session.set_widget(key, options[0])
    columns = session.workspace().info(info.digest)
    session.drop_unknown_values("label_context", columns.columns if columns else ())
    with st.popover("Options", icon=":material/tune:", help="Model, candidate rows, columns shown with the text."):
        contender = st.selectbox(
            "Contender", list(by_key), key="label_contender", format_func=lambda key: by_key[key].label, width=320,
            help="The vectors that the classifier learns from. One of the contenders above.",
        )  # fmt: skip
        selection = st.selectbox(
            "Candidate rows", list(selections), key="label_scope", format_func=selections.__getitem__, width=320,
            help="Strategies choose among these. The audit sample is always drawn from all rows.",
        )  # fmt: skip
        context = st.multiselect(
            "Columns shown with the text", columns.columns if columns else (), key="label_context", width=320,
            persist_state="session", help="Such as an author or a date. A column with labels may bias yours.",
        )  # fmt: skip
        copies = st.toggle(
            "Label copies of a text together", value=True, key="label_copies", persist_state="session",
            help="Rows with the same text get the same label.",
        )  # fmt: skip
    return by_key[contender], selection, tuple(context), copies
