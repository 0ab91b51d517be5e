"""Pooled blind judging: questions, pipelines whose best passages are pooled, and the passages one by one."""

import streamlit as st

from core.ask.pipeline_comparison import PipelinesQuery
from core.ask.pipelines import DEPTH
from core.ask.pooling import PooledQuestion, judged_counts, pooled_questions
from core.ask.question_sets import save_unjudged, saved_questions
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.judgments import summarize_judgments
from core.results import Step
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.ask.evaluation_pipelines import agree_to_embed, select_pipelines
from pages.shared.judgments.grading import show_annotator, show_grading
from pages.shared.text import count, cut, plain

QUESTIONS_KEY = "pool_questions"
DEFAULT_DEPTH = 10
QUESTIONS_HELP = "The passages that any of the selected pipelines ranks high are judged for each of them."


def show_pool(info: CorpusInfo) -> None:
    """The form, then what is left to judge."""
    query = select_pool(info)
    if query is not None:
        _show_passages(info, query, session.ask_once(pooled_questions, query))


def select_pool(info: CorpusInfo) -> PipelinesQuery | None:
    """Draws the form; the pool once its pipelines have run, None where something is missing and shown."""
    with st.expander("Questions and pipelines", icon=":material/tune:", expanded=not _has_questions()):
        lines = _show_questions(info)
        pipelines = select_pipelines(info)
        depth = st.number_input(
            "Pool depth", 1, DEPTH, DEFAULT_DEPTH, key="pool_depth", persist_state="session", width=240,
            help="How many of the best passages of each pipeline are judged. Relevant passages below it stay unknown.",
        )  # fmt: skip
    if not lines:
        st.info("Enter questions to judge, one per line.", icon=":material/edit:")
        return None
    if not pipelines:
        return None
    questions = session.ask(save_unjudged, session.corpus_ref(info), lines)
    if not agree_to_embed(info, pipelines, questions.key):
        return None
    query = PipelinesQuery(session.corpus_ref(info), pipelines, questions.key, int(depth))
    is_ready = result_view.ready_all(
        [Step(RETRIEVAL_RUNS, query.run(pipeline)) for pipeline in pipelines],
        headline=f"{count(len(pipelines), 'pipeline')} to run",
        description=f"{count(len(questions.texts), 'question')} each, on {plain(info.name)}.",
        titles=[f"Retrieval: {pipeline.label}" for pipeline in pipelines],
        button="Collect passages",
    )
    return query if is_ready else None


def _has_questions() -> bool:
    return bool(str(session.widget_value(QUESTIONS_KEY) or "").strip())


def _show_questions(info: CorpusInfo) -> list[str]:
    """The lines of the field; saved and judged questions can be added to it."""
    text = st.text_area(
        "Questions, one per line", key=QUESTIONS_KEY, height=140, persist_state="session", help=QUESTIONS_HELP
    )
    file = st.file_uploader(
        "File of questions", key=f"pool_file-{info.digest}", type=["txt", "csv", "tsv"],
        help="A text file with a question per line; of a table, the first column. Or leave it empty.",
    )  # fmt: skip
    st.button(
        "Add saved and judged questions", key="pool_add", icon=":material/history:", on_click=_add_saved, args=(info,),
        help="Questions of earlier evaluations, and queries that were judged before.",
    )  # fmt: skip
    uploaded = file.getvalue().decode("utf-8-sig", "replace").splitlines() if file else []
    separator = "\t" if file and file.name.endswith(".tsv") else "," if file and file.name.endswith(".csv") else "\n"
    uploaded = [line.partition(separator)[0].strip('" ') for line in uploaded]
    return [line for line in (*str(text).splitlines(), *uploaded) if line.strip()]


def _add_saved(info: CorpusInfo) -> None:
    corpus = session.corpus_ref(info)
    texts = [question.text for one in session.ask(saved_questions, corpus) for question in one.questions]
    known = str(session.widget_value(QUESTIONS_KEY) or "").splitlines()
    lines = dict.fromkeys([*known, *session.ask(summarize_judgments, corpus).queries, *texts])
    session.set_widget(QUESTIONS_KEY, "\n".join(line for line in lines if line.strip()))


def _show_passages(info: CorpusInfo, query: PipelinesQuery, pooled: tuple[PooledQuestion, ...]) -> None:
    """Progress over all questions, and the passages of one: by default the first that is not judged completely."""
    annotator = show_annotator()
    judged = session.ask(judged_counts, session.corpus_ref(info), pooled, annotator)
    total, done = sum(len(question.rows) for question in pooled), sum(judged)
    st.progress(done / max(total, 1), f"{done:,} of {total:,} passages judged")
    st.caption(
        f"Pool of {count(len(query.pipelines), 'pipeline')}, depth {query.k}: {count(total, 'passage')} for "
        f"{count(len(pooled), 'question')}, in random order, without score or source."
    )
    labels = [
        f"{cut(question.text, 90)} ({number} of {len(question.rows)})"
        for question, number in zip(pooled, judged, strict=True)
    ]
    open_questions = [i for i, question in enumerate(pooled) if judged[i] < len(question.rows)]
    selected = st.selectbox(
        "Question", range(len(pooled)), open_questions[0] if open_questions else 0, format_func=labels.__getitem__,
        key=f"pool_question-{open_questions[0] if open_questions else 'done'}-{annotator}",
        help="The first one with passages left, unless you select another.",
    )  # fmt: skip
    question = pooled[int(selected or 0)]
    st.markdown(f"#### {plain(question.text)}")
    if question.rows:
        show_grading(info, question.text, question.rows, "pool", annotator)
    else:
        st.info("No pipeline finds a passage for this question.", icon=":material/search_off:")
