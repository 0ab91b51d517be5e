"""A result whose computation may send texts to a paid model: nothing is sent before consent."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import streamlit as st

from core.jobs.kinds import computes
from core.jobs.results import result_spec
from core.models.registry import capabilities
from core.results import Result, Step
from core.types import ModelSpec
from pages.shared import jobs_view, result_view, session
from pages.shared.models import run


class Plan(Protocol):
    """What a computation sends. missing: texts; usd: what they cost at most, None where unknown; paid: whether the
    model may charge."""

    @property
    def missing(self) -> int: ...
    @property
    def usd(self) -> float | None: ...
    @property
    def paid(self) -> bool: ...


@dataclass(frozen=True)
class PaidTexts:
    """Texts that are sent to a paid model: what consent to pay asks for."""

    spec: ModelSpec
    max_usd: float | None


def is_ready(
    result: Result[Any, Any], query: Any, plan: Plan, *, headline: str, description: str, title: str, button: str,
    key: str,
) -> bool:  # fmt: skip
    """Whether the result is stored; else computes or offers it, where texts are paid after consent to a limit.

    query: has `model` and `limit_usd`. Others as for `result_view.ready`; key: of the button where texts are paid.
    """
    if not (plan.paid and plan.missing) or result.exists(query):
        return result_view.ready(
            result, query, headline=headline, description=description, title=title, button=button
        )  # fmt: skip
    result_view.show_submitted()
    step = Step(result, query)
    if running := result_view.running_job(step):
        jobs_view.show_progress(running)
        return False
    ended = [state for state in session.manager().list(session.folder()) if computes(state.spec, step)]
    if ended:
        jobs_view.show_stop_reason(max(ended, key=lambda state: state.started or 0.0))
    if not has_key(query.model):
        return False
    limit = run.paid_consent([PaidTexts(query.model, plan.usd)])
    st.button(
        button, key=key, type="primary", icon=":material/play_arrow:", disabled=not limit,
        on_click=result_view.submit_jobs, args=(result_spec(result, replace(query, limit_usd=limit or None), title),),
        help="Runs in the background; it can be cancelled. Vectors are cached, so no text is paid for twice.",
    )  # fmt: skip
    return False


def has_key(model: ModelSpec) -> bool:
    """Whether nothing is missing to send texts to a model; else says what."""
    if run.has_key(model):
        return True
    st.info(f"{capabilities(model).provider} needs an API key: enter it on the Embed page.", icon=":material/key:")
    st.page_link("pages/data/embed.py", label="Enter API key", icon=":material/memory:")
    return False
