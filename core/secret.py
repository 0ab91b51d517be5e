"""A value that must never be shown: an API key on its way from a password field to a server."""

from collections.abc import Mapping


class Secret:
    """Holds a string and shows '***' wherever it is printed, formatted or logged.

    Equal and hashed by value. It can be pickled, so that a job may carry it to a worker process; the pickle
    holds the value, hence is never written to disk.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = str(value)

    def reveal(self) -> str:
        """The value itself, for sending it."""
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


class Keys(Secret):
    """Keys of several services on their way to a job; each is given out for its own service alone.

    by_name: `key_name` of a service (core.models.base.Capabilities) -> its key. It reveals nothing itself.
    """

    __slots__ = ("_by_name",)

    def __init__(self, by_name: Mapping[str, Secret | None]) -> None:
        super().__init__("")
        self._by_name = {name: key for name, key in by_name.items() if key}

    def of(self, name: str) -> Secret | None:
        """The key of a service, None where there is none."""
        return self._by_name.get(name)

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and other._by_name == self._by_name

    def __hash__(self) -> int:
        return hash((Keys, frozenset(self._by_name.items())))

    def __reduce__(self) -> tuple[type["Keys"], tuple[dict[str, Secret]]]:  # type: ignore[override]
        return Keys, (self._by_name,)
