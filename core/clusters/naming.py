"""Naming clusters: by hand, and by a chat model that a person chose."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.clusters.centers import centers
from core.clusters.cluster_set import cluster_set, clustering, own_names
from core.clusters.descriptions import CLUSTER_KEYWORDS
from core.clusters.edited_names import edited_names, save_names
from core.clusters.llm_names import Request, distinct, name_clusters, requests, sibling_groups
from core.clusters.llm_prompt import INSTRUCTIONS, NAME_TOKENS, Subject, subject
from core.clusters.methods import ClusterParams
from core.clusters.names import central_rows
from core.clusters.results import ClusterQuery
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

SENT_TEXTS = 5  # of a cluster, the most central ones that differ
LOOKED_AT = 20  # central texts among which these are found
SHOWN_WORDS = 6


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
    found, own = cluster_set(corpus, model, params), own_names(corpus, model, params)
    words = _words(corpus, model, params)
    return pd.DataFrame(
        {
            "number": np.arange(1, len(own) + 1),
            "rows": np.bincount(found.labels[found.labels >= 0], minlength=len(own)),
            "keywords": [", ".join(term[:SHOWN_WORDS]) for term in words],
            "own": list(own),
            "name": list(found.names),
        }
    )


def keep_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, names: Sequence[str]) -> int:
    """Keep the names of all clusters as a person edited them; gives how many differ from those by words.

    Raises InputError that names the group for a name that is empty, too long or stands twice.
    """
    own = own_names(corpus, model, params)
    if len(names) != len(own):
        raise InputError(f"There are {len(own):,} groups now, not {len(names):,}.", "Reload the page.")
    cleaned = [_checked(number, name) for number, name in enumerate(names, 1)]
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(cleaned, 1):
        numbers[name.casefold()].append(number)
    twice = next((places for places in numbers.values() if len(places) > 1), None)
    if twice:
        raise InputError(
            f'Groups {twice[0]:,} and {twice[1]:,} would both be called "{cleaned[twice[0] - 1]}".',
            "Give each a name of its own.",
        )
    given = {label: name for label, name in enumerate(cleaned) if name != own[label]}
    save_names(Workspace(corpus.folder), corpus.digest, model, params, given)
    return len(given)


def forget_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> None:
    """Back to the names by words."""
    save_names(Workspace(corpus.folder), corpus.digest, model, params, {})


def naming_plan(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, most: int, again: bool) -> NamingPlan:
    """What naming the `most` largest clusters takes; again: those that were given a name too. Sends nothing."""
    own, given = own_names(corpus, model, params), edited_names(Workspace(corpus.folder), corpus.digest, model, params)
    wanted = _wanted(corpus, model, params, most, again)
    subjects = [subject for request in wanted for subject in request.subjects]
    told = sum(subject.tokens for subject in subjects) + len(wanted) * estimate_tokens(INSTRUCTIONS)
    first = "\n".join((", ".join(subjects[0].words), *subjects[0].texts)) if subjects else ""
    return NamingPlan(
        len(subjects), len(own), len(given), len(wanted), told, len(subjects) * NAME_TOKENS + len(wanted) * 10, first
    )


@without_cause
def name_with_model(
    corpus: CorpusRef,
    model: ModelSpec,
    params: ClusterParams,
    chat: ChatModel,
    most: int,
    again: bool,
    secret: Secret | None,
    progress: Progress | None = None,
) -> int:
    """Ask a chat model for names and keep them as they come; gives how many were named.

    Raises ServiceError where the server fails, or where some clusters keep the names they have for want of an answer
    that can be used; the names given till then stay.
    """
    workspace, own = Workspace(corpus.folder), own_names(corpus, model, params)
    named: set[int] = set()

    def keep(names: dict[int, str]) -> None:
        if names:  # a person may have edited others meanwhile: theirs stay
            known = edited_names(workspace, corpus.digest, model, params)
            present = [known.get(label, name) for label, name in enumerate(own)]
            made = distinct(names, present, present)  # one that can't be used leaves the name there is
            kept = {label: name for label, name in known.items() if label not in made and label < len(own)}
            save_names(workspace, corpus.digest, model, params, kept | made)
            named.update(made)

    wanted = _wanted(corpus, model, params, most, again)
    asked = {subject.label for request in wanted for subject in request.subjects}
    others = [
        name for label, name in edited_names(workspace, corpus.digest, model, params).items() if label not in asked
    ]
    found, wrong = name_clusters(wanted, others, Chat(chat, secret).ask, keep, progress)
    if len(named) < len(asked):
        why = wrong or "the model gave several the same name" if len(found) == len(asked) else wrong
        raise ServiceError(
            f"{len(named):,} of {len(asked):,} groups got a name; the answers for the others could not be used"
            + (f" ({why})." if why else "."),
            "Start again for the rest, or choose another model; the others keep the names they have meanwhile.",
        )
    return len(named)


@lru_cache(maxsize=4)
def _words(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> list[list[str]]:
    found = CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params))
    return [[word for word, _ in words] for words in found]


def _wanted(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, most: int, again: bool) -> list[Request]:
    """The requests for the largest clusters, siblings together; those with a given name only where `again`."""
    given = edited_names(Workspace(corpus.folder), corpus.digest, model, params)
    count = len(own_names(corpus, model, params))
    labels = [label for label in range(min(most, count)) if again or label not in given]
    if not labels:
        return []
    middles = centers(load_vectors(corpus, model).rows, clustering(corpus, model, params).labels)
    groups = sibling_groups(labels, _parents(corpus, model, params), middles)
    subjects = {label: _subject(corpus, model, params, label) for label in labels}
    taken = tuple(name for label, name in given.items() if label not in subjects)
    return requests([[subjects[label] for label in group] for group in groups], taken)


def _parents(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> dict[int, int] | None:
    """Each cluster's one on the next coarser level; None where there is none."""
    found = clustering(corpus, model, params)
    if found.levels is None or found.params.level == 0:
        return None
    labels, first = np.unique(found.labels, return_index=True)
    above = found.levels[found.params.level - 1]
    return {int(label): int(above[row]) for label, row in zip(labels, first, strict=True) if label >= 0}


@lru_cache(maxsize=2_000)
def _subject(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> Subject:
    labels, texts = clustering(corpus, model, params).labels, load_corpus(corpus).texts
    central = central_rows(load_vectors(corpus, model).rows, labels, label, LOOKED_AT)
    shown = list(dict.fromkeys(texts[int(row)] for row in central))[:SENT_TEXTS]
    return subject(label, int((labels == label).sum()), _words(corpus, model, params)[label], shown)


def _checked(number: int, name: object) -> str:
    try:
        return clean_name(str(name) if isinstance(name, str) else "")
    except PlanisphereError as error:
        wrong = "needs a name" if not str(name or "").strip() else f'can\'t be called "{str(name)[:20]}…"'
        remedy = "Type one, or go back to the names by words." if wrong == "needs a name" else error.remedy
        raise InputError(f"Group {number:,} {wrong}.", remedy) from None
