"""A language model as judge of the pooled passages, with its agreement with a person's grades and its biases."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.chat_judge import CHAT_JUDGE, INSTRUCTIONS, JudgePlan, JudgeQuery, judge_plan
from core.ask.judge_report import MIN_GRADED, JudgeReport, graded_in_pool, judge_report
from core.ask.pipeline_comparison import PipelinesQuery
from core.ask.pooling import pooled_questions
from core.corpus.judgments import GRADES
from core.digest import digest_json
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.judgments.grading import show_annotator
from pages.shared.judgments.pool import select_pool
from pages.shared.models.chat_form import select_chat_model
from pages.shared.tables import number, percentage, show_table, text
from pages.shared.text import count, cut, plain

KAPPA_HELP = "1 is perfect agreement, 0 is chance; quadratic weights, as between annotators."
ORDERS_HELP = "Share of passages with the same grade when their order is reversed. Wilson's interval."
POSITION_HELP = "Mean grade in the first half of the list minus that of the same passages in the second; 0: no bias."
LENGTH_HELP = "Model minus you: mean of the longer half of the passages minus that of the shorter half; 0: no bias."


def show_chat_judge(info: CorpusInfo) -> None:
    st.caption(
        "A language model grades all pooled passages. Its grades are shown only together with their agreement with at "
        f"least {MIN_GRADED} grades of your own, and are never stored as judgments."
    )
    pool = select_pool(info)
    if pool is None:
        return
    annotator = show_annotator()
    graded = session.ask(graded_in_pool, pool.corpus, session.ask_once(pooled_questions, pool), annotator)
    if graded < MIN_GRADED:
        st.info(
            f"{plain(annotator)} has graded {graded:,} of these passages. Grade {MIN_GRADED - graded:,} more in the "
            "section Judge, then come back: without them the model's grades can't be validated.",
            icon=":material/grading:",
        )
        return
    chat = select_chat_model()
    if chat is not None:
        _show_judge(info, pool, chat, annotator)


def _show_judge(info: CorpusInfo, pool: PipelinesQuery, chat: ChatModel, annotator: str) -> None:
    query = JudgeQuery(pool.corpus, chat, pool.pipelines, pool.questions, pool.k)
    plan = session.ask(judge_plan, query)
    with st.expander("Instructions to the model", icon=":material/article:"):
        st.text(INSTRUCTIONS)
        if plan.example:
            st.caption("First message to send")
            st.text(cut(plan.example, 1_500))
    if not CHAT_JUDGE.exists(query) and not _agree(chat, plan):
        return
    is_ready = result_view.ready(
        CHAT_JUDGE, query, headline=f"{count(plan.pairs, 'passage')} to judge",
        description=f"{count(plan.requests, 'request')} to {plain(chat.name)}: each passage twice, in both orders.",
        title=f"Judging with {chat.name}", button="Judge",
    )  # fmt: skip
    if is_ready:
        _show_report(session.ask(judge_report, query, annotator), annotator, chat.name)


def _agree(chat: ChatModel, plan: JudgePlan) -> bool:
    """What is sent to which server; whether it is free, or agreed to."""
    declared = capabilities(chat.spec)
    server = plain(server_name(chat.spec).replace("The server", "the server"))
    (st.warning if declared.paid else st.info)(
        f"**Data sent:** {count(plan.pairs, 'passage')} (up to 2,000 characters each, twice) and their questions, to "
        f"{server}, " + ("outside this machine" if declared.paid else "in your own network")
        + f". About {plan.tokens_in:,} input and {plan.tokens_out:,} output tokens (an estimate; reasoning models use "
        "more).",
        icon=":material/outgoing_mail:",
    )  # fmt: skip
    if declared.needs_key and session.api_key(chat.spec) is None:
        st.caption(":material/key: This service needs an API key: enter it above.")
        return False
    return not declared.paid or st.checkbox(
        "I agree that this is sent, and to pay what the provider charges",
        key=f"judge_agreed-{digest_json([asdict(chat), plan.pairs])}",
        help="Prices of chat models are not known here; see the provider's price list.",
    )


def _show_report(report: JudgeReport, annotator: str, model: str) -> None:
    figures = (
        ("Weighted kappa with you", report.kappa, "{:.2f}", KAPPA_HELP),
        ("Same in both orders", report.same_in_both_orders, "{:.0%}", ORDERS_HELP),
        ("Position bias", report.position, "{:+.2f}", POSITION_HELP),
        ("Length bias", report.length, "{:+.2f}", LENGTH_HELP),
    )
    for box, (label, interval, form, help_text) in zip(st.columns(4), figures, strict=True):
        with box:
            _show_figure(label, interval, form, help_text)
    unusable = f" {count(report.unusable, 'passage')} without a usable answer left out." if report.unusable else ""
    st.caption(
        f"{count(report.graded, 'passage')} graded by {plain(annotator)} and {plain(model)}, of {report.pairs:,} that "
        f"the model graded; the mean of both orders, rounded down. 95% bootstrap intervals over passages.{unusable}"
    )
    table = pd.DataFrame(report.table, columns=list(GRADES.values()))
    table.insert(0, "grade", list(GRADES.values()))
    columns = {"grade": text(annotator), **{name: number(f"{model}: {name}") for name in GRADES.values()}}
    show_table(table, "Your grades by those of the model", columns, key="judge_table")
    st.markdown("##### Share of relevant passages")
    shares = {
        "pipeline": text("Pipeline", width=260), "passages": number("Passages", "localized"),
        "judge": percentage("By the model", "Share that the model grades as at least partly relevant."),
        "share": percentage("Corrected", "For the model's errors, by your grades (Rogan and Gladen, 1978)."),
        "low": percentage("95% low"), "high": percentage("95% high"),
    }  # fmt: skip
    show_table(report.shares, "Share of relevant passages by pipeline", shares, key="judge_shares")
    st.caption(
        "The correction takes the model's errors to be the same for all pipelines and for passages that you have not "
        "graded; blank where the model is no better than chance."
    )


def _show_figure(label: str, interval: Interval[float], form: str, help_text: str) -> None:
    value, low, high = interval
    st.metric(label, "not defined" if np.isnan(value) else form.format(value), help=help_text)
    if not np.isnan(low):
        st.caption(f"95%: {form.format(low)} to {form.format(high)}")
