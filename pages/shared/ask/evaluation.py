"""Retrieval pipelines compared on questions with known passages."""

import streamlit as st

from core.ask.pipeline_comparison import PipelinesQuery, compare_pipelines
from core.ask.pipelines import DEPTH, PipelineSpec
from core.ask.question_sets import QuestionSet
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.results import Step
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.ask.evaluation_chunks import show_chunk_sizes
from pages.shared.ask.evaluation_pipelines import agree_to_embed, select_pipelines
from pages.shared.ask.evaluation_questions import select_questions
from pages.shared.ask.evaluation_table import show_comparison
from pages.shared.text import count, plain

PIPELINES, CHUNKS = "Pipelines", "Chunk sizes"


def show_retrieval_evaluation(info: CorpusInfo) -> None:
    """Questions, pipelines, then their results."""
    st.caption(
        "Which pipeline finds the passages that answer your questions: each is scored on questions whose passages are "
        "known, before any answer is generated."
    )
    compared = st.segmented_control(
        "Compare", [PIPELINES, CHUNKS], key="eval_compared", bind="query-params", default=PIPELINES, required=True,
        help="Pipelines: models, search modes and rerankers. Chunk sizes: the same texts split into smaller or larger "
        "chunks.",
    )  # fmt: skip
    if compared == CHUNKS:
        show_chunk_sizes(info)
        return
    pipelines = select_pipelines(info)
    questions = select_questions(info) if pipelines else None
    if questions is not None:
        _show_pipelines(info, pipelines, questions)


def _show_pipelines(info: CorpusInfo, pipelines: tuple[PipelineSpec, ...], questions: QuestionSet) -> None:
    k = st.number_input(
        "Passages per question (k)", 1, DEPTH, 10, key="eval_k", persist_state="session", width=240,
        help="How many of the best passages count, as many as are shown to a reader or a language model.",
    )  # fmt: skip
    if not agree_to_embed(info, pipelines, questions.key):
        return
    query = PipelinesQuery(session.corpus_ref(info), pipelines, questions.key, int(k))
    steps = [Step(RETRIEVAL_RUNS, query.run(pipeline)) for pipeline in pipelines]
    is_ready = result_view.ready_all(
        steps,
        headline=f"{count(len(pipelines), 'pipeline')} to run",
        description=f"{count(len(questions.texts), 'question')} each, on {plain(info.name)}.",
        titles=[f"Retrieval: {pipeline.label}" for pipeline in pipelines],
        button="Evaluate",
    )
    if is_ready:
        show_comparison(info, session.ask_once(compare_pipelines, query))
