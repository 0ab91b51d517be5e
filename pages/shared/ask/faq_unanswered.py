"""Questions without a right answer, to be added as new entries, and the entries that were added."""

import math

import pandas as pd
import streamlit as st

from core.ask.faq_entries import MAX_ANSWER, Entries, add_entries, dismiss_questions, read_entries, undo_batch
from core.ask.faq_unanswered import PAIRS, OpenGroup, OpenQuestions, unanswered
from core.digest import digest_json
from core.errors import InputError
from pages.shared import session
from pages.shared.ask.faq_setup import FaqView
from pages.shared.classify.label_setup import attempt
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, cut, cut_middle, disambiguate_labels

NEW = ""
MAX_OPTIONS = 500  # answers in the list


def show_unanswered(view: FaqView) -> None:
    """Groups of unanswered questions, a form for one of them, and the added entries."""
    with st.spinner("Grouping questions", show_time=True):
        result = session.ask(unanswered, view.query, view.threshold, view.secret, timeout=300)
    if result.groups:
        _show_groups(view, result)
        _show_form(view, result.groups)
    else:
        st.info(
            "No unanswered questions. Refused questions and replies marked wrong are collected here.",
            icon=":material/done_all:",
        )
    _show_entries(view, read_entries(view.query.columns))


def _show_groups(view: FaqView, result: OpenQuestions) -> None:
    st.markdown(f"**{count(result.total, 'unanswered question')}**")
    if not math.isnan(result.cosine):
        older = f" The {result.omitted:,} oldest are left out." if result.omitted else ""
        st.caption(
            f"Grouped by average linkage at a mean cosine of {result.cosine:z.2f}, the median of {PAIRS:,} random "
            f"pairs of known questions with the same answer (seed {view.query.seed}). "
            f"Names by class-based TF-IDF.{older}"
        )
    rows = [
        {
            "group": group.name, "questions": len(group.questions), "asked": group.times,
            "answer": group.answers[0] if group.answers else "",
            "last": pd.Timestamp(max(question.last for question in group.questions), unit="s"),
        }
        for group in result.groups
    ]  # fmt: skip
    columns = {
        "group": text("Group", "Its keywords; a question by itself is its own name.", 300),
        "questions": number("Questions", "localized", "Different questions.", 85),
        "asked": number("Asked", "localized", "How often in total.", 70),
        "answer": text("Nearest answer", "Chosen as a suggestion, else that of the nearest known questions.", "medium"),
        "last": st.column_config.DatetimeColumn("Last (UTC)", format="YYYY-MM-DD HH:mm", width=130),
    }
    show_table(pd.DataFrame(rows), "Groups of unanswered questions", columns, max_height=280)


def _show_form(view: FaqView, groups: tuple[OpenGroup, ...]) -> None:
    """Add the questions of one group with an answer, or leave them out."""
    names = {_key(group): group for group in groups}
    if session.widget_value("faq_group") not in names:
        session.set_widget("faq_group", next(iter(names)))
    labels = disambiguate_labels(
        {key: f"{cut(group.name, 80)} ({count(len(group.questions), 'question')})" for key, group in names.items()}
    )
    with st.container(border=True, key="faq_form"):
        key = st.selectbox("Add to the FAQ", list(names), key="faq_group", format_func=labels.__getitem__)
        group = names[key]
        texts = [question.text for question in group.questions]
        selected = st.multiselect(
            "Questions", texts, texts, key=f"faq_questions-{key}", format_func=lambda name: cut_middle(name, 120),
            help="Remove what does not belong together.",
        )  # fmt: skip
        answer = _select_answer(view, group, key)
        with st.container(horizontal=True):
            st.button(
                "Add", key="faq_add", type="primary", icon=":material/add:", on_click=attempt,
                args=(_add, view, selected, answer, f"faq_new_answer-{key}"),
                help="The assistant uses these questions at once.",
            )  # fmt: skip
            st.button(
                "Dismiss", key="faq_dismiss", icon=":material/close:", on_click=attempt,
                args=(dismiss_questions, view.query.columns, selected),
                help="Leaves them out of this list, such as questions that are out of scope. It can be undone.",
            )  # fmt: skip


def _key(group: OpenGroup) -> str:
    return digest_json([question.text for question in group.questions])


def _select_answer(view: FaqView, group: OpenGroup, key: str) -> str:
    """A known answer, those that may fit first, or "" for a new one, whose field is drawn."""
    options = list(dict.fromkeys([*group.answers, *view.summary.options]))[:MAX_OPTIONS]
    chosen = f" {count(group.suggested_times, 'person', 'people')} chose the first." if group.suggested_times else ""
    answer = st.selectbox(
        "Answer", [NEW, *options], 1 if group.suggested_times else None, key=f"faq_answer-{key}",
        placeholder="Choose an answer", format_func=lambda name: cut_middle(name, 120) or "New answer …",
        help=f"Type a new answer, or choose a known one, the likeliest first.{chosen}",
    )  # fmt: skip
    if answer == NEW:
        st.text_area("New answer", key=f"faq_new_answer-{key}", max_chars=MAX_ANSWER, height=100)
    return answer or NEW


def _add(view: FaqView, questions: list[str], answer: str, field: str) -> None:
    text_ = answer or str(session.widget_value(field) or "")
    if not text_.strip():
        raise InputError("The answer is empty.", "Choose an answer, or type a new one.")
    add_entries(view.query.columns, questions, text_)


def _show_entries(view: FaqView, entries: Entries) -> None:
    """What was added or dismissed, the newest first, and undo."""
    events = sorted((*entries.added, *entries.dismissed), key=lambda event: -event.time)
    if not events:
        return
    st.markdown(f"##### Added entries ({len(entries.added):,})")
    rows = [
        {
            "question": event.question, "answer": event.answer if event.kind == "add" else "(dismissed)",
            "time": pd.Timestamp(event.time, unit="s"),
        }
        for event in events
    ]  # fmt: skip
    columns = {
        "question": text("Question", width="large"), "answer": text("Answer", width="medium"),
        "time": st.column_config.DatetimeColumn("Time (UTC)", format="YYYY-MM-DD HH:mm", width=130),
    }  # fmt: skip
    show_table(pd.DataFrame(rows), "Added and dismissed questions", columns, max_height=280)
    batches = {event.batch: event for event in reversed(events)}
    ordered = sorted(batches, key=lambda batch: -batches[batch].time)
    if session.widget_value("faq_batch") not in batches:
        session.set_widget("faq_batch", ordered[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.selectbox(
            "Added or dismissed together", ordered, key="faq_batch", width=420,
            format_func=lambda key: f"{batches[key].kind}: {cut(batches[key].question, 60)}",
        )  # fmt: skip
        st.button(
            "Undo", key="faq_undo", icon=":material/undo:", on_click=attempt,
            args=(undo_batch, view.query.columns, batch), help="Takes back what was added or dismissed together.",
        )  # fmt: skip
