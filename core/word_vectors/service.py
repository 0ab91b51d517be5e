"""What the Word vectors view asks for."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.corpus.loaders import load_distinct_texts
from core.models.word_files import WordManifest, delete_words, list_words, load_words, word_vectors_size
from core.models.word_vectors import word_vectors_folder
from core.types import CorpusRef, ModelSpec
from core.word_vectors.explorer import AnalogyAnswer, NearestWords, load_explorer
from core.word_vectors.layout import frequent_words
from core.word_vectors.results import count_corpus_tokens
from core.word_vectors.settings import Settings, expected_seconds, suggest


@dataclass(frozen=True)
class CorpusFacts:
    """texts: unique ones. tokens: words of them, repeats included. suggested: settings of training."""

    texts: int
    tokens: int
    suggested: Settings


def corpus_facts(corpus: CorpusRef) -> CorpusFacts:
    """What training depends on."""
    tokens = count_corpus_tokens(corpus)
    return CorpusFacts(len(load_distinct_texts(corpus)), tokens, suggest(tokens))


def training_seconds(facts: CorpusFacts, settings: Settings) -> float:
    """About how long training takes."""
    return expected_seconds(settings, facts.tokens)


def stored_words(folder: str) -> list[WordManifest]:
    """The word vectors of a workspace, oldest first; reads only the beginnings of files."""
    return list_words(word_vectors_folder(folder))


def word_models(folder: str) -> list[ModelSpec]:
    """The same as embedding models."""
    return [manifest.spec for manifest in stored_words(folder)]


def find_nearest(folder: str, digest: str, text: str, k: int) -> NearestWords:
    """See Explorer. Raises InputError, ModelError."""
    return load_explorer(word_vectors_folder(folder), digest).nearest(text, k)


def find_analogies(folder: str, digest: str, a: str, b: str, c: str, k: int) -> tuple[AnalogyAnswer, ...]:
    """See Explorer. Raises InputError, ModelError."""
    return load_explorer(word_vectors_folder(folder), digest).analogy(a, b, c, k)


def frequent_words_of(folder: str, digest: str, k: int) -> tuple[str, ...]:
    """The most frequent words about content, to begin with."""
    words = load_words(word_vectors_folder(folder), digest)
    return tuple(words.words[row] for row in frequent_words(words, k))


def delete_model(folder: str, digest: str) -> None:
    """Remove word vectors from the workspace. Raises StorageError."""
    delete_words(word_vectors_folder(folder), digest)


def model_size(folder: str, digest: str) -> int:
    """Bytes on disk."""
    return word_vectors_size(word_vectors_folder(folder), digest)


def word2vec_text(folder: str, digest: str) -> bytes:
    """The vectors in word2vec's text format, UTF-8: a line "words dimensions", then one word per line."""
    words = load_words(word_vectors_folder(folder), digest)

    def lines() -> Iterator[str]:
        yield f"{len(words.words)} {words.manifest.dimensions}\n"
        for word, row in zip(words.words, words.vectors, strict=True):
            yield f"{word} {' '.join(f'{value:.6g}' for value in row)}\n"

    return "".join(lines()).encode("utf-8", "replace")
