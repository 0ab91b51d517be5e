"""The form of the scoreboard's task "known_item": how queries are made from the corpus itself."""

import streamlit as st

from core.scoreboard import columns as answers
from core.scoreboard.known_item import CANDIDATES, SAMPLE
from core.scoreboard.query_generators import WAYS
from core.scoreboard.task_inputs import Outlook
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_llm_queries as task_written
from pages.shared.scoreboard import task_parts as parts
from pages.shared.text import count

MOST = 10_000


def show(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; gives the task, None after having said what is missing."""
    way = session.select_from_link("known_way", list(WAYS))
    st.selectbox(
        "How queries are made",
        list(WAYS),
        key="known_way",
        format_func=lambda each: WAYS[each].label,
        help=" ".join(f"{generator.label}: {generator.help}" for generator in WAYS.values()),
    )
    session.write_to_link("known_way")
    st.caption(WAYS[way].help)
    settings = _settings(way)
    task = _task(info, way, settings)
    found = parts.outlook(info, task) if task else None
    if task is None or found is None:
        return None
    st.caption(_told(found))
    parts.examples(found, ("query", "must find"))
    return task if parts.agreed(info, contenders, task) else None


def _settings(way: str) -> dict[str, int]:
    """How many queries, the seed, and among how many texts they search where these must be embedded too."""
    boxes = st.columns(2 if WAYS[way].own_rows else 3)
    sample = boxes[0].number_input(
        "Queries", 10, MOST, SAMPLE, 50, key="known_sample", persist_state="session",
        help="Drawn at random. More tell contenders apart better, and take longer.",
    )  # fmt: skip
    seed = boxes[1].number_input(
        "Seed", 0, 9_999, 0, key="known_seed", persist_state="session", help="Another seed draws other texts."
    )
    found = {"sample": int(sample), "seed": int(seed)}
    if not WAYS[way].own_rows:
        candidates = boxes[2].number_input(
            "Candidates", 100, 100_000, CANDIDATES, 500, key="known_candidates", persist_state="session",
            help="At most so many texts are searched, those to be found among them; each must be embedded. More make "
            "the task harder.",
        )  # fmt: skip
        found["candidates"] = int(candidates)
    return found


def _task(info: CorpusInfo, way: str, settings: dict[str, int]) -> Task | None:
    if way == "written":
        return task_written.show(info, settings["sample"], settings["seed"])
    if way != "columns":
        return Task.of("known_item", way=way, **settings)
    texts, question, answer = session.ask_once(answers.text_columns, session.corpus_ref(info))
    if len(texts) < 2:
        st.info(
            "This corpus has fewer than two columns of text: choose another way, such as halves.",
            icon=":material/view_column:",
        )
        return None
    left, right = st.columns(2)
    with left:
        question = parts.column(
            "Ask with", texts, question, "known_question", "Such as a title, a subject, a question."
        )
    with right:
        answer = parts.column("To find", texts, answer, "known_answer", "Such as the body, or the answer.")
    return Task.of("known_item", way=way, question=question, answer=answer, **settings)


def _told(found: Outlook) -> str:
    facts = found.facts
    number = {name: value for name, value in facts.items() if isinstance(value, int)}
    return (
        f"{parts.queries(number['queries'])} from {count(number['texts'], 'text')} (drawn with seed "
        f"{number['seed']}), each searched among {count(number['candidates'], 'text')}; a copy of the text to be "
        "found counts as it. This tells whether a text is found again, which is weaker evidence than judgments by "
        "people."
    )
