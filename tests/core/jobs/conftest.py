"""One job worker for all tests of a file, and a workspace for each test."""

from collections.abc import Iterator

import pytest

from core.jobs import manager as job_manager
from core.jobs.manager import JobManager
from core.store import Workspace


@pytest.fixture(scope="package", autouse=True)
def short_watch() -> Iterator[None]:
    """What another server left is looked for without a wait of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_manager, "WATCH", 0.2)
        yield


@pytest.fixture(scope="module")
def manager():
    created = JobManager(workers=1)
    yield created
    created.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")
