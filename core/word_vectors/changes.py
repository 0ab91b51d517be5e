"""Words whose use changed between two periods: overlap of nearest neighbors before and after (Gonen et al., 2020).

Each period has word vectors of its own: positive pointwise mutual information with words nearby (PPMI: Levy, Goldberg
and Dagan, 2015), which need no random numbers and no alignment. Texts are then assigned to the periods at random many
times; a word is significant where its overlap is lower than chance explains, whichever word one looks at (maximum
statistic: Westfall and Young, 1993).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.terms import is_name
from core.errors import InputError
from core.results import no_progress
from core.types import Progress
from core.word_vectors.training import word_counts

ALPHA = 0.05
MIN_DROP = 0.25  # of the overlap below the expected one: a word is not changed because one of its neighbors is
MAX_TARGETS, MAX_CONTEXTS = 1_000, 2_000  # most frequent words
CONTEXT_POWER = 0.75  # smoothing of the contexts' shares, as in word2vec
MAX_TOKENS = 2_000_000  # of texts, drawn at random from more
MIN_TARGETS = 5
LISTED = 8  # neighbors that are named
SD_FLOOR = 1.0  # neighbors: a word whose overlap hardly varies is not significant for a single lost neighbor


@dataclass(frozen=True)
class ChangeSettings:
    """min_count: occurrences of a word in each period. neighbors: k of the overlap. permutations: random divisions."""

    window: int = 5
    min_count: int = 20
    neighbors: int = 20
    permutations: int = 99
    seed: int = 0


@dataclass(frozen=True)
class WordChange:
    """before, after: occurrences. overlap: share of the k nearest words that both periods have in common, in [0, 1];
    expected: its mean over random divisions. p: probability that a random division gives any word as low an overlap
    for its noise. only_before, only_after: nearest words of one period alone, nearest first."""

    word: str
    before: int
    after: int
    overlap: float
    expected: float
    p: float
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def is_significant(self) -> bool:
        return self.p <= ALPHA and self.expected - self.overlap >= MIN_DROP


@dataclass(frozen=True)
class WordChanges:
    """words: all that were compared, the most significant first. texts_before, texts_after: unique texts."""

    words: tuple[WordChange, ...]
    texts_before: int
    texts_after: int
    neighbors: int
    settings: ChangeSettings

    @property
    def significant(self) -> tuple[WordChange, ...]:
        """Words with p up to ALPHA whose overlap is at least MIN_DROP below the expected one."""
        return tuple(word for word in self.words if word.is_significant)


def measure_changes(
    tokens: Sequence[Sequence[str]], is_after: np.ndarray, settings: ChangeSettings, progress: Progress | None = None
) -> WordChanges:
    """tokens: words of n texts, each unique within its period; is_after: bool (n,), texts of the second period.

    Raises InputError where fewer than MIN_TARGETS words occur often enough in both periods."""
    report = progress or no_progress
    counter = _PairCounter(tokens, is_after, settings)
    size = len(counter.targets)
    k = min(settings.neighbors, max(2, size // 4))
    before, after = counter.nearest(is_after, k)
    overlap = _overlap(before, after, size)
    random, null = np.random.default_rng(settings.seed), []
    for done in range(settings.permutations):
        null.append(_overlap(*counter.nearest(random.permutation(is_after), k), size))
        report(done + 1, settings.permutations)
    p, expected = _max_p_values(overlap, np.array(null), SD_FLOOR / k)
    words = []
    for at in np.lexsort((overlap - expected, p, (p > ALPHA) | (expected - overlap < MIN_DROP))):
        names = [[counter.targets[i] for i in near[at]] for near in (before, after)]
        only = [tuple(name for name in names[i] if name not in names[1 - i])[:LISTED] for i in (0, 1)]
        counts = (int(counter.counts[0][at]), int(counter.counts[1][at]))
        values = (float(overlap[at]), float(expected[at]), float(p[at]))
        words.append(WordChange(counter.targets[at], *counts, *values, *only))
    return WordChanges(tuple(words), int((~is_after).sum()), int(is_after.sum()), k, settings)


class _PairCounter:
    """Pairs of words near each other, counted for any division of the texts into two periods."""

    def __init__(self, tokens: Sequence[Sequence[str]], is_after: np.ndarray, settings: ChangeSettings) -> None:
        counts = [word_counts([tokens[int(i)] for i in np.flatnonzero(side)], 1) for side in (~is_after, is_after)]
        both = {word: min(count, counts[1].get(word, 0)) for word, count in counts[0].items()}
        frequent = [word for word, count in both.items() if count >= settings.min_count and is_name(word)]
        self.targets = sorted(frequent, key=lambda word: (-both[word], word))[:MAX_TARGETS]
        if len(self.targets) < MIN_TARGETS:
            message = (
                f"At least {MIN_TARGETS} content words must occur {settings.min_count} times in each period; "
                f"{len(self.targets)} do."
            )
            raise InputError(message, "Lower the minimum count, or move the date.")
        self.counts = [[side[word] for word in self.targets] for side in counts]
        contexts = {word: i for i, word in enumerate(list(word_counts(tokens, 2))[:MAX_CONTEXTS])}
        self._shape = (len(self.targets), len(contexts))
        self._codes, self._texts = _pairs(tokens, self.targets, contexts, settings.window)

    def nearest(self, is_after: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(t, k) positions of the nearest targets of each target before and after, nearest first."""
        late = is_after[self._texts]
        return self._nearest(self._codes[~late], k), self._nearest(self._codes[late], k)

    def _nearest(self, codes: np.ndarray, k: int) -> np.ndarray:
        counts = np.bincount(codes, minlength=self._shape[0] * self._shape[1]).reshape(self._shape)
        rows = ppmi(counts)
        cosines = rows @ rows.T
        np.fill_diagonal(cosines, -1)
        best = np.argpartition(-cosines, k, axis=1)[:, :k] if k < len(cosines) - 1 else np.argsort(-cosines)[:, :k]
        order = np.argsort(-np.take_along_axis(cosines, best, axis=1), axis=1, kind="stable")
        return np.take_along_axis(best, order, axis=1)


def ppmi(counts: np.ndarray) -> np.ndarray:
    """(t, c) float32 rows of unit length, or zeros: max(0, log(p(word, context) / (p(word) p(context)^0.75)))."""
    values = counts.astype(np.float32)
    words, contexts = values.sum(axis=1, keepdims=True), values.sum(axis=0) ** CONTEXT_POWER
    shares = contexts / max(float(contexts.sum()), 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(values / (words * shares))
    positive = np.where(values > 0, np.maximum(information, 0), 0).astype(np.float32)
    lengths = np.linalg.norm(positive, axis=1, keepdims=True)
    return positive / np.where(lengths > 0, lengths, 1)


def _pairs(
    tokens: Sequence[Sequence[str]], targets: Sequence[str], contexts: dict[str, int], window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Codes target * c + context of all pairs within the window, and the text of each."""
    position = {word: i for i, word in enumerate(targets)}
    flat_targets = np.array([position.get(token, -1) for text in tokens for token in text], np.int64)
    flat_contexts = np.array([contexts.get(token, -1) for text in tokens for token in text], np.int64)
    texts = np.repeat(np.arange(len(tokens)), [len(text) for text in tokens])
    parts = list(_shifted(flat_targets, flat_contexts, texts, window, len(contexts)))
    return np.concatenate([codes for codes, _ in parts]), np.concatenate([of for _, of in parts])


def _shifted(
    targets: np.ndarray, contexts: np.ndarray, texts: np.ndarray, window: int, width: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for offset in range(1, window + 1):
        same = texts[:-offset] == texts[offset:]
        for left, right in ((targets[:-offset], contexts[offset:]), (targets[offset:], contexts[:-offset])):
            use = same & (left >= 0) & (right >= 0)
            yield left[use] * width + right[use], texts[offset:][use]


def _overlap(before: np.ndarray, after: np.ndarray, size: int) -> np.ndarray:
    """(t,) share of neighbors in common."""
    member = np.zeros((len(before), size), bool)
    np.put_along_axis(member, before, True, axis=1)
    return np.take_along_axis(member, after, axis=1).mean(axis=1)


def _max_p_values(overlap: np.ndarray, null: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """(t,) p-values corrected over the words, and the expected overlaps; null: (permutations, t)."""
    both = np.vstack([overlap, null])  # the real division is one of them, so that the test is exact
    drops = (both.mean(axis=0) - both) / np.maximum(both.std(axis=0), floor)
    largest = drops.max(axis=1)
    return (largest >= drops[0][:, None]).mean(axis=1), null.mean(axis=0)
