"""What a contender costs: money, time, bytes, and the text its window cuts off."""

from dataclasses import dataclass

import numpy as np

from core.models.registry import capabilities
from core.scoreboard.speed import Speed, kept_speed
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors


@dataclass(frozen=True)
class Cost:
    """dimensions, bytes_a_vector: of what is stored. usd_per_million: US dollars to embed a million texts as long as
    this corpus' are; 0 for models that run here, None where it is not known. tokens_a_text: mean, as the model counts
    them, None where it was not counted. unseen_share: share of all tokens past the window, in [0, 1]; truncated: rows
    cut there; None for vectors brought in.
    """

    dimensions: int
    bytes_a_vector: int
    usd_per_million: float | None
    price_date: str
    tokens_a_text: float | None
    unseen_share: float | None
    truncated: int | None
    speed: Speed


def cost_of(corpus: CorpusRef, contender: Contender) -> Cost:
    """What is known without measuring anything. Raises StorageError where the corpus is not embedded with its model."""
    vectors = load_vectors(corpus, contender.model)
    facts, width = vectors.facts, contender.dimensions or vectors.rows.shape[1]
    tokens = facts["tokens"] / max(len(vectors), 1) if "tokens" in facts else None
    declared = capabilities(contender.model)
    price = declared.price if declared.can_embed else None
    usd = None if price is None or (tokens is None and price.per_million_usd) else price.per_million_usd * (tokens or 0)
    return Cost(
        dimensions=width,
        bytes_a_vector=contender.bytes_per_vector(width),
        usd_per_million=usd,
        price_date=price.date if price else "",
        tokens_a_text=tokens,
        unseen_share=facts.get("unseen_share"),
        truncated=facts.get("truncated"),
        speed=kept_speed(corpus, contender),
    )


def on_frontier(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """(m,) bool: contenders that no other one dominates, being no worse in both and better in one (Pareto).

    cost: (m,) lower is better; quality: (m,) higher is better. NaN in either: not on it, and dominates none.
    """
    cost, quality = np.asarray(cost, np.float64), np.asarray(quality, np.float64)
    no_worse = (cost[:, None] <= cost) & (quality[:, None] >= quality)  # of the first to the second
    better = (cost[:, None] < cost) | (quality[:, None] > quality)
    known = np.isfinite(cost) & np.isfinite(quality)
    return known & ~(no_worse & better).any(axis=0)
