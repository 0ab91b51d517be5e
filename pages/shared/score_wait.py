"""Before a task is scored: at once where that is quick, else as a job; and the times that are measured here."""

from functools import partial

import streamlit as st

from core.answers import scoreboard as answers
from core.answers.scoreboard import Asked, State
from core.errors import PlanisphereError
from core.job_types import JobSpec
from core.scoring.cost import Cost
from core.store import CorpusInfo
from pages.shared import frame, job_offer, session
from pages.shared.text import count, plain


def ready(info: CorpusInfo, asked: Asked) -> State | None:
    """The state once everything that can be scored is; else scores it, or shows what to wait for or to start."""
    state = session.ask(answers.state, asked)
    if not state.left:
        return state
    words = f"Scoring {count(len(state.left), 'contender')}"
    secret = session.api_key()
    compute = partial(session.ask, answers.score_now, asked, secret, timeout=600)
    if job_offer.at_once(state.seconds, words, compute):
        return session.ask(answers.state, asked)
    missing = ", ".join(plain(asked.contenders[place].label) for place in state.left)
    some = "" if len(state.left) == len(asked.contenders) else " The others are kept."
    job_offer.offer(
        _job(info, asked, state),
        f"{count(len(state.left), 'contender')} to be scored",
        f"{missing}: {count(info.rows, 'row')}.{some}",
        "Score them",
        state.seconds,
    )
    return None


def _job(info: CorpusInfo, asked: Asked, state: State) -> JobSpec:
    contenders = [asked.contenders[place].to_dict() for place in state.left]
    params = {"contenders": contenders, "task": asked.task.to_dict()}
    return JobSpec("scores", asked.folder, asked.corpus, params, title=f"Scores of {info.name}")


def costs(asked: Asked) -> tuple[Cost, ...]:
    """What is known of each contender's cost; changes when times are measured, so it is not kept."""
    return session.ask(answers.costs, asked.folder, asked.corpus, asked.contenders)


def measure_missing(asked: Asked, known: tuple[Cost, ...]) -> None:
    """Measure times that are missing, after all else is drawn, then draw the page again with them."""
    left = [at for at, cost in enumerate(known) if cost.speed.basis == "missing" and at not in _given_up(asked)]
    if not left:
        return
    for at in left:
        contender = asked.contenders[at]
        with st.spinner(f"Measuring the speed of {plain(contender.label)}"):
            _measure(asked, at, again=False)
    st.rerun()


def again_button(asked: Asked) -> None:
    """Measures all times anew."""
    st.button(
        "Measure speeds again", icon=":material/speed:", key="score_measure", on_click=_measure_all, args=(asked,),
        help="Times depend on what else this machine does. Takes a few seconds a contender; paid services are not "
        "called.",
    )  # fmt: skip


def _measure_all(asked: Asked) -> None:
    session.remember(_name(asked), [])
    for at in range(len(asked.contenders)):
        _measure(asked, at, again=True)


def _measure(asked: Asked, at: int, again: bool) -> None:
    """One contender; what can't be measured is not tried again on this visit."""
    try:
        session.ask(answers.measure, asked.folder, asked.corpus, asked.contenders[at], session.api_key(), again)
    except PlanisphereError as error:
        session.remember(_name(asked), [*_given_up(asked), asked.contenders[at].key])
        frame.show_error(error)


def _given_up(asked: Asked) -> list[int]:
    keys = session.remembered(_name(asked), [])
    return [at for at, contender in enumerate(asked.contenders) if contender.key in keys]


def _name(asked: Asked) -> str:
    return f"unmeasured {asked.corpus}"
