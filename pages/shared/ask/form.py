"""The question and what is searched: mode, number of passages, reranker, filters, selections, corpora; in the link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.ask.retrieval import MAX_QUESTION, MODES, Mode
from core.ask.service import AskQuery, example_questions
from core.corpus.selections import saved_selections
from core.models.registry import capabilities
from core.models.reranker import RerankerSpec
from core.search.service import filter_columns
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import messages, session
from pages.shared.filters import choose_filters, filter_text
from pages.shared.models.reranker_form import is_reranker_selected, select_reranker
from pages.shared.text import count, cut, disambiguate_labels, plain

QUESTION = "question"
TURNS, REWRITTEN = "ask_turns", "ask_rewritten"  # of the conversation
PENDING = "ask_pending"  # a question was asked by a click, so that a language model may be sent it
QUOTES, MODEL = "quotes", "model"
WRITERS = {QUOTES: "Quoted sentences", MODEL: "Language model"}
NAMES: dict[Mode, str] = {"semantic": "Semantic", "keyword": "Keyword", "hybrid": "Hybrid"}
MIN_PASSAGES, MAX_PASSAGES, DEFAULT_PASSAGES = 3, 20, 5
KEYWORDS_MEANWHILE = "Ask by keyword meanwhile: semantic and hybrid mode follow once the vectors are ready."
MODE_HELP = (
    "Semantic: texts with the highest cosine to the question. Keyword: texts with content words of the question, "
    "ranked by BM25. Hybrid: both rankings combined by reciprocal rank fusion."
)


@dataclass(frozen=True)
class AskForm:
    """query: None without a question. corpora: those searched, the current one first. spec: the model that embeds
    questions, None for keyword mode alone. writer: QUOTES or MODEL."""

    query: AskQuery | None
    corpora: tuple[CorpusInfo, ...]
    spec: ModelSpec | None
    reranker: RerankerSpec | None
    writer: str


def read_form(info: CorpusInfo) -> AskForm:
    """Draws the question and the settings of the search."""
    spec = _question_model()
    question = _read_question()
    with st.container(horizontal=True, vertical_alignment="bottom", key="ask_retrieval"):
        mode, passages, writer = _select_mode(spec is not None), _select_passages(), _select_writer()
    with st.expander("Scope and reranker", icon=":material/tune:", key="ask_scope"):
        columns = session.ask_once(filter_columns, session.corpus_ref(info))
        filters = choose_filters(columns, saved_selections(session.workspace(), info.digest))
        corpora = (info, *_select_corpora(info, spec))
        reranker = select_reranker("ask")
    _show_scope(corpora, [filter_text(condition) for condition in filters], reranker)
    refs = tuple(map(session.corpus_ref, corpora))
    query = AskQuery(question.strip(), refs, mode, passages, filters) if question.strip() else None
    return AskForm(query, corpora, spec, reranker, writer)


def ask_question(question: str) -> None:
    """A callback: ask this question next."""
    session.set_widget(QUESTION, question)
    start_conversation()


def start_conversation() -> None:
    """A callback: ask the question of the field, without earlier ones."""
    clear_conversation()
    submit()


def clear_conversation() -> None:
    """A callback: forget earlier questions and answers."""
    session.remember(TURNS, None)
    session.remember(REWRITTEN, None)


def submit() -> None:
    """A callback: the question was asked by a click."""
    session.remember(PENDING, True)


def _question_model() -> ModelSpec | None:
    """The sidebar's model if it embeds questions; else says why keyword mode is all there is."""
    model = session.current_model()
    if model is None:
        reason = "Only keyword mode is available: this corpus is not embedded yet."
        messages.show_not_embedded(reason, KEYWORDS_MEANWHILE)
        return None
    if capabilities(model).can_embed:
        return model
    note = f"Only keyword mode is available: {plain(model.label)} are imported vectors, which can't embed a question."
    st.info(note, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Embed with a model on the Embed page", icon=":material/memory:")
    return None


def _read_question() -> str:
    session.text_from_link(QUESTION)
    with st.form("ask_form", border=False):
        text = st.text_area(
            "Question",
            key=QUESTION,
            height=80,
            max_chars=MAX_QUESTION,
            persist_state="session",
            placeholder="a question that the texts may answer …",
        )
        note = "Searches passages and answers from them, in a new conversation. Ctrl+Enter does the same."
        icon = ":material/send:"
        st.form_submit_button("Ask", key="ask", type="primary", icon=icon, help=note, on_click=start_conversation)
    session.write_text_to_link(QUESTION)
    return str(text or "")


def _select_mode(has_model: bool) -> Mode:
    options: list[Mode] = list(MODES) if has_model else ["keyword"]
    return _select_from_link("Mode", options, "ask_by", NAMES, MODE_HELP)


def _select_passages() -> int:
    note = "How many passages are shown and may be used for the answer."
    limits = (MIN_PASSAGES, MAX_PASSAGES, DEFAULT_PASSAGES)
    return int(st.number_input("Passages", *limits, key="ask_k", bind="query-params", help=note, width=130))


def _select_writer() -> str:
    note = "Quoted sentences: the best sentences of the passages, without a language model. Language model: a chat "
    note += "server of yours, or OpenAI, writes an answer from the passages."
    return _select_from_link("Answer by", list(WRITERS), "ask_writer", WRITERS, note)


def _select_from_link(label: str, options: list[Any], key: str, names: Mapping[Any, str], help: str) -> Any:
    session.select_from_link(key, options)
    selected = st.segmented_control(label, options, format_func=names.__getitem__, key=key, required=True, help=help)
    session.write_to_link(key)
    return selected


def _select_corpora(info: CorpusInfo, spec: ModelSpec | None) -> list[CorpusInfo]:
    """Other corpora to search as well; only those whose vectors are of the same model."""
    workspace = session.workspace()
    others = {other.digest: other for other in workspace.corpora() if other.digest != info.digest}
    if spec:
        keys = {digest: {model.key for model in workspace.models(digest)} for digest in others}
        others = {digest: other for digest, other in others.items() if spec.key in keys[digest]}
    if not others:
        return []
    session.select_list_from_link("ask_corpora", list(others))
    names = disambiguate_labels({digest: f"{other.name} ({other.rows:,})" for digest, other in others.items()})
    note = "Filters of the current corpus apply to those that have the same column."
    note = f"Corpora embedded with the same model. {note}" if spec else note
    options: dict[str, Any] = {"format_func": names.__getitem__, "placeholder": "Only the current corpus"}
    selected = st.multiselect("Other corpora", list(others), key="ask_corpora", help=note, **options)
    session.write_list_to_link("ask_corpora")
    return [others[digest] for digest in selected]


def _show_scope(corpora: tuple[CorpusInfo, ...], filters: list[str], reranker: RerankerSpec | None) -> None:
    """What limits or widens the search, while the settings are folded."""
    parts = [f":material/filter_alt: {plain(text)}" for text in filters]
    if len(corpora) > 1:
        parts.append(f":material/library_books: {count(len(corpora), 'corpus', 'corpora')}")
    if reranker:
        parts.append(f":material/sort: reranked by {plain(reranker.label)}")
    elif is_reranker_selected("ask"):
        parts.append(":material/warning: not reranked: the reranker's settings are incomplete or invalid")
    if parts:
        st.caption(" · ".join(parts))


def show_examples(info: CorpusInfo) -> None:
    """Questions that occur in the texts, to try."""
    examples = session.ask_once(example_questions, session.corpus_ref(info).source)
    st.info("Type a question. Passages of the texts and an answer with citations follow.", icon=":material/help:")
    if not examples:
        return
    st.caption("Questions from these texts:")
    for i, example in enumerate(examples):
        action: dict[str, Any] = {"on_click": ask_question, "args": (example,), "help": "Ask this question."}
        st.button(plain(cut(example, 100)), key=f"ask_example-{i}", icon=":material/chat:", **action)
