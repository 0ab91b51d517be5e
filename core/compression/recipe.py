"""The setting that gives the wanted recall, and the code that makes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.vectors.index_kinds import EF_CONSTRUCTION

Kind = Literal["exact", "hnsw", "ivf"]


@dataclass(frozen=True)
class Setting:
    """A measured index setting. build: HNSW's links or IVF's lists; width: efSearch or nprobe; recall, low: mean
    recall@10 and the lower bound of its 95% interval; p50: milliseconds of one query."""

    kind: Kind
    build: int
    width: int
    recall: float
    low: float
    p50: float

    @property
    def name(self) -> str:
        if self.kind == "hnsw":
            return f"HNSW, {self.build} links a row, efSearch {self.width}"
        if self.kind == "ivf":
            return f"IVF, {self.width:,} of {self.build:,} lists searched"
        return "Exact search"


WORTH = 2 / 3  # of exact search's time; an index that takes more is not worth what it misses


def quickest(settings: Sequence[Setting], wanted: float) -> Setting:
    """The setting with the least median time among those whose recall is surely as wanted: its interval's lower bound
    is at least that. Exact search where none of these saves a third of its time."""
    exact = next(setting for setting in settings if setting.kind == "exact")
    enough = [setting for setting in settings if setting.low >= wanted - 1e-9 and setting.p50 <= WORTH * exact.p50]
    return min(enough, key=lambda each: each.p50, default=exact)


def index_code(setting: Setting, width: int) -> str:
    """Python that makes the index with FAISS from vectors.npy (rows, width) and searches it; it runs as it stands."""
    return "\n".join(
        [
            "import faiss",
            "import numpy as np",
            "",
            f'vectors = np.ascontiguousarray(np.load("vectors.npy"), dtype="float32")  # (rows, {width})',
            "faiss.normalize_L2(vectors)  # so that the inner product is the cosine",
            *_build_lines(setting, width),
            "index.add(vectors)",
            *_search_lines(setting),
            "scores, rows = index.search(vectors[:5], 10)  # your queries, normalized as well",
        ]
    )


def _build_lines(setting: Setting, width: int) -> list[str]:
    if setting.kind == "hnsw":
        made = f"index = faiss.IndexHNSWFlat({width}, {setting.build}, faiss.METRIC_INNER_PRODUCT)"
        return [made, f"index.hnsw.efConstruction = {EF_CONSTRUCTION}"]
    if setting.kind == "ivf":
        return [
            f"centers = faiss.IndexFlatIP({width})",
            f"index = faiss.IndexIVFFlat(centers, {width}, {setting.build}, faiss.METRIC_INNER_PRODUCT)",
            "index.train(vectors)",
        ]
    return [f"index = faiss.IndexFlatIP({width})"]


def _search_lines(setting: Setting) -> list[str]:
    if setting.kind == "hnsw":
        return [f"index.hnsw.efSearch = {setting.width}"]
    return [f"index.nprobe = {setting.width}"] if setting.kind == "ivf" else []
