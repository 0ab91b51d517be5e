"""The cosine below which a question counts as not answered by the corpus, from measurements."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from core.ask.retrieval import Retriever, open_retriever
from core.corpus.keyword import SPACELESS
from core.corpus.sentences import sentence_spans
from core.corpus.terms import text_words
from core.errors import InputError
from core.models.base import Embedder
from core.stats.interval import Interval
from core.stats.proportions import wilson_share
from core.stats.resampling import FEWER_RESAMPLES, SEED, percentile_interval, scalar_interval
from core.types import Corpus, Vectors

SAMPLE = 300  # sentences, and as many texts of random words
MIN_WORDS = 3  # of a sentence that stands for a question
MIN_KNOWN = 5  # answerable questions, and unanswerable ones
WORD_TEXTS = 2_000  # texts whose words are drawn
DEPTH = 20  # nearest texts among which one that does not hold the sentence itself is looked for
NO_THRESHOLD = -1.0  # no cosine is lower: nothing is refused
Basis = Literal["known", "sentences"]
Known = Sequence[tuple[str, bool]]


@dataclass(frozen=True, eq=False)
class RefusalThreshold:
    """A threshold on the cosine of a question and its nearest text; questions below it are refused.

    value: with a 95% bootstrap interval of both samples. answered: share of the answerable questions at or above it;
    refused: share of the unanswerable ones below it; both with Wilson's intervals, and measured on the questions that
    the threshold comes from. auroc: probability that an answerable question has the higher cosine. answerable,
    unanswerable: how many questions. basis: "known" questions, or "sentences" of the corpus and random words.
    """

    value: Interval[float]
    answered: Interval[float]
    refused: Interval[float]
    auroc: Interval[float]
    answerable: int
    unanswerable: int
    basis: Basis
    method: str
    seed: int

    @property
    def separates(self) -> bool:
        """False where sentences of the corpus have no higher cosines than random words: the interval of the AUROC
        reaches chance, so that the threshold would refuse at random."""
        return self.basis == "known" or self.auroc.low > 0.5

    @property
    def cutoff(self) -> float:
        """The cosine below which questions are refused; NO_THRESHOLD where the threshold does not separate."""
        return self.value.value if self.separates else NO_THRESHOLD


def calibrate_refusal(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, known: Known | None = None, seed: int = SEED
) -> RefusalThreshold:
    """The threshold with the highest balanced accuracy (Youden, 1950) for a corpus and model.

    known: (question, whether the corpus answers it) pairs. Without them, sentences of the corpus stand for answerable
    questions, each compared with the texts that do not hold it (leave-one-out), and texts of as many random words of
    the corpus for unanswerable ones. Raises InputError for too few questions or texts.
    """
    return calibrate_retriever(open_retriever(corpus, vectors, embedder), known, seed)


def calibrate_retriever(retriever: Retriever, known: Known | None = None, seed: int = SEED) -> RefusalThreshold:
    """The same for a retriever with vectors."""
    return _from_known(retriever, tuple(known), seed) if known is not None else _from_sentences(retriever, seed)


def _from_known(retriever: Retriever, known: tuple[tuple[str, bool], ...], seed: int) -> RefusalThreshold:
    is_answerable = np.array([bool(answerable) for _, answerable in known], bool)
    counts = int(is_answerable.sum()), int((~is_answerable).sum())
    if min(counts) < MIN_KNOWN:
        message = f"There are {counts[0]} answerable and {counts[1]} unanswerable questions."
        raise InputError(message, f"Give at least {MIN_KNOWN} of each, or none.")
    scores = nearest_cosines(retriever, [question for question, _ in known])
    return measure_threshold(scores[is_answerable], scores[~is_answerable], "known", seed)


@lru_cache(maxsize=8)
def _from_sentences(retriever: Retriever, seed: int) -> RefusalThreshold:
    sentences, codes = _sample_sentences(retriever, seed)
    own = _left_out_cosines(retriever, sentences, codes)
    random_texts = _random_texts(retriever, [len(text_words(sentence)) for sentence in sentences], seed)
    return measure_threshold(own, nearest_cosines(retriever, random_texts), "sentences", seed)


def nearest_cosines(retriever: Retriever, questions: Sequence[str]) -> np.ndarray:
    """(q,) float64 the cosine of each question and its nearest text."""
    scores = retriever.require_searcher().search(retriever.embed_questions(questions), 1)[1]
    return scores[:, 0].astype(np.float64)


def measure_threshold(
    answerable: np.ndarray, unanswerable: np.ndarray, basis: Basis = "known", seed: int = SEED
) -> RefusalThreshold:
    """The threshold between cosines (a,) and (u,), and how well it separates them."""
    value = best_threshold(answerable, unanswerable)
    rng = np.random.default_rng(seed)
    pairs = [
        (rng.choice(answerable, len(answerable)), rng.choice(unanswerable, len(unanswerable)))
        for _ in range(FEWER_RESAMPLES)
    ]
    thresholds = np.array([best_threshold(*pair) for pair in pairs])
    areas = np.array([auroc(*pair) for pair in pairs])
    units = min(len(answerable), len(unanswerable))
    return RefusalThreshold(
        scalar_interval(percentile_interval(value, thresholds, units)),
        wilson_share(int((answerable >= value).sum()), len(answerable)),
        wilson_share(int((unanswerable < value).sum()), len(unanswerable)),
        auroc_interval(answerable, unanswerable, areas),
        len(answerable), len(unanswerable), basis, _method(len(answerable), len(unanswerable), basis, seed), seed,
    )  # fmt: skip


def _method(answerable: int, unanswerable: int, basis: Basis, seed: int) -> str:
    samples = {
        "known": f"{answerable:,} answerable and {unanswerable:,} unanswerable questions",
        "sentences": f"{answerable:,} sentences of the corpus, each against the texts without it, and "
        f"{unanswerable:,} texts of random words of the corpus",
    }
    resamples = f"interval: bootstrap of both, {FEWER_RESAMPLES:,} resamples, seed {seed}"
    return f"Threshold of the highest balanced accuracy (Youden, 1950) on {samples[basis]}; {resamples}."


def best_threshold(answerable: np.ndarray, unanswerable: np.ndarray) -> float:
    """The threshold with the highest balanced accuracy (Youden, 1950), halfway to the next lower score; of equally good
    ones the lowest."""
    values = np.unique(np.concatenate([answerable, unanswerable]))
    accepted = 1 - np.searchsorted(np.sort(answerable), values) / len(answerable)
    refused = np.searchsorted(np.sort(unanswerable), values) / len(unanswerable)
    best = int(np.argmax(accepted + refused))
    return float(values[best] if best == 0 else (values[best - 1] + values[best]) / 2)


def auroc(answerable: np.ndarray, unanswerable: np.ndarray) -> float:
    """Probability that an answerable question has the higher score, ties counted half."""
    ordered = np.sort(unanswerable)
    below = np.searchsorted(ordered, answerable, side="left") + np.searchsorted(ordered, answerable, side="right")
    return float(below.mean() / (2 * len(ordered)))


def auroc_interval(answerable: np.ndarray, unanswerable: np.ndarray, areas: np.ndarray) -> Interval[float]:
    """With the percentile interval of bootstrap areas (b,); Wilson's of the smaller sample where all are separated."""
    value, units = auroc(answerable, unanswerable), min(len(answerable), len(unanswerable))
    if value in (0.0, 1.0):
        return wilson_share(round(value * units), units)
    _, low, high = scalar_interval(percentile_interval(value, areas, units))
    return Interval(value, max(low, 0.0), min(high, 1.0))


def _sample_sentences(retriever: Retriever, seed: int) -> tuple[list[str], np.ndarray]:
    """Up to SAMPLE distinct sentences, one of each text, and the codes of their texts."""
    texts, codes = retriever.corpus.texts, retriever.codes
    first = np.unique(codes, return_index=True)[1]
    rng = np.random.default_rng(seed)
    sample: dict[str, int] = {}
    for row in rng.permutation(first):
        spans = [span for span in sentence_spans(texts[row]) if len(text_words(texts[row][slice(*span)])) >= MIN_WORDS]
        if spans:
            start, end = spans[rng.integers(len(spans))]
            sample.setdefault(texts[row][start:end], int(codes[row]))
        if len(sample) == SAMPLE:
            break
    if len(sample) < MIN_KNOWN or len(first) < 2:
        message = f"The corpus has {len(sample)} texts with a sentence of {MIN_WORDS} words or more."
        raise InputError(message, "Give known questions, or a threshold.")
    return list(sample), np.array(list(sample.values()))


def _left_out_cosines(retriever: Retriever, sentences: list[str], codes: np.ndarray) -> np.ndarray:
    """(s,) float64 the cosine of each sentence and the nearest text that neither is its own nor holds it."""
    ids, scores = retriever.require_searcher().search(
        retriever.embed_questions(sentences), DEPTH + 1, rows=retriever.first
    )
    texts, result = retriever.corpus.texts, np.empty(len(sentences))
    for i, sentence in enumerate(sentences):
        others = [
            score
            for row, score in zip(ids[i], scores[i], strict=True)
            if row >= 0 and retriever.codes[row] != codes[i] and sentence not in texts[row]
        ]
        result[i] = others[0] if others else scores[i, -1]
    return result


def _random_texts(retriever: Retriever, lengths: list[int], seed: int) -> list[str]:
    """A text of as many words as each length, drawn from the words of the corpus as often as they occur."""
    rng = np.random.default_rng(seed)
    texts = retriever.corpus.texts
    rows = rng.permutation(len(texts))[:WORD_TEXTS]
    words = np.array([word for row in rows for word in text_words(texts[row].lower())], dtype=object)
    return [_joined(rng.choice(words, length)) for length in lengths]


def _joined(words: np.ndarray) -> str:
    """Words with spaces between them, unless their script is written without."""
    text = " ".join(words)
    return re.sub(rf"(?<=[{SPACELESS}]) (?=[{SPACELESS}])", "", text)
