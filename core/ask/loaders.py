"""Retrievers of corpora of the workspace, cached in the process that loads them."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.ask.embedder import WorkspaceEmbedder
from core.ask.retrieval import Retriever, keyword_retriever, open_retriever
from core.corpus.loaders import load_corpus
from core.digest import digest_json
from core.models.registry import load_embedder
from core.secret import Secret
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.loaders import load_index, load_vectors

SENTENCE_MODEL = "lexical"  # compares sentences where the model can't


def load_retriever(corpora: tuple[CorpusRef, ...], spec: ModelSpec | None, secret: Secret | None = None) -> Retriever:
    """The retriever of one corpus, or of several that are searched as one: their rows one after the other.

    spec: None for keyword search alone. Raises StorageError where a corpus is not embedded with the model.
    """
    return _load_retriever(tuple(corpus.source for corpus in corpora), spec, secret)


@lru_cache(maxsize=4)
def _load_retriever(corpora: tuple[CorpusRef, ...], spec: ModelSpec | None, secret: Secret | None) -> Retriever:
    loaded = [load_corpus(part) for part in corpora]
    corpus = loaded[0] if len(loaded) == 1 else _joined(loaded)
    if spec is None:
        return keyword_retriever(corpus, load_embedder(SENTENCE_MODEL), corpora)
    embedder = WorkspaceEmbedder(corpora[0], spec, secret)
    if len(corpora) == 1:
        return open_retriever(corpus, load_vectors(corpora[0], spec), embedder, load_index(corpora[0], spec), corpora)
    rows = np.concatenate([load_vectors(part, spec).rows for part in corpora])
    return open_retriever(corpus, Vectors(rows, spec, corpus.digest), embedder, None, corpora)


def _joined(corpora: list[Corpus]) -> Corpus:
    """The texts of several corpora, without their columns."""
    texts = [text for corpus in corpora for text in corpus.texts]
    digest = digest_json([corpus.digest for corpus in corpora])
    return Corpus("several corpora", pd.DataFrame(index=range(len(texts))), texts, Roles(), digest)
