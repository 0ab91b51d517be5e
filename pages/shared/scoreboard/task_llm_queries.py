"""Queries written by a language model: which model, what is sent to it, what that takes, and starting it."""

from dataclasses import asdict

import streamlit as st

from core.digest import digest_json
from core.jobs.types import JobSpec
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from core.scoreboard.llm_queries import WritingPlan, writing_plan
from core.scoreboard.types import Task
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.clusters.naming_llm import chat_model
from pages.shared.text import count, cut, plain


def show(info: CorpusInfo, sample: int, seed: int) -> Task | None:
    """Draws the form; gives the task once queries are written. Raises PlanisphereError for a bad address or name."""
    chat = chat_model()
    if chat is None:
        return None
    plan = session.ask(writing_plan, session.corpus_ref(info), chat, sample, seed)
    job = _job(info, chat, sample, seed)
    state = next((each for each in session.manager().list(session.folder()) if each.id == job.id), None)
    if state is not None and state.open:
        result_view.show_progress(state)
        return None
    if plan.written < plan.sample:
        if state is not None and state.status == "failed":
            st.error(f"{plain(state.error)} {plain(state.remedy)}", icon=":material/error:")
        _offer(plan, chat, job)
    if plan.written < 2:
        return None
    st.caption(
        f"{plan.written:,} of {count(plan.sample, 'text')} have a query by {plain(chat.name)}. Such queries favor "
        "embeddings that share its vocabulary, so a model of the same maker may look better than it is."
    )
    settings = {"sample": sample, "seed": seed, "written": plan.written}
    return Task.of("known_item", way="written", chat=chat.name, server=chat.base_url, **settings)


def _offer(plan: WritingPlan, chat: ChatModel, job: JobSpec) -> None:
    """What is sent where, and the button."""
    left, free = plan.sample - plan.written, not capabilities(chat.spec).paid
    place = server_name(chat.spec).replace("The server", "the server")
    (st.info if free else st.warning)(
        f"**What is sent:** the first 1,000 characters of {count(left, 'text')}, to {plain(place)}, "
        + ("which is in your own network." if free else "so they leave this machine.")
        + f" {count(plan.requests, 'request')}: about {plan.tokens_in:,} tokens to read and {plan.tokens_out:,} to "
        "write (an estimate; models that think first write more).",
        icon=":material/outgoing_mail:",
    )
    with st.expander("The first text that is sent"):
        st.text(cut(plan.first, 400))
    keyless = capabilities(chat.spec).needs_key and session.api_key(chat.spec) is None
    if keyless:
        st.caption(":material/key: OpenAI needs an API key: enter it above.")
    agreed = free or st.checkbox(
        "I agree that this is sent, and to pay what the server charges",
        key=f"written_agreed-{digest_json([asdict(chat), left])}",
        help="Prices of chat models are not known here; the provider's price list tells what so many tokens cost.",
    )
    st.button(
        "Write the queries" if not plan.written else "Write the rest",
        type="primary",
        icon=":material/edit_note:",
        key="written_start",
        disabled=keyless or not agreed,
        on_click=_submit,
        args=(job, chat),
        help="Starts a job; queries are kept as they come, and it can be cancelled in the sidebar.",
    )


def _submit(job: JobSpec, chat: ChatModel) -> None:
    session.manager().submit(job, session.api_key(chat.spec))


def _job(info: CorpusInfo, chat: ChatModel, sample: int, seed: int) -> JobSpec:
    params = {"chat": asdict(chat), "sample": sample, "seed": seed}
    return JobSpec("write_queries", session.folder(), info.digest, params, title=f"Queries for {info.name}")
