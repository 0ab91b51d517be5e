"""The task, its settings, and the metric that sorts the scoreboard."""

from collections.abc import Callable

import streamlit as st

from core.scoreboard.columns import label_choices, pair_columns
from core.scoreboard.held_out import held_out_rows
from core.scoreboard.probes import SHOTS
from core.scoreboard.service import split_column
from core.scoreboard.types import Task, TaskKind, metrics_of
from core.scoreboard.verdict import FEW_SHOT
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_files
from pages.shared.scoreboard.task_known_item import known_item_form
from pages.shared.text import plain

TASK_LABELS: dict[TaskKind, str] = {
    "labels": "Labels",
    "pairs": "Rated pairs (STS)",
    "queries": "Queries with relevance judgments",
    "known_item": "Known-item retrieval",
}
TASK_DESCRIPTIONS: dict[TaskKind, str] = {
    "labels": "Each row is used as a query; rows with the same label, or that share one of several labels, count as "
    "relevant; duplicates are excluded.",
    "pairs": "Correlation of cosines with human ratings of pairs of texts (semantic textual similarity, STS).",
    "queries": "Search with relevance judgments (qrels).",
    "known_item": "Each query is generated from a text of the corpus and must retrieve it. Needs no labels, but is "
    "weaker evidence than the other tasks.",
}
ROWS = ("Not used for training", "All")
SHOT_CHOICES = (SHOTS, 16, 32)
PRECISION = "average_precision"  # for pairs rated as same or not


def select_task(info: CorpusInfo, contenders: tuple[Contender, ...]) -> tuple[Task | None, str]:
    """Draws the selection; the task, None where something is missing and shown, and the metric that sorts the board."""
    kind = _select_task_kind(info)
    left, right = st.columns([3, 2], gap="medium")
    if kind != "pairs":
        with right:  # before the form, which asks for what the metric needs
            metric = _select_metric(kind, several=kind == "labels" and _has_several_labels(info))
    with left:
        task = TASK_FORMS[kind](info, contenders)
    if kind == "pairs":
        with right:
            metric = _select_metric(kind, task is not None and task_files.is_two_valued(info, task))
    return task, metric


def _select_task_kind(info: CorpusInfo) -> TaskKind:
    """By default the task that the corpus' columns suit."""
    corpus = session.corpus_ref(info)
    proposed: TaskKind = "labels" if session.ask_once(label_choices, corpus) else "known_item"
    proposed = "pairs" if session.ask_once(pair_columns, corpus, "").named else proposed
    selected = st.segmented_control(
        "Evaluate with", list(TASK_LABELS), key="score_task", bind="query-params", format_func=TASK_LABELS.__getitem__,
        default=proposed, required=True,
        help=" ".join(f"{label}: {TASK_DESCRIPTIONS[kind]}" for kind, label in TASK_LABELS.items()),
    )  # fmt: skip
    kind: TaskKind = selected or "labels"
    st.caption(TASK_DESCRIPTIONS[kind])
    return kind


def _has_several_labels(info: CorpusInfo) -> bool:
    """Whether rows may have several labels in the selected column."""
    choices = _label_columns(info)
    return bool(choices) and choices.get(session.widget_value("score_label"), next(iter(choices.values())))


def _label_columns(info: CorpusInfo) -> dict[str, bool]:
    """The columns of labels, and whether a row may have several; the select box is set to that of the link."""
    choices = {item.column: item.several for item in session.ask_once(label_choices, session.corpus_ref(info))}
    if choices:
        session.select_from_link("score_label", list(choices))
    return choices


def _select_metric(kind: TaskKind, two_valued: bool = False, several: bool = False) -> str:
    """The metric that sorts the board, the main one of the task first."""
    metrics = metrics_of(kind, several)
    if kind == "pairs":
        precision = {PRECISION: metrics.pop(PRECISION)}
        metrics = precision | metrics if two_valued else metrics
    suffix = "_same" if two_valued else "_several" if several else ""
    name = st.selectbox(
        "Metric", list(metrics), key=f"score_metric_{kind}{suffix}", bind="query-params",
        format_func=lambda name: metrics[name].label,
        help="Sorts the scoreboard. " + " ".join(f"{metric.label}: {metric.help}" for metric in metrics.values()),
    )  # fmt: skip
    st.caption(metrics[name].help)
    return str(name)


def _label_form(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    columns = _label_columns(info)
    if not columns:
        st.info(
            "This corpus has no label column: a column with at least two values that repeat. Use known-item retrieval, "
            "or set a label column on the Data page.",
            icon=":material/label_off:",
        )
        st.page_link("pages/data/corpus.py", label="Set columns on the Data page", icon=":material/table_view:")
        return None
    help = "Rows with the same value are relevant; where rows have several values, those that share one."
    column = st.selectbox("Label column", list(columns), key="score_label", help=help)
    session.write_to_link("score_label")
    held_out = _select_rows(info, contenders)
    if columns[column]:
        return Task.of("labels", column=column, relevance="shared label", held_out=held_out)
    split = None if held_out else _select_split(info)  # models are trained on the training rows of that column
    return Task.of("labels", column=column, split=split, shots=_select_shots(), held_out=held_out)


def _select_rows(info: CorpusInfo, contenders: tuple[Contender, ...]) -> str | None:
    """The keys of trained models whose training rows are left out, as by default; None where all rows are used."""
    if not any(contender.model.is_supervised_here for contender in contenders):
        return None
    choice = session.ask(held_out_rows, session.corpus_ref(info), contenders)
    if not choice.models:
        return None
    help_text = "Contenders are compared on rows that no adapter or fine-tuned model among them was trained on."
    rows = st.segmented_control(
        "Rows", ROWS, default=ROWS[0], required=True, key="score_rows", persist_state="session", help=help_text
    )
    if rows != ROWS[0]:
        return None
    names = ", ".join(plain(label) for label in choice.labels)
    st.caption(f"{choice.rows:,} of {choice.total:,} rows were not used to train {names}.")
    return choice.models


def _select_split(info: CorpusInfo) -> str | None:
    """The column of training and test rows, if there is one and it is used."""
    column = session.ask_once(split_column, session.corpus_ref(info))
    if column is None:
        return None
    label = f"Train/test split by column {plain(column)}"
    help_text = "For the few-shot probe only; otherwise its rows are split at random. Other metrics use all rows."
    return column if st.toggle(label, True, key="score_split", persist_state="session", help=help_text) else None


def _select_shots() -> int | None:
    """Training texts per label of the few-shot probe; None for the default."""
    if session.widget_value("score_metric_labels") not in FEW_SHOT:
        return None
    help_text = "MTEB uses 8 for most data sets, such as Banking77, and 16 or 32 for some, such as Emotion (16)."
    shots = st.segmented_control(
        "Training texts per label", SHOT_CHOICES, key="score_shots", default=SHOTS, required=True, help=help_text
    )
    return None if shots in (None, SHOTS) else int(shots)


TASK_FORMS: dict[TaskKind, Callable[[CorpusInfo, tuple[Contender, ...]], Task | None]] = {
    "labels": _label_form,
    "pairs": task_files.pairs_form,
    "queries": task_files.queries_form,
    "known_item": known_item_form,
}
