"""Keeping a paid run under a limit: what texts cost at most, and which batches that pays for."""

from collections.abc import Sequence

import numpy as np

from core.models.backends import backend_of, capabilities
from core.types import ModelSpec


def most_usd(texts: Sequence[str], spec: ModelSpec) -> float | None:
    """US dollars these texts cost at most, None where the price is not known.

    Tokens are counted where the tokenizer is available; else a text's UTF-8 bytes bound them.
    """
    price = capabilities(spec).price
    if price is None or not price.per_million_usd:
        return None if price is None else 0.0
    return price.usd(backend_of(spec).max_tokens_of(texts))


def affordable(texts: Sequence[str], plan: list[np.ndarray], spec: ModelSpec, limit_usd: float) -> list[np.ndarray]:
    """The first batches of a plan (places among texts) that together cost at most the limit."""
    costs = [most_usd([texts[place] for place in places], spec) or 0.0 for places in plan]
    return plan[: int(np.searchsorted(np.cumsum(costs), limit_usd * (1 + 1e-9), side="right"))]
