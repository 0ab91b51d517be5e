"""What chosen models will take, and starting them."""

import math
from collections.abc import Sequence
from typing import Protocol

import pandas as pd
import streamlit as st

from core.digest import digest_json
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors import service
from core.vectors.service import EmbeddingPlan
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import duration, plain


def plan_and_start(info: CorpusInfo, specs: list[ModelSpec]) -> None:
    """Show what each model that has not run yet will take, and the button that starts them."""
    embedded = {model.key for model in session.workspace().models(info.digest)}
    todo = [spec for spec in specs if spec.key not in embedded and not is_running(info, spec)]
    estimates = [estimate for spec in todo if (estimate := estimate_model(info, spec))]
    if not estimates:
        if not todo:
            st.caption("The chosen models have run on this corpus, or are running. Choose more, or see the map.")
        return
    st.dataframe(
        pd.DataFrame([estimate_row(estimate) for estimate in estimates]),
        hide_index=True,
        width="stretch",
        column_config=ESTIMATE_COLUMNS,
        alt="What each chosen model will take",
    )
    for estimate in estimates:
        show_plan_notes(estimate)
    limit = paid_consent(estimates)
    names = ", ".join(estimate.spec.label for estimate in estimates)
    st.button(
        "Start",
        key="embed_start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=limit == 0,
        on_click=submit_embed_jobs,  # before drawing, so that leaving the page at once still starts them
        args=(info, [estimate.spec for estimate in estimates], limit),
        help=plain(f"Runs {names} in the background; you can go on working, cancel, and continue later."),
    )


def submit_embed_jobs(info: CorpusInfo, specs: list[ModelSpec], limit: float | None) -> None:
    for spec in specs:
        submit_embed_job(info, spec, limit)


def is_running(info: CorpusInfo, spec: ModelSpec) -> bool:
    jobs = session.manager().list(session.folder())
    return any(
        job.open and job.spec.corpus == info.digest and job.spec.params.get("model") == spec.to_dict() for job in jobs
    )


ESTIMATE_COLUMNS = {
    "To compute": st.column_config.NumberColumn(
        format="localized", help="Different texts that have no vector of this model yet"
    ),
    "Kept": st.column_config.NumberColumn(
        format="localized", help="Different texts whose vector is kept from an earlier run"
    ),
    "Tokens": st.column_config.TextColumn(
        help="Word pieces in all texts, as this model counts them; ≈ marks an estimate"
    ),
    "Cut": st.column_config.NumberColumn(
        format="localized", help="Texts longer than the model's window: their end is not seen"
    ),
    "Not seen": st.column_config.TextColumn(help="Share of all tokens that the model never sees"),
    "Time": st.column_config.TextColumn(help="Measured on a few of these texts where that is free"),
    "Price": st.column_config.TextColumn(help="From the price table, with its date"),
}


def estimate_model(info: CorpusInfo, spec: ModelSpec) -> EmbeddingPlan | None:
    """The prospect, or None after saying why there is none."""
    declared, secret = capabilities(spec), session.api_key(spec)
    if declared.needs_key and secret is None:
        st.info(f"Enter the {declared.provider} API key above to run {plain(spec.label)}.", icon=":material/key:")
        return None
    counting = f"Counting tokens for {plain(spec.label)} …"
    try:
        with st.spinner(f"{declared.loading} and counting tokens …" if declared.loading else counting):
            if secret is not None:
                return session.ask(service.plan_embedding, session.corpus_ref(info), spec, secret)
            stamp = session.workspace().cache_stamp(spec)
            pool = "job" if declared.loading else "answer"
            return session.ask_once(service.plan_embedding, session.corpus_ref(info), spec, None, stamp, on=pool)
    except PlanisphereError as error:
        show_error(error)
        return None


def estimate_row(estimate: EmbeddingPlan) -> dict[str, object]:
    """A row of the table."""
    run = estimate.estimate
    return {
        "Model": estimate.spec.label,
        "To compute": run.to_compute,
        "Kept": run.cached,
        "Tokens": ("" if run.tokens_exact else "≈ ") + f"{run.tokens:,}",
        "Cut": run.truncated,
        "Not seen": f"{run.unseen_share:.1%}",
        "Time": time_text(estimate),
        "Price": price_text(estimate),
    }


def time_text(plan: EmbeddingPlan) -> str:
    seconds = plan.estimate.seconds
    return plan.estimate.seconds_basis if seconds is None else f"≈ {duration(seconds)}"


def price_text(plan: EmbeddingPlan) -> str:
    usd, date = plan.estimate.usd, plan.estimate.price_date
    if usd is None:
        return "unknown"
    return f"≈ ${usd:,.4f}, at most ${plan.max_usd or 0:,.4f} (prices of {date})" if usd else "free"


def show_plan_notes(plan: EmbeddingPlan) -> None:
    """What the person should know before starting."""
    if plan.warning:
        st.warning(plain(plan.warning), icon=":material/translate:")
    if plan.estimate.split:
        st.caption(
            f"{plain(plan.spec.label)}: {plan.estimate.split:,} texts exceed the maximum of tokens; they are split, and "
            "the vectors of their parts averaged."
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
    known_usd = sum(model.max_usd or 0 for model in paid)
    left, right = st.columns(2, vertical_alignment="bottom")
    limit = left.number_input(
        "Spending limit a model (US dollars)",
        0.01,
        100_000.0,
        max(0.01, math.ceil(known_usd * 100) / 100),
        format="%.2f",
        key=f"limit-{round(known_usd * 1e6)}",
        help="The run stops before the batch that could pass it. What is finished is kept.",
    )
    agreed = right.checkbox(
        "I agree to pay up to this limit",
        key=f"agreed-{digest_json([limit, *(model.spec.key for model in paid)])}",
        help="A server whose price is not known may charge too; then the limit can't be kept.",
    )
    return float(limit) if agreed else 0.0


def submit_embed_job(info: CorpusInfo, spec: ModelSpec, limit: float | None) -> None:
    params = {"model": spec.to_dict()} | ({"limit_usd": limit} if limit else {})
    job = JobSpec("embed", session.folder(), info.digest, params, title=f"{spec.label} on {info.name}")
    session.manager().submit(job, session.job_key(params))
