"""What the Anomalies page shows while there is nothing to look through: where to go, or what to wait for."""

from core import opened
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import empty, map_wait, session
from pages.shared.text import plain


def graph_is_there(info: CorpusInfo, model: ModelSpec) -> bool:
    """Whether the neighbor graph that everything here reads is kept."""
    return session.workspace().load("neighbors", info.digest, opened.neighbor_inputs(model)) is not None


def nothing_yet(info: CorpusInfo | None, model: ModelSpec | None) -> None:
    """No corpus, no vectors, or no graph; a running job is waited for."""
    jobs = session.manager().list(session.folder())
    if any(job.open and job.spec.corpus in ("", info.digest if info else "") for job in jobs):
        map_wait.waiting("What is odd appears here by itself once the texts are embedded and their neighbors found.")
    elif info is None:
        empty.no_corpus("There is nothing to look through yet.")
    elif model is None:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: what is odd is seen from vectors.")
    else:
        empty.not_embedded(f"The neighbor graph of {plain(model.label)} is missing: run the model again.")
