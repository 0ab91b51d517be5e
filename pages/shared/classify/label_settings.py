"""What is labeled and how rows are chosen: label column, annotator, strategy, and options that are rarely changed."""

from dataclasses import dataclass, replace

import streamlit as st

from core.classify.label_answers import IMPORTED
from core.classify.label_progress import LabelProgress, label_progress
from core.classify.labeling import LabelTask, Request
from core.classify.results import lexical_contender
from core.classify.suggestions import Strategy
from core.corpus.codebook import Codebook, load_codebook
from core.corpus.selections import clean_name, saved_selections
from core.store import CorpusInfo
from core.types import CorpusRef
from core.vectors.contenders import Contender
from pages.shared import session, sign_in
from pages.shared.classify.label_setup import ANNOTATOR_KEY, COLUMN_KEY, NEW, show_annotator, show_codebook

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
    progress: LabelProgress


def select_column(columns: list[str]) -> str:
    """A label column, the latest by default; part of the link. NEW for one to create."""
    options = [*columns[::-1], NEW]
    session.select_from_link(COLUMN_KEY, options)
    column = str(st.selectbox(
        "Label column", options, key=COLUMN_KEY, width=220, format_func=lambda name: name or "New label column",
        help="Each label is stored at once and is part of this column on every page.",
    ))  # fmt: skip
    session.write_to_link(COLUMN_KEY)
    return column


def select_task(info: CorpusInfo, contenders: tuple[Contender, ...], column: str) -> Labeling:
    """Annotator, label scheme and options; the annotator's name may be empty."""
    corpus = CorpusRef(session.folder(), info.digest)
    codebook, progress = load_codebook(corpus, column), session.ask(label_progress, corpus, column)
    people = [name for name, _ in progress.annotators if not name.startswith(IMPORTED)]
    _set_annotator(people)
    with st.container(width=180):
        annotator = show_annotator()
    show_codebook(info, corpus, codebook)
    contender, selection, context, copies = _select_options(info, contenders)
    name = clean_name(annotator, "annotator") if annotator.strip() else ""
    name = next((person for person in people if person.casefold() == name.casefold()), name)
    request = Request(name, selection=selection, context=context)
    return Labeling(info, LabelTask(corpus, contender, column), codebook, request, copies, progress)


def _set_annotator(people: list[str]) -> None:
    """By default who is signed in, else the only annotator so far; of several annotators none."""
    only = people[0] if len(people) == 1 else "" if people else "annotator 1"
    session.widget_default(ANNOTATOR_KEY, sign_in.account_name() or only)


def select_rows(labeling: Labeling) -> Labeling:
    """Strategy, and one row or a group of similar ones."""
    strategy, like = _select_strategy(labeling.codebook)
    mode = st.segmented_control(
        "Show", [ONE, SIMILAR], key="label_mode", default=ONE, required=True, persist_state="session",
        help="Similar rows: a row of the strategy with those nearest to it that have the same suggestion, to label "
        "together. Rows of the audit sample are shown one by one only.",
    )  # fmt: skip
    size = GROUP_SIZE if mode == SIMILAR else 1
    return replace(labeling, request=replace(labeling.request, strategy=strategy, like=like, count=size))


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
        saved.key: f"{saved.name} ({saved.rows:,})" for saved in saved_selections(session.workspace(), info.digest)
    }
    # the lexical baseline is the last choice
    ordered = sorted(by_key, key=lambda key: key == lexical_contender().key)
    for key, options in (("label_contender", ordered), ("label_scope", list(selections))):
        if session.widget_value(key) not in options:
            session.set_widget(key, options[0])
    columns = session.workspace().info(info.digest)
    session.drop_unknown_values("label_context", columns.columns if columns else ())
    with st.popover("Options", icon=":material/tune:", help="Model, candidate rows, columns shown with the text."):
        contender = st.selectbox(
            "Contender", ordered, key="label_contender", format_func=lambda key: by_key[key].label, width=320,
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
