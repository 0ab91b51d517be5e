"""The list of results by name, with which a job finds what it computes."""

from importlib import import_module
from pathlib import Path

from core.jobs.results import RESULTS, result_by_name
from core.results import Result

CORE = Path(__file__).parents[3] / "core"


def test_every_declared_result_is_listed_under_its_name():
    modules = [
        path for path in CORE.rglob("*.py") if "Result(\n" in path.read_text() or "] = Result(" in path.read_text()
    ]
    declared = set()
    for path in modules:
        module = import_module(".".join(("core", *path.relative_to(CORE).with_suffix("").parts)))
        declared |= {value.name for value in vars(module).values() if isinstance(value, Result)}
    assert len(declared) > 20
    assert declared == set(RESULTS)
    assert [result_by_name(name).name for name in RESULTS] == list(RESULTS)
