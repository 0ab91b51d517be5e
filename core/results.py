"""One lifecycle for every computed result that is stored in the workspace.

How to declare a result, in core/<feature>/results.py:

    @dataclass(frozen=True)
    class LabelQuery:                    # identifies the result: frozen, first field `corpus`
        corpus: CorpusRef
        model: ModelSpec
        column: str

    LABEL_ERRORS = Result(
        "label_errors", 1, LabelQuery, LabelErrors,              # name, version, types of the query and of the value
        inputs=lambda query: {**vector_inputs(query.model), "column": query.column},    # all that determines the value
        compute=_compute,                # (query, progress) -> value; the prerequisites are stored by then
        seconds=_seconds,                # about how long computing takes, prerequisites not counted
        requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),),
        stage="Checking labels", unit="folds",
    )

Then name it in core/jobs/results.py. Core reads it by `LABEL_ERRORS.get(query)`, which raises StorageError while it is
missing. A page says `if result_view.ready(LABEL_ERRORS, query, ...):`, which computes it inline where that is quick,
else offers its job, shows its progress and lets it be cancelled and retried. Raise the version when the algorithm gives
other values. Values are dataclasses of arrays and plain values; what `core.codec` can't store has its own `to_stored`
and `from_stored`. A query may have fields that are not part of the inputs, such as a spending limit, but never an
API key.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np

from core import codec
from core.digest import digest_json
from core.errors import PlanisphereError, StorageError
from core.secret import Secret
from core.store import Stored, Workspace
from core.types import CorpusRef, Progress

_LOG = logging.getLogger(__name__)
INLINE_SECONDS = 3.0  # a page computes what takes no longer at once, anything else is a job
Worker = Literal["job", "layout"]


class HasCorpus(Protocol):
    """A frozen dataclass that names a corpus."""

    @property
    def corpus(self) -> CorpusRef: ...


Query = TypeVar("Query", bound=HasCorpus)
Value = TypeVar("Value")


def no_progress(done: int, total: int) -> None:
    """Ignores progress."""


@dataclass(frozen=True, eq=False)
class Result(Generic[Query, Value]):
    """A kind of computed result: what names it, how it is computed and stored, and what it takes.

    name: its folder in the workspace. inputs: plain values and dataclasses of them, all that determines the value
    beside the corpus and the version. compute: (query, progress) -> value, with the API key as third argument where
    needs_secret. seconds: of the computation alone. requires: what must be stored first. stage, unit: for progress.
    worker: where it runs as a job. to_stored: value -> arrays and JSON-able facts. from_stored: back; may depend on the
    query, and raises TypeError, ValueError or KeyError for damaged data.
    absence, remedy: what a StorageError says where it is missing.
    """

    name: str
    version: int
    query_type: type[Query]
    value_type: Any
    inputs: Callable[[Query], Mapping[str, Any]]
    compute: Callable[..., Value]
    seconds: Callable[[Query], float]
    requires: Callable[[Query], tuple["Step", ...]] = lambda query: ()
    stage: str | Callable[[Query], str] = "Computing"
    unit: str = ""
    worker: Worker | Callable[[Query], Worker] = "job"
    needs_secret: bool = False
    to_stored: Callable[[Value], tuple[dict[str, np.ndarray], dict[str, Any]]] | None = None
    from_stored: Callable[[Query, Stored], Value] | None = None
    absence: str = "This result has not been computed yet."
    remedy: str = "Open the page that shows it and start the computation."

    def stored_inputs(self, query: Query) -> dict[str, Any]:
        """What names the result among those of its corpus."""
        data, _ = codec.encode({**self.inputs(query), self.name: self.version})
        return dict(data)

    def key(self, query: Query) -> str:
        """Equal for queries with the same result."""
        return digest_json([self.name, query.corpus.folder, query.corpus.digest, self.stored_inputs(query)])

    def load(self, query: Query) -> Value | None:
        """The stored value, arrays read-only and memory-mapped; None where it is missing or damaged."""
        stored = Workspace(query.corpus.folder).load(self.name, query.corpus.digest, self.stored_inputs(query))
        if stored is None:
            return None
        try:
            if self.from_stored:
                return self.from_stored(query, stored)
            data = stored.facts[_WRAPPED] if set(stored.facts) == {_WRAPPED} else stored.facts
            value: Value = codec.decode(self.value_type, data, stored.arrays)
            return value
        except (TypeError, ValueError, KeyError, PlanisphereError):
            return None

    def exists(self, query: Query) -> bool:
        """Whether the value is stored and can be read."""
        return self.load(query) is not None

    def created(self, query: Query) -> float:
        """When the value was stored, in unix seconds; 0 where it is missing."""
        return Workspace(query.corpus.folder).created(self.name, query.corpus.digest, self.stored_inputs(query))

    def records(self, corpus: CorpusRef) -> Iterator[dict[str, Any]]:
        """What is stored of a corpus in this version, oldest first: inputs, facts, made (unix seconds)."""
        for record in Workspace(corpus.folder).results(self.name, corpus.digest):
            if record["inputs"].get(self.name) == self.version:
                yield record

    def get(self, query: Query) -> Value:
        """The stored value. Raises StorageError where it is missing."""
        value = self.load(query)
        if value is None:
            raise StorageError(self.absence, self.remedy)
        return value

    def save(self, query: Query, value: Value) -> None:
        """Raises StorageError where the corpus is gone or the workspace can't be written."""
        arrays, facts = self.to_stored(value) if self.to_stored else _to_stored(value)
        Workspace(query.corpus.folder).save(self.name, query.corpus.digest, self.stored_inputs(query), arrays, facts)

    def get_or_compute(self, query: Query, progress: Progress | None = None, secret: Secret | None = None) -> Value:
        """The stored value; else it is computed and stored, what it requires first. progress: of this result alone."""
        value = self.load(query)
        if value is not None:
            return value
        for step in self.requires(query):
            step.result.get_or_compute(step.query, None, secret)
        extra = (secret,) if self.needs_secret else ()
        self.save(query, self.compute(query, progress or no_progress, *extra))
        return self.get(query)

    def load_or_compute(self, query: Query) -> Value:
        """The stored value; else it is computed, and stored where the workspace can be written. For what is quick, and
        requires nothing."""
        value = self.load(query)
        if value is None:
            value = self.compute(query, no_progress)
            try:
                self.save(query, value)
            except StorageError as error:
                _LOG.warning("%s not stored: %s", self.name, error)
        return value

    def missing(self, query: Query) -> tuple["Step", ...]:
        """What is left to compute, prerequisites first, this result last; empty where it is stored."""
        return tuple({step.key: step for step in self._missing(query)}.values())

    def expected_seconds(self, query: Query) -> float:
        """About how long everything that is missing takes. Raises what `seconds` raises, such as InputError."""
        return sum(float(step.result.seconds(step.query)) for step in self.missing(query))

    def stage_of(self, query: Query) -> str:
        return self.stage if isinstance(self.stage, str) else self.stage(query)

    def worker_of(self, query: Query) -> Worker:
        return self.worker(query) if callable(self.worker) else self.worker

    def query_to_dict(self, query: Query) -> dict[str, Any]:
        """JSON-able, without the corpus."""
        data, _ = codec.encode(query)
        return {name: item for name, item in data.items() if name != "corpus"}

    def query_from_dict(self, corpus: CorpusRef, data: Mapping[str, Any]) -> Query:
        """The query of `query_to_dict`. Raises TypeError, ValueError or KeyError for another shape."""
        unknown = set(data) - {field.name for field in fields(self.query_type)}  # type: ignore[arg-type]
        if unknown:
            raise KeyError(f"{self.name} has no query fields {sorted(unknown)}.")
        query: Query = codec.decode(self.query_type, {**data, "corpus": codec.encode(corpus)[0]})
        return query

    def _missing(self, query: Query) -> Iterator["Step"]:
        if self.exists(query):
            return
        for step in self.requires(query):
            yield from step.result.missing(step.query)
        yield Step(self, query)


@dataclass(frozen=True, eq=False)
class Step:
    """One result of one query."""

    result: Result[Any, Any]
    query: Any

    @property
    def key(self) -> str:
        return self.result.key(self.query)


_WRAPPED = "value"  # holds what is no JSON object, such as a list


def _to_stored(value: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    data, arrays = codec.encode(value)
    return arrays, data if isinstance(data, dict) and set(data) != {_WRAPPED} else {_WRAPPED: data}
