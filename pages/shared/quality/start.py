"""What the Quality page needs before it can answer: neighbors of every contender."""

from collections.abc import Sequence

import streamlit as st

from core.quality.service import count_distinct_texts
from core.store import CorpusInfo
from core.types import CorpusRef
from core.vectors.contenders import Contender, graph_step
from pages.shared import result_view, session
from pages.shared.quality.common import Asked, unlike
from pages.shared.text import count, plain

FEWEST = 3  # different texts


def asked(info: CorpusInfo, contenders: Sequence[Contender]) -> Asked | None:
    """The contenders, once the neighbors of all are known; else None, having shown what to start or wait for, or that
    there are too few texts."""
    texts = session.ask_once(count_distinct_texts, session.corpus_ref(info))
    if texts < FEWEST:
        st.info(
            f"{plain(info.name)} has {count(texts, 'different text')}; pairs and neighbors need at least {FEWEST}. "
            "Bring in more rows on the Data page.",
            icon=":material/info:",
        )
        return None
    corpus = CorpusRef(session.folder(), info.digest)
    if not result_view.ready_all(
        [graph_step(corpus, contender) for contender in contenders],
        headline="Find neighbors first",
        description="The nearest texts of every text are needed.",
        titles=[f"Neighbors under {contender.label}: {info.name}" for contender in contenders],
        button="Find neighbors",
    ):
        return None
    names = unlike([each.label for each in contenders])
    return Asked(info, tuple(contenders), names, tuple(range(len(contenders))))
