"""Digests of values: equal ones have one, and whatever is different has another."""

from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from core.digest import digest_value


@dataclass(frozen=True)
class Pair:
    one: object
    other: object


def values() -> list[object]:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    return [
        None, True, 1, 1.0, "1", b"1", np.float64(1), np.nan, [1], (1,), [1, [2]], [[1, 2]], [1, 2], ["ab", "c"],
        ["a", "bc"], {"a": 1}, {"a": 2}, {"b": 1}, range(2), date(2026, 1, 1), np.array([1, 2]), np.array([[1, 2]]),
        np.array([1, 2], np.int32), np.array([1, None], object), Pair(1, 2), Pair(2, 1), frozenset("abc"), {1},
        table, table["a"],
        table.assign(a=[1, 3]), table.rename(columns={"a": "d"}), table.set_index("a"), table.columns,
    ]  # fmt: skip


def test_equal_values_have_one_digest_and_others_another():
    first, again = [digest_value(value) for value in values()], [digest_value(value) for value in values()]
    assert first == again
    assert [pair for pair in combinations(range(len(first)), 2) if first[pair[0]] == first[pair[1]]] == []


def test_what_may_change_has_no_digest():
    for value in (print, object(), [object()], iter([1])):
        with pytest.raises(TypeError):
            digest_value(value)
