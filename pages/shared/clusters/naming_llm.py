"""Having a language model name groups: which one, what is sent to it, what that takes, and starting it."""

from dataclasses import asdict
from urllib.parse import urlsplit

import streamlit as st

from core.clusters import naming as answers
from core.clusters.methods import ClusterParams
from core.clusters.naming import NamingPlan
from core.digest import digest_json
from core.jobs.types import JobSpec
from core.models.chat import ChatModel, chat_url, checked_model
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from pages.shared import session
from pages.shared.models import choice
from pages.shared.text import count, cut, plain

DEFAULT_MODEL = "gpt-5-mini"
MOST = 100  # groups asked for at first


def show(info: CorpusInfo, model: ModelSpec, params: ClusterParams) -> None:
    """All of it, in the order a person decides. Raises PlanisphereError for an address or a name that can't be used."""
    if running(info, params):
        st.info("Names are being written; the progress is in the sidebar.", icon=":material/hourglass_top:")
        return
    where = (session.corpus_ref(info), model, params)
    chat = chat_model()
    if chat is None:
        return
    plan, most, again = planned(where)
    told(plan, chat)
    keyless = capabilities(chat.spec).needs_key and session.api_key(chat.spec) is None
    if keyless:
        st.caption(":material/key: OpenAI needs an API key: enter it above.")
    agreed = not capabilities(chat.spec).paid or st.checkbox(
        "I agree that this is sent, and to pay what the server charges",
        key=f"naming_agreed-{digest_json([asdict(chat), most, again])}",
        help="Prices of chat models are not known here; the provider's price list tells what so many tokens cost.",
    )
    pressed = st.button(
        "Name the groups",
        type="primary",
        icon=":material/auto_awesome:",
        key="naming_start",
        disabled=keyless or not agreed or not plan.clusters,
        help="Starts a job; names are kept as they come, and it can be cancelled in the sidebar.",
    )
    if pressed:
        start(info, model, params, chat, most, again)


def chat_model() -> ChatModel | None:
    """Address, name and key, as typed; None while there is no name."""
    left, right = st.columns(2)
    url = left.text_input(
        "Server address",
        key="chat_url",
        persist_state="session",
        placeholder="empty: OpenAI",
        help="The base URL of a server with OpenAI's protocol, such as http://localhost:11434/v1: Ollama, vLLM, "
        "LM Studio, llama.cpp. Empty for OpenAI itself.",
    )
    base_url = chat_url(url)
    name = right.text_input(
        "Model",
        "" if base_url else DEFAULT_MODEL,
        key=f"chat_model-{_server(base_url)}",
        persist_state="session",
        help="As the server calls it. A small, fast one is enough.",
    )
    if base_url:
        server_key(base_url)
    else:
        choice.show_key_field(capabilities(ChatModel(name).spec))
    if not name.strip():
        st.caption(":material/edit: Enter the model's name above, as the server calls it.")
        return None
    return checked_model(name, base_url)


def server_key(base_url: str) -> None:
    """The key's field of one server, so that no key is sent to another than it was typed for."""
    field = f"chat_key-{_server(base_url)}"
    typed = st.text_input(
        "Key, if the server wants one",
        type="password",
        key=field,
        persist_state="session",
        placeholder="typed before, on this visit" if session.named_key(base_url) else "",
        help="Kept for this visit only, in memory. Your OpenAI key is never sent to another server.",
    )
    if typed:
        session.store_server_key(base_url, field)


def planned(where: tuple[CorpusRef, ModelSpec, ClusterParams]) -> tuple[NamingPlan, int, bool]:
    """How many groups to name, and what that takes."""
    total = len(session.ask(answers.own_names, *where, timeout=600))
    left, right = st.columns(2, vertical_alignment="bottom")
    most = left.number_input(
        "How many, largest first",
        1,
        max(1, total),
        max(1, min(MOST, total)),
        key=f"naming_most-{total}",
        help=f"There are {total:,} groups; the others keep their names by words.",
    )
    again = right.toggle(
        "Also those with a given name",
        key="naming_again",
        help="Otherwise names that you or a model gave stay as they are.",
    )
    plan = session.ask(answers.naming_plan, *where, int(most), bool(again), timeout=600)
    return plan, int(most), bool(again)


def told(plan: NamingPlan, chat: ChatModel) -> None:
    """What is sent where, and how much of it."""
    if not plan.clusters:
        st.info("All of these have a given name already.", icon=":material/check:")
        return
    place = server_name(chat.spec).replace("The server", "the server")
    paid = capabilities(chat.spec).paid
    here = "so they leave this machine" if paid else "which is in your own network"
    (st.warning if paid else st.info)(
        f"**What is sent:** of each group its size, up to 10 words and up to {answers.SENT_TEXTS} of its most central "
        f"texts, the first 200 characters of each; and names given already. They go to {plain(place)}, {here}.",
        icon=":material/outgoing_mail:",
    )
    with st.expander("What is sent of the first group"):
        for line in plan.first.split("\n"):
            st.text(cut(line, 220))
    st.caption(
        f"{count(plan.clusters, 'group')} in {count(plan.requests, 'request')}, those of one broader group together: "
        f"about {plan.tokens_in:,} tokens to read and {plan.tokens_out:,} to write (an estimate; models that think "
        "first write more). An answer is used as a name and for nothing else."
    )


def start(info: CorpusInfo, model: ModelSpec, params: ClusterParams, chat: ChatModel, most: int, again: bool) -> None:
    asked = {"clusters": asdict(params), "chat": asdict(chat), "most": most, "again": again}
    job = JobSpec(
        "name_clusters",
        session.folder(),
        info.digest,
        {"model": model.to_dict(), **asked},
        title=f"Names of groups in {info.name}",
    )
    for done in session.manager().list(session.folder()):  # what an earlier try said is no news any more
        if not done.open and done.spec.kind == job.kind and done.spec.corpus == job.corpus:
            session.manager().forget(done.spec.workspace, done.id)
    session.manager().submit(job, session.api_key(chat.spec))
    st.rerun()


def running(info: CorpusInfo, params: ClusterParams) -> bool:
    """Whether a job names the groups of this clustering now."""
    jobs = [job for job in session.manager().list(session.folder()) if job.open and job.spec.kind == "name_clusters"]
    return any(job.spec.corpus == info.digest and job.spec.params.get("clusters") == asdict(params) for job in jobs)


def _server(url: str) -> str:
    return urlsplit(url).netloc
