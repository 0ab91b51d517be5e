"""A small embedded corpus for tasks, and noise to make a contender worse."""

import numpy as np
import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.staging import stage
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender
from core.vectors.embedding import embed

THINGS = ("parcel", "lamp", "garden chair", "teapot", "notebook", "gift card", "kettle", "umbrella", "carpet", "mirror")
STORIES = (
    "arrived three days late and nobody at the store could tell me where it had been all that time",
    "looks lovely in the living room, and my neighbors asked at once where they could find one too",
    "broke when I opened the box, so I asked for my money back and am still waiting for an answer",
    "was cheaper than anywhere else, although sending it to an island made the whole order dear again",
)


def texts_of() -> list[str]:
    """Forty different texts."""
    return [f"My {thing} {story}." for story in STORIES for thing in THINGS]


def make(folder, texts=None, id=None, **columns):
    """A corpus kept and embedded with the lexical model: (folder, digest, contender)."""
    texts = texts or texts_of()
    table = pd.DataFrame({"text": texts, **columns})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", (), None, id), name="shop").corpus
    workspace = Workspace(folder)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    return str(folder), built.digest, Contender(spec)


def bring(folder, name, data):
    """A staged upload."""
    return stage(folder, name, data if isinstance(data, bytes) else data.encode())


def imported(folder, digest, rows, name="mine"):
    """A contender of vectors brought in."""
    spec = ModelSpec("imported", name, dimensions=rows.shape[1])
    Workspace(folder).save_vectors(Vectors(unit_rows(rows), spec, digest))
    return Contender(spec)


def noised(monkeypatch, amount, seed=0):
    """From now on every new text is embedded with so much noise added; rows kept before stay."""
    from core.models.lexical import LexicalEmbedder

    honest = LexicalEmbedder.encode

    def worse(self, texts):
        rows = honest(self, texts)
        noise = np.random.default_rng(seed).normal(size=rows.shape) / np.sqrt(rows.shape[1])
        return unit_rows(rows + amount * noise)

    monkeypatch.setattr(LexicalEmbedder, "encode", worse)
