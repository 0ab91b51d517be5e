"""Every error a person may see.

PlanisphereError            anything we can explain
├── InputError              a file, table, column or vector that can't be used
├── ModelError              an embedding model that can't be loaded or run
│   └── ServiceError        a server that refused, failed or answered nonsense
│       ├── RateLimitError  a server that wants a longer wait than was allowed
│       └── TextsError      some texts that a server refused, while it took the others
├── StorageError            the workspace can't be read or written
└── JobError                a background job that failed, was cancelled or lost its worker
"""

from collections.abc import Mapping


class PlanisphereError(Exception):
    """What is wrong, and how to fix it; both are shown to the person unchanged.

    Keeps both as plain positional arguments, so that it survives pickling between processes.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InputError(PlanisphereError):
    """The input can't be used; the message names file, row or column."""


class ModelError(PlanisphereError):
    """The model can't be loaded or run."""


class ServiceError(ModelError):
    """An embedding server refused, failed or answered with something unusable."""


class RateLimitError(ServiceError):
    """A server limits requests. seconds: until it takes the next one, None where it does not say.

    messages: as of a TextsError, for texts that it refused before. answered: requests that servers answered before,
    in the same task of a job.
    """

    answered = 0

    def __init__(
        self,
        message: str,
        remedy: str = "",
        seconds: float | None = None,
        messages: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.seconds, self.messages = seconds, dict(messages or {})
        self.args = (message, remedy, seconds, self.messages)


class TextsError(ServiceError):
    """A server refused some texts of many. messages: what it says, by position among the texts."""

    def __init__(self, message: str, remedy: str = "", messages: Mapping[int, str] | None = None) -> None:
        super().__init__(message, remedy)
        self.messages = dict(messages or {})
        self.args = (message, remedy, self.messages)


class StorageError(PlanisphereError):
    """The workspace can't be read or written."""


class JobError(PlanisphereError):
    """A background job failed, was cancelled or lost its worker."""
