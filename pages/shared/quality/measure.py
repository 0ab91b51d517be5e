"""Measuring robustness to changed wording: what it takes of each contender, consent where it is paid for, the jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import PlanisphereError
from core.jobs.types import JobSpec, JobState
from core.models.registry import capabilities
from core.quality import robustness as answers
from core.quality.results import Plan
from core.types import ModelSpec
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.models import run
from pages.shared.quality.common import Asked
from pages.shared.text import count, duration, plain


@dataclass(frozen=True)
class _Left:
    """A contender to be measured, in the form that consent to pay is asked in."""

    name: str
    contender: Contender
    plan: Plan

    @property
    def spec(self) -> ModelSpec:
        return self.contender.model

    @property
    def max_usd(self) -> float | None:
        return self.plan.usd


def measured(asked: Asked) -> Asked:
    """The contenders whose robustness to wording is measured; for the others, offers it or says why it can't be."""
    plans = [_plan(asked, contender) for contender in asked.contenders]
    unable = [name for name, plan in zip(asked.names, plans, strict=True) if plan is not None and not plan.able]
    if unable:
        st.info(f"{', '.join(map(plain, unable))}: vectors that were brought in. Their model is not here, so changed "
                "texts can't be embedded; noise on vectors can be measured.", icon=":material/info:")  # fmt: skip
    every = zip(asked.names, asked.contenders, plans, strict=True)
    left = [_Left(name, each, plan) for name, each, plan in every if plan is not None and plan.able and not plan.kept]
    if left:
        _offer(asked, left)
    kept = [at for at, plan in enumerate(plans) if plan is not None and plan.kept]
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


def _offer(asked: Asked, left: Sequence[_Left]) -> None:
    states = [state for each in left if (state := _state(asked, each))]
    running = [state for state in states if state.open]
    if running:
        if not {state.id for state in running} <= set(session.remembered("open_jobs", [])):
            st.rerun()  # started within this part of the page: the sidebar must show it, and redraw the page at its end
        result_view.show_progress(running[0])
        return
    with st.container(border=True):
        st.markdown("**Measure what changed wording does**")
        for each in left:
            st.markdown(f"- {plain(each.name)}: {_words(each.plan)}")
        for state in states:
            if state.status == "failed":
                st.error(f"{plain(state.error)} {plain(state.remedy)}", icon=":material/error:")
        left = [each for each in left if not _lacks_key(each)]
        limit = run.paid_consent([each for each in left if each.plan.sends and each.plan.texts])
        st.button(
            "Measure", key="quality_wording_start", type="primary", icon=":material/play_arrow:", on_click=_submit,
            args=([_job(asked, each, limit) for each in left],), disabled=limit == 0 or not left,
            help="Starts a job a contender; results are kept, so it is done but once.",
        )  # fmt: skip


def _lacks_key(each: _Left) -> bool:
    """Says so where a needed key is missing; such a contender is left out until it is there."""
    model = each.spec
    declared = capabilities(model)
    lacks = bool(declared.needs_key and each.plan.texts and session.api_key(model) is None)
    if lacks:
        st.info(
            f"{plain(each.name)} needs the {declared.provider} API key: enter it on the Embed page.",
            icon=":material/key:",
        )
        st.page_link("pages/data/embed.py", label="Enter a key", icon=":material/memory:")
    return lacks


def _words(plan: Plan) -> str:
    if not plan.texts:
        return "all changed texts are embedded already; only nearest texts are left to find"
    text = f"{count(plan.texts, 'changed text')} to embed ({plan.characters:,} characters)"
    if plan.sends:
        cost = "of unknown price" if plan.usd is None else f"for at most ${plan.usd:,.4f}"
        return f"{text}, sent to its server **{cost}**".replace("$", "\\$")
    about = "" if plan.seconds is None else f", about {duration(max(plan.seconds, 1))}"
    return f"{text}, on this machine{about}"


def _job(asked: Asked, each: _Left, limit: float | None) -> JobSpec:
    params = {"what": "wording", **each.contender.to_dict()}
    if limit and each.plan.sends:
        params["limit_usd"] = limit
    return JobSpec("quality", session.folder(), asked.info.digest, params, f"Robustness of {each.name}")


def _state(asked: Asked, each: _Left) -> JobState | None:
    """Its job's state, whatever the spending limit was; the one that runs, else the last."""
    wanted = _job(asked, each, None)
    found = [
        state
        for state in session.manager().list(session.folder())
        if (state.spec.kind, state.spec.corpus) == (wanted.kind, wanted.corpus)
        and {**state.spec.params, "limit_usd": None} == {**wanted.params, "limit_usd": None}
    ]
    return max(found, key=lambda state: (state.open, state.started or 0.0), default=None)


def _submit(jobs: list[JobSpec]) -> None:
    for job in jobs:
        session.manager().submit(job, session.job_key(job.params))
