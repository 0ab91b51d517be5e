"""The lock files fit the ranges they were made from."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def requirements(name: str) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def locked(name: str) -> dict[str, list[str]]:
    """Versions by package; several where Python versions differ."""
    versions: dict[str, list[str]] = {}
    for requirement in requirements(name):
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        versions.setdefault(normalized(requirement.name), []).append(pin.version)
    return versions


def normalized(name: str) -> str:
    return name.lower().replace("_", "-")


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_locked_within_its_range(name):
    versions = locked(f"{name}.lock")
    for requirement in requirements(f"{name}.txt"):
        assert all(version in requirement.specifier for version in versions[normalized(requirement.name)]), requirement


def test_tests_run_with_the_versions_that_are_installed():
    app, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert app.items() <= development.items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_name_neither_an_index_nor_cuda(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not [package for package in locked(name) if package.startswith(("nvidia-", "cuda-"))]
