"""A language model as judge of passages or answers, with its agreement with a person's grades and its biases."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.ask import chat_judge, faithfulness_judge
from core.ask.answer_log import answers_length
from core.ask.chat_judge import CHAT_JUDGE, JudgeQuery, judge_plan
from core.ask.faithfulness_judge import FAITHFULNESS, FaithfulnessQuery, faithfulness_plan
from core.ask.judge_report import (
    MIN_GRADED,
    JudgeReport,
    faithfulness_report,
    graded_answers,
    graded_in_pool,
    judge_report,
)
from core.ask.judge_requests import JudgePlan
from core.ask.pooling import pooled_questions
from core.corpus.judgments import FAITHFULNESS as FAITHFULNESS_GRADES
from core.corpus.judgments import GRADES
from core.models.chat import ChatModel
from core.results import Result
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.judgments.grading import show_annotator
from pages.shared.judgments.pool import select_pool
from pages.shared.judgments.sending import agree_to_send, show_request
from pages.shared.models.chat_form import select_chat_model
from pages.shared.tables import number, percentage, show_table, text
from pages.shared.text import count, plain

KAPPA_HELP = "1 is perfect agreement, 0 is chance; quadratic weights, as between annotators."
ORDERS_HELP = "Share with the same grade when the order of the passages is reversed. Wilson's interval."
LENGTH_HELP = "Model minus you: mean of the longer half minus that of the shorter half; 0: no bias."


@dataclass(frozen=True)
class Subject:
    """What is graded. noun: of an item; grades: their names; sent: of each item; section: where a person grades;
    group: what shares are of; good: what a share is of; counts: which grades count."""

    noun: str
    grades: dict[int, str]
    instructions: str
    sent: str
    section: str
    group: str
    good: str
    counts: str
    position_help: str


RELEVANCE = Subject(
    "passage", GRADES, chat_judge.INSTRUCTIONS, "up to 2,000 characters each, twice, with their questions", "Judge",
    "Pipeline", "relevant passages", "at least partly relevant",
    "Mean grade in the first half of the list minus that of the same passages in the second; 0: no bias.",
)  # fmt: skip
ANSWERS = Subject(
    "answer", FAITHFULNESS_GRADES, faithfulness_judge.INSTRUCTIONS, "with their questions and passages, twice",
    "Answers", "Answered by", "faithful answers", "faithful",
    "Mean grade where the cited passages come first minus that of the same answers where they come last; 0: no bias. "
    "Answers whose citations are in neither half are left out.",
)  # fmt: skip
SUBJECTS = {"Relevance of passages": RELEVANCE, "Faithfulness of answers": ANSWERS}


def show_chat_judge(info: CorpusInfo) -> None:
    selected = st.segmented_control(
        "Subject", list(SUBJECTS), key="judge_subject", default=next(iter(SUBJECTS)), required=True,
        persist_state="session", label_visibility="collapsed",
        help="Relevance: of pooled passages to questions. Faithfulness: of recorded answers to their passages.",
    )  # fmt: skip
    subject = SUBJECTS[str(selected)]
    st.caption(
        f"A language model grades all {subject.noun}s. Its grades are shown only together with their agreement with at "
        f"least {MIN_GRADED} grades of your own, and are never stored as judgments."
    )
    (_show_relevance if subject is RELEVANCE else _show_faithfulness)(info)


def _show_relevance(info: CorpusInfo) -> None:
    pool = select_pool(info)
    if pool is None:
        return
    annotator = show_annotator()
    graded = session.ask(graded_in_pool, pool.corpus, session.ask_once(pooled_questions, pool), annotator)
    if not _has_enough(RELEVANCE, annotator, graded):
        return
    chat = select_chat_model()
    if chat is None:
        return
    query = JudgeQuery(pool.corpus, chat, pool.pipelines, pool.questions, pool.k)
    if _is_judged(RELEVANCE, CHAT_JUDGE, query, chat, session.ask(judge_plan, query)):
        _show_report(RELEVANCE, session.ask(judge_report, query, annotator), annotator, chat.name)


def _show_faithfulness(info: CorpusInfo) -> None:
    corpus, annotator = session.corpus_ref(info), show_annotator()
    graded, total = session.ask(graded_answers, corpus, annotator)
    if not _has_enough(ANSWERS, annotator, graded, total):
        return
    chat = select_chat_model()
    if chat is None:
        return
    query = FaithfulnessQuery(corpus, chat, session.ask(answers_length, corpus))
    if not _is_judged(ANSWERS, FAITHFULNESS, query, chat, session.ask(faithfulness_plan, query)):
        return
    report = session.ask(faithfulness_report, query, annotator)
    _show_report(ANSWERS, report, annotator, chat.name)
    if chat.name in set(report.shares["group"]):
        st.caption(f":material/warning: {plain(chat.name)} also grades answers of its own, which models tend to favor.")


def _has_enough(subject: Subject, annotator: str, graded: int, total: int | None = None) -> bool:
    """Whether the person has graded enough to check a judge; else says what is missing."""
    if graded >= MIN_GRADED:
        return True
    few = f" There are {count(total, subject.noun)} so far." if total is not None and total < MIN_GRADED else ""
    st.info(
        f"{plain(annotator)} has graded {graded:,} of these {subject.noun}s. Grade {MIN_GRADED - graded:,} more in the "
        f"section {subject.section}, then come back: without them the model's grades can't be validated.{few}",
        icon=":material/grading:",
    )
    return False


def _is_judged(subject: Subject, result: Result[Any, Any], query: Any, chat: ChatModel, plan: JudgePlan) -> bool:
    """Whether the model's grades are there; else shows what is sent, asks for consent, and offers the job."""
    show_request(subject.instructions, plan.example)
    what = f"{count(plan.items, subject.noun)} ({subject.sent})"
    if not result.exists(query) and not agree_to_send(chat, what, plan.tokens_in, plan.tokens_out):
        return False
    return result_view.ready(
        result, query, headline=f"{count(plan.items, subject.noun)} to judge",
        description=f"{count(plan.requests, 'request')} to {plain(chat.name)}: each {subject.noun} twice, with the "
        "passages in both orders.",
        title=f"Judging with {chat.name}", button="Judge",
    )  # fmt: skip


def _show_report(subject: Subject, report: JudgeReport, annotator: str, model: str) -> None:
    figures = (
        ("Weighted kappa with you", report.kappa, "{:z.2f}", KAPPA_HELP),
        ("Same in both orders", report.same_in_both_orders, "{:.0%}", ORDERS_HELP),
        ("Position bias", report.position, "{:+z.2f}", subject.position_help),
        ("Length bias", report.length, "{:+z.2f}", LENGTH_HELP),
    )
    for box, (label, interval, form, help_text) in zip(st.columns(4), figures, strict=True):
        with box:
            _show_figure(label, interval, form, help_text)
    noun = subject.noun
    left_out = f" {count(report.unusable, noun)} without a usable answer left out." if report.unusable else ""
    positions = "" if report.positioned == report.items else f" Position bias: {count(report.positioned, noun)}."
    st.caption(
        f"{count(report.graded, noun)} graded by {plain(annotator)} and {plain(model)}, of {report.items:,} that the "
        f"model graded; the mean of both orders, rounded down. 95% bootstrap intervals over {noun}s.{positions}"
        f"{left_out}"
    )
    names = list(subject.grades.values())
    table = pd.DataFrame(report.table, columns=names)
    table.insert(0, "grade", names)
    columns = {"grade": text(annotator), **{name: number(f"{model}: {name}") for name in names}}
    show_table(table, "Your grades by those of the model", columns, key="judge_table")
    _show_shares(subject, report)


def _show_shares(subject: Subject, report: JudgeReport) -> None:
    st.markdown(f"##### Share of {subject.good}")
    shares = {
        "group": text(subject.group, width=260), "items": number(f"{subject.noun.capitalize()}s", "localized"),
        "judge": percentage("By the model", f"Share that the model grades as {subject.counts}."),
        "share": percentage("Corrected", "For the model's errors, by your grades (Rogan and Gladen, 1978)."),
        "low": percentage("95% low"), "high": percentage("95% high"),
    }  # fmt: skip
    show_table(report.shares, f"Share of {subject.good} by {subject.group.lower()}", shares, key="judge_shares")
    st.caption(
        f"The correction takes the model's errors to be the same in all lines and for {subject.noun}s that you have "
        "not graded; blank where the model is no better than chance."
    )


def _show_figure(label: str, interval: Interval[float], form: str, help_text: str) -> None:
    value, low, high = interval
    st.metric(label, "not defined" if np.isnan(value) else form.format(value), help=help_text)
    if not np.isnan(low):
        st.caption(f"95%: {form.format(low)} to {form.format(high)}")
