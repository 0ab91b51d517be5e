"""A job and its state."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core import codec
from core.digest import digest_json
from core.types import CorpusRef

Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True)
class JobSpec:
    """Requested work. kind: one of core.jobs.kinds.KINDS. params: JSON-able, all that determines the result. Equal
    specs are the same job.

    background: nobody waits for it, so it runs beside the queue of other jobs, and its tasks have a lower priority.
    """

    kind: str
    workspace: str
    corpus: str
    params: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    background: bool = False

    @property
    def ref(self) -> CorpusRef:
        from core.corpus.added_columns import current_ref  # imports pandas, which the scheduler does without

        return current_ref(self.workspace, self.corpus)

    @property
    def id(self) -> str:
        return digest_json({name: getattr(self, name) for name in ("kind", "workspace", "corpus", "params")})

    @property
    def name(self) -> str:
        """The job within its workspace, whose folder may be mounted under another path elsewhere."""
        return digest_json({name: getattr(self, name) for name in ("kind", "corpus", "params")})

    @property
    def models(self) -> frozenset[str]:
        """Digests of the models it is about."""
        return frozenset(_models(self.params))


def _models(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(value.get("model"), dict):
        yield digest_json(value["model"])
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _models(part)


@dataclass(frozen=True)
class JobState:
    """The state of a job. done and total count `unit`s of the current stage; rate is units per second.

    has_key: it was started with an API key, which is not stored. attempts: how often a server was killed with it.
    resumes: while a server's limit is waited for, when it ends in unix seconds. note: what to know of a finished job.
    refused: it failed by its input, such as an uploaded file, and would do so again.
    """

    spec: JobSpec
    status: Status = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None
    started: float | None = None
    finished: float | None = None
    error: str = ""
    remedy: str = ""
    has_key: bool = False
    attempts: int = 0
    resumes: float | None = None
    note: str = ""
    refused: bool = False

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def open(self) -> bool:
        return self.status in ("queued", "running")

    @property
    def fraction(self) -> float:
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Of the current stage, at the current rate; None where no rate is known yet."""
        return (self.total - self.done) / self.rate if self.rate and self.total else None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "JobState":
        """Raises TypeError, ValueError or KeyError for a record of another shape."""
        state: JobState = codec.decode(cls, values)
        return state

    def with_(self, **changes: Any) -> "JobState":
        return replace(self, **changes)
