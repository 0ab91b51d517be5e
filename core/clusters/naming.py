"""Naming clusters: by hand, and by a chat model that a person chose."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.clusters.llm_names import (
    INSTRUCTIONS,
    NAME_TOKENS,
    ClusterSummary,
    Request,
    make_unique,
    name_clusters,
    plan_requests,
    sibling_groups,
    summarize_cluster,
)
from core.clusters.methods import ClusterParams
from core.clusters.names import edited_names, representative_rows, save_names
from core.clusters.results import CLUSTER_KEYWORDS, ClusterQuery
from core.clusters.service import cluster_set, clustering, keyword_names
from core.clusters.validation import centers
from core.corpus.loaders import load_corpus
from core.corpus.selections import clean_name
from core.errors import InputError, PlanisphereError, ServiceError
from core.models.chat import Chat, ChatModel
from core.models.openai_client.errors import unchained
from core.models.openai_client.tokens import estimate_tokens
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

SENT_TEXTS = 5  # of a cluster, the most central ones that differ
MAX_CANDIDATES = 20  # central texts among which these are found
TABLE_KEYWORDS = 6


@dataclass(frozen=True)
class NamingPlan:
    """What naming by a model takes. clusters: that will be asked for; all_clusters: there are. tokens_in, tokens_out:
    estimates for all requests, without those that are sent again. usd is not known: servers charge as they like."""

    clusters: int
    all_clusters: int
    named: int
    requests: int
    tokens_in: int
    tokens_out: int
    first: str


def names_table(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> pd.DataFrame:
    """One row a cluster, index labels: number (from 1), rows, keywords, own (the name by words), name (the present)."""
    clusters, defaults = cluster_set(corpus, model, params), keyword_names(corpus, model, params)
    terms = _cluster_terms(corpus, model, params)
    return pd.DataFrame(
        {
            "number": np.arange(1, len(defaults) + 1),
            "rows": np.bincount(clusters.labels[clusters.labels >= 0], minlength=len(defaults)),
            "keywords": [", ".join(term[:TABLE_KEYWORDS]) for term in terms],
            "own": list(defaults),
            "name": list(clusters.names),
        }
    )


def save_edited_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, names: Sequence[str]) -> int:
    """Keep the names of all clusters as a person edited them; gives how many differ from those by words.

    Raises InputError that names the group for a name that is empty, too long or stands twice.
    """
    defaults = keyword_names(corpus, model, params)
    if len(names) != len(defaults):
        raise InputError(f"There are {len(defaults):,} groups now, not {len(names):,}.", "Reload the page.")
    cleaned = [_checked(number, name) for number, name in enumerate(names, 1)]
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(cleaned, 1):
        numbers[name.casefold()].append(number)
    twice = next((labels for labels in numbers.values() if len(labels) > 1), None)
    if twice:
        raise InputError(
            f'Groups {twice[0]:,} and {twice[1]:,} would both be called "{cleaned[twice[0] - 1]}".',
            "Give each a name of its own.",
        )
    edited = {label: name for label, name in enumerate(cleaned) if name != defaults[label]}
    save_names(Workspace(corpus.folder), corpus.digest, model, params, edited)
    return len(edited)


def reset_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> None:
    """Back to the names by words."""
    save_names(Workspace(corpus.folder), corpus.digest, model, params, {})


def naming_plan(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, limit: int, rename: bool) -> NamingPlan:
    """What naming the `most` largest clusters takes; again: those that were given a name too. Sends nothing."""
    defaults, edited = (
        keyword_names(corpus, model, params),
        edited_names(Workspace(corpus.folder), corpus.digest, model, params),
    )
    planned = _naming_requests(corpus, model, params, limit, rename)
    subjects = [summarize_cluster for request in planned for summarize_cluster in request.subjects]
    tokens_in = sum(summarize_cluster.tokens for summarize_cluster in subjects) + len(planned) * estimate_tokens(
        INSTRUCTIONS
    )
    first = "\n".join((", ".join(subjects[0].keywords), *subjects[0].texts)) if subjects else ""
    return NamingPlan(
        len(subjects),
        len(defaults),
        len(edited),
        len(planned),
        tokens_in,
        len(subjects) * NAME_TOKENS + len(planned) * 10,
        first,
    )


@unchained
def name_with_model(
    corpus: CorpusRef,
    model: ModelSpec,
    params: ClusterParams,
    chat: ChatModel,
    limit: int,
    rename: bool,
    secret: Secret | None,
    progress: Progress | None = None,
) -> int:
    """Ask a chat model for names and keep them as they come; gives how many were named.

    Raises ServiceError where the server fails, or where some clusters keep the names they have for want of an answer
    that can be used; the names given till then stay.
    """
    workspace, defaults = Workspace(corpus.folder), keyword_names(corpus, model, params)
    named: set[int] = set()

    def keep(names: dict[int, str]) -> None:
        if names:  # a person may have edited others meanwhile: theirs stay
            known = edited_names(workspace, corpus.digest, model, params)
            present = [known.get(label, name) for label, name in enumerate(defaults)]
            made = make_unique(names, present, present)  # one that can't be used leaves the name there is
            kept = {label: name for label, name in known.items() if label not in made and label < len(defaults)}
            save_names(workspace, corpus.digest, model, params, kept | made)
            named.update(made)

    planned = _naming_requests(corpus, model, params, limit, rename)
    labels = {summarize_cluster.label for request in planned for summarize_cluster in request.subjects}
    others = [
        name for label, name in edited_names(workspace, corpus.digest, model, params).items() if label not in labels
    ]
    found, error = name_clusters(planned, others, Chat(chat, secret).ask, keep, progress)
    if len(named) < len(labels):
        why = error or "the model gave several the same name" if len(found) == len(labels) else error
        raise ServiceError(
            f"{len(named):,} of {len(labels):,} groups got a name; the answers for the others could not be used"
            + (f" ({why})." if why else "."),
            "Start again for the rest, or choose another model; the others keep the names they have meanwhile.",
        )
    return len(named)


@lru_cache(maxsize=4)
def _cluster_terms(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> list[list[str]]:
    weighted = CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params))
    return [[word for word, _ in terms] for terms in weighted]


def _naming_requests(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, limit: int, rename: bool
) -> list[Request]:
    """The requests for the largest clusters, siblings together; those with a given name only where `again`."""
    edited = edited_names(Workspace(corpus.folder), corpus.digest, model, params)
    count = len(keyword_names(corpus, model, params))
    labels = [label for label in range(min(limit, count)) if rename or label not in edited]
    if not labels:
        return []
    middles = centers(load_vectors(corpus, model).rows, clustering(corpus, model, params).labels)
    groups = sibling_groups(labels, _parents(corpus, model, params), middles)
    subjects = {label: _cluster_summary(corpus, model, params, label) for label in labels}
    taken = tuple(name for label, name in edited.items() if label not in subjects)
    return plan_requests([[subjects[label] for label in group] for group in groups], taken)


def _parents(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> dict[int, int] | None:
    """Each cluster's one on the next coarser level; None where there is none."""
    clusters = clustering(corpus, model, params)
    if clusters.levels is None or clusters.params.level == 0:
        return None
    labels, first = np.unique(clusters.labels, return_index=True)
    above = clusters.levels[clusters.params.level - 1]
    return {int(label): int(above[row]) for label, row in zip(labels, first, strict=True) if label >= 0}


@lru_cache(maxsize=2_000)
def _cluster_summary(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> ClusterSummary:
    labels, texts = clustering(corpus, model, params).labels, load_corpus(corpus).texts
    central = representative_rows(load_vectors(corpus, model).rows, labels, label, MAX_CANDIDATES)
    samples = list(dict.fromkeys(texts[int(row)] for row in central))[:SENT_TEXTS]
    return summarize_cluster(label, int((labels == label).sum()), _cluster_terms(corpus, model, params)[label], samples)


def _checked(number: int, name: object) -> str:
    try:
        return clean_name(str(name) if isinstance(name, str) else "")
    except PlanisphereError as error:
        wrong = "needs a name" if not str(name or "").strip() else f'can\'t be called "{str(name)[:20]}…"'
        remedy = "Type one, or go back to the names by words." if wrong == "needs a name" else error.remedy
        raise InputError(f"Group {number:,} {wrong}.", remedy) from None
