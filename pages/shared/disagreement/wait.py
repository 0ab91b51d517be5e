"""What the Disagreement page shows until the contenders are compared."""

from functools import partial

import streamlit as st

from core.disagreement import service as answers
from core.disagreement.service import Asked
from core.jobs.types import JobSpec
from pages.shared import result_view, session
from pages.shared.text import count


def ready(asked: Asked) -> bool:
    """Whether the contenders are compared; few rows are at once, for more the job is offered."""
    if session.ask_once(answers.different_texts, asked) < 2:
        st.info(
            "All rows have the same text, so there are no neighbors to compare. Bring in more rows on the Data page.",
            icon=":material/info:",
        )
        return False
    state = session.ask(answers.state, asked)
    if state.kept:
        return True
    compute = partial(session.ask, answers.compare_now, asked, timeout=600)
    if result_view.compute_inline(state.seconds, "Comparing the contenders", compute):
        return True
    result_view.offer_jobs(
        comparison(asked),
        headline=f"{count(len(asked.contenders), 'contender')} have not been compared yet",
        description="Each two contenders' nearest texts are compared, row by row, and the texts are looked at for what "
        "may explain where they differ. What was compared before is kept: another contender adds its own pairs alone.",
        button="Compare them",
        seconds=state.seconds,
    )
    return False


def comparison(asked: Asked) -> JobSpec:
    """The job that compares all pairs."""
    params = {"contenders": [contender.to_dict() for contender in asked.contenders]}
    return JobSpec(
        "disagreement",
        asked.corpus.folder,
        asked.corpus.digest,
        params,
        f"Comparing {len(asked.contenders)} contenders",
    )


def moves(asked: Asked, k: int) -> JobSpec:
    """The job that finds what moved together between the first two contenders."""
    params = {"contenders": [contender.to_dict() for contender in asked.contenders[:2]], "moved": k}
    return JobSpec("disagreement", asked.corpus.folder, asked.corpus.digest, params, "What moved together")
