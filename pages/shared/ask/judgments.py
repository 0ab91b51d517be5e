"""Relevance judgments of this corpus: pooled blind judging, agreement, a language model as judge, files."""

from collections.abc import Callable

import streamlit as st

from core.corpus.judgments import summarize_judgments
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.judgments.agreement import show_agreement
from pages.shared.judgments.answers import show_answers
from pages.shared.judgments.chat_judge import show_chat_judge
from pages.shared.judgments.files import show_files
from pages.shared.judgments.pool import show_pool
from pages.shared.text import count, plain

SECTIONS: dict[str, Callable[[CorpusInfo], None]] = {
    "Judge": show_pool,
    "Answers": show_answers,
    "Agreement": show_agreement,
    "LLM judge": show_chat_judge,
    "Import and export": show_files,
}
HELP = (
    "Judge: grade the passages of several pipelines blind, in random order. Answers: grade whether the passages "
    "support answers of language models. Agreement: of two annotators. LLM judge: grades by a language model, with "
    "their agreement with yours. Import and export: TREC qrels and BEIR."
)


def show_judgments(info: CorpusInfo) -> None:
    """What there is, and one of the sections."""
    summary = session.ask(summarize_judgments, session.corpus_ref(info))
    queries, annotators = len(summary.queries), summary.annotators
    people = ", ".join(f"{plain(name)} ({number:,})" for name, number in annotators.items())
    total = count(sum(annotators.values()), "judgment")
    st.caption(
        f"{total} of {count(queries, 'query', 'queries')}: {people}. The scoreboard and the retrieval evaluation use "
        "them." if annotators else "No judgments yet. Grades given here or on search hits are used by the scoreboard "
        "and the retrieval evaluation."
    )  # fmt: skip
    if summary.damaged:
        st.warning(
            f"{count(summary.damaged, 'line')} of the log can't be read and are ignored.", icon=":material/rule:"
        )
    section = st.segmented_control(
        "Section", list(SECTIONS), key="judgments_section", bind="query-params", default="Judge", required=True,
        label_visibility="collapsed", help=HELP,
    )  # fmt: skip
    SECTIONS[str(section)](info)
