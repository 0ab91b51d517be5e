"""What holds for every test."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest leaves its script as the main module, which processes started by later tests would run again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
