"""The log of an FAQ assistant: a table with filter, download, and deletion."""

from functools import partial

import streamlit as st

from core.ask.faq_log import clear_log, log_csv, log_table
from pages.shared import session
from pages.shared.ask.faq_setup import FaqView
from pages.shared.classify.label_setup import attempt
from pages.shared.downloads import csv_button
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, file_stem

OUTCOMES = {
    "": "All", "answered": "Answered", "refused": "Refused", "documents": "Quoted documents",
    "suggestion": "Suggestion chosen", "wrong": "Marked wrong",
}  # fmt: skip
MAX_SHOWN = 1_000
COLUMNS = {
    "time": st.column_config.DatetimeColumn("Time (UTC)", format="YYYY-MM-DD HH:mm:ss", width=150),
    "question": text("Question", width="large"),
    "outcome": text("Outcome", "answered, refused, or documents: refused and passages quoted.", 90),
    "answer": text("Answer", "Of replies.", "medium"),
    "suggestion": text("Suggestion", "The known question that was chosen after a refusal.", "medium"),
    "feedback": text("Feedback", "The last one.", 80),
    "confidence": number("Confidence", "%.3f", "Of the best answer, in [0, 1].", 90),
    "score": number("Score", "%.3f", "Mean cosine to the nearest questions of the best answer.", 70),
    "margin": number("Margin", "%.3f", "To the score of the next answer.", 70),
    "threshold": number("Threshold", "%.3f", "At that time; empty where everything was refused.", 85),
    "nearest": text("Nearest known question", width="medium"),
    "model": text("Model", width="small"),
    "source": text("Source", "page: asked here; http: at the endpoint.", 70),
    "id": None,
}


def show_log(view: FaqView) -> None:
    """The questions that were asked here and at the HTTP endpoint, the newest first."""
    columns = view.query.columns
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outcome = st.selectbox(
            "Outcome", list(OUTCOMES), key="faq_log_outcome", format_func=OUTCOMES.__getitem__, width=200
        )  # fmt: skip
        typed = st.text_input("Question contains", key="faq_log_text", width=240)
    table = session.ask(log_table, columns, outcome, typed)
    if not len(table):
        is_filtered = bool(outcome or typed)
        message = "No question matches the filter." if is_filtered else "Nothing was asked yet: ask under Try it."
        st.info(message, icon=":material/history:")
        if not is_filtered:
            return
    else:
        st.markdown(f"**{count(len(table), 'question')}**, the newest first")
        show_table(table.head(MAX_SHOWN), "Log of the assistant", COLUMNS, max_height=480)
        if len(table) > MAX_SHOWN:
            st.caption(f"The newest {MAX_SHOWN:,} of {len(table):,}; the download has all.")
    with st.container(horizontal=True):
        csv_button(
            "Download (CSV)", partial(session.manager().ask, log_csv, columns, outcome, typed),
            f"{file_stem(view.info.name)}-faq-log.csv", key="faq_log_file", help="The questions that match the filter.",
        )  # fmt: skip
        with st.popover("Clear log", icon=":material/delete:", help="Asks for confirmation."):
            st.write("Deletes all questions of the log, also those listed under Unanswered. Added entries stay.")
            st.button(
                "Delete all questions", key="faq_log_clear", type="primary", on_click=attempt,
                args=(clear_log, columns), help="This can't be undone.",
            )  # fmt: skip
