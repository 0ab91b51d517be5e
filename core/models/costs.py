"""What an embedding run will take, before it runs: tokens, truncation, cached texts, time and price."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ServiceError
from core.models.base import Embedder
from core.models.registry import backend_of, capabilities
from core.types import ModelSpec

MAX_COUNTED = 50_000  # texts whose tokens are counted; those of more texts follow from their sizes
FIRST_TEXTS = 4  # measured first, so that a slow model does not hold up the estimate
TRUNCATION_SAMPLE = 20_000  # texts of which truncation is counted
MEASURING_SECONDS = 1.0  # seconds of measuring after which no more texts are tried
METER_SECONDS = 0.25  # the system counts in hundredths of a second
BUSY = 0.25  # share of the processors' time used by others, from which on times are marked as too long


@dataclass(frozen=True)
class Estimate:
    """texts: rows. unique_texts: each embedded once. cached: unique texts already stored; to_compute: the others.

    tokens: of all rows; tokens_to_compute: of the texts to compute, without those beyond a window that truncates.
    truncated: rows longer than the window; unseen_tokens: those beyond it, over all rows. split: rows split and
    averaged instead. seconds, usd: None where not known. others: share of the processors' time in [0, 1] that other
    programs, jobs among them, used while the seconds were measured. price_date: "" without a price.
    """

    texts: int
    unique_texts: int
    tokens: int
    tokens_exact: bool
    truncated: int
    split: int
    unseen_tokens: int
    cached: int
    to_compute: int
    tokens_to_compute: int
    seconds: float | None
    seconds_basis: str
    usd: float | None
    price_date: str
    others: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether the time was measured on a busy machine, so that it may be much too long."""
        return self.others >= BUSY

    @property
    def unseen_share(self) -> float:
        """Share of all tokens that lie beyond the window, in [0, 1]."""
        return self.unseen_tokens / self.tokens if self.tokens else 0.0


def estimate_run(
    texts: Sequence[str],
    embedder: Embedder,
    cached_mask: np.ndarray | None = None,
    measure: bool = True,
    sample: int = 32,
) -> Estimate:
    """Estimate a run without paying: no text is sent to a service that may charge for it.

    cached_mask: (n,) bool, True for rows whose vector is stored. measure: time a few texts of spread lengths
    where that is free; a server that fails meanwhile leaves the time unknown. Above MAX_COUNTED unique texts, tokens
    are counted on a sample. Raises what the embedder raises.
    """
    codes, unique = pd.factorize(pd.Series(list(texts), dtype=object))
    unique_texts, cached = [str(text) for text in unique], np.zeros(len(unique), bool)
    if cached_mask is not None:
        cached[codes[np.asarray(cached_mask, bool)]] = True
    counts, counted_all = token_counts(unique_texts, embedder)
    splits, price = capabilities(embedder.spec).splits_long_texts, capabilities(embedder.spec).price
    beyond = tokens_beyond_window(counts, embedder)
    counted = counts if splits else counts - beyond
    long_texts = int(np.count_nonzero(beyond[codes]))
    to_compute = np.flatnonzero(~cached)
    others = 0.0
    try:
        seconds, basis, others = _time_texts(unique_texts, counted, to_compute, embedder, sample if measure else 0)
    except ServiceError as error:
        seconds, basis = None, f"unknown: {error.message}"
    tokens_to_compute = int(counted[to_compute].sum())
    return Estimate(
        texts=len(texts),
        unique_texts=len(unique_texts),
        tokens=int(counts[codes].sum()),
        tokens_exact=counted_all and embedder.tokens_exact,
        truncated=0 if splits else long_texts,
        split=long_texts if splits else 0,
        unseen_tokens=int((counts - counted)[codes].sum()),
        cached=int(cached.sum()),
        to_compute=len(to_compute),
        tokens_to_compute=tokens_to_compute,
        seconds=seconds,
        seconds_basis=basis,
        usd=None if price is None else price.usd(tokens_to_compute),
        price_date=price.date if price else "",
        others=others,
    )


def token_counts(texts: Sequence[str], embedder: Embedder, seed: int = 0) -> tuple[np.ndarray, bool]:
    """(n,) int64 tokens of each text, and whether all were counted.

    Above MAX_COUNTED texts a seeded sample is counted and the rest follow by the sample's tokens per UTF-8 byte
    (a ratio estimate), which varies far less between texts and scripts than tokens per text.
    """
    if len(texts) <= MAX_COUNTED:
        return np.asarray(embedder.count_tokens(list(texts)), np.int64), True
    sizes = np.fromiter((len(text.encode("utf-8", "replace")) for text in texts), np.int64, len(texts))
    drawn = np.sort(np.random.default_rng(seed).choice(len(texts), MAX_COUNTED, replace=False))
    counted = np.asarray(embedder.count_tokens([texts[i] for i in drawn]), np.int64)
    counts = np.rint(sizes * (counted.sum() / max(1, sizes[drawn].sum()))).astype(np.int64)
    counts[drawn] = counted
    return counts, False


def tokens_beyond_window(counts: np.ndarray, embedder: Embedder) -> np.ndarray:
    """(n,) int64 tokens of each text beyond the model's window, from all its tokens (n,)."""
    window = embedder.spec.max_tokens
    return np.zeros_like(counts) if window is None else np.maximum(counts - window, 0)


def _time_texts(
    texts: Sequence[str], tokens: np.ndarray, rows: np.ndarray, embedder: Embedder, sample: int
) -> tuple[float | None, str, float]:
    """Seconds for the texts at `rows`, how that is known, and what share of the processors others used meanwhile."""
    if not len(rows):
        return 0.0, "all vectors are stored", 0.0
    if capabilities(embedder.spec).paid:
        return None, "not measured (paid API)", 0.0
    if sample < 1:
        return None, "not measured", 0.0
    ordered = rows[np.argsort(tokens[rows], kind="stable")]
    embedder.embed([texts[ordered[0]]])  # loads the model, which is no part of the rate
    others = load_meter()
    for size in (min(FIRST_TEXTS, sample), sample):
        middles = np.arange(min(len(ordered), size)) + 0.5  # of equal parts
        measured = ordered[np.unique((middles * len(ordered) / len(middles)).astype(np.int64))]
        started = time.perf_counter()
        embedder.embed([texts[i] for i in measured])
        seconds = time.perf_counter() - started
        if seconds > MEASURING_SECONDS:
            break
    # a text without tokens still takes a row of a batch
    share = (tokens[rows] + 1).sum() / (tokens[measured] + 1).sum()
    return float(seconds * share), f"measured on {len(measured):,} texts", others()


def load_meter() -> Callable[[], float]:
    """Start counting. Calling the result waits until METER_SECONDS have passed since, and gives the share of all
    processors' time, in [0, 1], that other processes used."""
    import psutil

    started, before = time.monotonic(), _seconds_of_others()

    def share() -> float:
        time.sleep(max(0.0, METER_SECONDS - (time.monotonic() - started)))
        seconds = (time.monotonic() - started) * (psutil.cpu_count() or 1)
        return min(max((_seconds_of_others() - before) / seconds, 0.0), 1.0)

    return share


def _seconds_of_others() -> float:
    """Processor seconds since the start of the machine of all processes but this one, and time stolen by the host."""
    import psutil

    total, process = psutil.cpu_times(), psutil.Process().cpu_times()
    used = total.user + total.system + getattr(total, "nice", 0.0) + getattr(total, "steal", 0.0)
    return float(used - process.user - process.system)


def max_usd(texts: Sequence[str], spec: ModelSpec) -> float | None:
    """US dollars these texts cost at most, None where the price is not known.

    Tokens are counted where the tokenizer is available; else a text's UTF-8 bytes bound them.
    """
    price = capabilities(spec).price
    if price is None:
        return None
    return price.usd(backend_of(spec).max_tokens_of(texts)) if price.per_million_usd else 0.0


def affordable_batches(
    texts: Sequence[str], plan: list[np.ndarray], spec: ModelSpec, limit_usd: float
) -> list[np.ndarray]:
    """The first batches of a plan (positions among texts) that together cost at most the limit."""
    costs = [max_usd([texts[position] for position in positions], spec) or 0.0 for positions in plan]
    return plan[: int(np.searchsorted(np.cumsum(costs), limit_usd * (1 + 1e-9), side="right"))]


@dataclass(frozen=True)
class TruncationReport:
    """How a model's window fits the texts, from `counted` of `texts` texts.

    long_texts: counted texts longer than the window; long_share: their share; unseen_share: share of all counted tokens
    beyond it (both in [0, 1]). splits: long texts are split and averaged. max_tokens: None without a window.
    """

    model: str
    max_tokens: int | None
    texts: int
    counted: int
    long_texts: int
    long_share: float
    unseen_share: float
    splits: bool
    exact: bool


def truncation_report(
    texts: Sequence[str], embedder: Embedder, seed: int = 0, sample: int = TRUNCATION_SAMPLE
) -> TruncationReport:
    """How many texts a model truncates; above `sample` texts on a sample drawn with `seed`, the same for all models."""
    total = len(texts)
    if total > sample:
        drawn = np.random.default_rng(seed).choice(total, sample, replace=False)
        texts = [texts[i] for i in np.sort(drawn)]
    tokens = np.asarray(embedder.count_tokens(texts), np.int64)
    beyond, spec = tokens_beyond_window(tokens, embedder), embedder.spec
    long_texts, splits = int(np.count_nonzero(beyond)), capabilities(spec).splits_long_texts
    long_share = long_texts / max(1, len(texts))
    unseen_share = 0.0 if splits else float(beyond.sum() / max(1, tokens.sum()))
    counts = spec.max_tokens, total, len(texts), long_texts
    return TruncationReport(spec.label, *counts, long_share, unseen_share, splits, embedder.tokens_exact)
