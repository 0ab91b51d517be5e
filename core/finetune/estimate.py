"""How long a fine-tuning will take on this machine, from its tokens and the speed of matrix products."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.adapt.service import ScoredPairs
from core.finetune.encoder import default_threads, multiplied_weights
from core.finetune.examples import TextExamples
from core.finetune.settings import Settings
from core.finetune.training import MAX_TEST, MAX_VALIDATION
from core.types import ModelSpec

FORWARD, BACKWARD = 2, 4  # operations for each weight and token
EFFICIENCY = 0.45  # of what matrix products alone reach; measured with all-MiniLM-L6-v2
BYTES_PER_TOKEN = 4.0  # UTF-8, of one WordPiece token with its share of padding
SPECIAL_TOKENS = 2
STEP_SECONDS = 0.25  # of a step beside the products: tokens, optimizer
OVERHEAD = 25.0  # loading torch, the adapter, saving the model
SIZE = 768  # of the matrices that are multiplied to measure


@dataclass(frozen=True)
class Plan:
    """A training before it starts. train: examples; steps: at most, in all epochs; seconds: at most."""

    train: int
    validation: int
    held_out: int
    unseen: int
    pairs: int
    steps: int
    seconds: float


def plan(
    texts: TextExamples, rows: np.ndarray | None, base: ModelSpec, folder: str | Path, settings: Settings, seed: int
) -> Plan:
    """Raises InputError where too few examples are left to train on, or none to test."""
    sides, examples = texts.split(rows, seed), texts.examples
    steps = max(round(len(sides.train) / settings.batch), 1) * settings.epochs
    columns = 3 if settings.loss == "triplet" else 2
    if settings.loss == "cosent" and not isinstance(examples, ScoredPairs):
        columns = 4
    tokens = mean_tokens(texts.texts, settings.max_tokens)
    trained = len(sides.train) * columns * settings.epochs * tokens
    scored = min(len(sides.validation), MAX_VALIDATION) * (settings.epochs * settings.scores_per_epoch + 1)
    tested = 2 * (min(len(sides.seen), MAX_TEST) + min(len(sides.unseen), MAX_TEST)) + len(sides.train)
    operations = multiplied_weights(base, folder) * (
        trained * (FORWARD + BACKWARD) + (scored + tested) * tokens * FORWARD
    )
    seconds = OVERHEAD + steps * STEP_SECONDS + operations / (operations_per_second() * EFFICIENCY * default_threads())
    pairs = examples.take(sides.training).pairs
    return Plan(
        len(sides.train), len(sides.validation), len(sides.seen), len(sides.unseen), pairs, steps, float(seconds)
    )


def mean_tokens(texts: list[str], max_tokens: int) -> float:
    """About how many tokens of a text are read, from a sample of at most 1,000."""
    sample = texts[:: max(len(texts) // 1_000, 1)]
    counts = [
        min(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN + SPECIAL_TOKENS, max_tokens) for text in sample
    ]
    return float(np.mean(counts))


@cache
def operations_per_second() -> float:
    """Of float32 matrix products on one thread, the best of some tries; measured once in a process, in 0.1 s."""
    from threadpoolctl import threadpool_limits

    matrix = np.ones((SIZE, SIZE), np.float32)
    tries = []
    with threadpool_limits(1, user_api="blas"):
        for _ in range(6):
            started = time.perf_counter()
            matrix @ matrix
            tries.append(time.perf_counter() - started)
    return 2 * SIZE**3 / min(tries)
