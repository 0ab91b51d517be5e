"""The default map of the little shop."""

import pytest

from core.map.service import (
    LayoutKey,
)
from core.types import CorpusRef, LayoutParams


@pytest.fixture
def place(home, corpus) -> LayoutKey:
    info, spec = corpus
    return LayoutKey(CorpusRef(str(home), info.digest), spec, LayoutParams())
