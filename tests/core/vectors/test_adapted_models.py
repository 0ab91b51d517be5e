"""Models with an adapter: rows and queries pass through its map, and base vectors are computed once."""

from dataclasses import replace

import numpy as np
import pytest

from core.adapt.fitting import Settings
from core.adapt.results import ADAPTER, AdapterQuery
from core.adapt.service import use_as_model
from core.adapt.sources import Source
from core.corpus.loaders import load_corpus
from core.errors import ModelError
from core.models.adapter_files import adapter_path
from core.models.registry import capabilities, load_embedder, resolve
from core.store import Workspace, vector_inputs
from core.types import ModelSpec
from core.vectors.adapters import delete_adapter, stored_adapters
from core.vectors.contenders import Contender
from core.vectors.embedding import embed, store_adapted_vectors
from core.vectors.loaders import load_vectors, vector_cache
from core.vectors.service import plan_embedding
from core.vectors.text_vectors import embed_task_texts, embedded_query, missing_texts
from tests.drinks import build_drinks

NEW = ["coffee word1 unseen", "a cup of tea"]


@pytest.fixture(scope="module")
def adapted(tmp_path_factory):
    """The corpus, the trained adapter, and the spec of the model that uses it; the corpus has its vectors."""
    corpus, model = build_drinks(tmp_path_factory.mktemp("adapted"))
    query = AdapterQuery(corpus, model, Source("labels", "topic"), Settings(epochs=2))
    adapter = ADAPTER.get_or_compute(query)
    spec = use_as_model(query, "topics")
    store_adapted_vectors(corpus, spec)
    return corpus, adapter, spec


def test_a_model_without_adapter_keeps_its_names():
    plain = ModelSpec("imported", "vectors", dimensions=4)
    assert {"adapter", "adapter_name", "probed"}.isdisjoint(plain.to_dict())
    assert plain.key == "fa8f64cebcc5abc5"  # of an earlier version
    with_adapter = replace(plain, adapter="0123456789abcdef", adapter_name="topics")
    assert with_adapter.label == "vectors + adapter topics"
    assert with_adapter.key == replace(with_adapter, adapter_name="").key != plain.key
    assert ModelSpec.from_dict(with_adapter.to_dict()) == with_adapter
    assert (with_adapter.base, plain.base) == (plain, plain)


def test_rows_and_queries_pass_through_the_map(adapted):
    corpus, adapter, spec = adapted
    base = load_vectors(corpus, spec.base).rows
    np.testing.assert_allclose(load_vectors(corpus, spec).rows, adapter.apply(base), atol=1e-6)
    assert spec in Workspace(corpus.folder).models(corpus.digest)
    expected = adapter.apply(load_embedder(spec.base).embed(NEW))
    embedder = load_embedder(spec, workspace=corpus.folder)
    batches = []
    np.testing.assert_allclose(embedder.embed(NEW, lambda at, rows: batches.append(rows)), expected, atol=1e-6)
    np.testing.assert_allclose(np.vstack(batches), expected, atol=1e-6)
    np.testing.assert_allclose(embedder.embed_query(NEW), expected, atol=1e-6)
    np.testing.assert_allclose(embedded_query(corpus.folder, spec, NEW[0])[0], expected[0], atol=1e-6)
    assert embedder.count_tokens(NEW).tolist() == load_embedder(spec.base).count_tokens(NEW).tolist()
    assert capabilities(spec) == capabilities(spec.base)
    assert resolve(spec) == spec


@pytest.mark.parametrize("queries", [False, True])
def test_texts_are_embedded_once_for_base_and_adapter(adapted, queries):
    corpus, adapter, spec = adapted
    texts = [load_corpus(corpus).texts[5], *NEW, f"only {queries}"]
    rows = embed_task_texts(corpus, Contender(spec), texts, queries=queries)
    assert missing_texts(corpus, spec.base, texts, queries) == []
    again = embed_task_texts(corpus, Contender(spec), texts, queries=queries)  # from the cache
    base = embed_task_texts(corpus, Contender(spec.base), texts, queries=queries)
    np.testing.assert_allclose(rows, adapter.apply(base), atol=1e-6)
    np.testing.assert_allclose(rows, again, atol=1e-6)
    assert vector_cache(corpus.folder, spec).path == vector_cache(corpus.folder, spec.base).path


def test_another_corpus_takes_cached_base_vectors(adapted, tmp_path):
    corpus, adapter, spec = adapted
    workspace = Workspace(corpus.folder)
    loaded = load_corpus(corpus)
    other = replace(loaded, table=loaded.table.iloc[:9], texts=loaded.texts[:9], digest="0123456789abcdef")
    workspace.save_corpus(other)
    plan = plan_embedding(replace(corpus, digest=other.digest), spec, None)
    assert (plan.spec, plan.estimate.cached, plan.estimate.to_compute) == (spec, 9, 0)
    vectors = embed(other, load_embedder(spec, workspace=corpus.folder), workspace)
    np.testing.assert_allclose(vectors.rows, adapter.apply(load_vectors(corpus, spec.base).rows[:9]), atol=1e-6)
    assert {model.adapter for model in workspace.models(other.digest)} == {"", spec.adapter}
    workspace.delete(other.digest)


def test_a_missing_damaged_or_foreign_file_is_a_model_error(adapted, tmp_path):
    corpus, _, spec = adapted
    with pytest.raises(ModelError) as error:
        load_embedder(spec, workspace=tmp_path)
    assert spec.label in error.value.message
    assert error.value.remedy
    content = bytearray(adapter_path(corpus.folder, spec.adapter).read_bytes())
    path = adapter_path(tmp_path, spec.adapter)
    path.parent.mkdir()
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError):
        load_embedder(replace(spec, backend="static", name="static-MiniLM-L6-v2"), workspace=tmp_path)
    content[-2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError):
        load_embedder(spec, workspace=tmp_path)
    path.write_bytes(b"no adapter")
    assert stored_adapters(tmp_path) == ()


def test_deleting_removes_the_vectors_of_every_corpus_and_no_others(tmp_path):
    corpus, model = build_drinks(tmp_path)
    query = AdapterQuery(corpus, model, Source("labels", "topic"), Settings(epochs=1))
    ADAPTER.get_or_compute(query)
    spec = use_as_model(query, "topics")
    store_adapted_vectors(corpus, spec)
    assert stored_adapters(corpus.folder) == (spec,)
    delete_adapter(corpus.folder, spec)
    workspace = Workspace(corpus.folder)
    assert workspace.models(corpus.digest) == [model]
    assert workspace.load("vectors", corpus.digest, vector_inputs(spec)) is None
    assert stored_adapters(corpus.folder) == ()
    assert ADAPTER.exists(query)
