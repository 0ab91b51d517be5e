"""An embedder that computes no text twice: through the vector cache of the workspace, and the corpus' own vectors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from core.models.base import Embedder, OnBatch
from core.secret import Secret
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.text_vectors import embed_task_texts


class WorkspaceEmbedder(Embedder):
    """For a corpus that is embedded with the model. Raises as `embed_task_texts`."""

    def __init__(self, corpus: CorpusRef, model: ModelSpec, secret: Secret | None) -> None:
        super().__init__(model)
        self._corpus, self._secret = corpus, secret

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        rows = embed_task_texts(self._corpus, Contender(self.spec), list(texts), secret=self._secret)
        if on_batch:
            on_batch(list(range(len(rows))), rows)
        return rows

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return embed_task_texts(self._corpus, Contender(self.spec), list(texts), queries=True, secret=self._secret)


@lru_cache(maxsize=8)
def workspace_embedder(corpus: CorpusRef, model: ModelSpec, secret: Secret | None = None) -> WorkspaceEmbedder:
    """The same embedder each time, so that what is cached by embedder stays cached."""
    return WorkspaceEmbedder(corpus.source, model, secret)
