"""A value that must not be seen: an API key on its way from a password field to a server."""


class Secret:
    """Holds a string and shows '***' wherever it is printed, formatted or logged.

    Equal and hashed by value. It can be pickled, so that a job may carry it to a worker process; the pickle
    holds the value, hence is never written to disk.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = str(value)

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return Secret, (self._value,)
