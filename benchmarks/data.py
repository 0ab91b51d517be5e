"""The corpora of the benchmarks. Real text lies beside the project; a benchmark without it says so and ends."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from core.types import unit_rows

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
RESULTS = Path(__file__).parent / "results"


def banking(part: str = "train") -> Path:
    """BANKING77 (PolyAI, CC-BY-4.0): 10,003 short customer questions with 77 labels; the test part has 3,080."""
    path = SHARED / f"banking77_{part}.csv"
    if not path.exists():
        sys.exit(f"{path} is missing: this benchmark needs BANKING77 there.")
    return path


def banking_texts(part: str = "train") -> list[str]:
    return pd.read_csv(banking(part))["text"].tolist()


def banking_labels(part: str = "train") -> np.ndarray:
    return pd.read_csv(banking(part))["category"].to_numpy()


def many_rows(seeds: np.ndarray, rows: int, seed: int = 0) -> np.ndarray:
    """(rows, d) unit vectors: three real ones mixed with small noise, so that neighborhoods are like real ones."""
    random = np.random.default_rng(seed)
    made = np.zeros((rows, seeds.shape[1]), dtype=np.float32)
    for start in range(0, rows, 50_000):
        size = min(50_000, rows - start)
        weights = random.dirichlet((6, 2, 1), size).astype(np.float32)
        for part in range(3):
            made[start : start + size] += weights[:, part, None] * seeds[random.integers(0, len(seeds), size)]
    return unit_rows(made + random.normal(0, 0.01, made.shape).astype(np.float32))
