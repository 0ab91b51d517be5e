"""What the selected models will take, and starting them."""

import math
from collections.abc import Sequence
from typing import Protocol

import pandas as pd
import streamlit as st

from core.digest import digest_json
from core.errors import PlanisphereError
from core.jobs.types import JobSpec, JobState
from core.models.costs import Estimate
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.service import EmbeddingPlan, plan_embedding
from core.vectors.truncation import COUNTING_KEY
from pages.shared import jobs_view, session
from pages.shared.messages import show_error
from pages.shared.tables import show_table
from pages.shared.text import format_duration, plain

PLAN_COLUMNS = {
    "To embed": st.column_config.NumberColumn(format="localized", help="Unique texts without a vector of this model"),
    "Cached": st.column_config.NumberColumn(format="localized", help="Unique texts whose vector is stored already"),
    "Tokens": st.column_config.TextColumn(help="Tokens of all texts, as this model counts them; ≈ marks an estimate"),
    "Truncated": st.column_config.NumberColumn(format="localized", help="Texts longer than the model reads"),
    "Text lost": st.column_config.TextColumn(help="Share of all tokens that the model does not read"),
    "Time": st.column_config.TextColumn(help="Extrapolated from a few of these texts, where that is free"),
    "Price": st.column_config.TextColumn(
        help="By the provider's price list, with its date; at most: with the contact check at first use"
    ),
}


def plan_and_start(info: CorpusInfo, specs: list[ModelSpec]) -> None:
    """Show what each model that has not run yet will take, and the button that starts them."""
    embedded = {model.key for model in session.workspace().models(info.digest)}
    todo = [spec for spec in specs if spec.key not in embedded and not running_job(info, spec)]
    plans = [plan for spec in todo if (plan := load_plan(info, spec))]
    plans.sort(key=lambda plan: math.inf if plan.estimate.seconds is None else plan.estimate.seconds)  # as they run
    if not plans:
        if not todo:
            _show_running(info, specs)
        return
    show_table(pd.DataFrame([plan_row(plan) for plan in plans]), "What each selected model will take", PLAN_COLUMNS)
    for plan in plans:
        show_plan_notes(plan)
    _suggest_models(plans, specs)
    plans = [plan for plan in plans if has_key(plan.spec)]
    limit = paid_consent(plans) if plans else 0.0
    names = ", ".join(plan.spec.label for plan in plans)
    st.button(
        "Start",
        key="embed_start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=limit == 0,
        on_click=submit_embed_jobs,  # before drawing, so that leaving the page at once still starts them
        args=(info, [plan.spec for plan in plans], limit),
        help=plain(f"Runs {names or 'the models'} in the background. You can cancel and resume later."),
    )


def submit_embed_jobs(info: CorpusInfo, specs: list[ModelSpec], limit: float | None) -> None:
    for spec in specs:
        params = {"model": spec.to_dict()} | ({"limit_usd": limit} if limit else {})
        job = JobSpec("embed", session.folder(), info.digest, params, title=f"{spec.label} on {info.name}")
        session.manager().submit(job, session.job_key(params))


def _show_running(info: CorpusInfo, specs: list[ModelSpec]) -> None:
    """The progress of the selected models where their start button was."""
    running = [job for spec in specs if (job := running_job(info, spec))]
    for job in running:
        jobs_view.show_progress(job)
    if not running:
        st.caption("Already embedded.")


def running_job(info: CorpusInfo, spec: ModelSpec) -> JobState | None:
    """The open job that embeds this corpus with a model."""
    jobs = (job for job in session.manager().list(session.folder()) if job.open and job.spec.corpus == info.digest)
    return next((job for job in jobs if job.spec.params.get("model") == spec.to_dict()), None)


def has_key(spec: ModelSpec) -> bool:
    """Whether nothing is missing to send texts to the model."""
    return not capabilities(spec).needs_key or session.api_key(spec) is not None


def load_plan(info: CorpusInfo, spec: ModelSpec) -> EmbeddingPlan | None:
    """The plan, or None after saying why there is none."""
    declared, secret = capabilities(spec), session.api_key(spec)
    if not has_key(spec):
        st.info(f"Enter the {declared.provider} API key above to run {plain(spec.label)}.", icon=":material/key:")
        secret = COUNTING_KEY  # counting tokens, and with them the price, sends nothing
    counting = f"Counting tokens for {plain(spec.label)} …"
    try:
        with st.spinner(f"{declared.loading} and counting tokens …" if declared.loading else counting):
            if secret is not None:
                return session.ask(plan_embedding, session.corpus_ref(info), spec, secret)
            stamp = session.workspace().cache_stamp(spec)
            pool = "job" if declared.loading else "answer"
            return session.ask_once(plan_embedding, session.corpus_ref(info), spec, None, stamp, on=pool)
    except PlanisphereError as error:
        show_error(error)
        return None


def plan_row(plan: EmbeddingPlan) -> dict[str, object]:
    """A row of the table."""
    estimate = plan.estimate
    return {
        "Model": plan.spec.label,
        "To embed": estimate.to_compute,
        "Cached": estimate.cached,
        "Tokens": ("" if estimate.tokens_exact else "≈ ") + f"{estimate.tokens:,}",
        "Truncated": estimate.truncated,
        "Text lost": f"{estimate.unseen_share:.1%}",
        "Time": estimate.seconds_basis.partition(":")[0] if estimate.seconds is None else _time_text(estimate),
        "Price": price_text(plan),
    }


def _time_text(estimate: Estimate) -> str:
    return f"≈ {format_duration(estimate.seconds or 0)}{', or less: machine busy' if estimate.busy else ''}"


def price_text(plan: EmbeddingPlan) -> str:
    usd, date = plan.estimate.usd, plan.estimate.price_date
    if usd is None:
        return "unknown"
    return f"≈ ${usd:,.4f}, at most ${plan.max_usd or 0:,.4f} (prices of {date})" if usd else "free"


def show_plan_notes(plan: EmbeddingPlan) -> None:
    """What the person should know before starting."""
    basis, _, reason = plan.estimate.seconds_basis.partition(": ")
    if reason:
        st.warning(f"{plain(plan.spec.label)}: the time is {basis}. {plain(reason)}", icon=":material/timer_off:")
    if plan.warning:
        st.warning(plain(plan.warning), icon=":material/translate:")
    if plan.estimate.busy:
        st.caption(
            f"{plain(plan.spec.label)}: the time was measured while other programs and jobs used "
            f"{plan.estimate.others:.0%} of the processors. While it runs, the time left follows the actual rate."
        )
    if plan.estimate.split:
        texts = f"{plain(plan.spec.label)}: {plan.estimate.split:,} texts are too long for one request"
        st.caption(f"{texts}; they are split and the vectors of their parts averaged.")


def _suggest_models(plans: list[EmbeddingPlan], selected: list[ModelSpec]) -> None:
    """A button for each model that reads languages of the corpus which a selected one was not made for."""
    for suggestion in {plan.suggestion for plan in plans if plan.suggestion} - {*selected}:
        st.info(
            f"Some texts are in languages that not every selected model was made for. {plain(suggestion.label)} reads "
            f"{len(suggestion.languages)} languages and runs on this machine, free and offline.",
            icon=":material/translate:",
        )
        st.button(
            f"Add {plain(suggestion.label)}",
            key=f"suggest-{suggestion.key}",
            icon=":material/add:",
            on_click=session.remember,
            args=("choose_model", suggestion.key),  # selected from the next time the models are drawn
            help=capabilities(suggestion).description,
        )


class Priced(Protocol):
    """A model that is about to run, and an upper bound of what that costs, None where it is not known."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def max_usd(self) -> float | None: ...


def paid_consent(todo: Sequence[Priced]) -> float | None:
    """The spending limit in dollars for each paid model; None where nothing is paid, 0 until confirmed."""
    paid = [model for model in todo if capabilities(model.spec).paid]
    if not paid:
        return None
    total_usd = sum(model.max_usd or 0 for model in paid)
    left, right = st.columns(2, vertical_alignment="bottom")
    limit = left.number_input(
        "Spending limit per model (USD)",
        0.01,
        100_000.0,
        max(0.01, math.ceil(total_usd * 100) / 100),
        format="%.2f",
        key=f"limit-{round(total_usd * 1e6)}",
        help="The run stops before the first batch that could exceed it. Progress is saved.",
    )
    agreed = right.checkbox(
        "I agree to pay up to this limit",
        key=f"agreed-{digest_json([limit, *(model.spec.key for model in paid)])}",
        help="A server whose price is unknown may charge too; the limit can't be enforced there.",
    )
    return float(limit) if agreed else 0.0
