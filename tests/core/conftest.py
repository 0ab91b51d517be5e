"""Coverage of core is measured by quick tests, and a few cases of each: the tracer makes them take twice as long."""

from collections import Counter

import pytest

TRACED_CASES = 3  # of a parametrized test; the further ones rarely reach another line


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        if item.get_closest_marker("slow") or cases[test] > TRACED_CASES:
            item.add_marker("no_cover")
