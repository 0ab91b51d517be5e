"""The embedder of a workspace's model for questions and sentences, which are embedded once."""

from collections.abc import Sequence

import numpy as np

from core.models.base import Embedder, OnBatch
from core.models.registry import capabilities
from core.secret import Secret
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.loaders import cached_embedder
from core.vectors.text_vectors import embed_task_texts, embedded_query

MAX_CACHED = 5_000  # sentences whose vectors stay in memory


class WorkspaceEmbedder(Embedder):
    """Embeds texts with a model that embedded a corpus of the workspace.

    A server's vectors go to the workspace's cache, so that no text is paid for twice; those of a local model stay in
    memory. The model is loaded when the first text is embedded.
    """

    def __init__(self, corpus: CorpusRef, spec: ModelSpec, secret: Secret | None) -> None:
        super().__init__(spec)
        self._corpus, self._secret, self._cached = corpus, secret, dict[str, np.ndarray]()

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        """Raises ModelError, ServiceError; also where the model behind the name has changed."""
        if len(texts) == 1:
            return embedded_query(self._corpus.folder, self.spec, texts[0], self._secret)[0][None, :]
        return self._embed_all(texts, queries=True)

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        cached = self._cached
        if missing := [text for text in dict.fromkeys(texts) if text not in cached]:
            new = dict(zip(missing, self._embed_all(missing), strict=True))
            cached = new if len(cached) > MAX_CACHED else cached | new
            self._cached = cached
        rows = np.array([cached[text] for text in texts], np.float32)
        return rows.reshape(len(texts), self.spec.dimensions or rows.shape[-1])

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return self._open().count_tokens(texts)

    def _embed_all(self, texts: Sequence[str], queries: bool = False) -> np.ndarray:
        if capabilities(self.spec).hosted:
            return embed_task_texts(
                self._corpus, Contender(self.spec), texts, queries=queries, secret=self._secret
            )  # fmt: skip
        embedder = self._open()
        return embedder.embed_query(texts) if queries else embedder.embed(texts)

    def _open(self) -> Embedder:
        return cached_embedder(self._corpus.folder, self.spec, self._secret)
