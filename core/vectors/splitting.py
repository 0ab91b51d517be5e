"""Corpora whose long texts are split by a model's tokens: what core.corpus.service does, with that model's counter."""

from collections.abc import Sequence
from functools import lru_cache

from core.corpus import service
from core.corpus.preprocess import Counter, StepCount, Steps, estimate_tokens
from core.corpus.service import CreatedCorpus, DraftProfile, InvalidInput
from core.corpus.staging import ImportSource
from core.models.base import Embedder
from core.models.registry import capabilities
from core.types import ModelSpec, Roles
from core.vectors.loaders import cached_embedder

MAX_WORD = 60  # characters of a word whose count is remembered
MAX_WORDS = 500_000  # that are remembered


class WordCounter:
    """Counts the tokens of texts as an embedder does, prompt and special tokens included, each different word once.

    Tokenizers of the local models split texts at white space first, so that the counts of words add up.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self._counts = embedder, dict[str, int]()
        one, two = self._count(["a", "a a"])
        self._special = 2 * one - two

    def __call__(self, text: str) -> int:
        words, counts = text.split(), self._counts
        if missing := [word for word in dict.fromkeys(words) if word not in counts]:
            if len(counts) > MAX_WORDS:
                counts.clear()
                return self(text)
            new = dict(zip(missing, self._count(missing), strict=True))
            counts.update((word, count) for word, count in new.items() if len(word) <= MAX_WORD)
            return self._special + sum((counts.get(word) or new[word]) - self._special for word in words)
        return self._special + sum(map(counts.__getitem__, words)) - self._special * len(words)

    def _count(self, texts: Sequence[str]) -> list[int]:
        return [int(count) for count in self._embedder.count_tokens(texts)]


@lru_cache(maxsize=4)
def token_counter(folder: str, spec: ModelSpec | None) -> Counter:
    """Counts tokens as a local model does; without one approximately. Raises ModelError where it can't be loaded."""
    if spec is None or capabilities(spec).hosted:
        return estimate_tokens
    return WordCounter(cached_embedder(folder, spec))


def count_step_rows(
    folder: str, source: ImportSource, roles: Roles, steps: Steps
) -> tuple[StepCount, ...] | InvalidInput:
    """What each step would do to the rows; InvalidInput where none would be left."""
    return service.count_step_rows(folder, source, roles, steps, _counter(folder, steps))


def draft_profile(folder: str, source: ImportSource, roles: Roles, steps: Steps) -> DraftProfile | InvalidInput:
    """The profile before a corpus is created; InvalidInput where these settings give none."""
    return service.draft_profile(folder, source, roles, steps, _counter(folder, steps))


def load_draft_texts(folder: str, source: ImportSource, roles: Roles, steps: Steps) -> tuple[list[str], int, int]:
    """The texts of a draft, see `core.corpus.build.draft_texts`. Raises InputError, StorageError."""
    return service.load_draft_texts(folder, source, roles, steps, _counter(folder, steps))


def create_corpus(folder: str, source: ImportSource, roles: Roles, steps: Steps, name: str) -> CreatedCorpus:
    """Build and store the corpus. Raises InputError, StorageError, ModelError."""
    return service.create_corpus(folder, source, roles, steps, name, _counter(folder, steps))


def _counter(folder: str, steps: Steps) -> Counter:
    """Loaded only where texts are split."""
    return token_counter(folder, steps.passage_model) if steps.passage_tokens else estimate_tokens
