"""TODO docstring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.models.backends import capabilities
from core.models.base import Embedder

WINDOW_SAMPLE = 20_000


@dataclass(frozen=True)
class WindowUse:
    """How a model's window fits the texts, from `counted` of `texts` texts.

    over: counted texts longer than the window; over_share: their share; unseen_share: share of all counted
    tokens that lie beyond it (both in [0, 1]). splits: True where long texts are split and averaged, so that
    nothing is lost. max_tokens: None for a model without a window. exact: tokens counted as the model does.
    """

    model: str
    max_tokens: int | None
    texts: int
    counted: int
    over: int
    over_share: float
    unseen_share: float
    splits: bool
    exact: bool


def window_report(
    texts: Sequence[str], embedders: Sequence[Embedder], seed: int = 0, sample: int = WINDOW_SAMPLE
) -> tuple[WindowUse, ...]:
    """One WindowUse a model; above `sample` texts on the same seeded sample for each."""
    chosen = list(texts)
    if len(chosen) > sample:
        places = np.random.default_rng(seed).choice(len(chosen), sample, replace=False)
        chosen = [texts[i] for i in np.sort(places)]
    return tuple(_window_use(chosen, len(texts), embedder) for embedder in embedders)


def _window_use(chosen: list[str], total: int, embedder: Embedder) -> WindowUse:
    window = embedder.spec.max_tokens
    tokens = np.asarray(embedder.count_tokens(chosen), np.int64)
    beyond = np.zeros_like(tokens) if window is None else np.maximum(tokens - window, 0)
    over = int(np.count_nonzero(beyond))
    splits = capabilities(embedder.spec).splits_long_texts
    return WindowUse(
        model=embedder.spec.label,
        max_tokens=window,
        texts=total,
        counted=len(chosen),
        over=over,
        over_share=over / max(1, len(chosen)),
        unseen_share=0.0 if splits else float(beyond.sum() / max(1, tokens.sum())),
        splits=splits,
        exact=embedder.tokens_exact,
    )
