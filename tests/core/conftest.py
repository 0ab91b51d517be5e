"""How the tests of core are divided between processes, and which of them are traced for coverage."""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TRACED_CASES = 6  # of a parametrized test; the further ones rarely reach another line
# files whose tests share a process: importing torch, or compiling by numba, takes each process ten seconds
ONE_PROCESS = {
    "torch": ("models/test_contract", "models/test_registry", "models/test_reranker", "models/test_sentence"),
    "numba": ("map/test_layout", "map/test_scene", "clusters/test_cluster_"),
}


class Scheduling(LoadFileScheduling):
    """A file's tests run in one process, in their order, and those of some files together."""

    def _split_scope(self, nodeid: str) -> str:
        for library, files in ONE_PROCESS.items():
            if nodeid.removeprefix("tests/core/").startswith(files):
                return library
        return super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tracer takes as long again as what it traces: quick tests and a few cases of each are enough."""
    cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        if item.get_closest_marker("slow") or cases[test] > TRACED_CASES:
            item.add_marker("no_cover")
