"""An adapter in a browser: trained on a label column, used as a model, and searched with."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.store import Workspace
from core.types import CorpusRef
from core.vectors.adapters import delete_adapter, stored_adapters
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embedded_query
from tests.drinks import build_drinks
from tests.e2e.conftest import Sample
from tests.e2e.steps import button, fits, jobs_ended, keyed, no_traceback

pytestmark = pytest.mark.browser


@pytest.fixture
def drinks(sample: Sample) -> Iterator[CorpusRef]:
    """A corpus of the test's own, which is gone afterwards with its adapters."""
    corpus, _ = build_drinks(sample.server.home)
    yield corpus
    for spec in stored_adapters(corpus.folder):
        delete_adapter(corpus.folder, spec)
    Workspace(corpus.folder).delete(corpus.digest)


def test_an_adapter_is_trained_and_searched_with(sample: Sample, drinks: CorpusRef, visit: Callable[[], Page]):
    page, address = visit(), f"{sample.server.url}/{{}}?corpus={drinks.digest}"
    page.goto(address.format("customize"))
    start = keyed(page, "start-", prefix=True).get_by_role("button").first
    start.click()
    button(page, "adapt_use").click()
    expect(page.get_by_text("In use as")).to_be_visible()
    jobs_ended(page)
    no_traceback(page)
    assert fits(page)
    (spec,) = stored_adapters(drinks.folder)
    page.goto(f"{address.format('search')}&model={spec.key}&q=cocoa")
    keyed(page, "near-", prefix=True).wait_for()
    query = embedded_query(drinks.folder, spec, "cocoa")[0]
    best = int(np.argmax(load_vectors(drinks, spec).rows @ query))
    keyed(page, f"near-{best}").wait_for()
    no_traceback(page)
