"""Columns of the FAQ, its calibration, and the threshold that was last used."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ask.assistant import MIN_PRECISION
from core.ask.faq_columns import faq_columns
from core.ask.faq_files import Settings, load_settings, save_settings
from core.ask.faq_service import FaqSummary, Threshold, calibrated_query, plan_assistant, summarize
from core.ask.results import FAQ_ASSISTANT, AssistantQuery
from core.models.registry import capabilities
from core.secret import Secret
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import messages, paid_result, session
from pages.shared.text import count, plain


@dataclass(frozen=True)
class FaqView:
    """A calibrated assistant on the page. query: the stored calibration."""

    info: CorpusInfo
    query: AssistantQuery
    threshold: Threshold
    secret: Secret | None
    summary: FaqSummary


def select_query(info: CorpusInfo, model: ModelSpec) -> AssistantQuery | None:
    """Question and answer column; None where there is no assistant, after showing why."""
    corpus = session.corpus_ref(info)
    choices, settings = session.ask(faq_columns, corpus), load_settings(corpus)
    if not choices.questions or len(choices.answers) < 1:
        st.info("An FAQ needs a column of questions and a column of answers.", icon=":material/view_column:")
        return None
    left, right = st.columns(2)
    question = _select_column(
        left, "Question column", choices.questions, settings.question if settings else "", choices.question,
        f"faq_question_column {info.digest}", "Known questions; several may have the same answer.",
    )  # fmt: skip
    answer = _select_column(
        right, "Answer column", choices.answers, settings.answer if settings else "", choices.answer,
        f"faq_answer_column {info.digest}", "The answer of each question, or its intent.",
    )  # fmt: skip
    if question == answer:
        st.info("Select two different columns.", icon=":material/view_column:")
        return None
    if not capabilities(model).can_embed:
        st.info("These vectors were imported: there is no model to embed a question with.", icon=":material/info:")
        st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")
        return None
    messages.show_language_warnings(info, model)
    return AssistantQuery(corpus, model, question, answer)


def _select_column(
    column: DeltaGenerator, label: str, options: tuple[str, ...], last: str, proposed: str, key: str,
    help_: str,
) -> str:  # fmt: skip
    if session.widget_value(key) not in options:
        session.set_widget(key, last if last in options else proposed if proposed in options else options[0])
    return str(column.selectbox(label, options, key=key, help=help_, persist_state="session"))


def open_view(info: CorpusInfo, query: AssistantQuery) -> FaqView | None:
    """The calibrated assistant; None while it is not calibrated, after offering that. Raises InputError for columns
    that can't be an FAQ."""
    query = session.ask(calibrated_query, query)
    if not FAQ_ASSISTANT.exists(query) and not _calibrate(info, query):
        return None
    if not paid_result.has_key(query.model):
        return None
    threshold, secret = current_threshold(query), session.api_key(query.model)
    return FaqView(info, query, threshold, secret, session.ask(summarize, query, threshold, secret))


def _calibrate(info: CorpusInfo, query: AssistantQuery) -> bool:
    plan = session.ask(plan_assistant, query)
    description = f"{count(plan.questions, 'question')} with {count(plan.answers, 'different answer')}."
    if left_out := plan.rows - plan.questions:
        description += f" {count(left_out, 'row')} without question or answer are left out."
    if plan.missing:
        description += f" {count(plan.missing, 'text')} ({plan.characters:,} characters) are embedded."
    if plan.paid and plan.missing:
        cost = "price unknown" if plan.usd is None else f"at most ${plan.usd:,.4f}".replace("$", "\\$")
        st.warning(f"{description} They are sent to {plain(query.model.label)}, a paid API ({cost}).")
    return paid_result.is_ready(
        FAQ_ASSISTANT, query, plan, headline="This assistant has not been calibrated yet.",
        description=f"{description} Each question is left out in turn to measure how often the reply is right.",
        title=f"FAQ assistant of {info.name}", button="Calibrate", key="faq_calibrate",
    )  # fmt: skip


def current_threshold(query: AssistantQuery) -> Threshold:
    """The one that was last used for these columns, also before a restart."""
    settings = load_settings(query.corpus)
    if settings is None or (settings.question, settings.answer) != (query.question, query.answer):
        return Threshold()
    return Threshold(settings.min_precision, settings.threshold)


def store_threshold(query: AssistantQuery, threshold: Threshold) -> None:
    """Store it with columns and model, for the next visit and the HTTP endpoint. Raises StorageError."""
    precision = threshold.min_precision or MIN_PRECISION
    settings = Settings(query.question, query.answer, query.model.key, precision, threshold.value)
    save_settings(query.corpus, settings)


def corpora_with_model(view: FaqView) -> dict[str, str]:
    """Names of the other corpora that are embedded with the same model, by digest."""
    workspace = session.workspace()
    others = [info for info in workspace.corpora() if info.digest != view.info.digest]
    key = view.query.model.key
    return {
        info.digest: info.name for info in others if any(model.key == key for model in workspace.models(info.digest))
    }
