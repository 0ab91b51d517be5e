"""What the Quality page needs before it can answer: neighbors of every contender, and changed texts embedded."""

from collections.abc import Sequence

import streamlit as st

from core import quality_tasks
from core.answers import quality_robust as answers
from core.contenders import Contender
from core.errors import PlanisphereError
from core.job_types import JobSpec
from core.quality_tasks import Plan
from core.store import CorpusInfo
from pages.shared import job_offer, session
from pages.shared.quality_common import Asked, unlike
from pages.shared.text import count, duration, plain

EXACT_ROWS = 30_000
PAIRS_A_SECOND = 4e7  # of 384 dimensions, compared exactly
ROWS_A_SECOND = 1_500  # beyond, by an index


def asked(info: CorpusInfo, contenders: Sequence[Contender]) -> Asked | None:
    """The contenders, once the neighbors of all are known; else None, having shown what to start or wait for."""
    missing = quality_tasks.missing_graphs(session.folder(), info.digest, contenders)
    if missing and not _found_at_once(info, missing):
        params = {"what": "graphs", "contenders": [each.to_dict() for each in missing]}
        job = JobSpec("quality", session.folder(), info.digest, params, f"Neighbors for Quality: {info.name}")
        told = ", ".join(plain(each.label) for each in missing)
        words = f"The nearest texts of every text are needed under {told}."
        job_offer.offer(job, "Find neighbors first", words, "Find neighbors", _seconds(info, missing))
        return None
    names = unlike([each.label for each in contenders])
    return Asked(info, tuple(contenders), names, tuple(range(len(contenders))))


def measured(asked: Asked) -> Asked:
    """The contenders whose robustness to wording is measured; for the others, offers it or says why it can't be."""
    plans = {name: _plan(asked, contender) for name, contender in zip(asked.names, asked.contenders, strict=True)}
    unable = [name for name, plan in plans.items() if plan is not None and not plan.able]
    if unable:
        st.info(f"{', '.join(map(plain, unable))}: vectors that were brought in. Their model is not here, so changed "
                "texts can't be embedded; noise on vectors can be measured.", icon=":material/info:")  # fmt: skip
    left = {name: plan for name, plan in plans.items() if plan is not None and plan.able and not plan.kept}
    if left:
        _offer(asked, left)
    kept = [at for at, name in enumerate(asked.names) if (plan := plans[name]) is not None and plan.kept]
    return Asked(
        asked.info,
        tuple(asked.contenders[at] for at in kept),
        tuple(asked.names[at] for at in kept),
        tuple(asked.places[at] for at in kept),
    )


def _plan(asked: Asked, contender: Contender) -> Plan | None:
    try:
        return session.ask(answers.plan, *asked.where, contender)
    except PlanisphereError as error:
        st.warning(f"{plain(contender.label)}: {plain(error.message)} {plain(error.remedy)}", icon=":material/warning:")
        return None


def _offer(asked: Asked, left: dict[str, Plan]) -> None:
    jobs = {name: _job(asked, asked.contenders[asked.names.index(name)], name) for name in left}
    states = {state.id: state for state in session.manager().list(asked.where[0])}
    if any((state := states.get(job.id)) and state.open for job in jobs.values()):
        running = [state for job in jobs.values() if (state := states.get(job.id)) and state.open]
        if not {state.id for state in running} <= set(session.remembered("open_jobs", [])):
            st.rerun()  # started within this part of the page: the sidebar must show it, and redraw the page at its end
        job_offer.waiting(running[0])
        return
    with st.container(border=True):
        st.markdown("**Measure what changed wording does**")
        for name, plan in left.items():
            st.markdown(f"- {plain(name)}: {_words(plan)}")
        for job in jobs.values():
            failed = states.get(job.id)
            if failed and failed.status == "failed":
                st.error(f"{plain(failed.error)} {plain(failed.remedy)}", icon=":material/error:")
        st.button(
            "Measure", key="quality_wording_start", type="primary", icon=":material/play_arrow:", on_click=_submit,
            args=(list(jobs.values()),), help="Starts a job a contender; results are kept, so it is done but once.",
        )  # fmt: skip


def _words(plan: Plan) -> str:
    if not plan.texts:
        return "all changed texts are embedded already; only nearest texts are left to find"
    text = f"{count(plan.texts, 'changed text')} to embed ({plan.characters:,} characters)"
    if plan.sends:
        cost = "of unknown price" if plan.usd is None else f"for at most ${plan.usd:,.4f}"
        return f"{text}, sent to its server **{cost}**".replace("$", "\\$")
    about = "" if plan.seconds is None else f", about {duration(max(plan.seconds, 1))}"
    return f"{text}, on this machine{about}"


def _job(asked: Asked, contender: Contender, name: str) -> JobSpec:
    params = {"what": "wording", **contender.to_dict()}
    return JobSpec("quality", asked.where[0], asked.where[1], params, f"Robustness of {name}")


def _submit(jobs: list[JobSpec]) -> None:
    for job in jobs:
        model = job.params["model"]
        secret = session.api_key(model["base_url"]) if model["backend"] == "openai" else None
        session.manager().submit(job, secret)


def _found_at_once(info: CorpusInfo, missing: Sequence[Contender]) -> bool:
    def find() -> None:
        for each in missing:
            session.ask(quality_tasks.find_graph, session.folder(), info.digest, each, timeout=600)

    return job_offer.at_once(_seconds(info, missing), "Finding neighbors", find)


def _seconds(info: CorpusInfo, missing: Sequence[Contender]) -> float:
    rows = info.rows
    one = rows * rows / PAIRS_A_SECOND if rows <= EXACT_ROWS else rows / ROWS_A_SECOND
    return one * sum((each.dimensions or each.model.dimensions or 384) / 384 for each in missing)
