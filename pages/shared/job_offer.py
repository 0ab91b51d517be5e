"""What a page shows in place of a result that is not there yet: what to wait for, or what starting it will take."""

from collections.abc import Callable

import streamlit as st

from core.jobs.types import JobSpec, JobState
from pages.shared import empty, session
from pages.shared.text import duration, plain


def offer(job: JobSpec, headline: str, words: str, button: str, seconds: float | None = None) -> None:
    """The job's progress where it runs; else why it stopped, if it did, and a button that starts it.

    headline, words: plain text of ours or escaped by `plain`. seconds: about how long it takes.
    """
    show_submitted()
    state = next((each for each in session.manager().list(session.folder()) if each.id == job.id), None)
    if state is not None and state.open:
        waiting(state)
        return
    with st.container(border=True):
        st.markdown(f"**{headline}**")
        st.write(words + (f" This takes about {duration(max(seconds, 1))}." if seconds is not None else ""))
        if state is not None and state.status == "failed":
            st.error(f"{plain(state.error)} {plain(state.remedy)}", icon=":material/error:")
        # a callback runs even where the page is left in the same moment
        st.button(
            button,
            key=f"offer_{job.id}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=submit,
            args=(job,),
            help="Starts a job in the background; its result is kept, so it is done but once.",
        )


def submit(job: JobSpec) -> None:
    session.manager().submit(job, session.job_key(job.params))
    session.remember("submitted", True)


def show_submitted() -> None:
    """After a job was submitted from a fragment of a page: draw the whole page, so that the sidebar shows the job."""
    if session.remembered("submitted"):
        session.remember("submitted", False)
        st.rerun()


def waiting(state: JobState) -> None:
    """How far a running job is; the sidebar reruns the page when it ends."""
    words = "waits for the jobs before it" if state.status == "queued" else "is being worked out"
    empty.waiting(f"This {words} and appears here by itself.")


def at_once(seconds: float, words: str, compute: Callable[[], None], most: float = 3.0) -> bool:
    """Computes behind a spinner what takes no longer than `most` seconds; tells whether it did."""
    if seconds > most:
        return False
    with st.spinner(words):
        compute()
    return True
