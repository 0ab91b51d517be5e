"""What a page shows for a result that is not stored yet: its progress, or the expected time and a start button.

`ready` and `value` are for results (see core.results), `offer` and `compute_inline` for jobs that are more than one.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from core.digest import digest_json
from core.jobs import results as result_jobs
from core.jobs.kinds import computes
from core.jobs.types import JobSpec, JobState
from core.results import INLINE_SECONDS, HasCorpus, Result, Step
from pages.shared import jobs_view, session
from pages.shared.text import format_duration, plain

Q = TypeVar("Q", bound=HasCorpus)
V = TypeVar("V")
INLINE_TIMEOUT = 600.0  # seconds, should an estimate be far too low


def ready(
    result: Result[Q, Any], query: Q, *, headline: str, description: str, title: str, button: str = "Start"
) -> bool:
    """Whether the result is stored, or could be computed at once; else shows its job's progress or offers to start it.

    headline, description: plain text of ours or escaped by `plain`. title: of the job. Raises what makes computing
    impossible, such as InputError for an unusable column.
    """
    step = Step(result, query)
    return ready_all([step], headline=headline, description=description, titles=[title], button=button)


def ready_all(
    steps: Sequence[Step], *, headline: str, description: str, titles: Sequence[str], button: str = "Start"
) -> bool:
    """The same for several results; each that is missing has a job of its own with one of the titles."""
    show_submitted()
    missing = [(step, title) for step, title in zip(steps, titles, strict=True) if not step.result.exists(step.query)]
    if not missing:
        return True
    if running := next((state for step, _ in missing if (state := running_job(step))), None):
        jobs_view.show_progress(running)
        return False
    named = tuple((step.result.name, step.query) for step, _ in missing)
    estimate = session.ask(result_jobs.estimate, named)
    jobs = [result_jobs.result_spec(step.result, step.query, title) for step, title in missing]
    if not estimate.inline:
        offer_jobs(*jobs, headline=headline, description=description, button=button, seconds=estimate.seconds)
        return False
    for (step, _), job in zip(missing, jobs, strict=True):
        secret = session.job_key(job.params) if step.result.needs_secret else None
        with st.spinner(f"{plain(step.result.stage_of(step.query))} …", show_time=True):
            session.ask(result_jobs.compute, step.result.name, step.query, secret, timeout=INLINE_TIMEOUT)
    return True


def ready_value(
    result: Result[Q, V], query: Q, *, headline: str, description: str, title: str, button: str = "Start"
) -> V | None:
    """The stored value; None where `ready` is False."""
    if not ready(result, query, headline=headline, description=description, title=title, button=button):
        return None
    return result.get(query)


def offer_jobs(*jobs: JobSpec, headline: str, description: str, button: str, seconds: float | None = None) -> None:
    """The progress of the first job that is open; else why they stopped, if they did, and a button that starts them.

    headline, description: as in `ready`. seconds: about how long they take in all.
    """
    show_submitted()
    ids = {job.id for job in jobs}
    states = [state for state in session.manager().list(session.folder()) if state.id in ids]
    if running := next((state for state in states if state.open), None):
        jobs_view.show_progress(running)
        return
    with st.container(border=True):
        st.markdown(f"**{headline}**")
        duration = f" This takes about {format_duration(max(seconds, 1))}." if seconds is not None else ""
        st.write(description + duration)
        for state in states:
            jobs_view.show_stop_reason(state)
        start_button("Retry" if any(state.status != "done" for state in states) else button, *jobs)


def start_button(label: str, *jobs: JobSpec, icon: str = ":material/play_arrow:") -> None:
    """Starts the jobs in a callback, which runs even where the page is left in the same moment."""
    st.button(
        label,
        key=f"start-{digest_json([job.id for job in jobs])}",
        type="primary",
        icon=icon,
        on_click=submit_jobs,
        args=jobs,
        help="Runs in the background. The result is stored, so this is needed only once.",
    )


def submit_jobs(*jobs: JobSpec) -> None:
    for job in jobs:
        session.manager().submit(job, session.job_key(job.params))
    session.remember("submitted", True)


def show_submitted() -> None:
    """After a job was submitted from a fragment of a page: draw the whole page, so that the sidebar shows the job."""
    if session.remembered("submitted"):
        session.remember("submitted", False)
        st.rerun()


def running_job(step: Step) -> JobState | None:
    """The open job that computes this, be it as a prerequisite or after embedding."""
    open_jobs = (state for state in session.manager().list(session.folder()) if state.open)
    return next((state for state in open_jobs if computes(state.spec, step)), None)


def compute_inline(seconds: float, message: str, compute: Callable[[], None]) -> bool:
    """Computes behind a spinner where that is quick; gives whether it did."""
    if seconds > INLINE_SECONDS:
        return False
    with st.spinner(message):
        compute()
    return True
