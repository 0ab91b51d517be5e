"""What the Anomalies page shows while there is nothing to look through: where to go, or what to wait for."""

from core.outliers.results import OUTLIER_SCORES, OutlierQuery
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import messages, result_view, session
from pages.shared.text import count, plain


def graph_is_there(info: CorpusInfo, model: ModelSpec) -> bool:
    """Whether the neighbor graph that everything here reads is stored."""
    return NEIGHBORS.exists(ModelQuery(CorpusRef(session.folder(), info.digest), model))


def nothing_yet(info: CorpusInfo | None, model: ModelSpec | None) -> None:
    """No corpus, no vectors, or no graph; a running job is waited for."""
    if messages.is_embedding_pending(info):
        messages.show_waiting(
            "What is odd appears here by itself once the texts are embedded and their neighbors found."
        )
    elif info is None:
        messages.show_no_corpus("There is nothing to look through yet.")
    elif model is None:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: what is odd is seen from vectors.")
    else:
        messages.show_not_embedded(f"The neighbor graph of {plain(model.label)} is missing: run the model again.")


def score_query(info: CorpusInfo, model: ModelSpec, k: int) -> OutlierQuery:
    return OutlierQuery(CorpusRef(session.folder(), info.digest), model, k)


def scores_are_there(info: CorpusInfo, model: ModelSpec, k: int) -> bool:
    """Whether the rows are scored; few are scored at once, for more the job is offered."""
    return result_view.ready(
        OUTLIER_SCORES,
        score_query(info, model, k),
        headline="The rows have not been scored yet.",
        description=f"All {count(info.rows, 'row')} are compared with their nearest rows and their clusters.",
        button="Score the rows",
        title=f"Outlier scores of {info.name}",
    )
