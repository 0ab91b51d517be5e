"""Vectors of texts by doc2vec (PV-DBOW: Le and Mikolov, 2014), inferred from stored word counts and output vectors.

gensim's own inference starts at Python's salted hash of the text and goes on with the generator's state, so that the
same text gets another vector in another process. Here both are fixed for each text.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.models.word_files import WordVectors

MAX_WORDS = 10_000  # of one training step of gensim; a longer text is read in parts
SEED = 0


class Inference:
    """Infers vectors of texts, one by one, each independent of the others."""

    def __init__(self, words: WordVectors) -> None:
        from gensim.models.doc2vec import Doc2Vec

        settings, outputs = words.manifest.settings, np.asarray(words.outputs, np.float32)
        self._epochs, self._dimensions = int(settings["inference_epochs"]), outputs.shape[1]
        model = Doc2Vec(
            vector_size=self._dimensions, dm=0, window=int(settings["window"]), negative=5, hs=0, min_count=0,
            workers=1, seed=SEED, epochs=self._epochs, sample=float(settings["sample"]),
        )  # fmt: skip
        counts = {word: max(int(count), 1) for word, count in zip(words.words, words.counts, strict=True)}
        model.build_vocab_from_freq(counts, corpus_count=1)
        position = {word: at for at, word in enumerate(words.words)}
        model.syn1neg = np.ascontiguousarray(outputs[[position[word] for word in model.wv.index_to_key]])
        self._model: Any = model

    def vector(self, tokens: Sequence[str]) -> np.ndarray:
        """(d,) float32, not of unit length; zeros for a text without known words."""
        from gensim.models.doc2vec_inner import train_document_dbow

        model, parts = self._model, [list(tokens[at : at + MAX_WORDS]) for at in range(0, len(tokens), MAX_WORDS)]
        if not any(token in model.wv.key_to_index for token in tokens):
            return np.zeros(self._dimensions, np.float32)
        model.random = np.random.RandomState(SEED)
        start = np.random.RandomState(SEED).random_sample((1, self._dimensions))
        vector = ((start - 0.5) / self._dimensions).astype(np.float32)
        work, lock = np.zeros(self._dimensions, np.float32), np.ones(1, np.float32)
        for rate in np.linspace(model.alpha, model.min_alpha, self._epochs):
            for part in parts:
                train_document_dbow(
                    model, part, [0], rate, work, learn_words=False, learn_hidden=False,
                    doctag_vectors=vector, doctags_lockf=lock,
                )  # fmt: skip
        return np.asarray(vector[0], np.float32)
