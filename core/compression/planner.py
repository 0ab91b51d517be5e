"""How much memory n vectors take in each index, counted, and about how long a query takes, extrapolated."""

from dataclasses import dataclass
from math import ceil, log

CODES = 256  # of each part of a product quantizer


@dataclass(frozen=True)
class Option:
    """A way to serve vectors. kind: "exact", "hnsw" or "ivf" for float32 vectors, else "scan" of smaller ones.

    count: links or lists as measured. bytes: of one vector as searched; rescoring_bytes: of one stored for rescoring;
    fixed: bytes that do not grow with the rows. recall: measured at `rows` rows, ms: the median of one query there, of
    which fixed_ms take as long at any number of rows (rescoring, which reads as many vectors).
    """

    name: str
    kind: str
    count: int
    bytes: int
    rescoring_bytes: int
    fixed: int
    recall: float
    ms: float
    rows: int
    fixed_ms: float = 0.0


@dataclass(frozen=True)
class Plan:
    """An option at n rows. memory, disk: bytes; disk: what only rescoring reads. ms: of one query, extrapolated."""

    option: Option
    memory: int
    disk: int
    ms: float


def plan(option: Option, count: int, width: int) -> Plan:
    """What `count` vectors of `width` dimensions take with this option.

    Bytes are those FAISS stores. IVF is given as many lists for the root of the rows as it was measured with. Time
    grows with the rows for exact search, with their logarithm for HNSW and with their root for IVF, at unchanged
    settings.
    """
    lists = list_count(count, option.count / option.rows**0.5) if option.kind == "ivf" else option.count
    is_scan = option.kind == "scan"
    memory = count * option.bytes + option.fixed if is_scan else index_bytes(option.kind, count, width, lists)
    grown = (option.ms - option.fixed_ms) * growth(option.kind, count, option.rows)
    return Plan(option, memory, count * option.rescoring_bytes, option.fixed_ms + grown)


def growth(kind: str, count: int, measured: int) -> float:
    """How many times as long a query takes among `count` rows as among those measured."""
    if kind == "hnsw":
        return log(max(count, 2)) / log(max(measured, 2))
    return (count / measured) ** (0.5 if kind == "ivf" else 1)


def index_bytes(kind: str, count: int, width: int, links_or_lists: int) -> int:
    """Bytes of a FAISS index over float32 vectors, as its memory holds them.

    HNSW with M links: 2 M ids of 4 bytes a row, M more for each higher level (a row is on one more with probability
    1 / M), a level of 4 bytes and an offset of 8. IVF: an id of 8 bytes a row, and the lists' centers.
    """
    vectors = count * width * 4
    if kind == "hnsw":
        links = links_or_lists
        return vectors + round(count * (4 * (2 * links + links / (links - 1)) + 4 + 8))
    return vectors + (count * 8 + links_or_lists * width * 4 if kind == "ivf" else 0)


def codebook_bytes(width: int, parts: int) -> int:
    """Bytes of a product quantizer's codes: 256 float32 vectors, their width filled up to what the parts divide."""
    return CODES * parts * ceil(width / parts) * 4


def list_count(count: int, times: float) -> int:
    """Lists of an IVF index: so many times the root of the rows, with at least 10 rows a list."""
    return max(1, min(round(times * count**0.5), count // 10))
