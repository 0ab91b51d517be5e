"""Names of clusters edited by hand or written by a chat model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.clusters import llm_names
from core.clusters.llm_names import INSTRUCTIONS, NAME_TOKENS, ClusterSummary, Request, make_unique
from core.clusters.methods import ClusterParams
from core.clusters.names import edited_names, representative_rows, save_names
from core.clusters.results import CLUSTER_KEYWORDS, ClusterQuery
from core.clusters.service import cluster_set, clustering, keyword_names
from core.clusters.validation import centers
from core.corpus.loaders import load_corpus
from core.corpus.selections import clean_name
from core.errors import InputError, PlanisphereError, ServiceError
from core.models.chat import Chat, ChatModel
from core.models.openai_client.errors import without_cause
from core.models.openai_client.tokens import estimate_tokens
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

SENT_TEXTS = 5  # different representative texts of a cluster
MAX_CANDIDATES = 20  # representative rows among which these are searched
TABLE_KEYWORDS = 6


@dataclass(frozen=True)
class NamingPlan:
    """What naming by a model takes. clusters: to be named. tokens_in, tokens_out: estimates over all requests, without
    retries. first: what is sent of the first cluster."""

    clusters: int
    requests: int
    tokens_in: int
    tokens_out: int
    first: str


def names_table(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> pd.DataFrame:
    """One row per cluster, index labels: number (from 1), rows, keywords, keyword_name, name (edited or not)."""
    clusters, defaults = cluster_set(corpus, model, params), keyword_names(corpus, model, params)
    terms = [", ".join(term[:TABLE_KEYWORDS]) for term in _cluster_terms(corpus, model, params)]
    sizes = np.bincount(clusters.labels[clusters.labels >= 0], minlength=len(defaults))
    columns = {"number": np.arange(1, len(defaults) + 1), "rows": sizes, "keywords": terms}
    return pd.DataFrame(columns | {"keyword_name": list(defaults), "name": list(clusters.names)})


def save_edited_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, names: Sequence[str]) -> int:
    """Save edited names of all clusters; returns how many differ from the keyword names.

    Raises InputError, naming the cluster, for a name that is empty, too long or used twice.
    """
    defaults = keyword_names(corpus, model, params)
    if len(names) != len(defaults):
        raise InputError(f"There are {len(defaults):,} clusters now, not {len(names):,}.", "Reload the page.")
    cleaned = [_checked(number, name) for number, name in enumerate(names, 1)]
    first: dict[str, int] = {}
    for number, name in enumerate(cleaned, 1):
        if (other := first.setdefault(name.casefold(), number)) != number:
            message = f'Clusters {other:,} and {number:,} have the same name "{cleaned[other - 1]}".'
            raise InputError(message, "Use a different name for each.")
    edited = {label: name for label, name in enumerate(cleaned) if name != defaults[label]}
    save_names(Workspace(corpus.folder), corpus.digest, model, params, edited)
    return len(edited)


def reset_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> None:
    """Back to keyword names."""
    save_names(Workspace(corpus.folder), corpus.digest, model, params, {})


def naming_plan(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, limit: int, rename: bool) -> NamingPlan:
    """What naming the `limit` largest clusters takes; rename: also those with an edited name. Sends nothing."""
    edited = edited_names(Workspace(corpus.folder), corpus.digest, model, params)
    planned = _naming_requests(corpus, model, params, limit, edited if rename else None)
    summaries = [summary for request in planned for summary in request.clusters]
    tokens_in = sum(summary.tokens for summary in summaries) + len(planned) * estimate_tokens(INSTRUCTIONS)
    tokens_out = len(summaries) * NAME_TOKENS + len(planned) * 10
    first = "\n".join((", ".join(summaries[0].keywords), *summaries[0].texts)) if summaries else ""
    return NamingPlan(len(summaries), len(planned), tokens_in, tokens_out, first)


@without_cause
def name_with_model(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, chat: ChatModel, limit: int,
    before: Mapping[int, str] | None, secret: Secret | None, progress: Progress | None = None,
) -> int:  # fmt: skip
    """Ask a chat model for names and save them as they arrive; returns how many clusters were named.

    before: edited names to replace; clusters whose name is another by now are left out, as are all with an edited name
    where it is None.
    Raises ServiceError where the server fails, or where answers for some clusters could not be used; names saved by
    then stay.
    """
    workspace, defaults = Workspace(corpus.folder), keyword_names(corpus, model, params)
    named: set[int] = set()

    def save(names: dict[int, str]) -> None:
        if names:  # a person may have edited other names meanwhile: they stay
            edited = edited_names(workspace, corpus.digest, model, params)
            current = [edited.get(label, name) for label, name in enumerate(defaults)]
            unique = make_unique(names, current, current)  # a name that can't be used leaves the current one
            rest = {label: name for label, name in edited.items() if label not in unique and label < len(defaults)}
            save_names(workspace, corpus.digest, model, params, rest | unique)
            named.update(unique)

    planned = _naming_requests(corpus, model, params, limit, before)
    labels = {summary.label for request in planned for summary in request.clusters}
    edited = edited_names(workspace, corpus.digest, model, params)
    others = [name for label, name in edited.items() if label not in labels]
    names, error = llm_names.name_clusters(planned, others, Chat(chat, secret).ask, save, progress)
    if len(named) < len(labels):
        reason = error or "the model repeated a name" if len(names) == len(labels) else error
        raise ServiceError(
            f"{len(named):,} of {len(labels):,} clusters were named; the answers for the others could not be used"
            + (f" ({reason})." if reason else "."),
            "Start again for the rest, or choose another model. The others keep their current names.",
        )
    return len(named)


@lru_cache(maxsize=4)
def _cluster_terms(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> list[list[str]]:
    weighted = CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(corpus, model, params))
    return [[term for term, _ in terms] for terms in weighted]


def _naming_requests(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, limit: int, before: Mapping[int, str] | None
) -> list[Request]:
    """The requests for the largest clusters, siblings together."""
    edited = edited_names(Workspace(corpus.folder), corpus.digest, model, params)
    count = len(keyword_names(corpus, model, params))
    old = before or {}
    labels = [label for label in range(min(limit, count)) if label not in edited or edited[label] == old.get(label)]
    if not labels:
        return []
    directions = centers(load_vectors(corpus, model).rows, clustering(corpus, model, params).labels)
    groups = llm_names.sibling_groups(labels, _parents(corpus, model, params), directions)
    summaries = {label: _cluster_summary(corpus, model, params, label) for label in labels}
    taken = tuple(name for label, name in edited.items() if label not in summaries)
    return llm_names.plan_requests([[summaries[label] for label in group] for group in groups], taken)


def _parents(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> dict[int, int] | None:
    """Each cluster's parent on the next coarser level; None where there is no such level."""
    clusters = clustering(corpus, model, params)
    if clusters.levels is None or clusters.params.level == 0:
        return None
    labels, first = np.unique(clusters.labels, return_index=True)
    above = clusters.levels[clusters.params.level - 1]
    return {int(label): int(above[row]) for label, row in zip(labels, first, strict=True) if label >= 0}


@lru_cache(maxsize=2_000)
def _cluster_summary(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> ClusterSummary:
    labels, texts = clustering(corpus, model, params).labels, load_corpus(corpus).texts
    candidates = representative_rows(load_vectors(corpus, model).rows, labels, label, MAX_CANDIDATES)
    samples = list(dict.fromkeys(texts[int(row)] for row in candidates))[:SENT_TEXTS]
    terms = _cluster_terms(corpus, model, params)[label]
    return llm_names.summarize_cluster(label, int((labels == label).sum()), terms, samples)


def _checked(number: int, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"Cluster {number:,} needs a name.", "Enter one, or reset to keyword names.")
    try:
        return clean_name(name)
    except PlanisphereError as error:
        raise InputError(f'Cluster {number:,} can\'t be named "{name[:20]}…".', error.remedy) from None
