"""The values that all parts exchange. Row i of every array is row i of the corpus table."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.codec import OMIT_DEFAULT
from core.digest import digest_json
from core.errors import InputError

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""

# what distinguishes models of a backend with the same name
LABEL_FIELDS = {"openai": ("dimensions", "revision"), "onnx": ("precision",), "e5": ("precision",)}
OPTIONAL_FIELDS = frozenset({"probed", "adapter", "adapter_name"})  # of a ModelSpec's dict
UNIT_TOLERANCE = 1e-3
SINGLE_VALUED = "single_valued"  # in the attributes of a corpus' table: Roles.single_valued


@dataclass(frozen=True)
class Roles:
    """Which columns of a corpus mean what. `text` is a template such as "Title: {Summary}". single_valued: columns
    with one value a row, although their content looks like several."""

    text: str = ""
    labels: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    single_valued: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `single_valued` only where there are any, so that corpora stored before it keep their digests."""
        values = asdict(self)
        return (
            values if self.single_valued else {name: value for name, value in values.items() if name != SINGLE_VALUED}
        )


@dataclass(frozen=True)
class CorpusRef:
    """Which corpus is meant, without its contents. folder: the workspace; digest: 16 hex digits, as `Corpus.digest`.
    columns: (name, version) of each added column, see core.corpus.added_columns."""

    folder: str
    digest: str
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> "CorpusRef":
        """The corpus as imported, without added columns."""
        return CorpusRef(self.folder, self.digest)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts and the table they came from.

    table: (n rows) the source columns, RangeIndex; a column `source_row` counts rows of the file from 1,
    and `passage` counts passages within a row where long texts were split.
    texts: n strings, what a model embeds. digest: 16 hex digits over texts, table and roles.
    origin: how the corpus was read (files, encodings, steps), for the record.
    """

    name: str
    table: pd.DataFrame
    texts: list[str]
    roles: Roles
    digest: str
    origin: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.table) != len(self.texts):
            raise InputError(f"A corpus needs one text per row: {len(self.table):,} rows, {len(self.texts):,} texts.")
        if self.roles.single_valued:
            self.table.attrs[SINGLE_VALUED] = self.roles.single_valued  # so that its columns know it, too

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class ModelSpec:
    """All that determines the vectors a model gives. API keys are never part of it.

    backend: a name in core.models.registry.
    max_tokens: the window; a longer text is cut (None: no window). languages: ISO 639-1 codes the model was
    made for, empty where it takes any. revision: commit, weights' sha256 or the like, or "version 2" of a
    server's model that changed behind its name; empty where unknown.
    probed: dimensions is what a server answered with, not what a person requested: requests never name it.
    adapter: key of the stored adapter that maps the model's vectors, see core.models.adapted; "" for the model itself.
    adapter_name: what a person calls it.
    """

    backend: str
    name: str
    revision: str = ""
    dimensions: int | None = None
    precision: Literal["float32", "bfloat16", "int8", "int4"] = "float32"
    max_tokens: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""
    base_url: str = ""
    languages: tuple[str, ...] = ()
    probed: bool = False
    adapter: str = field(default="", metadata=OMIT_DEFAULT)
    adapter_name: str = field(default="", metadata=OMIT_DEFAULT)

    @cached_property
    def key(self) -> str:
        """16 hex digits; the same for specs that give the same vectors, whatever `languages` and `probed` are."""
        return digest_json(replace(self, probed=False, adapter_name="").to_dict() | {"languages": []})

    @property
    def base(self) -> "ModelSpec":
        """The model without its adapter."""
        return replace(self, adapter="", adapter_name="") if self.adapter else self

    @property
    def is_supervised_here(self) -> bool:
        """Whether it was trained on labels, pairs or queries in a workspace: an adapter or a fine-tuned model."""
        return bool(self.adapter) or self.backend == "fine-tuned"

    @property
    def label(self) -> str:
        """A short name that distinguishes the models of a corpus."""
        values = {name: getattr(self, name) for name in LABEL_FIELDS.get(self.backend, ())}
        parts = [f"{value}d" if name == "dimensions" else value for name, value in values.items() if value]
        base = " · ".join([self.name, *parts])
        return f"{base} + adapter {self.adapter_name or self.adapter[:6]}" if self.adapter else base

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `probed` and the adapter only where set, so that results stored before them keep their names."""
        values = asdict(self) | {"languages": list(self.languages)}
        return {name: value for name, value in values.items() if value or name not in OPTIONAL_FIELDS}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelSpec":
        return cls(**{**values, "languages": tuple(values.get("languages", ()))})


@dataclass(frozen=True, eq=False)
class Vectors:
    """An embedded corpus. rows: (n, d) float32, unit length, read-only; cosine of two rows is their dot product.

    facts: counted while embedding: seconds, truncated (texts cut at the window), unseen_share (share of
    tokens never seen), split (texts split and averaged), computed (texts not found in the cache).
    """

    rows: np.ndarray
    model: ModelSpec
    corpus: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_unit_rows(self.rows)
        self.rows.flags.writeable = False

    @property
    def digest(self) -> str:
        return digest_json({"corpus": self.corpus, "model": self.model.key})

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The kNN graph. ids: (n, k) int32, nearest first, self left out. scores: (n, k) float32 cosine, falling.

    recall: measured recall@10 against exact search (1.0 where the search was exact); `checked` rows of n.
    """

    ids: np.ndarray
    scores: np.ndarray
    recall: float
    checked: int
    method: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.ids.shape != self.scores.shape or self.ids.ndim != 2:
            raise InputError(f"Neighbor ids {self.ids.shape} and scores {self.scores.shape} must be one (n, k) shape.")

    @property
    def k(self) -> int:
        return self.ids.shape[1]


@dataclass(frozen=True, eq=False)
class Trust:
    """How well a layout preserves the original neighborhoods, all in [0, 1], higher is better.

    trustworthiness: Venna and Kaski (2001), as scikit-learn; knn_preservation: mean share of the k nearest
    neighbors kept; chance: the share a random layout keeps, k / (n - 1). trustworthiness is over a seeded `sample` of
    `total` distinct texts, knn_preservation over all of them up to 200,000, beyond over that many drawn ones.
    per_point: (n,) float32, the share of each row's k neighbors kept; NaN for rows that were not sampled.
    """

    trustworthiness: float
    knn_preservation: float
    chance: float
    k: int
    sample: int
    total: int
    per_point: np.ndarray


@dataclass(frozen=True)
class LayoutParams:
    """How a layout is made. reproducible: one thread and a fixed seed; else all threads."""

    method: Literal["umap", "pca"] = "umap"
    dims: Literal[2, 3] = 2
    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0
    reproducible: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """points: (n, dims) float32 coordinates, for display only."""

    points: np.ndarray
    params: LayoutParams
    trust: Trust
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class IndexFacts:
    """What serves a search. recall: measured recall@10 over `checked` queries; latencies in milliseconds of processor
    time. megabytes: of the index in memory; vector_megabytes: of the float32 rows, mapped from their file."""

    kind: Literal["exact", "ivf_pq"]
    description: str
    recall: float
    checked: int
    p50_ms: float
    p99_ms: float
    megabytes: float
    rows: int
    seed: int = 0
    vector_megabytes: float = 0.0


def check_unit_rows(rows: np.ndarray) -> None:
    """Raise InputError unless rows is (n, d) float32 with finite rows of unit length."""
    if rows.ndim != 2 or rows.dtype != np.float32:
        raise InputError(f"Vectors must be a float32 matrix, got {rows.dtype} of shape {rows.shape}.")
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    bad = np.flatnonzero(~(np.abs(norms - 1) <= UNIT_TOLERANCE))
    if len(bad):
        raise InputError(f"Row {bad[0] + 1:,} of the vectors is not of unit length ({norms[bad[0]]:.4g}).")


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Rows scaled to unit length, float32, a new array. Raises InputError naming the row for NaN, inf and zero rows."""
    wide = np.asarray(matrix, dtype=np.float32)
    if wide.ndim != 2:
        raise InputError(f"Vectors must form a matrix (rows x dimensions), got shape {wide.shape}.")
    # scaling by the largest value first keeps squares from overflowing or vanishing in float32
    largest = np.abs(wide).max(axis=1, initial=0, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(largest[:, 0]) | (largest[:, 0] == 0))
    if len(bad):
        kind = "only zeros" if largest[bad[0], 0] == 0 else "NaN or infinite values"
        remedy = "Remove these rows from the vectors and the table, or embed them again."
        raise InputError(f"Vector {bad[0] + 1:,} holds {kind} ({len(bad):,} such rows of {len(wide):,}).", remedy)
    scaled = wide / largest
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
