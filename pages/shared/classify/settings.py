"""What a classifier learns and how: label column, classifier, weights and split."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.classify.estimators import ESTIMATORS, KINDS, Kind
from core.classify.labels import TargetKind
from core.classify.results import Settings, SplitMethod, SplitPlan, audited_rows
from core.classify.service import LabelChoice, label_choices, label_notes, predicted_columns, split_choices
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import session
from pages.shared.text import plain

COLUMN_KEY, MORE_KEY = "classify_column", "classify_more"
TASKS: dict[TargetKind, str] = {"classes": "Classes", "sets": "Several labels per row", "number": "Number"}
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
AUDIT_HELP = "Audit sample: the rows drawn at random under Label are the test. "
SPLIT_HELP = (
    "Random: each class has the same share of test rows. Column: a column with values such as train and test. By time: "
    "the latest rows are the test. Copies of a text are never on both sides."
)
KIND_HELP = (
    "Logistic regression is the default: quick, and its probabilities are usually well calibrated. The linear SVM is "
    "similar. k-nearest neighbors, random forest and gradient boosting rarely do better on embeddings and take longer."
)


def select_settings(info: CorpusInfo) -> Settings | None:
    """The settings; None without any column that can be learned, after showing what to do."""
    corpus = session.corpus_ref(info)
    choices = session.ask_once(label_choices, corpus)
    if not choices:
        st.info(
            "No label columns: none has at least two values that repeat, and none has numbers.",
            icon=":material/label_off:",
        )
        st.page_link("pages/data/corpus.py", label="Select columns on the Data page", icon=":material/table_view:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice = _select_column(choices)
        task = _select_task(choice)
        kind = _select_kind(task)
        method, column = _select_split(corpus, choice.column)
        plan = _select_plan(method, column)
    settings = Settings(choice.column, task, kind, plan)
    balanced = merged = False
    if task != "number":
        balanced = st.toggle(
            "Balanced class weights", key="classify_balanced", persist_state="session",
            help="Rare classes count as much as frequent ones. Raises recall of rare classes, lowers precision.",
        )  # fmt: skip
    settings = replace(settings, balanced=balanced)
    if choice.column in session.ask_once(predicted_columns, corpus):
        st.warning(
            "The labels of this column are predictions: a classifier that is trained on them learns their errors, and "
            "its scores measure agreement with them.",
            icon=":material/warning:",
        )
    if task == "classes":
        merged = _show_label_notes(corpus, settings)
    return replace(settings, merged=merged)


def select_more_settings(info: CorpusInfo, settings: Settings) -> tuple[Settings, ...]:
    """Settings of further label columns that are trained in the same run, as the first one where they can be."""
    corpus = session.corpus_ref(info)
    choices = {choice.column: choice for choice in session.ask_once(label_choices, corpus)}
    others = [name for name in choices if name != settings.column]
    if not others:
        return ()
    session.drop_unknown_values(MORE_KEY, others)
    names = st.multiselect(
        "More label columns", others, key=MORE_KEY, persist_state="session", placeholder="Train on several columns",
        help="Each column is learned separately, with the same split and classifier where it can be. Numbers are "
        "predicted by ridge regression.",
    )  # fmt: skip
    return tuple(_settings_of(corpus, settings, choices[name]) for name in names)


def _settings_of(corpus: CorpusRef, settings: Settings, choice: LabelChoice) -> Settings:
    task = choice.tasks[0]
    kinds, plan = _kinds(task), settings.plan
    if plan.method == "audit" and not len(session.ask_once(audited_rows, corpus, choice.column)):
        plan = replace(plan, method="random")
    kind = settings.kind if settings.kind in kinds else kinds[0]
    return Settings(choice.column, task, kind, plan, settings.balanced and task != "number")


def _select_column(choices: tuple[LabelChoice, ...]) -> LabelChoice:
    by_name = {choice.column: choice for choice in choices}
    session.select_from_link(COLUMN_KEY, list(by_name))
    column = st.selectbox(
        "Label column", list(by_name), key=COLUMN_KEY, width=170,
        help="The column to predict. Columns selected as labels on the Data page come first; columns with several "
        "labels per row and numbers follow.",
    )  # fmt: skip
    session.write_to_link(COLUMN_KEY)
    return by_name[column]


def _select_task(choice: LabelChoice) -> TargetKind:
    if len(choice.tasks) == 1:
        return choice.tasks[0]
    task = st.selectbox(
        "Read as", choice.tasks, key=f"classify_task {choice.column}", format_func=TASKS.__getitem__,
        persist_state="session", width=205 if "sets" in choice.tasks else 105,
        help="Classes: each value is a label. Several labels per row: detected lists or separated labels, one "
        "classifier for each. Number: predicted by ridge regression.",
    )  # fmt: skip
    return task


def _select_kind(task: TargetKind) -> Kind:
    return st.selectbox(
        "Classifier", _kinds(task), key=f"classify_kind {task}", width=185, persist_state="session",
        format_func=lambda kind: ESTIMATORS[kind].label,
        help=KIND_HELP if task != "number" else "Linear regression with an L2 penalty.",
    )  # fmt: skip


def _kinds(task: TargetKind) -> list[Kind]:
    """The kinds of classifier for a task, the default first."""
    if task == "number":
        return ["ridge"]
    kinds = [kind for kind in KINDS if kind not in ("ridge", "most_frequent")]
    return [kind for kind in kinds if task == "classes" or ESTIMATORS[kind].one_vs_rest]


def _select_split(corpus: CorpusRef, label: str) -> tuple[SplitMethod, str]:
    choices = session.ask_once(split_choices, corpus)
    audited = len(session.ask_once(audited_rows, corpus, label))
    options: dict[SplitMethod, str] = {"audit": f"Audit sample ({audited:,})"} if audited else {}
    options |= {"random": "Random, stratified"}
    options |= {"column": f"Column: {choices.column}"} if choices.column else {}
    options |= {"time": f"By time: {choices.time}"} if choices.time else {}
    method = st.selectbox(
        "Split", list(options), key=f"classify_split {label}" if audited else "classify_split", width=175,
        format_func=options.__getitem__, persist_state="session", help=(AUDIT_HELP if audited else "") + SPLIT_HELP,
    )  # fmt: skip
    return method, {"column": choices.column, "time": choices.time}.get(method, "")


def _select_plan(method: SplitMethod, column: str) -> SplitPlan:
    plan = SplitPlan(method, column)
    options: dict[str, Any] = {"width": 98, "persist_state": "session"}
    if method in ("random", "time"):
        test = st.selectbox(
            "Test share", SHARES, index=1, key="classify_test", format_func="{:.0%}".format,
            help="Share of the texts that the classifier is evaluated on.", **options,
        )  # fmt: skip
        plan = replace(plan, test=float(test))
    validation = st.selectbox(
        "Validation", (0.0, *SHARES[:3]), index=1, key="classify_validation", format_func="{:.0%}".format,
        help="Share of the texts on which the classifier's parameter (such as C) is selected and its temperature is "
        "fitted. 0%: by cross-validation within the training rows. A split column with validation rows takes these.",
        **options,
    )  # fmt: skip
    seed = st.number_input(
        "Seed", 0, 9999, 0, key="classify_seed", help="Of the split and of training. Another seed is another split.",
        **options,
    )  # fmt: skip
    return replace(plan, validation=float(validation), seed=int(seed))


def _show_label_notes(corpus: CorpusRef, settings: Settings) -> bool:
    """What is noteworthy about the labels; gives whether those that differ only by case or spaces are merged."""
    notes, merged = session.ask_once(label_notes, corpus, settings), False
    if notes.mergeable:
        merged = st.toggle(
            "Merge labels that differ only by case or spaces", key=f"classify_merged {settings.column}",
            persist_state="session", help="The most frequent spelling of each group is used.",
        )  # fmt: skip
        notes = session.ask_once(label_notes, corpus, replace(settings, merged=merged))
    for note in notes.notes:
        st.caption(f":material/info: {plain(note)}")
    return merged
