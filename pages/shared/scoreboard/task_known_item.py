"""Form of the task known-item retrieval: how queries are generated from the corpus, by rules or a language model."""

from dataclasses import asdict

import streamlit as st

from core.digest import digest_json
from core.jobs.types import JobSpec
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from core.scoreboard.columns import text_columns
from core.scoreboard.known_item import CANDIDATES, QUERY_GENERATORS, SAMPLE
from core.scoreboard.llm_queries import WritingPlan, writing_plan
from core.scoreboard.service import TaskPreview
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import jobs_view, session
from pages.shared.models.chat_form import select_chat_model
from pages.shared.scoreboard import task_parts as parts
from pages.shared.text import count, cut, plain

MAX_SAMPLE = 10_000


def known_item_form(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; the task, None where something is missing and shown."""
    generator = session.select_from_link("known_generator", list(QUERY_GENERATORS))
    help_text = " ".join(f"{option.label}: {option.help}" for option in QUERY_GENERATORS.values())
    st.selectbox("Query generator", list(QUERY_GENERATORS), key="known_generator", help=help_text,
                 format_func=lambda name: QUERY_GENERATORS[name].label)  # fmt: skip
    session.write_to_link("known_generator")
    st.caption(QUERY_GENERATORS[generator].help)
    task = _known_item_task(info, generator, _select_sample(generator))
    return parts.confirm_task(info, contenders, task, _describe_task, ("query", "target"))


def _describe_task(preview: TaskPreview) -> None:
    facts = parts.integer_facts(preview)
    st.caption(
        f"{count(facts['queries'], 'query', 'queries')} from {count(facts['texts'], 'text')} (seed {facts['seed']}), "
        f"each searched in {count(facts['candidates'], 'text')}; duplicates of the target count as it. Weaker evidence "
        "than human judgments."
    )


def _select_sample(generator: str) -> dict[str, int]:
    """How many queries, the seed, and among how many texts they search where these must be embedded too."""
    searches_corpus = QUERY_GENERATORS[generator].searches_corpus
    boxes = st.columns(2 if searches_corpus else 3)
    sample = boxes[0].number_input(
        "Queries", 10, MAX_SAMPLE, SAMPLE, 50, key="known_sample", persist_state="session",
        help="A random sample. More queries detect smaller differences, and take longer.",
    )  # fmt: skip
    seed = boxes[1].number_input(
        "Seed", 0, 9_999, 0, key="known_seed", persist_state="session", help="Another seed samples other texts."
    )
    settings = {"sample": int(sample), "seed": int(seed)}
    if not searches_corpus:
        candidates = boxes[2].number_input(
            "Candidates", 100, 100_000, CANDIDATES, 500, key="known_candidates", persist_state="session",
            help="Maximum number of texts that are searched, targets included; each must be embedded. More are harder.",
        )  # fmt: skip
        settings["candidates"] = int(candidates)
    return settings


def _known_item_task(info: CorpusInfo, generator: str, settings: dict[str, int]) -> Task | None:
    if generator == "written":
        return llm_task(info, settings["sample"], settings["seed"])
    if generator != "columns":
        return Task.of("known_item", generator=generator, **settings)
    texts, question, answer = session.ask_once(text_columns, session.corpus_ref(info))
    if len(texts) < 2:
        st.info("This corpus has fewer than two text columns: select another generator.", icon=":material/view_column:")
        return None
    left, right = st.columns(2)
    with left:
        question = parts.select_column("Query", texts, question, "known_question", "Such as a title or a question.")
    with right:
        answer = parts.select_column("Target", texts, answer, "known_answer", "Such as the body, or the answer.")
    return Task.of("known_item", generator=generator, question=question, answer=answer, **settings)


def llm_task(info: CorpusInfo, sample: int, seed: int) -> Task | None:
    """The form for queries by a language model; the task once there are queries. Raises PlanisphereError for a bad
    address or name."""
    chat = select_chat_model()
    if chat is None:
        return None
    plan = session.ask(writing_plan, session.corpus_ref(info), chat, sample, seed)
    params = {"chat": asdict(chat), "sample": sample, "seed": seed}
    job = JobSpec("write_queries", session.folder(), info.digest, params, title=f"Queries for {info.name}")
    state = next((state for state in session.manager().list(session.folder()) if state.id == job.id), None)
    if state is not None and state.open:
        jobs_view.show_progress(state)
        return None
    if plan.written < plan.sample:
        if state is not None and state.status == "failed":
            st.error(f"{plain(state.error)} {plain(state.remedy)}", icon=":material/error:")
        _offer_generation(plan, chat, job)
    if plan.written < 2:
        return None
    st.caption(
        f"{plan.written:,} of {count(plan.sample, 'text')} have a query by {plain(chat.name)}. Such queries favor "
        "embeddings that share its vocabulary, for example of the same vendor."
    )
    settings = {"sample": sample, "seed": seed, "written": plan.written}
    return Task.of("known_item", generator="written", chat=chat.name, server=chat.base_url, **settings)


def _offer_generation(plan: WritingPlan, chat: ChatModel, job: JobSpec) -> None:
    """What is sent to which server, and the button."""
    missing, free = plan.sample - plan.written, not capabilities(chat.spec).paid
    server = server_name(chat.spec).replace("The server", "the server")
    (st.info if free else st.warning)(
        f"**Data sent:** the first 1,000 characters of {count(missing, 'text')}, to {plain(server)}, "
        + ("in your own network." if free else "outside this machine.")
        + f" {count(plan.requests, 'request')}: about {plan.tokens_in:,} input and {plan.tokens_out:,} output tokens "
        "(an estimate; reasoning models use more).",
        icon=":material/outgoing_mail:",
    )
    with st.expander("First text to send"):
        st.text(cut(plan.first, 400))
    needs_key = capabilities(chat.spec).needs_key and session.api_key(chat.spec) is None
    if needs_key:
        st.caption(":material/key: OpenAI needs an API key: enter it above.")
    agreed = free or st.checkbox(
        "I agree that this is sent, and to pay what the provider charges",
        key=f"written_agreed-{digest_json([asdict(chat), missing])}",
        help="Prices of chat models are not known here; see the provider's price list.",
    )
    st.button(
        "Generate queries" if not plan.written else "Generate the remaining queries", type="primary",
        icon=":material/edit_note:", key="written_start", disabled=needs_key or not agreed,
        on_click=_submit_generation, args=(job, chat),
        help="Starts a job; queries are saved as they arrive, and it can be cancelled in the sidebar.",
    )  # fmt: skip


def _submit_generation(job: JobSpec, chat: ChatModel) -> None:
    session.manager().submit(job, session.api_key(chat.spec))
