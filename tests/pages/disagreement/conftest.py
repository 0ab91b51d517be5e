"""Contenders whose disagreement is known."""

import shutil
from dataclasses import replace

import pytest

from core.types import CorpusRef
from tests.pages.disagreement.steps import make


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Made once for a file; tests that change nothing but add to it share it."""
    return make(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    return make(tmp_path_factory.mktemp("twins"), twin=True)[0]


@pytest.fixture
def own(home, shop):
    """A copy of the shop in the workspace that the app opens."""
    shutil.copytree(shop[0].corpus.folder, home, dirs_exist_ok=True)
    return replace(shop[0], corpus=CorpusRef(str(home), shop[0].corpus.digest)), shop[1]
