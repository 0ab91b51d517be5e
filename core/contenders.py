"""Contenders: embeddings of one corpus that are compared. A model's own vectors, or a variant made from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from core import opened
from core.errors import InputError, StorageError
from core.neighbors import build_neighbors
from core.store import Workspace
from core.types import ModelSpec, Neighbors, Progress, Vectors, unit_rows

Bits = Literal["float32", "float16", "int8", "binary"]
BITS: tuple[Bits, ...] = ("float32", "float16", "int8", "binary")
_WIDTH = {"float32": 32, "float16": 16, "int8": 8, "binary": 1}


@dataclass(frozen=True)
class Contender:
    """A model, its vectors cut to the first `dimensions` (None: all), and each number kept in so many bits."""

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

    def bytes_a_vector(self, dimensions: int) -> int:
        """What one vector of so many dimensions takes, packed."""
        return -(-dimensions * _WIDTH[self.bits] // 8)

    def to_dict(self) -> dict[str, Any]:
        return {"model": self.model.to_dict(), "dimensions": self.dimensions, "bits": self.bits}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Contender":
        return cls(ModelSpec.from_dict(values["model"]), values["dimensions"], values["bits"])


def from_key(key: str, models: Iterable[ModelSpec]) -> Contender | None:
    """The contender a link names among the models at hand; None where there is none."""
    model_key, *extras = key.split("-")
    model = next((each for each in models if each.key == model_key), None)
    numbers = [int(each) for each in extras if each.isdecimal()]
    bits = [each for each in BITS if each in extras]
    if model is None or len(numbers) + len(bits) != len(extras) or len(numbers) > 1 or len(bits) > 1:
        return None
    return Contender(model, numbers[0] if numbers else None, bits[0] if bits else "float32")


def vary(rows: np.ndarray, dimensions: int | None, bits: Bits) -> np.ndarray:
    """(n, d) float32 unit rows as a smaller store would give them back.

    dimensions: the first so many, scaled to unit length anew (Kusupati et al., Matryoshka, 2022). float16: rounded.
    int8: each dimension in 255 steps between its least and greatest value over these rows, as
    sentence_transformers.quantization does. binary: signs alone; their cosine is 1 - 2h/d of the Hamming distance h.
    Raises InputError where there are fewer dimensions, or where nothing of a row is left.
    """
    if dimensions is not None:
        if not 1 <= dimensions <= rows.shape[1]:
            raise InputError(f"{dimensions} dimensions were asked of {rows.shape[1]}.", "Choose fewer dimensions.")
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
def contender_rows(folder: str, corpus: str, contender: Contender) -> np.ndarray:
    """(n, d) float32 unit rows, read-only. Raises StorageError where the corpus is not embedded with its model."""
    rows = opened.vectors(folder, corpus, contender.model).rows
    if contender.is_model:
        return rows
    varied = vary(rows, contender.dimensions, contender.bits)
    varied.flags.writeable = False
    return varied


@lru_cache(maxsize=10)
def contender_neighbors(folder: str, corpus: str, contender: Contender) -> Neighbors:
    """The contender's own neighbor graph, as `opened.neighbors`. Raises StorageError where it has not been built."""
    if contender.is_model:
        return opened.neighbors(folder, corpus, contender.model)
    stored = Workspace(folder).load("neighbors", corpus, graph_inputs(contender))
    if stored is None:
        raise StorageError(f"The neighbor graph of {contender.label} is missing.", "Start the comparison again.")
    return Neighbors(ids=stored.arrays["ids"], scores=stored.arrays["scores"], **stored.facts)


def find_contender_neighbors(
    folder: str, corpus: str, contender: Contender, progress: Progress | None = None
) -> Neighbors:
    """The same; a variant's graph is built and kept where it is missing: seconds for 10,000 rows, minutes for more."""
    if contender.is_model or has_graph(folder, corpus, contender):
        return contender_neighbors(folder, corpus, contender)
    vectors = Vectors(contender_rows(folder, corpus, contender), contender.model, corpus)
    made = build_neighbors(vectors, k=opened.GRAPH_K, progress=progress)
    facts = {"recall": made.recall, "checked": made.checked, "method": made.method, "facts": made.facts}
    arrays = {"ids": made.ids, "scores": made.scores}
    Workspace(folder).save("neighbors", corpus, graph_inputs(contender), arrays, facts)
    return made


def has_graph(folder: str, corpus: str, contender: Contender) -> bool:
    """Whether the contender's neighbor graph is kept already."""
    return Workspace(folder).load("neighbors", corpus, graph_inputs(contender)) is not None


def graph_inputs(contender: Contender) -> dict[str, object]:
    """What names a contender's neighbor graph; raise the version when `vary` changes its values."""
    base = opened.neighbor_inputs(contender.model)
    if contender.is_model:
        return base
    return base | {"dimensions": contender.dimensions, "bits": contender.bits, "vary": 1}
