"""Jobs in the sidebar of every page: progress with rate and time left, cancel, resume, dismiss."""

import time

import streamlit as st

from core.jobs.types import JobState
from pages.shared import session
from pages.shared.text import format_duration, plain

STOPPED = {"failed": "Failed", "cancelled": "Cancelled", "interrupted": "Interrupted when the app stopped"}


def show_sidebar_jobs() -> None:
    """Show this workspace's jobs in the sidebar, refreshed every second while one is open."""
    jobs = session.manager().list(session.folder())
    if not jobs:
        return
    running = any(job.open for job in jobs)
    with st.sidebar:
        st.fragment(_show_jobs, run_every="1s" if running else None)()


def _show_jobs() -> None:
    jobs = session.manager().list(session.folder())
    before = session.remembered("open_jobs", [])
    now = [job.id for job in jobs if job.open]
    session.remember("open_jobs", now)
    if set(before) - set(now):
        st.rerun()  # a job ended: the page may show its result
    listed = [job for job in jobs if job.status != "done" or job.note]
    if listed:
        st.divider()
    ended = tuple(job.id for job in listed if not job.open)
    if len(ended) > 1:
        help_text = "Removes jobs that are not running from this list. What they computed stays stored."
        st.button(f"Dismiss {len(ended)} ended jobs", key="dismiss-ended", icon=":material/clear_all:",
                  on_click=_dismiss, args=(ended,), help=help_text)  # fmt: skip
    for job in listed:
        _show_job(job)


def _dismiss(jobs: tuple[str, ...]) -> None:
    """Remove jobs from the list for good; one that was started again meanwhile stays."""
    for job in jobs:
        session.manager().forget(session.folder(), job)


def _show_job(job: JobState) -> None:
    if job.open:
        show_job_progress(job, key=f"cancel-{job.id}")
    else:
        with st.container(border=True, gap="xsmall"):
            _show_stopped_job(job)


def show_job_progress(job: JobState, key: str) -> None:
    """An open job: its title, its progress, and a button with this key to cancel it."""
    st.markdown(f"**{plain(job.spec.title)}**")
    if job.status == "queued":
        st.caption("Queued")
    else:
        st.progress(job.fraction, text=progress_text(job))
    cancel, help = session.manager().cancel, "Progress is saved; you can resume later."
    st.button("Cancel", key=key, icon=":material/stop_circle:", on_click=cancel, args=(job.id,), help=help)


def show_progress(job: JobState, message: str = "") -> None:
    """The same within a page, with what appears there afterwards: refreshed every second, and the page at its end."""
    st.fragment(_draw_progress, run_every="1s")(job.id, message)


def _draw_progress(job: str, message: str) -> None:
    state = session.manager().get(job)
    if state is None or not state.open:
        st.rerun()
    with st.container(border=True):
        show_job_progress(state, key=f"page-cancel-{job}")
        if message:
            st.caption(message)


def show_stop_reason(job: JobState) -> None:
    """Why a job ended without a result, or what to know of it."""
    if job.error:
        st.error(plain(job.error) + (f"\n\n{plain(job.remedy)}" if job.remedy else ""), icon=":material/error:")
    elif job.note:
        st.warning(plain(job.note), icon=":material/rule:")
    elif job.status in STOPPED:
        st.caption(f"{STOPPED[job.status]}.{' Progress is saved.' if job.done else ''}")


def _show_stopped_job(job: JobState) -> None:
    """One compact entry: title, reason, what can be done, and a button that removes it."""
    with st.container(horizontal=True, vertical_alignment="top", wrap=False):
        st.markdown(f"**{plain(job.spec.title)}**", width="stretch")
        st.button("Dismiss", key=f"forget-{job.id}", type="tertiary", on_click=_dismiss, args=((job.id,),))
    if job.error:
        st.caption(f":red[:material/error: {plain(job.error)}] {plain(job.remedy)}")
    else:
        show_stop_reason(job)
    if job.status == "done":
        st.page_link("pages/data/embed.py", label="Details", icon=":material/memory:")
    elif not job.refused:
        continue_button(job, key=f"again-{job.id}")


def continue_button(job: JobState, key: str) -> None:
    """Starts a job again; one that costs money needs consent again."""
    if job.spec.params.get("limit_usd"):
        st.page_link("pages/data/embed.py", label="Continue", icon=":material/play_arrow:")
    else:
        st.button("Continue", key=key, icon=":material/play_arrow:", on_click=resume_job, args=(job,))


def resume_job(job: JobState) -> None:
    """Start a job again; it continues where it stopped."""
    session.manager().submit(job.spec, session.job_key(job.spec.params))


def progress_text(job: JobState) -> str:
    """ "Embedding: 1,200 of 10,003 texts, 640 texts/s, 14 s left"."""
    parts = [f"{job.done:,} of {job.total:,} {job.unit}"] if job.total else []
    if job.resumes:
        parts.append(f"waiting for the server's limit, {format_duration(max(job.resumes - time.time(), 1))}")
    elif job.total and job.rate:
        slow = job.rate < 1  # folds, contenders: per minute
        pace = f"{60 * job.rate:,.1f} {job.unit}/min" if slow else f"{job.rate:,.0f} {job.unit}/s"
        parts += [pace, f"{format_duration(job.seconds_left or 0)} left"]
    stage = plain(job.stage) or "Starting"
    return f"{stage}: " + ", ".join(parts) if parts else f"{stage} …"
