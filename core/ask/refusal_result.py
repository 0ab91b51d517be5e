"""The threshold of refusal as a stored result."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.ask.loaders import load_retriever
from core.ask.refusal import SAMPLE, RefusalThreshold, calibrate_retriever
from core.models.registry import capabilities
from core.results import Result
from core.secret import Secret
from core.stats.interval import Interval
from core.store import Stored, vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

MIN_TIMED_TEXTS = 2_000  # embedded in one run, so that its time says how long others take
SERVER_SECONDS = 15.0
LOCAL_SECONDS = 2.0  # where no run was long enough to tell
INTERVALS = ("value", "answered", "refused", "auroc")


@dataclass(frozen=True)
class RefusalQuery:
    """The threshold of a model on a corpus, and on others that are searched with it. known: (question, whether the
    texts answer it) pairs; none: from sentences of the corpus."""

    corpus: CorpusRef
    model: ModelSpec
    others: tuple[CorpusRef, ...] = ()
    known: tuple[tuple[str, bool], ...] = ()

    @property
    def texts(self) -> int:
        """How many texts are embedded at most."""
        return len(self.known) or 2 * SAMPLE


def _inputs(query: RefusalQuery) -> dict[str, Any]:
    others = [corpus.digest for corpus in query.others]
    return {**vector_inputs(query.model), "others": others, "known": query.known}


def _seconds(query: RefusalQuery) -> float:
    """Longer than a page waits for a server's model, so that nothing is sent before it was offered."""
    if capabilities(query.model).hosted:
        return SERVER_SECONDS
    facts = load_vectors(query.corpus, query.model).facts
    if facts.get("computed", 0) < MIN_TIMED_TEXTS:
        return LOCAL_SECONDS
    return float(query.texts * facts["seconds"] / facts["computed"])


def _compute(query: RefusalQuery, progress: Progress, secret: Secret | None = None) -> RefusalThreshold:
    retriever = load_retriever((query.corpus, *query.others), query.model, secret)
    return calibrate_retriever(retriever, query.known or None)


def _to_stored(threshold: RefusalThreshold) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    return {}, asdict(threshold)


def _from_stored(query: RefusalQuery, stored: Stored) -> RefusalThreshold:
    intervals = {name: Interval(*map(float, stored.facts[name])) for name in INTERVALS}
    return RefusalThreshold(**{**stored.facts, **intervals})


REFUSAL = Result(
    "refusal", 1, RefusalQuery, RefusalThreshold,
    inputs=_inputs, compute=_compute, seconds=_seconds, needs_secret=True,
    to_stored=_to_stored, from_stored=_from_stored,
    stage="Calibrating refusal", unit="questions",
    absence="The threshold of refusal has not been calibrated yet.", remedy="Calibrate it on the Ask page.",
)  # fmt: skip
