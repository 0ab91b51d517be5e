"""What the Quality page needs before it can answer: neighbors of every contender."""

from collections.abc import Sequence

import streamlit as st

from core.answers.quality.measures import different_texts
from core.contenders import Contender, graph_seconds
from core.jobs.types import JobSpec
from core.quality import tasks as quality_tasks
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.quality.common import Asked, unlike
from pages.shared.text import count, plain

FEWEST = 3  # different texts


def asked(info: CorpusInfo, contenders: Sequence[Contender]) -> Asked | None:
    """The contenders, once the neighbors of all are known; else None, having shown what to start or wait for, or that
    there are too few texts."""
    texts = session.ask_once(different_texts, session.folder(), info.digest)
    if texts < FEWEST:
        st.info(
            f"{plain(info.name)} has {count(texts, 'different text')}; pairs and neighbors need at least {FEWEST}. "
            "Bring in more rows on the Data page.",
            icon=":material/info:",
        )
        return None
    missing = quality_tasks.missing_graphs(session.folder(), info.digest, contenders)
    seconds = graph_seconds(session.folder(), info.digest, missing)
    if missing and not _found_at_once(info, missing, seconds):
        params = {"what": "graphs", "contenders": [each.to_dict() for each in missing]}
        job = JobSpec("quality", session.folder(), info.digest, params, f"Neighbors for Quality: {info.name}")
        told = ", ".join(plain(each.label) for each in missing)
        words = f"The nearest texts of every text are needed under {told}."
        result_view.offer(job, "Find neighbors first", words, "Find neighbors", seconds)
        return None
    names = unlike([each.label for each in contenders])
    return Asked(info, tuple(contenders), names, tuple(range(len(contenders))))


def _found_at_once(info: CorpusInfo, missing: Sequence[Contender], seconds: float) -> bool:
    def find() -> None:
        for each in missing:
            session.ask(quality_tasks.find_graph, session.folder(), info.digest, each, timeout=600)

    return result_view.compute_inline(seconds, "Finding neighbors", find)
