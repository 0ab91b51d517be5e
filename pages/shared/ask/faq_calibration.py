"""Figures of an FAQ assistant: threshold, coverage and precision, the curve, and texts that are out of scope."""

import math
from dataclasses import replace

import streamlit as st

from core.ask.charts import coverage_figure
from core.ask.faq_entries import entries_version
from core.ask.faq_service import Threshold, foreign_refused, plan_assistant, plan_foreign
from core.ask.results import FAQ_ASSISTANT, FAQ_OUT_OF_SCOPE, ForeignQuery
from core.stats.interval import Interval
from pages.shared import paid_result, session
from pages.shared.ask.evaluation_table import CHART_CONFIG
from pages.shared.ask.faq_setup import FaqView, corpora_with_model, store_threshold
from pages.shared.classify.label_setup import attempt
from pages.shared.downloads import csv_button
from pages.shared.text import count, file_stem, plain

BY_PRECISION, BY_THRESHOLD = "Minimum precision", "Threshold"
RECALIBRATE = "faq recalibrate"
NO_CORPUS = ""


def show_figures(view: FaqView) -> None:
    """Threshold, coverage and precision in one row, and what was added since they were measured."""
    summary = view.summary
    is_finite = math.isfinite(summary.threshold)
    with st.container(horizontal=True, key="faq_figures"):
        st.metric(
            "Threshold", f"{summary.threshold:z.3f}" if is_finite else "none", "on the confidence", delta_color="off",
            delta_arrow="off", help="Confidence from 0 to 1 that a reply is right. Below the threshold, it refuses.",
        )  # fmt: skip
        _show_share("Coverage", summary.coverage, f"{summary.accepted:,} of {summary.total:,} questions get a reply.")
        _show_share("Precision", summary.precision, f"Share of right replies among {summary.accepted:,}.")
        st.metric(
            "Known questions", f"{summary.questions:,}", f"{summary.answers:,} answers", delta_color="off",
            delta_arrow="off", help="Rows with a question and an answer, and added entries.",
        )  # fmt: skip
    if not is_finite:
        st.warning(
            f"No threshold reaches a precision of {view.threshold.min_precision:g}, so everything is refused. Lower it "
            "under Calibration, or add questions: several wordings for each answer.", icon=":material/block:",
        )  # fmt: skip
    _show_entries_since(view)


def _show_share(label: str, share: Interval[float], help_: str) -> None:
    if math.isnan(share.value):
        st.metric(label, "–", help=help_)
        return
    st.metric(
        label, f"{share.value:.1%}", f"95%: {share.low:.1%} to {share.high:.1%}", delta_color="off", delta_arrow="off",
        help=f"{help_} Wilson's 95% interval.",
    )  # fmt: skip


def _show_entries_since(view: FaqView) -> None:
    """How many entries the calibration does not know, and a button that calibrates again."""
    summary, query = view.summary, view.query
    if not summary.added and not summary.removed:
        return
    changes = [f"{count(summary.added, 'entry', 'entries')} added"] if summary.added else []
    changes += [f"{count(summary.removed, 'entry', 'entries')} removed"] if summary.removed else []
    name = [query.corpus.digest, query.model.key, query.question, query.answer]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Calibrated on {count(summary.total, 'question')}; {' and '.join(changes)} since.", width="content"
        )
        st.button(
            "Recalibrate", key="faq_recalibrate", icon=":material/tune:", on_click=session.remember,
            args=(RECALIBRATE, (*name, entries_version(query.columns))),
            help="The assistant uses added entries at once; this measures the threshold anew with them.",
        )  # fmt: skip
    requested = session.remembered(RECALIBRATE)
    if requested and list(requested[:4]) == name:
        _recalibrate(view, int(requested[4]))


def _recalibrate(view: FaqView, entries: int) -> None:
    query = replace(view.query, entries=entries)
    plan = session.ask(plan_assistant, query)
    if paid_result.is_ready(
        FAQ_ASSISTANT, query, plan, headline="The assistant has not been calibrated with these entries yet.",
        description=f"{count(plan.questions, 'question')} with {count(plan.answers, 'answer')}.",
        title=f"FAQ assistant of {view.info.name}", button="Recalibrate", key="faq_recalibrate_paid",
    ):  # fmt: skip
        session.remember(RECALIBRATE, None)
        st.rerun()


def show_calibration(view: FaqView) -> None:
    """The curve with the selected threshold, and the share of out-of-scope texts that are refused."""
    _select_threshold(view)
    summary = view.summary
    minimum = view.threshold.min_precision if view.threshold.value is None else None
    figure = coverage_figure(summary.curve, summary.coverage, summary.precision, minimum, session.theme())
    st.plotly_chart(figure, key="faq_curve", config=CHART_CONFIG, alt="Precision of the replies by coverage")
    assured = "" if view.threshold.value is not None or not math.isfinite(summary.threshold) else (
        " The precision is assured: the lower end of its interval reaches the minimum." if summary.is_assured
        else " The precision is not assured: there are too few questions for an interval above the minimum."
    )  # fmt: skip
    st.caption(plain(f"{view.query.model.label}. {summary.method}{assured}"))
    csv_button(
        "Download curve (CSV)", summary.curve, f"{file_stem(view.info.name)}-faq-curve.csv", key="faq_curve_file",
        help="Threshold, coverage, and precision with its interval.",
    )  # fmt: skip
    _show_out_of_scope(view)


def _select_threshold(view: FaqView) -> None:
    """By precision or directly; stored at once."""
    current = view.threshold
    session.set_widget("faq_threshold_by", BY_PRECISION if current.value is None else BY_THRESHOLD)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Select by", [BY_PRECISION, BY_THRESHOLD], key="faq_threshold_by", required=True, on_change=attempt,
            args=(_store, view), help="The highest coverage at a minimum precision, or a threshold of your own.",
        )  # fmt: skip
        if current.value is None:
            session.set_widget("faq_min_precision", current.min_precision)
            st.number_input(
                "Minimum precision", 0.5, 0.999, step=0.01, format="%.3f", key="faq_min_precision", width=190,
                on_change=attempt, args=(_store, view),
                help="Share of replies that must be right: higher refuses more. Tested with Wilson's interval.",
            )  # fmt: skip
        else:
            session.set_widget("faq_threshold", current.value)
            st.number_input(
                "Threshold", 0.0, 1.0, step=0.01, format="%.3f", key="faq_threshold", width=190, on_change=attempt,
                args=(_store, view), help="On the confidence. Its precision is measured, but not assured.",
            )  # fmt: skip


def _store(view: FaqView) -> None:
    current = view.threshold
    if session.widget_value("faq_threshold_by") != BY_THRESHOLD:
        precision = float(session.widget_value("faq_min_precision") or current.min_precision)
        store_threshold(view.query, Threshold(precision if current.value is None else current.min_precision))
        return
    start = view.summary.threshold if math.isfinite(view.summary.threshold) else 1.0
    value = start if current.value is None else float(session.widget_value("faq_threshold", start))
    store_threshold(view.query, Threshold(current.min_precision, round(value, 3)))


def _show_out_of_scope(view: FaqView) -> None:
    """Texts of another corpus, of which all should be refused."""
    st.markdown("##### Out-of-scope texts")
    names = corpora_with_model(view)
    if not names:
        st.caption(
            f"Embed another corpus with {plain(view.query.model.label)}, whose texts the FAQ has no answer for: here "
            "you then see how many of them are refused."
        )
        return
    options = [NO_CORPUS, *names]
    if session.widget_value("faq_foreign") not in options:
        session.set_widget("faq_foreign", NO_CORPUS)
    digest = st.selectbox(
        "Corpus", options, key="faq_foreign", width=320, persist_state="session",
        format_func=lambda key: names[key] if key else "none",
        help="Its texts should be foreign to the FAQ. They must be embedded with the same model.",
    )  # fmt: skip
    if not digest:
        st.caption("Select a corpus that the FAQ has no answers for, to see how many of its texts are refused.")
        return
    query = view.query
    foreign = ForeignQuery(query.corpus, query.model, query.question, query.answer, digest, query.seed, query.entries)
    if paid_result.is_ready(
        FAQ_OUT_OF_SCOPE, foreign, session.ask(plan_foreign, foreign), headline="These texts have not been scored yet.",
        description="The assistant is asked each of them.", title=f"Out-of-scope texts of {names[digest]}",
        button="Score", key="faq_foreign_start",
    ):  # fmt: skip
        share, scored, total = session.ask(foreign_refused, foreign, view.threshold)
        with st.container(key="faq_refused"):
            _show_share("Refused", share, "Share of the texts that get no reply.")
        drawn = f"a random {scored:,} of {total:,} (seed {query.seed})" if scored < total else f"all {total:,}"
        st.caption(f"Of {drawn} different texts of {plain(names[digest])}, at the threshold above.")
