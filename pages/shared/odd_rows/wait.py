"""What the Anomalies page shows while there is nothing to look through: where to go, or what to wait for."""

from core.answers.anomalies.listed import scored
from core.jobs.types import JobSpec
from core.opened import NEIGHBORS, ModelQuery
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from pages.shared import empty, result_view, session
from pages.shared.text import count, plain

ROWS_A_SECOND = 5_000  # grouped and scored
QUICK_ROWS = 60_000  # no more rows are scored at once, without a job


def graph_is_there(info: CorpusInfo, model: ModelSpec) -> bool:
    """Whether the neighbor graph that everything here reads is kept."""
    return NEIGHBORS.exists(ModelQuery(CorpusRef(session.folder(), info.digest), model))


def nothing_yet(info: CorpusInfo | None, model: ModelSpec | None) -> None:
    """No corpus, no vectors, or no graph; a running job is waited for."""
    if empty.coming(info):
        empty.waiting("What is odd appears here by itself once the texts are embedded and their neighbors found.")
    elif info is None:
        empty.no_corpus("There is nothing to look through yet.")
    elif model is None:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: what is odd is seen from vectors.")
    else:
        empty.not_embedded(f"The neighbor graph of {plain(model.label)} is missing: run the model again.")


def at_hand(info: CorpusInfo, model: ModelSpec, k: int) -> bool:
    return info.rows <= QUICK_ROWS or session.ask(scored, session.folder(), info.digest, model, k)


def scores_are_there(info: CorpusInfo, model: ModelSpec, k: int) -> bool:
    """Whether the rows are scored, or few enough to be at once; else shows how to start it, or that it is on its
    way."""
    if at_hand(info, model, k):
        return True
    params = {"model": model.to_dict(), "k": k}
    job = JobSpec("odd_rows", session.folder(), info.digest, params, title=f"Odd rows of {info.name}")
    words = f"All {count(info.rows, 'row')} are compared with their nearest rows and their groups."
    result_view.offer(job, "The rows have not been scored yet.", words, "Score the rows", info.rows / ROWS_A_SECOND)
    return False
