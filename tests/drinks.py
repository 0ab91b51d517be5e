"""A small corpus whose labels follow one word of each text: an adapter learns them in a second."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery

TOPICS = ("tea", "coffee", "cocoa", "water")
ROWS = 120


def drinks_table() -> pd.DataFrame:
    rng, words = np.random.default_rng(0), [f"word{i}" for i in range(60)]
    topics = [TOPICS[row % len(TOPICS)] for row in range(ROWS)]
    texts = [f"{topic} {' '.join(rng.choice(words, 6))}" for topic in topics]
    return pd.DataFrame({"id": [f"D{row}" for row in range(ROWS)], "text": texts, "topic": topics})


def build_drinks(folder: Path) -> tuple[CorpusRef, ModelSpec]:
    """120 short texts of four topics, embedded with the lexical model, with their neighbor graph."""
    raw = RawTable(drinks_table(), (), (), None, "")
    corpus = build_corpus(raw, Roles("{text}", ("topic",), id="id"), name="Drinks").corpus
    workspace = Workspace(folder)
    workspace.save_corpus(corpus)
    model = embed(corpus, load_embedder("lexical"), workspace).model
    ref = CorpusRef(str(workspace.folder), corpus.digest)
    NEIGHBORS.get_or_compute(ModelQuery(ref, model))
    return ref, model
