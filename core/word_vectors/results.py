"""Word vectors as stored results: trained on a corpus, or read from a file and weighted by a corpus.

The vectors are in the workspace's folder of models, since other corpora use them, too; the result holds their digest,
and counts as missing once they are deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from core.corpus.added_columns import column_inputs
from core.corpus.loaders import load_distinct_texts
from core.corpus.staging import StagedFile, staged_path
from core.models.sif import sif_weights, zipf_counts
from core.models.word_files import WordManifest, WordVectors, has_words, load_words, read_manifest, save_words
from core.models.word_vectors import word_tokens, word_vectors_folder
from core.results import Result
from core.store import Stored, Workspace
from core.types import CorpusRef, Progress
from core.word_vectors.changes import ChangeSettings, WordChanges, measure_changes
from core.word_vectors.layout import WordMap, expected_map_seconds, map_words
from core.word_vectors.periods import texts_by_period
from core.word_vectors.reading import read_words
from core.word_vectors.settings import Settings, expected_seconds
from core.word_vectors.training import train, with_axes, word_counts

BYTES_PER_SECOND = 15e6  # of a file of vectors
CHANGE_RATE = 1.5e6  # tokens times permutations a second
FILE_SMOOTHING = 0.001  # SIF's a, as Arora et al. for vectors of large corpora
Frequencies = Literal["corpus", "rank"]


@dataclass(frozen=True)
class WordQuery:
    """Word vectors trained on a corpus."""

    corpus: CorpusRef
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class WordFileQuery:
    """Word vectors of an uploaded file. frequencies: SIF's word frequencies, from the corpus or by rank (Zipf)."""

    corpus: CorpusRef
    file: StagedFile
    frequencies: Frequencies = "corpus"
    smoothing: float = FILE_SMOOTHING


@dataclass(frozen=True)
class StoredWords:
    """The digest of stored word vectors. notes: what was left out of a file, for people."""

    digest: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WordMapQuery:
    """A layout of the most frequent words. digest: of the word vectors."""

    corpus: CorpusRef
    digest: str
    words: int = 500
    seed: int = 0


@dataclass(frozen=True)
class ChangeQuery:
    """Words whose use differs between the rows before a date and those from it on. time: a column; split: ISO date."""

    corpus: CorpusRef
    time: str
    split: str
    settings: ChangeSettings = field(default_factory=ChangeSettings)


@lru_cache(maxsize=8)
def count_corpus_tokens(corpus: CorpusRef) -> int:
    """Words of the distinct texts, repeats included."""
    return sum(len(word_tokens(text)) for text in load_distinct_texts(corpus))


def _corpus_manifest(corpus: CorpusRef, name: str) -> WordManifest:
    return WordManifest(name, "file", 0, 0, corpus.digest, _corpus_name(corpus), 0, 0, 0.0, 0.0)


def _corpus_name(corpus: CorpusRef) -> str:
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.name if info else corpus.digest


def _train(query: WordQuery, progress: Progress) -> StoredWords:
    words = train(load_distinct_texts(query.corpus), query.settings, _corpus_manifest(query.corpus, ""), progress)
    return StoredWords(save_words(word_vectors_folder(query.corpus.folder), words).digest)


def _read(query: WordFileQuery, progress: Progress) -> StoredWords:
    texts = load_distinct_texts(query.corpus)
    tokens = [word_tokens(text) for text in texts]
    counts = word_counts(tokens, 1)
    table = read_words(staged_path(query.corpus.folder, query.file), query.file.name, counts, progress)
    values, total = np.array([counts.get(word.lower(), 0) for word in table.words], np.int64), sum(map(len, tokens))
    frequencies = values if query.frequencies == "corpus" else zipf_counts(len(values))
    vectors, known = table.vectors, {word.lower() for word in table.words}
    share = sum(count for word, count in counts.items() if word in known) / max(total, 1)
    manifest = replace(
        _corpus_manifest(query.corpus, query.file.name), words=len(vectors), dimensions=vectors.shape[1],
        texts=len(texts), tokens=total, known_share=share, smoothing=query.smoothing, frequencies=query.frequencies,
        settings={"file": query.file.key},
    )  # fmt: skip
    axis = np.zeros(vectors.shape[1], np.float32)
    weights = sif_weights(frequencies, query.smoothing)
    words = with_axes(WordVectors(manifest, table.words, vectors, values, weights, axis, axis), texts)
    stored = save_words(word_vectors_folder(query.corpus.folder), words)
    notes = (
        [f"{table.skipped:,} further words, which this corpus does not have, were left out."] if table.skipped else []
    )
    notes += [f"{table.invalid:,} words that are not UTF-8 were left out."] if table.invalid else []
    return StoredWords(stored.digest, tuple(notes))


def _from_stored(query: Any, stored: Stored) -> StoredWords:
    """Raises KeyError once the vectors were deleted."""
    facts: Mapping[str, Any] = stored.facts
    if not has_words(word_vectors_folder(query.corpus.folder), facts["digest"]):
        raise KeyError(facts["digest"])
    return StoredWords(facts["digest"], tuple(facts["notes"]))


def _to_stored(value: StoredWords) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    return {}, {"digest": value.digest, "notes": list(value.notes)}


def load_manifest(folder: str, stored: StoredWords) -> WordManifest:
    """Raises ModelError where the vectors were deleted."""
    return read_manifest(word_vectors_folder(folder), stored.digest)


TRAINED_WORDS = Result(
    "trained_words", 1, WordQuery, StoredWords, inputs=lambda query: {"settings": query.settings}, compute=_train,
    seconds=lambda query: expected_seconds(query.settings, count_corpus_tokens(query.corpus)),
    stage="Training word vectors", unit="epochs", to_stored=_to_stored, from_stored=_from_stored,
    absence="These word vectors have not been trained yet.", remedy="Train them on the Customize page.",
)  # fmt: skip
WORD_FILE = Result(
    "word_file", 1, WordFileQuery, StoredWords, compute=_read,
    inputs=lambda query: {
        "file": query.file.key, "frequencies": query.frequencies, "smoothing": query.smoothing, "name": query.file.name
    },
    seconds=lambda query: 2 + query.file.size / BYTES_PER_SECOND, stage="Reading word vectors", unit="bytes",
    to_stored=_to_stored, from_stored=_from_stored,
    absence="This file of word vectors has not been read yet.", remedy="Upload it on the Customize page.",
)  # fmt: skip
WORD_MAP = Result(
    "word_map", 1, WordMapQuery, WordMap,
    inputs=lambda query: {"words_digest": query.digest, "words": query.words, "seed": query.seed},
    compute=lambda query, progress: map_words(
        load_words(word_vectors_folder(query.corpus.folder), query.digest), query.words, query.seed, progress
    ),
    seconds=lambda query: expected_map_seconds(query.words), stage="Computing the map of words", unit="epochs",
    worker="layout", absence="This map of words has not been computed yet.", remedy="Open it on the Customize page.",
)  # fmt: skip
WORD_CHANGES = Result(
    "word_changes", 1, ChangeQuery, WordChanges,
    inputs=lambda query: {"time": query.time, "split": query.split, "settings": query.settings}
    | column_inputs(query.corpus, query.time),
    compute=lambda query, progress: measure_changes(
        *texts_by_period(query.corpus, query.time, query.split, query.settings.seed), query.settings, progress
    ),
    seconds=lambda query: 1 + count_corpus_tokens(query.corpus) * query.settings.permutations / CHANGE_RATE,
    stage="Comparing the use of words", unit="permutations",
    absence="The use of words has not been compared yet.", remedy="Start it on the Customize page.",
)  # fmt: skip
