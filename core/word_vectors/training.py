"""word2vec, fastText and doc2vec trained on texts with gensim (Řehůřek and Sojka, 2010), on one thread.

word2vec: CBOW and skip-gram with five negative samples (Mikolov et al., 2013). fastText: skip-gram with character 3-
to 6-grams (Bojanowski et al., 2017). doc2vec: PV-DBOW with interleaved skip-gram (Le and Mikolov, 2014).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from core.errors import InputError
from core.models.ngrams import MAX_N, MIN_N, ngram_hashes
from core.models.sif import principal_axes, sif_weights
from core.models.word_files import SHORT_NAMES, WordManifest, WordVectors
from core.models.word_vectors import WordEmbedder, word_tokens
from core.results import no_progress
from core.types import Progress
from core.word_vectors.settings import MIN_WORDS, Settings

MAX_SENTENCE = 10_000  # words that gensim reads of one text; longer texts are divided
MAX_VOCABULARY = 200_000
NEGATIVE = 5  # negative samples
SAMPLE = 1e-3  # word2vec's threshold above which frequent words are skipped at random
BUCKETS = 2_000_000  # of n-grams, fastText's default
MIN_BUCKETS = 20_000
BUCKETS_PER_WORD = 20
INFERENCE_EPOCHS = 30  # mean cosine of vectors inferred with two seeds on BANKING77: 0.97 with 20, 0.98 with 50
BLOCK = 2_000  # texts whose means are computed at a time


def train(
    texts: Sequence[str], settings: Settings, manifest: WordManifest, progress: Progress | None = None
) -> WordVectors:
    """Word vectors of distinct texts. manifest: what is known of the corpus; the rest is filled in. progress: epochs.

    Raises InputError where fewer than MIN_WORDS words are frequent enough.
    """
    tokens = [word_tokens(text) for text in texts]
    report = progress or no_progress
    report(0, settings.epochs)
    counts = word_counts(tokens, settings.min_count)
    if len(counts) < MIN_WORDS:
        message = f"Only {len(counts):,} words occur at least {settings.min_count:,} times in the texts."
        raise InputError(message, f"At least {MIN_WORDS} are needed: lower the minimum count, or use more texts.")
    model = _model(settings, counts)
    sentences = [part for text in tokens for part in _sentences(text)]
    model.build_vocab_from_freq(counts, corpus_count=len(sentences))
    examples = _tagged(tokens) if settings.method == "doc2vec" else sentences
    if settings.method == "doc2vec":
        _add_text_vectors(model, len(tokens))
    model.train(
        examples, total_examples=len(examples), total_words=sum(map(len, tokens)), epochs=settings.epochs,
        callbacks=[_epoch_callback(report, settings.epochs)],
    )  # fmt: skip
    return with_axes(_extracted(model, settings, counts, manifest, tokens), texts)


def word_counts(tokens: Sequence[Sequence[str]], min_count: int) -> dict[str, int]:
    """Occurrences of each word that has at least min_count, most frequent first, at most MAX_VOCABULARY words."""
    from collections import Counter

    counter = Counter(token for text in tokens for token in text)
    return {word: count for word, count in counter.most_common(MAX_VOCABULARY) if count >= min_count}


def with_axes(words: WordVectors, texts: Sequence[str]) -> WordVectors:
    """The same with component and fallback, computed from the texts by their weighted means."""
    embedder, is_inferred = WordEmbedder(words.manifest.spec, words), words.outputs is not None
    texts = texts[:BLOCK] if is_inferred else texts  # for the last axis alone, which only texts without words get
    blocks = (embedder.means(texts[at : at + BLOCK]) for at in range(0, len(texts), BLOCK))
    first, last = principal_axes(blocks, words.manifest.dimensions)
    component = first * 0 if is_inferred else first
    return replace(words, component=component, fallback=component if component.any() else last)


def _model(settings: Settings, counts: dict[str, int]) -> Any:
    from gensim.models.doc2vec import Doc2Vec
    from gensim.models.fasttext import FastText
    from gensim.models.word2vec import Word2Vec

    shared: dict[str, Any] = {
        "vector_size": settings.dimensions, "window": settings.window, "min_count": 1, "seed": settings.seed,
        "epochs": settings.epochs, "negative": NEGATIVE, "sample": SAMPLE, "workers": 1,
    }  # fmt: skip
    if settings.method == "doc2vec":
        return Doc2Vec(dm=0, dbow_words=1, **shared)
    if settings.method == "fasttext":
        return FastText(sg=1, min_n=MIN_N, max_n=MAX_N, bucket=buckets(len(counts)), **shared)
    return Word2Vec(sg=int(settings.method == "skip-gram"), **shared)


def buckets(words: int) -> int:
    """Into which n-grams are hashed: about twice as many as the n-grams of so many words."""
    return min(max(BUCKETS_PER_WORD * words, MIN_BUCKETS), BUCKETS)


def _sentences(tokens: list[str]) -> Iterator[list[str]]:
    yield from (tokens[at : at + MAX_SENTENCE] for at in range(0, len(tokens), MAX_SENTENCE))


def _tagged(tokens: list[list[str]]) -> list[Any]:
    from gensim.models.doc2vec import TaggedDocument

    return [TaggedDocument(part, [at]) for at, text in enumerate(tokens) for part in _sentences(text)]


def _add_text_vectors(model: Any, texts: int) -> None:
    """Vectors of the texts, which gensim makes only where it reads the vocabulary from them."""
    model.dv.key_to_index, model.dv.index_to_key = {}, []
    model.dv.vectors = np.zeros((0, model.vector_size), np.float32)
    model.dv.index_to_key = list(range(texts))
    model.dv.resize_vectors(seed=model.seed)


def _epoch_callback(report: Progress, epochs: int) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class Epochs(CallbackAny2Vec):
        done = 0

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            report(self.done, epochs)

    return Epochs()


def _extracted(
    model: Any, settings: Settings, counts: dict[str, int], manifest: WordManifest, tokens: list[list[str]]
) -> WordVectors:
    """The arrays of a trained model, words in the order of counts."""
    words = list(counts)
    order = [model.wv.key_to_index[word] for word in words]
    values = np.fromiter(counts.values(), np.int64, len(counts))
    details: dict[str, Any] = asdict(settings) | {"sample": SAMPLE, "negative": NEGATIVE}
    extra: dict[str, Any] = {}
    if settings.method == "doc2vec":
        details["inference_epochs"] = INFERENCE_EPOCHS
        extra["outputs"] = np.array(model.syn1neg[order], np.float32)
    if settings.method == "fasttext":
        details["buckets"] = buckets(len(words))
        hashes = {number for word in words for number in ngram_hashes(word, details["buckets"])}
        extra["ngrams"] = np.array(sorted(hashes), np.int64)
        extra["ngram_vectors"] = np.array(model.wv.vectors_ngrams[extra["ngrams"]], np.float32)
    total = sum(map(len, tokens))
    manifest = replace(
        manifest, name=f"{SHORT_NAMES[settings.method]} {settings.dimensions}d · {manifest.corpus_name}",
        method=settings.method, words=len(words), dimensions=settings.dimensions, texts=len(tokens), tokens=total,
        known_share=float(values.sum() / max(total, 1)), smoothing=settings.smoothing, settings=details,
    )  # fmt: skip
    axis = np.zeros(settings.dimensions, np.float32)
    vectors = np.array(model.wv.vectors[order], np.float32)
    return WordVectors(manifest, words, vectors, values, sif_weights(values, settings.smoothing), axis, axis, **extra)
