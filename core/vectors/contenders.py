"""Contenders: embeddings of one corpus that are compared. A model's own vectors, or a variant made from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from core.errors import InputError
from core.results import Result, Step
from core.types import CorpusRef, ModelSpec, Neighbors, Progress, Vectors, unit_rows
from core.vectors.loaders import GRAPH_K, NEIGHBORS, ModelQuery, expected_graph_seconds, load_vectors, neighbor_inputs
from core.vectors.neighbors import build_neighbors

Bits = Literal["float32", "float16", "int8", "binary"]
BITS: tuple[Bits, ...] = ("float32", "float16", "int8", "binary")
_WIDTH = {"float32": 32, "float16": 16, "int8": 8, "binary": 1}


@dataclass(frozen=True)
class Contender:
    """A model, its vectors truncated to the first `dimensions` (None: all), each number stored in so many bits."""

    model: ModelSpec
    dimensions: int | None = None
    bits: Bits = "float32"

    @property
    def is_model(self) -> bool:
        """Whether these are the model's own vectors."""
        return self.dimensions is None and self.bits == "float32"

    @property
    def key(self) -> str:
        """Names a contender in a link: the model's key, then what differs."""
        extras = [str(self.dimensions)] if self.dimensions else []
        return "-".join([self.model.key, *extras, *([self.bits] if self.bits != "float32" else [])])

    @property
    def label(self) -> str:
        extras = [f"first {self.dimensions}d"] if self.dimensions else []
        return " · ".join([self.model.label, *extras, *([self.bits] if self.bits != "float32" else [])])

    def bytes_per_vector(self, dimensions: int) -> int:
        """Of one vector of so many dimensions, packed."""
        return -(-dimensions * _WIDTH[self.bits] // 8)

    def to_dict(self) -> dict[str, Any]:
        return {"model": self.model.to_dict(), "dimensions": self.dimensions, "bits": self.bits}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Contender":
        return cls(ModelSpec.from_dict(values["model"]), values["dimensions"], values["bits"])


class MarkedContender(Contender):
    """The same, of whose model a check failed: its label says so wherever it is ranked."""

    @property
    def label(self) -> str:
        return f"{super().label} ⚠"


def from_key(key: str, models: Iterable[ModelSpec]) -> Contender | None:
    """The contender a link names, of one of these models; None where there is none."""
    model_key, *extras = key.split("-")
    model = next((candidate for candidate in models if candidate.key == model_key), None)
    numbers = [int(extra) for extra in extras if extra.isdecimal()]
    bits = [bit for bit in BITS if bit in extras]
    if model is None or len(numbers) + len(bits) != len(extras) or len(numbers) > 1 or len(bits) > 1:
        return None
    return Contender(model, numbers[0] if numbers else None, bits[0] if bits else "float32")


def quantize(rows: np.ndarray, dimensions: int | None, bits: Bits) -> np.ndarray:
    """(n, d) float32 unit rows as a smaller store would give them back.

    dimensions: the first so many, scaled to unit length anew (Kusupati et al., Matryoshka, 2022). float16: rounded.
    int8: each dimension in 255 steps between its least and greatest value over these rows, as
    sentence_transformers.quantization does. binary: signs alone; their cosine is 1 - 2h/d of the Hamming distance h.
    Raises InputError where there are fewer dimensions, or where nothing of a row is left.
    """
    if dimensions is not None:
        if not 1 <= dimensions <= rows.shape[1]:
            raise InputError(f"{dimensions} dimensions were requested of {rows.shape[1]}.", "Choose fewer dimensions.")
        rows = rows[:, :dimensions]
    if bits == "float16":
        rows = rows.astype(np.float16)
    elif bits == "int8":
        low, high = rows.min(axis=0), rows.max(axis=0)
        step = np.where(high > low, (high - low) / 255, 1)
        rows = low + (np.floor((rows - low) / step).clip(0, 254) + 0.5) * step
    elif bits == "binary":
        rows = np.where(rows > 0, 1.0, -1.0)
    return unit_rows(rows)


@lru_cache(maxsize=6)
def contender_rows(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(n, d) float32 unit rows, read-only. Raises StorageError where the corpus is not embedded with its model."""
    rows = load_vectors(corpus, contender.model).rows
    if contender.is_model:
        return rows
    quantized = quantize(rows, contender.dimensions, contender.bits)
    quantized.flags.writeable = False
    return quantized


@dataclass(frozen=True)
class ContenderQuery:
    """A result of one contender."""

    corpus: CorpusRef
    contender: Contender


@lru_cache(maxsize=10)
def contender_neighbors(corpus: CorpusRef, contender: Contender) -> Neighbors:
    """The contender's own neighbor graph, as `load_neighbors`. Raises StorageError where it has not been built."""
    step = graph_step(corpus, contender)
    return step.result.get(step.query)


def graph_step(corpus: CorpusRef, contender: Contender) -> Step:
    """The neighbor graph of a contender as a result: a variant has its own."""
    if contender.is_model:
        return Step(NEIGHBORS, ModelQuery(corpus, contender.model))
    return Step(VARIANT_NEIGHBORS, ContenderQuery(corpus, contender))


def get_or_compute_neighbors(corpus: CorpusRef, contender: Contender, progress: Progress | None = None) -> Neighbors:
    """The same, built and stored where it is missing: seconds for 10,000 rows, minutes for more."""
    step = graph_step(corpus, contender)
    return step.result.get_or_compute(step.query, progress)


def has_graph(corpus: CorpusRef, contender: Contender) -> bool:
    """Whether the contender's neighbor graph is stored."""
    step = graph_step(corpus, contender)
    return step.result.exists(step.query)


def graph_inputs(contender: Contender) -> dict[str, object]:
    """What names a contender's neighbor graph; raise the version when `quantize` changes its values."""
    variant = {"dimensions": contender.dimensions, "bits": contender.bits, "vary": 1}
    return neighbor_inputs(contender.model) | ({} if contender.is_model else variant)


def _build_variant_graph(query: ContenderQuery, progress: Progress) -> Neighbors:
    rows = contender_rows(query.corpus, query.contender)
    return build_neighbors(Vectors(rows, query.contender.model, query.corpus.digest), k=GRAPH_K, progress=progress)


def _variant_seconds(query: ContenderQuery) -> float:
    """What the graph of its model took; the usual where that was not timed."""
    contender = query.contender
    graph = NEIGHBORS.load(ModelQuery(query.corpus, contender.model))
    if graph is not None and graph.facts.get("seconds"):
        return float(graph.facts["seconds"])
    return expected_graph_seconds(query.corpus, contender.dimensions or contender.model.dimensions)


VARIANT_NEIGHBORS = Result(
    "variant_neighbors",
    1,
    ContenderQuery,
    Neighbors,
    inputs=lambda query: graph_inputs(query.contender),
    compute=_build_variant_graph,
    seconds=_variant_seconds,
    stage=lambda query: f"Finding neighbors: {query.contender.label}",
    unit="rows",
    absence="The neighbor graph of this variant is missing.",
    remedy="Start the comparison again.",
)
