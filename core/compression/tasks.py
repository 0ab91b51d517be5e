"""Measuring what compression of a contender loses, as functions for workers; results are kept in the workspace."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from core import opened
from core.compression.bits import BitRun, measure_bits
from core.compression.dimensions import DimensionRun, measure_dimensions
from core.compression.sample import (
    MOST_ROWS,
    Sample,
    Truth,
    draw_sample,
    exact_truth,
)
from core.compression.sweep import SweepRun, measure_indexes
from core.contenders import Contender, contender_rows
from core.embedding import distinct
from core.errors import StorageError
from core.store import Stored, Workspace
from core.types import Progress

Part = Literal["dimensions", "bits", "indexes"]
PARTS: tuple[Part, ...] = ("dimensions", "bits", "indexes")
KIND, SEED = "compression", 0


def measure(folder: str, corpus: str, contender: Contender, part: Part, progress: Progress | None = None) -> None:
    """Measure one part and keep it, unless it is kept. Raises InputError for too few texts."""
    workspace, inputs = Workspace(folder), part_inputs(contender, part)
    if workspace.load(KIND, corpus, inputs) is not None:
        return
    started = time.perf_counter()
    sample, truth = _sample(folder, corpus, contender)
    runs: dict[Part, Callable[[], Any]] = {
        "dimensions": lambda: measure_dimensions(sample, truth, progress),
        "bits": lambda: measure_bits(sample, truth, progress),
        "indexes": lambda: measure_indexes(sample, progress),
    }
    arrays = dict(vars(runs[part]()))
    facts = {name: arrays.pop(name) for name in ("names", "kinds", "rows") if name in arrays}
    if "found" in arrays:  # places in the sample become rows of the corpus
        found = arrays["found"]
        arrays["found"] = np.where(found >= 0, sample.ids[np.maximum(found, 0)], -1).astype(np.int32)
    arrays["queries"] = sample.ids[sample.queries]
    seconds = round(time.perf_counter() - started, 2)
    facts |= {"searched": len(sample.rows), "texts": sample.texts, "width": sample.rows.shape[1], "seed": sample.seed}
    workspace.save(KIND, corpus, inputs, arrays, facts | {"seconds": seconds})
    if part == PARTS[-1]:
        _sample.cache_clear()


def kept_part(folder: str, corpus: str, contender: Contender, part: Part) -> Stored:
    """A measured part. Raises StorageError where it has not been measured."""
    stored = Workspace(folder).load(KIND, corpus, part_inputs(contender, part))
    if stored is None:
        raise StorageError(f"The compression of {contender.label} has not been measured.", "Start it on this page.")
    return stored


def kept_dimensions(stored: Stored) -> DimensionRun:
    return DimensionRun(**_fields(stored))


def kept_bits(stored: Stored) -> BitRun:
    return BitRun(names=tuple(stored.facts["names"]), **_fields(stored))


def kept_indexes(stored: Stored) -> SweepRun:
    return SweepRun(kinds=tuple(stored.facts["kinds"]), rows=stored.facts["rows"], **_fields(stored))


def full_bits(contender: Contender) -> Contender:
    """The contender at float32: what is compressed here."""
    return replace(contender, bits="float32")


def part_inputs(contender: Contender, part: Part) -> dict[str, object]:
    """What names a measured part; raise the version when the algorithm changes its values."""
    versions = {"dimensions": 1, "bits": 2, "indexes": 1}
    return {
        "model": contender.model.to_dict(),
        "dimensions": contender.dimensions,
        "part": part,
        "seed": SEED,
        "rows": MOST_ROWS,
        "version": versions[part],
    }


def _fields(stored: Stored) -> dict[str, Any]:
    return {name: array for name, array in stored.arrays.items() if name != "queries"}


@lru_cache(maxsize=1)
def _sample(folder: str, corpus: str, contender: Contender) -> tuple[Sample, Truth]:
    """Kept between the parts of a job."""
    groups = distinct(opened.corpus(folder, corpus).texts)[0]
    sample = draw_sample(contender_rows(folder, corpus, contender), groups, SEED)
    return sample, exact_truth(sample)
