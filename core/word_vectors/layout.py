"""A map of the most frequent words: UMAP of their vectors."""

from dataclasses import dataclass

import numpy as np

from core.corpus.terms import is_name
from core.errors import InputError
from core.models.word_files import WordVectors
from core.types import LayoutParams, Progress, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors
from core.vectors.pca import principal_components
from core.vectors.umap import umap_layout

MIN_WORDS = 10
START_SECONDS, WORDS_PER_SECOND = 8.0, 300.0  # loading and compiling umap-learn; epochs included


@dataclass(frozen=True, eq=False)
class WordMap:
    """words: w, the most frequent first. points: (w, 2) float32, for display only. counts: (w,) int64 occurrences, 0
    where not known. knn_preservation: mean share of the 10 nearest words that are also nearest on the map; chance: of a
    random map."""

    words: list[str]
    points: np.ndarray
    counts: np.ndarray
    knn_preservation: float
    chance: float


def map_words(words: WordVectors, count: int, seed: int, progress: Progress) -> WordMap:
    """The `count` most frequent words about content, and with counts only those that occur. Raises InputError where
    fewer than MIN_WORDS are left."""
    rows = frequent_words(words, count)
    if len(rows) < MIN_WORDS:
        raise InputError(f"Only {len(rows)} words have a vector.", f"A map needs {MIN_WORDS}; choose other vectors.")
    vectors = Vectors(unit_rows(words.vectors[rows]), words.manifest.spec, "")
    neighbors = build_neighbors(vectors, 50)
    start, _ = principal_components(vectors.rows, 2)
    points = umap_layout(start, neighbors, LayoutParams(seed=seed), progress)
    k = min(10, len(rows) - 1)
    share = _preserved(points, np.asarray(neighbors.ids[:, :k]))
    names = [words.words[row] for row in rows]
    return WordMap(names, points, np.asarray(words.counts)[rows], share, k / (len(rows) - 1))


def frequent_words(words: WordVectors, count: int) -> np.ndarray:
    """Positions of the most frequent words that are no function words, numbers or single letters."""
    counts, has_length = np.asarray(words.counts), np.abs(words.vectors).max(axis=1) > 0
    order = np.argsort(-counts, kind="stable")  # without counts: the order of the file
    order = order[(counts[order] > 0) | (counts.sum() == 0)]
    return np.array([row for row in order if has_length[row] and is_name(words.words[row].lower())][:count], np.int64)


def expected_map_seconds(words: int) -> float:
    return START_SECONDS + words / WORDS_PER_SECOND


def _preserved(points: np.ndarray, nearest: np.ndarray) -> float:
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1)[:, : nearest.shape[1]]
    return float(
        np.mean([len(np.intersect1d(one, two)) for one, two in zip(near, nearest, strict=True)]) / near.shape[1]
    )
