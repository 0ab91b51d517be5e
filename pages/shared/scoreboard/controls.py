"""What the scoreboard is sorted by: the task, its settings, and the metric."""

from collections.abc import Callable

import streamlit as st

from core.scoreboard.columns import label_choices
from core.scoreboard.pair_columns import pair_columns
from core.scoreboard.probes import SHOTS
from core.scoreboard.recipe_text import FEW_SHOT
from core.scoreboard.service import split_column
from core.scoreboard.types import Task, TaskKind, metrics_of
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_known_item as task_known
from pages.shared.scoreboard import task_pairs, task_queries
from pages.shared.text import plain

NAMES: dict[TaskKind, str] = {
    "labels": "Labels",
    "pairs": "Scored pairs",
    "queries": "Queries with answers",
    "known_item": "Known items",
}
EXPLAINED: dict[TaskKind, str] = {
    "labels": "Are rows with the same label near each other? Each row in turn asks for the others of its label; copies "
    "of a text are never its own answer. Few-shot accuracy and V-measure are MTEB's figures.",
    "pairs": "Do cosines rise with scores that people gave to pairs of texts? As in semantic textual similarity (STS).",
    "queries": "Are the rows found that are known to answer a query? From judgments (qrels), as in search.",
    "known_item": "Is a text found again from a part of it, or from a changed copy? Made from the corpus itself, "
    "without labels: weaker evidence than any of the others, since it asks for the same text, not for the same "
    "meaning.",
}


SHOT_CHOICES = (SHOTS, 16, 32)
PRECISION = "average_precision"  # of pairs that are the same or not


def chosen(info: CorpusInfo, contenders: tuple[Contender, ...]) -> tuple[Task | None, str]:
    """Draws the choice; gives the task, None after having said what it needs, and the metric that sorts the board."""
    kind = _kind(info)
    left, right = st.columns([3, 2], gap="medium")
    if kind != "pairs":
        with right:  # before the form, which asks for what the metric needs
            sorted_by = _metric(kind, False)
    with left:
        task = FORMS[kind](info, contenders)
    if kind == "pairs":
        with right:
            sorted_by = _metric(kind, task is not None and task_pairs.two_valued(info, task))
    return task, sorted_by


def _proposed(info: CorpusInfo) -> TaskKind:
    """What the corpus' columns are made for."""
    if session.ask_once(pair_columns, session.corpus_ref(info), "").named:
        return "pairs"
    return "labels" if session.ask_once(label_choices, session.corpus_ref(info)) else "known_item"


def _kind(info: CorpusInfo) -> TaskKind:
    kind = st.segmented_control(
        "Judge by",
        list(NAMES),
        key="score_task",
        bind="query-params",
        format_func=lambda each: NAMES[each],
        default=_proposed(info),
        required=True,
        help="What makes a contender good here. " + " ".join(f"{NAMES[name]}: {EXPLAINED[name]}" for name in NAMES),
    )
    found = kind or "labels"
    st.caption(EXPLAINED[found])
    return found


def _metric(kind: TaskKind, two_valued: bool) -> str:
    """The metric that sorts the board, the kind's main one first."""
    offered = metrics_of(kind)
    if kind == "pairs":
        precision = {PRECISION: offered.pop(PRECISION)}
        offered = precision | offered if two_valued else offered
    name = st.selectbox(
        "Sorted by",
        list(offered),
        key=f"score_metric_{kind}" + ("_same" if two_valued else ""),
        bind="query-params",
        format_func=lambda name: offered[name].label,
        help=" ".join(f"{each.label}: {each.help}" for each in offered.values()),
    )
    st.caption(offered[name].help)
    return str(name)


def _labels(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    columns = session.ask_once(label_choices, session.corpus_ref(info))
    if not columns:
        st.info(
            "This corpus has no column that can be read as labels: one with at least two values that repeat is needed. "
            "Judge by known items instead, or choose columns on the Data page.",
            icon=":material/label_off:",
        )
        st.page_link("pages/data/corpus.py", label="Choose columns on the Data page", icon=":material/table_view:")
        return None
    session.select_from_link("score_label", columns)
    column = st.selectbox(
        "Label column",
        columns,
        key="score_label",
        help="Whose values say which rows belong together. Columns chosen as labels on the Data page come first.",
    )
    session.write_to_link("score_label")
    return Task.of("labels", column=column, split=_split(info), shots=_shots())


def _split(info: CorpusInfo) -> str | None:
    """The column that parts the rows as their makers did, if there is one and it is wanted."""
    found = session.ask_once(split_column, session.corpus_ref(info))
    if found is None:
        return None
    wanted = st.toggle(
        f"Few-shot probe by the column {plain(found)}", True, key="score_split", persist_state="session",
        help="Trains it on the rows marked train and tests it on those marked test, as benchmarks do; otherwise rows "
        "are parted at random. Other metrics use all rows.",
    )  # fmt: skip
    return found if wanted else None


def _shots() -> int | None:
    """Training texts a label of the few-shot probe; None for the usual number."""
    if session.widget_value("score_metric_labels") not in FEW_SHOT:
        return None
    chosen = st.segmented_control(
        "Few-shot probe: texts a label", SHOT_CHOICES, key="score_shots", default=SHOTS, required=True,
        help="What each draw trains on. MTEB takes 8 for most of its sets, such as Banking77, and 16 or 32 for some, "
        "such as Emotion (16): take its number to compare with its figures.",
    )  # fmt: skip
    return None if chosen in (None, SHOTS) else int(chosen)


FORMS: dict[TaskKind, Callable[[CorpusInfo, tuple[Contender, ...]], Task | None]] = {
    "labels": _labels,
    "pairs": task_pairs.show,
    "queries": task_queries.show,
    "known_item": task_known.show,
}
