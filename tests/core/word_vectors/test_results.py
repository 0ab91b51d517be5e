"""Stored word vectors: trained or read as results, embedded with as a model, deleted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.staging import stage
from core.errors import InputError, ModelError, StorageError
from core.models.registry import load_embedder
from core.models.word_files import read_manifest
from core.models.word_vectors import word_vectors_folder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.contact import load_probe
from core.vectors.embedding import embed
from core.vectors.loaders import cached_embedder, vector_cache
from core.vectors.service import plan_embedding
from core.word_vectors import service
from core.word_vectors.changes import ChangeSettings
from core.word_vectors.layout import frequent_words
from core.word_vectors.periods import texts_by_period, time_range
from core.word_vectors.results import TRAINED_WORDS, WORD_CHANGES, WORD_FILE, ChangeQuery, WordFileQuery, WordQuery
from core.word_vectors.settings import Settings

SETTINGS = Settings("cbow", 8, 3)


def test_a_trained_model_embeds_any_corpus_until_it_is_deleted(corpus):
    query = WordQuery(corpus, SETTINGS)
    digest = TRAINED_WORDS.get_or_compute(query).digest
    (spec,) = service.word_models(corpus.folder)
    assert spec.revision.endswith(digest)
    assert (spec.name, spec.dimensions) == ("CBOW 8d · toy", 8)
    plan = plan_embedding(corpus, spec, None)
    assert plan.estimate.usd == 0.0
    assert plan.estimate.unseen_tokens >= 0
    embedder = cached_embedder(corpus.folder, spec)
    vectors = embed(load_corpus(corpus), embedder, Workspace(corpus.folder))
    assert vectors.facts["without_words"] == 2  # "!!" and "?!"
    assert vectors.facts["notes"]
    np.testing.assert_array_equal(vectors.rows[-1], vectors.rows[-2])
    findings = load_probe(vector_cache(corpus.folder, spec))
    assert not findings.failed  # the check's texts have none of its words
    other = pd.DataFrame({"text": ["the lamp is qqqq", "zzzz"]})
    built = build_corpus(RawTable(other, (), (), None, ""), Roles("{text}"), name="other").corpus
    facts = embed(built, load_embedder(spec, workspace=corpus.folder)).facts
    assert (facts["tokens"], facts["without_words"]) == (5, 1)
    assert facts["unseen_share"] == pytest.approx(3 / 5)  # "is" does not occur either
    service.delete_model(corpus.folder, digest)
    assert service.word_models(corpus.folder) == []
    assert not TRAINED_WORDS.exists(query)
    with pytest.raises(ModelError, match="not in this workspace"):
        load_embedder(spec, workspace=corpus.folder)


def test_vectors_are_exported_and_read_back_as_a_file(corpus):
    digest = TRAINED_WORDS.get_or_compute(WordQuery(corpus, SETTINGS)).digest
    text = service.word2vec_text(corpus.folder, digest)
    file = stage(corpus.folder, "mine.vec", text)
    query = WordFileQuery(corpus, file)
    stored = WORD_FILE.get_or_compute(query)
    manifest = read_manifest(word_vectors_folder(corpus.folder), stored.digest)
    trained = read_manifest(word_vectors_folder(corpus.folder), digest)
    assert (manifest.words, manifest.dimensions, manifest.name) == (trained.words, 8, "mine.vec")
    assert manifest.known_share == pytest.approx(trained.known_share)
    by_rank = WORD_FILE.get_or_compute(replace(query, frequencies="rank"))
    assert by_rank.digest != stored.digest
    one, two = (cached_embedder(corpus.folder, spec) for spec in service.word_models(corpus.folder)[:2])
    same = Settings().smoothing == query.smoothing
    assert np.allclose(one.embed(["the lamp"]), two.embed(["the lamp"]), atol=1e-3) == same
    assert service.model_size(corpus.folder, digest) > 1_000
    near = service.find_nearest(corpus.folder, stored.digest, "lamp", 3)
    assert near.words == service.find_nearest(corpus.folder, digest, "lamp", 3).words or len(near.words) == 3
    bad = stage(corpus.folder, "bad.vec", text.replace(b"\nlamp ", b"\nlamp nan "))
    with pytest.raises(InputError, match=r"bad\.vec"):
        WORD_FILE.get_or_compute(WordFileQuery(corpus, bad))
    with pytest.raises(StorageError, match="expired"):
        WORD_FILE.get_or_compute(WordFileQuery(corpus, replace(bad, key="0" * 32)))


def test_facts_and_frequent_words(corpus, skip_gram):
    facts = service.corpus_facts(corpus)
    assert facts.texts == 302
    assert service.training_seconds(facts, facts.suggested) < 60
    names = [skip_gram.words[row] for row in frequent_words(skip_gram, 5)]
    assert len(names) == 5
    assert "the" not in names


def test_periods_have_unique_texts_and_leave_out_rows_without_a_time(tmp_path):
    days = ["2026-01-01", "2026-01-01", "2026-02-01", "", "2026-03-01"]
    table = pd.DataFrame({"text": ["a b", "a b", "a b", "c", "d"], "day": days})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", time="day"), name="days").corpus
    Workspace(tmp_path).save_corpus(built)
    ref = CorpusRef(str(tmp_path), built.digest)
    tokens, is_after = texts_by_period(ref, "day", "2026-02-01", 0)
    assert tokens == [["a", "b"], ["a", "b"], ["d"]]
    assert is_after.tolist() == [False, True, True]
    assert time_range(ref, "day") == ("2026-01-01", "2026-02-01", "2026-03-01")
    with pytest.raises(InputError, match="Move the date"):
        texts_by_period(ref, "day", "2030-01-01", 0)
    with pytest.raises(InputError, match="no column"):
        texts_by_period(ref, "none", "2026-02-01", 0)
    with pytest.raises(InputError, match="in each period"):
        WORD_CHANGES.get_or_compute(ChangeQuery(ref, "day", "2026-02-01", ChangeSettings(permutations=2)))
