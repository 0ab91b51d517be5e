"""Models of OpenAI-compatible servers: dimensions learned once, one key in all processes, nothing paid twice."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.digest import digest_text
from core.errors import ModelError, ServiceError
from core.jobs.manager import JobManager
from core.models import openai_embedder
from core.models.base import BatchSize
from core.models.openai_embedder import BACKEND, PROBE_TEXT, OpenAIEmbedder
from core.models.registry import find_spec, load_embedder, resolve
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors
from core.vectors import embedding
from core.vectors.cache import VectorCache
from core.vectors.embedding import embed
from core.vectors.loaders import cached_embedder
from tests.core.jobs.steps import IN_FLIGHT, finish, job_on
from tests.embedding_server import DIMENSIONS, EmbeddingServer, vector_of
from tests.waiting import wait_until


@pytest.fixture
def serve():
    servers = []

    def start(**options) -> EmbeddingServer:
        servers.append(EmbeddingServer(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


def corpus_of(rows: int) -> Corpus:
    table = pd.DataFrame({"text": [f"text number {i} {'x' * (i % 40)}" for i in range(rows)]})
    return build_corpus(
        RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name=""), Roles("{text}")
    ).corpus


def unresolved(server: EmbeddingServer) -> ModelSpec:
    """A spec as it was stored before dimensions were learned when a model is added."""
    return ModelSpec("openai", "letters", base_url=server.url)


def expected_rows(corpus: Corpus, dimensions: int = DIMENSIONS) -> np.ndarray:
    rows = np.array([vector_of(text, dimensions) for text in corpus.texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def times_sent(server: EmbeddingServer) -> list[int]:
    return [count for text, count in server.asked.items() if text != PROBE_TEXT]


def test_specs_stored_earlier_keep_their_names():
    url = "http://localhost:8000/v1"
    keys = {None: "2725ff1e4177a40c", 16: "1df24ccea5cf5eca"}
    for dimensions, key in keys.items():
        spec = ModelSpec("openai", "letters", base_url=url, dimensions=dimensions)
        assert spec.key == key
        assert "probed" not in spec.to_dict()
    probed = ModelSpec("openai", "letters", base_url=url, dimensions=16, probed=True)
    assert probed.key == keys[16]
    assert ModelSpec.from_dict(probed.to_dict()) == probed
    assert not find_spec(probed, dimensions=8).probed


@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("dimensions", [None, DIMENSIONS])
@pytest.mark.parametrize("added", [True, False])
def test_every_process_finds_the_vectors_of_the_others(serve, workspace, monkeypatch, processes, dimensions, added):
    server, corpus, folder = serve(), corpus_of(300), str(workspace.folder)
    small = replace(BACKEND.capabilities, batch=BatchSize(64, 10_000))
    monkeypatch.setattr(openai_embedder, "BACKEND", replace(BACKEND, capabilities=small))
    spec = replace(unresolved(server), dimensions=dimensions)
    workspace.save_corpus(corpus)
    spec = resolve(spec) if added else spec  # not added: a job that was started by an earlier version
    spec = embedding.prepare_model(CorpusRef(folder, corpus.digest), spec, None)
    plan, left = embedding.plan_batches(CorpusRef(folder, corpus.digest), spec, None)
    assert (len(plan) > 4, left) == (True, 0)
    for i, positions in enumerate(plan):
        if i % processes == 0:
            cached_embedder.cache_clear()  # as a process that has not met the model
        embedding.embed_texts(CorpusRef(folder, corpus.digest), spec, None, positions)
    cached_embedder.cache_clear()
    embedding.collect_vectors(CorpusRef(folder, corpus.digest), spec, None, 300, 0.0)
    np.testing.assert_allclose(workspace.load_vectors(corpus.digest, spec).rows, expected_rows(corpus), atol=1e-6)
    assert set(times_sent(server)) == {1}
    assert server.sizes == []
    assert spec.key == replace(unresolved(server), dimensions=DIMENSIONS).key


@pytest.mark.slow
def test_a_job_of_two_workers_interrupted_and_started_again(serve, workspace):
    server, corpus = serve(delay=0.1), corpus_of(640)
    workspace.save_corpus(corpus)
    manager = JobManager(workers=2)
    try:
        job = manager.submit(job_on(workspace, corpus.digest, unresolved(server)))
        wait_until(lambda: len(server.asked) > 100)
        manager.cancel(job)
        assert finish(manager, job).status == "cancelled"
        manager.submit(job_on(workspace, corpus.digest, unresolved(server)))
        assert finish(manager, job).status == "done", manager.get(job)
    finally:
        manager.close()
    (spec,) = workspace.models(corpus.digest)
    np.testing.assert_allclose(workspace.load_vectors(corpus.digest, spec).rows, expected_rows(corpus), atol=1e-6)
    assert sum(times_sent(server)) <= 640 + 2 * IN_FLIGHT


@pytest.mark.parametrize("stored", [True, False])
def test_a_notebook_needs_neither_dimensions_nor_a_workspace(serve, workspace, stored):
    server, corpus = serve(), corpus_of(40)
    for _ in range(2):
        vectors = embed(corpus, load_embedder("letters", base_url=server.url), workspace if stored else None)
        np.testing.assert_allclose(vectors.rows, expected_rows(corpus), atol=1e-6)
    assert set(times_sent(server)) == ({1} if stored else {2})
    direct = embed(corpus, OpenAIEmbedder(unresolved(server), api_key=None))
    assert (direct.model.dimensions, direct.model.probed) == (DIMENSIONS, True)


def test_texts_cached_before_dimensions_were_learned_are_not_paid_again(serve, workspace):
    server, corpus = serve(), corpus_of(40)
    early = VectorCache(workspace.folder, unresolved(server).key)
    early.put([digest_text(text) for text in corpus.texts], expected_rows(corpus))
    vectors = embed(corpus, load_embedder("letters", base_url=server.url), workspace)
    assert vectors.facts["computed"] == 0
    assert times_sent(server) == []
    np.testing.assert_allclose(vectors.rows, expected_rows(corpus), atol=1e-6)


def test_vectors_stored_without_dimensions_open_and_are_not_computed_again(serve, workspace):
    server, corpus = serve(), corpus_of(40)
    spec, folder = unresolved(server), str(workspace.folder)
    workspace.save_corpus(corpus)
    workspace.save_vectors(Vectors(expected_rows(corpus), spec, corpus.digest))
    assert workspace.models(corpus.digest) == [spec]
    assert embedding.prepare_model(CorpusRef(folder, corpus.digest), spec, None) == spec
    assert embedding.plan_batches(CorpusRef(folder, corpus.digest), spec, None) == ([], 0)
    assert embed(corpus, load_embedder(spec), workspace).model == spec
    assert server.asked == {}


def test_a_server_whose_dimensions_change_is_refused_and_nothing_is_mixed(serve, workspace):
    server, corpus = serve(takes_dimensions="obeys"), corpus_of(40)
    added = resolve(unresolved(server))
    server.dimensions = 2 * DIMENSIONS
    for embedder in (load_embedder(added), load_embedder(replace(added))):
        with pytest.raises(ServiceError, match="32 numbers where 16 were expected") as caught:
            embed(corpus, embedder, workspace)
        assert caught.value.remedy
    assert server.sizes == []
    assert not VectorCache.of(workspace.folder, added).contains([digest_text(text) for text in corpus.texts]).any()


def test_queries_to_vectors_stored_without_dimensions_must_have_their_length(serve, workspace):
    server, corpus = serve(), corpus_of(3)
    spec = unresolved(server)
    VectorCache(workspace.folder, spec.key).put([digest_text(corpus.texts[0])], expected_rows(corpus)[:1])
    server.dimensions = 2 * DIMENSIONS
    with pytest.raises(ServiceError, match="32 numbers where 16"):
        cached_embedder(str(workspace.folder), spec).embed_query(["late"])


def test_dimensions_are_sent_only_where_they_are_requested(serve):
    server = serve(takes_dimensions="obeys")
    assert resolve(replace(unresolved(server), dimensions=8)).dimensions == 8
    assert server.sizes == [8]
    assert sum(server.asked.values()) == 2
    resolved = resolve(replace(unresolved(server), dimensions=DIMENSIONS))
    load_embedder(resolved).embed(["a"])
    assert server.sizes == [8]


@pytest.mark.parametrize(("manner", "message"), [("ignores", "16 numbers where 8"), ("refuses", "out of order")])
def test_a_server_that_does_not_give_requested_dimensions_is_not_added(serve, manner, message):
    server = serve(takes_dimensions=manner)
    with pytest.raises(ServiceError, match=message):
        resolve(replace(unresolved(server), dimensions=8))
    assert resolve(unresolved(server)).dimensions == DIMENSIONS


class Misshapen:
    """An embedder whose vectors are not what its spec says."""

    spec = ModelSpec("openai", "letters", base_url="http://localhost:1/v1", dimensions=4, probed=True)

    def __init__(self, rows: int, dimensions: int) -> None:
        self.rows, self.dimensions = rows, dimensions

    def embed(self, texts, on_batch=None):
        rows = np.ones((self.rows, self.dimensions), np.float32)
        if on_batch:
            on_batch(list(range(self.rows)), rows)
        return rows

    def count_tokens(self, texts):
        return np.ones(len(texts), np.int64)


@pytest.mark.parametrize("shape", [(2, 5), (1, 4), (0, 4)])
@pytest.mark.parametrize("stored", [True, False])
def test_vectors_of_another_shape_are_an_error_with_a_remedy(workspace, shape, stored):
    with pytest.raises(ModelError, match=r"letters.* at http://localhost:1/v1") as caught:
        embed(corpus_of(2), Misshapen(*shape), workspace if stored else None)
    assert caught.value.remedy


@pytest.mark.parametrize("stored", [True, False])
def test_what_is_cached_is_mentioned_only_where_something_was_embedded(serve, stored):
    server = serve()
    embedder = OpenAIEmbedder(resolve(unresolved(server)), api_key=None, max_retries=0)
    if stored:
        embedder.embed(["a text"], lambda positions, rows: None)
    server.fail = 503
    with pytest.raises(ServiceError) as caught:
        embedder.embed(["another text"], lambda positions, rows: None)
    assert ("cached" in caught.value.remedy) == stored
    server.close()
    with pytest.raises(ServiceError) as caught:
        embedder.embed(["another text"])
    assert ("cached" in caught.value.remedy) == stored
    assert caught.value.remedy
