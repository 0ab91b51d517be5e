"""Prices: known for OpenAI's models, nothing for local ones, unknown for servers."""

import re
from dataclasses import FrozenInstanceError

import pytest

from core.models.base import Capabilities
from core.models.openai_embedder import prices
from core.models.registry import capabilities
from core.types import ModelSpec


@pytest.mark.parametrize(
    ("name", "usd"),
    [("text-embedding-3-small", 0.02), ("text-embedding-3-large", 0.13), ("text-embedding-ada-002", 0.10)],
)
def test_openai_prices_with_their_date(name, usd):
    price = capabilities(ModelSpec("openai", name)).price
    assert price is not None
    assert price.per_million_usd == usd
    assert price.usd(2_500_000) == pytest.approx(2.5 * usd)
    assert re.fullmatch(r"20\d\d-\d\d", price.date)
    assert price.source.startswith("https://")
    with pytest.raises(FrozenInstanceError):
        price.per_million_usd = 0.0


@pytest.mark.parametrize("backend", ["onnx", "sentence-transformers", "lexical", "static", "imported"])
def test_local_models_cost_nothing(backend):
    price = capabilities(ModelSpec(backend, "text-embedding-3-small")).price
    assert price is not None
    assert price.usd(10**9) == 0


def test_a_backend_that_is_not_registered_is_paid_at_an_unknown_price():
    assert capabilities(ModelSpec("other", "m")).price is None
    assert capabilities(ModelSpec("other", "m")) == Capabilities()
    assert (Capabilities().hosted, Capabilities().paid, Capabilities().price) == (True, True, None)


def test_unknown_servers_and_models_have_no_price():
    assert (
        capabilities(ModelSpec("openai", "text-embedding-3-small", base_url="http://localhost:8000/v1")).price is None
    )
    assert capabilities(ModelSpec("openai", "text-embedding-9")).price is None


def test_every_price_is_a_number():
    assert all(price.per_million_usd > 0 for price in prices().values())
