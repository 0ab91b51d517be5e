"""What a contender costs: money, time, bytes, and the text that its window truncates."""

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.models.costs import BUSY
from core.models.registry import capabilities
from core.results import no_progress
from core.scoreboard.results import EMBEDDING_TIMES, SEARCH_TIMES
from core.secret import Secret
from core.types import CorpusRef
from core.vectors.contenders import Contender, ContenderQuery
from core.vectors.loaders import ModelQuery, load_vectors

Basis = Literal["measured", "run", "unknown", "missing", "none"]
NOT_MEASURED: dict[Basis, str] = {
    "run": "query times are not measured, because every request to a paid service costs money; the embedding time is "
    "that of the embedding run.",
    "unknown": "speed is not measured, because every request to a paid service costs money.",
    "none": "imported vectors have no model whose speed could be measured.",
    "missing": "speed is not measured yet.",
}
"""Why times are missing; follows the contenders' names and a colon."""


@dataclass(frozen=True)
class Speed:
    """seconds_per_1000: to embed 1,000 texts, over `texts` timed ones. p50_ms, p95_ms: a query's embedding and exact
    search of the corpus together, over `queries` of them. None where unknown. others: share of the processors' time
    that other programs used meanwhile.

    basis: measured here; of the embedding run as it was stored, since each request is paid; unknown (a paid service
    whose run embedded nothing new); missing (not measured yet); none (there is no model to measure).
    """

    basis: Basis
    seconds_per_1000: float | None = None
    texts: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    queries: int = 0
    cpus: int = 0
    others: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether so much else ran that the times are too long."""
        return self.others >= BUSY


@dataclass(frozen=True)
class Cost:
    """dimensions, bytes_per_vector: of what is stored. usd_per_million: US dollars to embed a million texts as long as
    this corpus' are; usd_per_million_tokens: the list price; both 0 for models that run here, None where unknown.
    tokens_per_text: mean, as the model counts them, None where not counted. truncated_share: share of all tokens past
    the window, in [0, 1]; truncated_rows: rows cut there; None for imported vectors.
    """

    dimensions: int
    bytes_per_vector: int
    usd_per_million: float | None
    price_date: str
    tokens_per_text: float | None
    truncated_share: float | None
    truncated_rows: int | None
    speed: Speed
    usd_per_million_tokens: float | None = None


def cost_of(corpus: CorpusRef, contender: Contender) -> Cost:
    """What is known without measuring anything. Raises StorageError where the corpus is not embedded with its model."""
    vectors = load_vectors(corpus, contender.model)
    facts, dimensions = vectors.facts, contender.dimensions or vectors.rows.shape[1]
    tokens = facts["tokens"] / max(len(vectors), 1) if "tokens" in facts else None
    declared = capabilities(contender.model)
    price = declared.price if declared.can_embed else None
    usd = None if price is None or (tokens is None and price.per_million_usd) else price.per_million_usd * (tokens or 0)
    return Cost(
        dimensions, contender.bytes_per_vector(dimensions), usd, price.date if price else "", tokens,
        facts.get("unseen_share"), facts.get("truncated"), known_speed(corpus, contender),
        price.per_million_usd if price else None,
    )  # fmt: skip


def known_speed(corpus: CorpusRef, contender: Contender) -> Speed:
    """What is known without measuring. Variants share the embedding time of their model."""
    declared = capabilities(contender.model)
    if not declared.can_embed:
        return Speed("none")
    if declared.paid:
        facts = load_vectors(corpus, contender.model).facts
        texts = int(facts.get("computed", 0))
        return Speed("run", 1000 * float(facts.get("seconds", 0)) / texts, texts) if texts else Speed("unknown")
    embedding = EMBEDDING_TIMES.load(ModelQuery(corpus, contender.model))
    search = SEARCH_TIMES.load(ContenderQuery(corpus, contender))
    if embedding is None or search is None:
        return Speed("missing")
    per_1000 = 1000 * embedding.seconds / max(embedding.texts, 1)
    milliseconds = (embedding.queries + search.queries) * 1000
    p50, p95 = (float(value) for value in np.quantile(milliseconds, (0.5, 0.95)))
    others = max(embedding.others, search.others)
    return Speed("measured", per_1000, embedding.texts, p50, p95, len(milliseconds), os.cpu_count() or 1, others)


def measure_speed(corpus: CorpusRef, contender: Contender, secret: Secret | None = None, again: bool = False) -> Speed:
    """Measure what is missing (again: all of it) and store it: a few seconds. Nothing is sent to a paid service. Raises
    what the embedder raises."""
    declared = capabilities(contender.model)
    model, variant = ModelQuery(corpus, contender.model), ContenderQuery(corpus, contender)
    if declared.paid or not declared.can_embed:
        return known_speed(corpus, contender)
    if again:
        EMBEDDING_TIMES.save(model, EMBEDDING_TIMES.compute(model, no_progress, secret))
        SEARCH_TIMES.save(variant, SEARCH_TIMES.compute(variant, no_progress))
    EMBEDDING_TIMES.get_or_compute(model, None, secret)
    SEARCH_TIMES.get_or_compute(variant)
    return known_speed(corpus, contender)


def on_frontier(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """(m,) bool: contenders that no other one dominates, being no worse in both and better in one (Pareto). cost: (m,)
    lower is better; quality: (m,) higher is better. NaN in either: not on it, and dominates none."""
    cost, quality = np.asarray(cost, np.float64), np.asarray(quality, np.float64)
    no_worse = (cost[:, None] <= cost) & (quality[:, None] >= quality)  # of the first to the second
    better = (cost[:, None] < cost) | (quality[:, None] > quality)
    finite = np.isfinite(cost) & np.isfinite(quality)
    return finite & ~(no_worse & better).any(axis=0)
