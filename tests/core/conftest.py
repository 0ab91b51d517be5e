"""Coverage of core is measured by its quick tests: the tracer would make the slow ones take twice as long."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker("no_cover")
