"""The questions of a retrieval evaluation: uploaded, generated from the corpus, judged here, or saved before."""

from collections.abc import Callable

import streamlit as st

from core.ask.question_files import PassageKind, question_columns, read_question_file
from core.ask.question_sets import (
    MAX_QUESTIONS,
    MIN_QUESTIONS,
    QuestionSet,
    generated_set,
    judged_questions,
    load_questions,
    save_questions,
    saved_questions,
    sentence_questions,
)
from core.ask.refusal import MIN_KNOWN
from core.corpus.judgments import judgments_version
from core.corpus.staging import StagedFile, stage
from core.errors import InputError
from core.scoreboard.service import generated_queries
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.scoreboard.task_known_item import llm_task
from pages.shared.scoreboard.task_parts import select_column
from pages.shared.text import count, cut, disambiguate_labels, plain

FILE_HELP = (
    "CSV, TSV, JSONL, Parquet or XLSX: a question per line, and the ID of a row that answers it, or the text of the "
    "passage or of the evidence in it. A line without a passage is a question that the corpus does not answer."
)
KINDS: dict[PassageKind, str] = {"id": "Row ID", "text": "Text of the passage or evidence"}
SENTENCES_HELP = (
    "A random sentence of each sampled text must retrieve that text. Costs nothing, but is weaker evidence than real "
    "questions, and favors keyword search."
)


def select_questions(info: CorpusInfo) -> QuestionSet | None:
    """Draws the form; the stored questions, None where something is missing and shown."""
    sources = _sources(info)
    source = session.select_from_link("eval_source", list(sources))
    st.segmented_control(
        "Questions", list(sources), key="eval_source", required=True,
        help="File: questions with known passages. Sentences: generated from the corpus at no cost. Language model: "
        "written by a chat server. Judgments: hits graded on the Search and Ask pages. Saved: used before.",
    )  # fmt: skip
    session.write_to_link("eval_source")
    try:
        questions = sources[source](info)
        if questions is None:
            return None
        stored = session.ask(save_questions, session.corpus_ref(info), questions, _unanswerable_lines())
    except InputError as error:
        show_error(error)
        return None
    _describe(stored)
    return stored


def _sources(info: CorpusInfo) -> dict[str, Callable[[CorpusInfo], QuestionSet | None]]:
    """By name, the likeliest first."""
    corpus = session.corpus_ref(info)
    version = session.ask(judgments_version, corpus)
    judged = bool(version) and len(session.ask(judged_questions, corpus, version).questions) >= MIN_QUESTIONS
    sources = {"Sentences": _from_sentences, "File": _from_file, "Language model": _from_language_model}
    first = {"Judgments": _from_judgments} if judged else {}
    return {**first, **sources, **({} if judged else {"Judgments": _from_judgments}), "Saved": _from_saved}


def _from_file(info: CorpusInfo) -> QuestionSet | None:
    file = st.file_uploader("Questions with known passages", key=f"eval_file-{info.digest}", help=FILE_HELP)
    name = f"eval file {info.digest}"
    if file is not None:
        staged = stage(session.folder(), file.name, file.getbuffer())
        session.remember(name, (staged.name, staged.key, staged.size))
    if not session.remembered(name):
        st.caption(":material/upload_file: Upload a file with questions and their passages, or choose another source.")
        return None
    staged = StagedFile(*session.remembered(name))
    corpus, suffix = session.corpus_ref(info), staged.key[:8]
    columns = session.ask_once(question_columns, corpus, staged)
    left, middle, right, last = st.columns(4)
    with left:
        question = select_column("Question", columns.columns, columns.question, f"eval_q-{suffix}", "Its text.")
    with middle:
        passage = select_column(
            "Passage", columns.columns, columns.passage, f"eval_p-{suffix}", "What answers the question."
        )
    kind = right.selectbox(
        "The passage column has", list(KINDS), list(KINDS).index(columns.kind), format_func=KINDS.__getitem__,
        key=f"eval_kind-{suffix}", persist_state="session",
        help="A text is looked up in the rows, ignoring case and white space.",
    )  # fmt: skip
    with last:
        help_text = "What the IDs refer to: a column of this corpus, or the row number."
        row_id = select_column("Row ID in this corpus", columns.ids, columns.ids[0], f"eval_id-{suffix}", help_text)
    return session.ask_once(read_question_file, corpus, staged, question, passage, kind, row_id)


def _from_sentences(info: CorpusInfo) -> QuestionSet:
    sample, seed = _select_sample()
    verbatim = st.toggle(
        "Verbatim", key="eval_verbatim", persist_state="session",
        help="Uses the sentences as they are. Otherwise they are reworded by rules: without stop words, with common "
        "English words replaced, in another order.",
    )  # fmt: skip
    st.caption(SENTENCES_HELP)
    return session.ask_once(sentence_questions, session.corpus_ref(info), sample, verbatim, seed)


def _from_language_model(info: CorpusInfo) -> QuestionSet | None:
    task = llm_task(info, *_select_sample())
    if task is None:
        return None
    corpus = session.corpus_ref(info)
    queries, relevant = session.ask(generated_queries, corpus, task)
    return session.ask(generated_set, corpus, f"Questions by {task.get('chat')}", queries, relevant)


def _from_judgments(info: CorpusInfo) -> QuestionSet | None:
    corpus = session.corpus_ref(info)
    version = session.ask(judgments_version, corpus)
    if not version:
        st.caption(":material/grading: Grade hits on the Search page (Judge hits), or in the Judgments view.")
        return None
    judged = session.ask(judged_questions, corpus, version)
    if len(judged.questions) < MIN_QUESTIONS:
        st.info(
            f"{count(len(judged.questions), 'judged question')} with a relevant passage; at least {MIN_QUESTIONS} are "
            "needed. Judge passages of more questions on Ask or in the Judgments view, or choose another source.",
            icon=":material/grading:",
        )
        return None
    return judged


def _from_saved(info: CorpusInfo) -> QuestionSet | None:
    corpus = session.corpus_ref(info)
    sets = {item.key: item for item in session.ask(saved_questions, corpus)}
    if not sets:
        st.caption(":material/history: No questions have been used with this corpus yet.")
        return None
    names = {key: f"{cut(one.name, 60)} ({count(len(one.questions), 'question')})" for key, one in sets.items()}
    labels = disambiguate_labels(names)
    key = st.selectbox(
        "Saved questions", list(sets), key="eval_saved", persist_state="session", format_func=labels.__getitem__
    )
    return session.ask(load_questions, corpus, str(key))


def _select_sample() -> tuple[int, int]:
    """How many questions, and the seed."""
    left, right = st.columns(2)
    sample = left.number_input(
        "Number of questions", 10, MAX_QUESTIONS, 100, 50, key="eval_sample", persist_state="session",
        help="A random sample. More questions detect smaller differences.",
    )  # fmt: skip
    seed = right.number_input(
        "Seed", 0, 9_999, 0, key="eval_seed", persist_state="session", help="Another seed samples other texts."
    )
    return int(sample), int(seed)


def _unanswerable_lines() -> list[str]:
    with st.expander("Questions that these texts do not answer (optional)", icon=":material/help_center:"):
        lines = st.text_area(
            "One question per line", key="eval_unanswerable", height=120, persist_state="session",
            help="With at least five of them, the evaluation also measures how well each pipeline refuses.",
        )  # fmt: skip
    return lines.splitlines()


def _describe(questions: QuestionSet) -> None:
    """How many questions, what was left out, and examples."""
    passages = sum(len(question.grades) for question in questions.questions)
    unanswerable = len(questions.unanswerable)
    parts = [f"{count(len(questions.questions), 'question')} with {count(passages, 'relevant row')}"]
    parts += [f"{unanswerable:,} without an answer"] if unanswerable else []
    few = 0 < unanswerable < MIN_KNOWN or (unanswerable and len(questions.questions) < MIN_KNOWN)
    note = f" Refusal is measured from {MIN_KNOWN} of each on." if few else ""
    st.caption(f"{', '.join(parts)}. Copies of a text count as one passage.{note}")
    if questions.notes:
        st.warning("  \n".join(plain(note) for note in questions.notes), icon=":material/rule:")
    with st.expander("Examples"):
        for question in questions.questions[:5]:
            rows = ", ".join(f"{row + 1:,}" for row, _ in question.grades[:5])
            st.text(f"{cut(question.text, 200)}  →  row {rows}")
