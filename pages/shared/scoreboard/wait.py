"""Before a task is scored: at once where that is quick, else as a job; and the times that are measured here."""

from functools import partial

import streamlit as st

from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.scoreboard import service as answers
from core.scoreboard.cost import Cost
from core.scoreboard.results import try_score
from core.scoreboard.service import Asked, State
from core.scoreboard.speed import measure_speed
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.errors import show_error
from pages.shared.text import count, plain


def ready(info: CorpusInfo, asked: Asked) -> State | None:
    """The state; what is left is scored at once, or offered as a job. None where there is nothing to show yet."""
    state = session.ask(answers.state, asked)
    if not state.left:
        return state
    words = f"Scoring {count(len(state.left), 'contender')}"
    if result_view.compute_inline(state.seconds, words, partial(_score, asked, state.left)):
        return session.ask(answers.state, asked)
    missing = ", ".join(plain(asked.contenders[place].label) for place in state.left)
    some = "" if len(state.left) == len(asked.contenders) else " The others are kept."
    result_view.offer_jobs(
        _job(info, asked, state),
        headline=f"{count(len(state.left), 'contender')} to be scored",
        description=f"{missing}: {count(info.rows, 'row')}.{some}",
        button="Score them",
        seconds=state.seconds,
    )
    return state if state.scored else None


def again_failed(asked: Asked, state: State) -> None:
    """A button that scores anew what failed, with the keys there are now; none where nothing would change."""
    left = tuple(failure.place for failure in state.failures if failure.again)
    if left:
        st.button(
            "Try again", icon=":material/refresh:", key="score_retry", on_click=_score, args=(asked, left),
            help="Scores these contenders anew, such as after a key was entered on the Embed page.",
        )  # fmt: skip


def _score(asked: Asked, places: tuple[int, ...]) -> None:
    """Score now; one that can't be scored has its reason kept. Each server is given its own key alone."""
    for place in places:
        contender = asked.contenders[place]
        session.ask(try_score, asked.corpus, contender, asked.task, session.api_key(contender.model), timeout=600)


def _job(info: CorpusInfo, asked: Asked, state: State) -> JobSpec:
    contenders = [asked.contenders[place].to_dict() for place in state.left]
    params = {"contenders": contenders, "task": asked.task.to_dict()}
    return JobSpec("scores", asked.corpus.folder, asked.corpus.digest, params, title=f"Scores of {info.name}")


def costs(asked: Asked) -> tuple[Cost, ...]:
    """What is known of each contender's cost; changes when times are measured, so it is not kept."""
    return session.ask(answers.costs, asked.corpus, asked.contenders)


def measure_missing(asked: Asked, known: tuple[Cost, ...]) -> None:
    """Measure times that are missing, after all else is drawn, then draw the page again with them.

    Not while a job runs, which would slow them; the page is drawn again when it ends.
    """
    if any(job.open for job in session.manager().list(session.folder())):
        return
    left = [at for at, cost in enumerate(known) if cost.speed.basis == "missing" and at not in _given_up(asked)]
    for at in left:
        contender = asked.contenders[at]
        with st.spinner(f"Measuring the speed of {plain(contender.label)}"):
            _measure(asked, at, again=False)
    if left:
        st.rerun()


def again_button(asked: Asked) -> None:
    """Measures all times anew."""
    st.button(
        "Measure speeds again", icon=":material/speed:", key="score_measure", on_click=_measure_all, args=(asked,),
        help="Times depend on what else this machine does; the table says which were measured while it was busy. Takes "
        "a few seconds a contender; paid services are not called.",
    )  # fmt: skip


def _measure_all(asked: Asked) -> None:
    session.remember(_name(asked), [])
    for at in range(len(asked.contenders)):
        _measure(asked, at, again=True)


def _measure(asked: Asked, at: int, again: bool) -> None:
    """One contender; what can't be measured is not tried again on this visit."""
    try:
        contender = asked.contenders[at]
        session.ask(measure_speed, asked.corpus, contender, session.api_key(contender.model), again)
    except PlanisphereError as error:
        session.remember(_name(asked), [*_given_up(asked), asked.contenders[at].key])
        show_error(error)


def _given_up(asked: Asked) -> list[int]:
    keys = session.remembered(_name(asked), [])
    return [at for at, contender in enumerate(asked.contenders) if contender.key in keys]


def _name(asked: Asked) -> str:
    return f"unmeasured {asked.corpus.digest}"
