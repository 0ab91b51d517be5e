"""How the tests of core are divided between processes, and which of them are traced for coverage."""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TRACED_CASES = 2  # of a parametrized test; the further ones rarely reach another line
# files whose tests share a process: importing torch, or loading what numba compiled, takes each process ten seconds
ONE_PROCESS = {
    "torch": ("models/test_contract", "models/test_registry", "models/test_reranker", "models/test_sentence"),
    "umap": ("map/test_layout", "map/test_sampled_layout", "map/test_scene", "clusters/test_cluster_graph"),
    "evoc": ("clusters/test_cluster_methods", "clusters/test_cluster_stability"),
}


def process_of(nodeid: str) -> str:
    """The tests of which this is the same run in one process: those of its file, or of a library's files."""
    file = nodeid.partition("::")[0]
    for library, files in ONE_PROCESS.items():
        if file.removeprefix("tests/core/").startswith(files):
            return library
    return file


class Scheduling(LoadFileScheduling):
    """A file's tests run in one process, in their order, and those of some files together."""

    def _split_scope(self, nodeid: str) -> str:
        return process_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    config.option.loadscopereorder = False  # it begins with the files of most tests, which are the quick ones
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with many slow tests begin, so that no process is left alone with them at the end."""
    slow = Counter(process_of(item.nodeid) for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[process_of(item.nodeid)])
    _trace_some(items)


def _trace_some(items: list[pytest.Item]) -> None:
    """The tracer takes as long again as what it traces: quick tests and a few cases of each are enough."""
    cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        if item.get_closest_marker("slow") or cases[test] > TRACED_CASES:
            item.add_marker("no_cover")
