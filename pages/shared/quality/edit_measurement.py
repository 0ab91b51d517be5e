"""Starting the measurement of robustness to edits: what it takes for each contender, and consent where it is paid."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import PlanisphereError
from core.jobs.kinds import computes
from core.jobs.results import result_spec
from core.jobs.types import JobSpec
from core.models.registry import capabilities
from core.quality.results import EDIT_ROBUSTNESS, EditQuery
from core.quality.service import EditPlan, plan_edits
from core.results import Step
from core.types import ModelSpec
from core.vectors.contenders import Contender
from pages.shared import jobs_view, result_view, session
from pages.shared.models import run
from pages.shared.quality.common import QualitySelection
from pages.shared.text import count, format_duration, plain


@dataclass(frozen=True)
class PendingEdits:
    """A contender whose robustness to edits is to be measured; has the attributes that consent to pay asks for."""

    name: str
    contender: Contender
    plan: EditPlan

    @property
    def spec(self) -> ModelSpec:
        return self.contender.model

    @property
    def max_usd(self) -> float | None:
        return self.plan.usd


def with_measured_edits(selection: QualitySelection) -> QualitySelection:
    """The contenders whose robustness to edits is measured; for the others, offers it or explains why it can't be."""
    plans = [_plan(selection, contender) for contender in selection.contenders]
    every = list(zip(selection.names, selection.contenders, plans, strict=True))
    imported = [plain(name) for name, _, plan in every if plan is not None and not plan.can_embed]
    if imported:
        reason = "Edited texts can't be embedded without the model; robustness to noise can be measured."
        st.info(f"{', '.join(imported)}: imported vectors. {reason}", icon=":material/info:")
    pending = [
        PendingEdits(name, contender, plan)
        for name, contender, plan in every
        if plan is not None and plan.can_embed and not plan.measured
    ]
    if pending:
        _show_measurement(selection, pending)
    return selection.subset([at for at, plan in enumerate(plans) if plan is not None and plan.measured])


def _plan(selection: QualitySelection, contender: Contender) -> EditPlan | None:
    try:
        return session.ask(plan_edits, selection.corpus, contender)
    except PlanisphereError as error:
        st.warning(f"{plain(contender.label)}: {plain(error.message)} {plain(error.remedy)}", icon=":material/warning:")
        return None


def _show_measurement(selection: QualitySelection, pending: Sequence[PendingEdits]) -> None:
    """The progress of the job that runs; else the plans and a button."""
    result_view.show_submitted()
    steps = [Step(EDIT_ROBUSTNESS, EditQuery(selection.corpus, item.contender)) for item in pending]
    if running := next((state for step in steps if (state := result_view.running_job(step))), None):
        jobs_view.show_progress(running)
        return
    with st.container(border=True):
        st.markdown("**Measure robustness to edits**")
        for item in pending:
            st.markdown(f"- {plain(item.name)}: {describe_plan(item.plan)}")
        for step in steps:
            _show_stop_reason(step)
        ready = [item for item in pending if not _lacks_key(item)]
        limit = run.paid_consent([item for item in ready if item.plan.paid and item.plan.texts])
        st.button(
            "Measure", key="quality_edits_start", type="primary", icon=":material/play_arrow:",
            on_click=result_view.submit_jobs, args=tuple(_job(selection, item, limit) for item in ready),
            disabled=limit == 0 or not ready, help="Starts one job per contender. Results are stored.",
        )  # fmt: skip


def _show_stop_reason(step: Step) -> None:
    """Why the last job that was to compute this ended without it."""
    states = [state for state in session.manager().list(session.folder()) if computes(state.spec, step)]
    if states:
        jobs_view.show_stop_reason(max(states, key=lambda state: state.started or 0.0))


def _lacks_key(item: PendingEdits) -> bool:
    """Whether a required API key is missing, which is shown; such a contender is skipped."""
    declared = capabilities(item.spec)
    lacks = bool(declared.needs_key and item.plan.texts and session.api_key(item.spec) is None)
    if lacks:
        text = f"{plain(item.name)} needs the {declared.provider} API key: enter it on the Embed page."
        st.info(text, icon=":material/key:")
        st.page_link("pages/data/embed.py", label="Enter API key", icon=":material/memory:")
    return lacks


def describe_plan(plan: EditPlan) -> str:
    if not plan.texts:
        return "all edited texts are cached; only nearest neighbors are left to compute"
    text = f"{count(plan.texts, 'edited text')} to embed ({plan.characters:,} characters)"
    if plan.paid:
        cost = "price unknown" if plan.usd is None else f"at most ${plan.usd:,.4f}"
        return f"{text}, sent to a paid API (**{cost}**)".replace("$", "\\$")
    about = "" if plan.seconds is None else f", about {format_duration(max(plan.seconds, 1))}"
    return f"{text}, locally{about}"


def _job(selection: QualitySelection, item: PendingEdits, limit: float | None) -> JobSpec:
    query = EditQuery(selection.corpus, item.contender, limit if limit and item.plan.paid else None)
    return result_spec(EDIT_ROBUSTNESS, query, f"Robustness to edits: {item.name}")
