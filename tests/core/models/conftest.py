"""The static model, which takes half a minute to make, made once for all test processes."""

import fcntl
import os
from pathlib import Path

import pytest

from core.models.static import distill


@pytest.fixture(scope="session")
def static_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds the static one and nothing else; not to be written to."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "static-models"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        distill(folder)
    return folder
