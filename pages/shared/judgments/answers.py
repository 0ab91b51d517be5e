"""Faithfulness of answers: a language model answers a set of questions, and a person grades the recorded answers."""

import streamlit as st

from core.ask.answer_log import (
    AnswerGrading,
    AnswerRecord,
    RecordedSentence,
    answer_grading,
    grade_answer,
    undo_answer_grade,
)
from core.ask.answer_runs import WRITTEN_ANSWERS, AnswersQuery, answers_plan
from core.corpus.judgments import FAITHFULNESS
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import result_view, session
from pages.shared.ask.chat import current_prompt
from pages.shared.judgments.grading import (
    KEYS_HELP,
    GradeButtons,
    show_annotator,
    show_buttons,
    show_grading_error,
    skip,
    skipped,
    unskip,
)
from pages.shared.judgments.pool import select_pool
from pages.shared.judgments.sending import agree_to_send, show_request
from pages.shared.models.chat_form import select_chat_model
from pages.shared.text import count, plain

SKIP_KEY = "answers"
LONG_PASSAGE = 1_200  # characters from which a passage scrolls
PARTS = ("Grade", "Generate")
PARTS_HELP = "Grade: recorded answers, one by one. Generate: answers of a language model to a set of questions."
FAITHFUL_HELP = (
    "Faithful: the passages support all that the answer states. Partly: a part of it. Not faithful: none of it, or "
    "they contradict it. Whether the answer is useful does not count."
)


def show_answers(info: CorpusInfo) -> None:
    part = st.segmented_control(
        "Answers", PARTS, key="answers_part", default=PARTS[0], required=True, persist_state="session",
        label_visibility="collapsed", help=PARTS_HELP,
    )  # fmt: skip
    if part == PARTS[0]:
        _show_grading(session.corpus_ref(info))
    else:
        _show_generation(info)


def _show_generation(info: CorpusInfo) -> None:
    st.caption(
        "A language model answers each question from the first passages of each pipeline, up to the pool depth. Its "
        "answers are recorded with this corpus, to be graded."
    )
    pool = select_pool(info)
    if pool is None:
        return
    chat = select_chat_model()
    if chat is None:
        return
    query = AnswersQuery(pool.corpus, chat, pool.pipelines, pool.questions, pool.k, current_prompt())
    plan = session.ask(answers_plan, query)
    if plan.left_out:
        left_out = count(plan.left_out, "question")
        st.caption(f"{left_out} without passages, or with a passage beyond the token budget of {query.budget:,}.")
    show_request(query.prompt.instructions, plan.example)
    is_sent = WRITTEN_ANSWERS.exists(query)
    what = f"{count(plan.requests, 'question')} with their passages (about {query.budget:,} tokens at most for each)"
    if not is_sent and not agree_to_send(chat, what, plan.tokens_in, plan.tokens_out):
        return
    written = result_view.ready_value(
        WRITTEN_ANSWERS, query, headline=f"{count(plan.answers, 'answer')} to write",
        description=f"{count(plan.requests, 'request')} to {plain(chat.name)}.",
        title=f"Answering with {chat.name}", button="Generate answers",
    )  # fmt: skip
    if written is None:
        return
    parts = [f"{count(written.answers, 'answer')} of {plain(chat.name)} recorded"]
    parts += [f"{written.refused:,} of them refusals, which are not graded"] if written.refused else []
    parts += [f"{count(written.unusable, 'request')} without a usable answer"] if written.unusable else []
    st.success(f"{'; '.join(parts)}.", icon=":material/done:")


def _show_grading(corpus: CorpusRef) -> None:
    name = show_annotator()
    state = session.ask(answer_grading, corpus, name, tuple(skipped(SKIP_KEY)))
    if not state.total:
        st.info(
            "No answers yet. Answers that a language model writes on the Ask view are recorded here; under Generate it "
            "answers a set of questions. Quoted sentences are not graded: they are parts of the passages.",
            icon=":material/smart_toy:",
        )
        return
    progress = st.container()
    with st.container(border=True, key="grading_answers"):
        answer = st.container()
        show_buttons(GradeButtons(
            state.number, FAITHFULNESS, name, state.can_undo,
            lambda grade: session.ask(grade_answer, corpus, state.number, grade, name),
            lambda: skip(SKIP_KEY, state.number),
            lambda: unskip(SKIP_KEY, session.ask(undo_answer_grade, corpus, name)),
        ))  # fmt: skip
        show_grading_error()
        if state.record is not None:
            st.caption(KEYS_HELP)
    if state.record is not None:
        _show_passages(state.record)
    with answer:  # after the buttons: whoever sees the answer has its keys
        _show_answer(state)
    progress.progress(state.graded / state.total, f"{state.graded:,} of {count(state.total, 'answer')} graded")


def _show_answer(state: AnswerGrading) -> None:
    """Question and answer, whichever model wrote it; or that none is left."""
    if state.record is None:
        left = state.total - state.graded
        done = "All answers are graded." if not left else f"{count(left, 'answer')} skipped, the others are graded."
        st.success(done, icon=":material/done_all:")
        return
    st.markdown(f"#### {plain(state.record.question)}", help=FAITHFUL_HELP)
    st.markdown(" ".join(map(_sentence, state.record.sentences)))


def _sentence(sentence: RecordedSentence) -> str:
    return plain(sentence.text) + "".join(f" **\\[{number}\\]**" for number in sentence.citations)


def _show_passages(record: AnswerRecord) -> None:
    """All that the model was sent, in its order."""
    for number, text in enumerate(record.passages, 1):
        with st.container(border=True):
            badge = " :green-badge[cited]" if number in record.cited else ""
            st.markdown(f"**Passage {number}**{badge}")
            with st.container(height=300 if len(text) > LONG_PASSAGE else "content", border=False):
                st.text(text)
