"""What tests of the Classify page share."""

import numpy as np
import pandas as pd

from core.classify.results import TRAINED, Settings, TrainingQuery, lexical_contender
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.embedding import embed
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/classify.py"
IMPORTED = ModelSpec("imported", "my *own*", dimensions=12)
SETTINGS = Settings("subject", "classes", "logistic")


def open_page(app, view="Train and evaluate", **link):
    for key, value in ({"classify_view": view} | link).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def make(home, columns=None, rows=None):
    """Ninety short texts with their subject, numbers and tags, embedded with the lexical model and imported vectors."""
    marks = (".", "!", " again")
    texts = [f"My {subject}, this {subject}, {mood}{mark}" for mark in marks for subject in SUBJECTS for mood in MOODS]
    subjects = [subject for _ in marks for subject in SUBJECTS for _ in MOODS]
    table = pd.DataFrame({"text": texts, "subject": subjects})
    table["price"] = [10.0 * SUBJECTS.index(name) + row / 100 for row, name in enumerate(subjects)]
    table["tags"] = [
        f"{name}; {'late' if 'late' in text else 'fine'}" for name, text in zip(subjects, texts, strict=True)
    ]
    table = table.assign(**(columns or {}))[:rows]
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    embed(built, load_embedder("lexical"), workspace)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(built), 12))
    workspace.save_vectors(Vectors(unit_rows(noise.astype(np.float32)), IMPORTED, info.digest))
    return CorpusRef(str(home), info.digest)


def trained(corpus, settings=SETTINGS, contender=None):
    query = TrainingQuery(corpus, contender or lexical_contender(), settings)
    TRAINED.get_or_compute(query)
    return query
