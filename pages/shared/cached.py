"""The only user of Streamlit's caches.

Hashed arguments name the result completely (digests and frozen parameters); an underscored argument is only
the means to get it. Sizes are bounded so that the process stays below 400 MB; what is evicted is computed again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.jobs.manager import JobManager


@dataclass(frozen=True)
class Shared:
    """What all sessions of a server share; a wrapper, since Streamlit can't cache a bare client."""

    manager: JobManager


@st.cache_resource(show_spinner=False)
def shared(scheduler: str, workers: int, servers: tuple[str, ...], _folder: str) -> Shared:
    """The job manager, one per server; the workspace of the first session is where workers load models ahead."""
    return Shared(JobManager(scheduler, workers, _folder, servers))


@st.cache_data(max_entries=200, show_spinner=False, max_size="40 MB")
def worker_result(_ask: Callable[[], Any], key: str) -> Any:
    """The result of a function in a worker, cached. key: a digest of the function's name and its arguments."""
    return _ask()


@st.cache_data(max_entries=40, show_spinner=False, max_size="40 MB")
def computed_once(_make: Callable[[], Any], name: str, *arguments: Any) -> Any:
    """What `_make` returns, cached under a name and the arguments (digests, frozen parameters) that determine it."""
    return _make()
