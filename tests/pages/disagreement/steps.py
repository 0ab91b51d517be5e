"""What tests of the Disagreement page share."""

import numpy as np
import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.disagreement import shift_groups
from core.disagreement.results import (
    COMPARISON,
    NEIGHBOR_SHIFTS,
    ComparisonQuery,
    ShiftQuery,
)
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/disagreement.py"
PLANTED = "teapot"


def texts_and_kinds():
    """240 texts of six subjects; four marks make the wording differ."""
    marks = ("today.", "again!", "last week, I think", "for the second time now")
    told = [(f"My {subject} {mood} {mark}", subject) for mark in marks for subject in SUBJECTS for mood in MOODS]
    more = [(f"The {subject}, number {i}: it {mood}", subject) for i, subject in enumerate(SUBJECTS) for mood in MOODS]
    rest = [
        (f"Is a {subject} that {mood} worth {i} coins?", subject)
        for i in (7, 8, 9)
        for subject in SUBJECTS
        for mood in MOODS
    ]
    return [*told, *more, *rest]


def make(home, twin=False):
    """A corpus under the lexical model and under imported vectors: the same, but for the planted subject's rows, whose
    vectors are random; with `twin` the same throughout. Gives what is asked, compared, and the planted rows."""
    table = pd.DataFrame(texts_and_kinds(), columns=["text", "subject"])
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    base = keep(home, built)
    vectors = np.array(Workspace(home).load_vectors(built.digest, base).rows)
    gone = np.flatnonzero(table["subject"] == PLANTED)
    if not twin:
        vectors[gone] = np.random.default_rng(0).normal(size=(len(gone), vectors.shape[1])) * 3
    spec = ModelSpec("imported", "mine", "v1", vectors.shape[1])
    Workspace(home).save_vectors(Vectors(unit_rows(vectors), spec, built.digest))
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(spec)))
    COMPARISON.get_or_compute(asked)
    return asked, gone


def keep(home, built):
    """A corpus embedded with the lexical model, with its graph; gives the model."""
    Workspace(home).save_corpus(built)
    base = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), base))
    return base


def open_page(app, asked=None, part="Overview", **query):
    app.query_params["differ"] = part
    if asked is not None:
        app.query_params["contenders"] = ".".join(contender.key for contender in asked.contenders)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at):
    assert not at.exception, at.exception
    assert not at.error, [each.value for each in at.error]
    return visible_text(at).replace("\\", "")


def shift_query(asked, k=10):
    return ShiftQuery(asked.corpus, *asked.contenders[:2], k)


def find_groups(asked, k=10):
    NEIGHBOR_SHIFTS.get_or_compute(shift_query(asked, k))
    return shift_groups.shifted_groups(shift_query(asked, k))
