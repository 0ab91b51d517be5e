"""Creating the corpus that was requested by a button, on whichever page is open by then."""

from dataclasses import dataclass

import streamlit as st

from core.corpus.preprocess import Steps
from core.corpus.service import CreatedCorpus, FilePreview, load_profile
from core.corpus.staging import ImportSource
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.types import Roles
from core.vectors.splitting import create_corpus
from pages.shared import session
from pages.shared.corpus.add_data import clear_source
from pages.shared.messages import show_error
from pages.shared.text import count

CREATE_SECONDS = 600  # a million rows with vectors, or split into passages, take minutes on a small machine
_REQUEST = "creation_request"


@dataclass(frozen=True)
class CreationRequest:
    """Files, the roles of their columns, preprocessing, and the name of the corpus to create."""

    source: ImportSource
    roles: Roles
    steps: Steps
    name: str


def request_creation(request: CreationRequest, preview: FilePreview) -> None:
    """A callback: remembered until it is done, so that opening another page meanwhile loses nothing."""
    tasks = [count(preview.rows, "row")]
    tasks += ["splitting into passages"] if request.steps.passage_tokens else []
    tasks += ["storing vectors"] if preview.vectors else []
    session.remember(_REQUEST, (request, f"Creating the corpus: {', '.join(tasks)}"))


def finish_creation() -> None:
    """Create and open the requested corpus, if there is one; its map is started if it has vectors."""
    request, message = session.remembered(_REQUEST) or (None, "")
    if request is None:
        return
    try:
        created = _create(request, message)
    except PlanisphereError as error:
        session.remember(_REQUEST, None)
        show_error(error)
        return
    session.remember(_REQUEST, None)
    _open_created(created)


def _create(request: CreationRequest, message: str) -> CreatedCorpus:
    """Raises InputError, StorageError, JobError."""
    arguments = (session.folder(), request.source, request.roles, request.steps, request.name)
    with st.spinner(message, show_time=True):
        created = session.ask(create_corpus, *arguments, timeout=CREATE_SECONDS)
    with st.spinner("Profiling the texts", show_time=True):  # here, so that the next page shows it at once
        session.ask_once(load_profile, session.corpus_ref(created.info))
    return created


def _open_created(created: CreatedCorpus) -> None:
    info = created.info
    if created.model:
        params = {"model": created.model.to_dict()}
        session.manager().submit(JobSpec("map", session.folder(), info.digest, params, f"Map of {info.name}"))
    session.remember("created", (info.digest, info.name, info.rows, created.model is not None))
    session.open_corpus(info.digest)
    clear_source()
    st.rerun()
