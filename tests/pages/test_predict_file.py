"""Predicting another file with a server's model: consent, and texts that it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from core.classify.file_predictions import FILE_PREDICTIONS, FileQuery, plan_file
from core.corpus.staging import ImportSource, stage
from core.errors import JobError
from core.store import Workspace
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.contenders import Contender
from tests.embedding_server import DIMENSIONS, EmbeddingServer, vector_of
from tests.pages.classify_steps import fine, make, open_page, trained

NEW = ["a new lamp my lamp", "refuse this", "the teapot a teapot"]


def prepared(home, spec: ModelSpec) -> tuple[FileQuery, bytes]:
    """A corpus with vectors of a model, a classifier on them, and a file of new texts."""
    corpus = make(home)
    texts = Workspace(home).load_corpus(corpus.digest).texts
    rows = unit_rows(np.array([vector_of(text) for text in texts], np.float32))
    Workspace(home).save_vectors(Vectors(rows, spec, corpus.digest))
    query = trained(corpus, contender=Contender(spec))
    content = "\n".join(["review", *NEW]).encode()
    upload = ImportSource((stage(str(home), "new.csv", content),))
    return FileQuery(corpus, spec, upload, "{review}", query.settings), content


@pytest.fixture
def server():
    running = EmbeddingServer(refused=["refuse this"], status=400)
    yield running
    running.close()


def test_a_refused_text_is_counted_and_the_others_are_predicted(home, app, server):
    spec = ModelSpec("openai", "letters", base_url=server.url, dimensions=DIMENSIONS, probed=True)
    query, content = prepared(home, spec)
    assert plan_file(query).missing == 3
    at = open_page(app, "Apply", contenders=spec.key)
    at.file_uploader(key="apply_upload").set_value(("new.csv", content, "text/csv")).run()
    assert "**2 rows of 3** predicted" in fine(at)
    assert any("out of order" in str(warning.value) and "row 2" in str(warning.value) for warning in at.warning)
    result = FILE_PREDICTIONS.get(query)
    assert result.refused == 1
    assert result.predicted.tolist() == [True, False, True]
    assert np.isnan(result.probability[1])
    assert plan_file(query).missing == 1  # the others are cached


def test_nothing_is_sent_to_a_paid_model_before_consent(home, app, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    spec = ModelSpec("openai", "text-embedding-3-small", dimensions=DIMENSIONS)
    query, content = prepared(home, spec)
    plan = plan_file(query)
    assert plan.paid
    assert plan.usd > 0
    at = open_page(app, "Apply", contenders=spec.key)
    at.file_uploader(key="apply_upload").set_value(("new.csv", content, "text/csv")).run()
    assert "3 of them are sent to text-embedding-3-small" in fine(at)
    assert at.button(key="apply_file_start").disabled
    next(box for box in at.checkbox if str(box.key).startswith("agreed-")).check().run()
    assert not at.button(key="apply_file_start").disabled
    with pytest.raises(JobError):
        FILE_PREDICTIONS.get_or_compute(replace(query, limit_usd=plan.usd / 2))
