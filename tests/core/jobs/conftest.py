"""One job worker for all tests of a file, and a workspace for each test."""

import pytest

from core.jobs.manager import JobManager
from core.store import Workspace


@pytest.fixture(scope="module")
def manager():
    created = JobManager(workers=1)
    yield created
    created.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")
