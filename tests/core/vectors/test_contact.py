"""First contact with a server, canaries that show a change behind a name, and contenders that are one model."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.digest import digest_text
from core.errors import ModelError
from core.jobs.manager import JobManager
from core.models.checks import CANARIES
from core.models.registry import capabilities, load_embedder, resolve
from core.scoreboard.results import SCORES
from core.scoreboard.service import ScoreboardQuery, board
from core.scoreboard.types import Task
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors
from core.vectors import contact, embedding, service
from core.vectors.cache import VectorCache
from core.vectors.contact_report import CONTACT, ContactQuery, check_contenders, contact_state, count_equal
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import cached_embedder
from core.vectors.text_vectors import embedded_query
from core.vectors.truncation import COUNTING_KEY
from tests.core.jobs.steps import finish, job_on
from tests.embedding_server import DIMENSIONS, EmbeddingServer, is_trial

THINGS = ("parcel", "lamp", "chair", "teapot")


class NamedServer(EmbeddingServer):
    """Serves models by name, each with vectors of its own words; `cut`: characters it reads. `salt`: which model is
    behind the names. `requests`: the models and numbers of texts it was sent."""

    def __init__(self, names: tuple[str, ...] = ("letters",), cut: int | None = None) -> None:
        super().__init__()
        self.names, self.cut, self.salt, self.requests = names, cut, "", list[tuple[str, int]]()

    def rows(self, model: str, texts: list[str], dimensions: int) -> list[list[float]]:
        self.requests.append((model, len(texts)))
        return [words_vector(text[: self.cut], self.salt).tolist() for text in texts]


def words_vector(text: str, salt: str = "") -> np.ndarray:
    seeds = [hashlib.sha256((salt + word).encode()).digest() for word in text.split() or ["."]]
    total = sum(np.random.default_rng(list(seed)).standard_normal(DIMENSIONS) for seed in seeds)
    return total / np.linalg.norm(total)


@pytest.fixture
def serve():
    servers = []

    def start(**options) -> NamedServer:
        servers.append(NamedServer(**options))
        return servers[-1]

    cached_embedder.cache_clear()
    embedded_query.cache_clear()
    yield start
    for server in servers:
        server.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


@pytest.fixture
def later():
    """Calling it lets so much time pass that canaries are due again."""
    return lambda: contact._verified.clear()


def corpus_of(texts: list[str]) -> Corpus:
    table = pd.DataFrame({"text": texts, "thing": [THINGS[i % len(THINGS)] for i in range(len(texts))]})
    return build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("thing",))).corpus


def short_texts(count: int = 40, word: str = "text") -> list[str]:
    return [f"{THINGS[i % len(THINGS)]} {word} number {i}" for i in range(count)]


def added(server: NamedServer, name: str = "letters") -> ModelSpec:
    return resolve(ModelSpec("openai", name, base_url=server.url))


def ref(workspace: Workspace, corpus: Corpus) -> CorpusRef:
    return CorpusRef(str(workspace.folder), corpus.digest)


def cached(workspace: Workspace, spec: ModelSpec, texts: list[str]) -> np.ndarray:
    return VectorCache.of(workspace.folder, spec).contains([digest_text(text) for text in texts])


def test_the_check_runs_once_and_its_report_is_stored_with_the_vectors(serve, workspace, later):
    server, corpus = serve(), corpus_of(short_texts())
    spec = embed(corpus, load_embedder(added(server)), workspace).model
    report = CONTACT.get(ContactQuery(ref(workspace, corpus), spec))
    assert report.problems == ()
    assert report.probe.checks
    assert contact_state(ref(workspace, corpus), spec).summary == "passed"
    sent = len(server.requests)
    later()
    embed(corpus_of(short_texts(4, "other")), load_embedder(spec), workspace)
    assert len(server.requests) == sent + 3  # canaries before and after, and the texts
    assert {count for text, count in server.asked.items() if "number" in text} == {1}


@pytest.mark.parametrize("pairs", [14, 3])
def test_a_server_that_cuts_is_reported_with_the_share_of_rows(serve, workspace, pairs):
    long = [
        f"{word} " * 200 + f"{ending} ending {i}" for i, word in enumerate(["lamp", "tea"] * pairs) for ending in "ab"
    ]
    server, corpus = serve(cut=600), corpus_of([*long, *short_texts(12)])
    vectors = embed(corpus, load_embedder(added(server)), workspace)
    state = contact_state(ref(workspace, corpus), vectors.model)
    assert vectors.facts["truncated"] == len(long)
    assert vectors.facts["unseen_share"] > 0.2
    assert state.is_marked
    assert any(
        f"{len(long)} of {len(corpus)} rows" in problem and "characters" in problem for problem in state.problems
    )
    assert contact.load_probe(VectorCache.of(workspace.folder, vectors.model)).chars_read == pytest.approx(600, abs=10)
    assert any(f"{len(long)} of {len(corpus)} different texts" in problem for problem in state.problems)
    plan = service.plan_embedding(ref(workspace, corpus), vectors.model, None)
    assert plan.estimate.truncated == len(long)


def test_rows_shorter_than_the_cut_are_not_marked_for_it(serve, workspace):
    server = serve(cut=600)
    embed(corpus_of(["word " * 300]), load_embedder(added(server)), workspace)
    corpus = corpus_of(short_texts())
    spec = embed(corpus, load_embedder(added(server)), workspace).model
    state = contact_state(ref(workspace, corpus), spec)
    assert state.problems
    assert not state.is_marked


def test_longer_texts_than_tried_are_a_reason_to_try_again(serve, workspace, later):
    server = serve(cut=2_000)
    spec = embed(corpus_of(short_texts()), load_embedder(added(server)), workspace).model
    corpus = corpus_of(["word " * 800])
    embed(corpus, load_embedder(spec), workspace)
    assert contact_state(ref(workspace, corpus), spec).is_marked
    assert contact.load_probe(VectorCache.of(workspace.folder, spec)).chars_read == pytest.approx(2_000, rel=0.04)


def test_a_model_that_changed_behind_its_name_stops_rows_and_queries_and_nothing_is_mixed(serve, workspace, later):
    server, corpus = serve(), corpus_of(short_texts())
    spec = embed(corpus, load_embedder(added(server)), workspace).model
    search(ref(workspace, corpus), spec, SearchQuery("a lamp"))
    server.salt = "another model"
    later()
    others = short_texts(8, "later")
    with pytest.raises(ModelError, match="has changed") as caught:
        embed(corpus_of(others), load_embedder(spec), workspace)
    assert caught.value.remedy
    with pytest.raises(ModelError, match="has changed"):
        search(ref(workspace, corpus), spec, SearchQuery("a new query"))
    assert not cached(workspace, spec, others).any()
    assert cached(workspace, spec, corpus.texts).all()
    assert contact_state(ref(workspace, corpus), spec).changed
    server.salt = ""  # the earlier model is back
    assert len(search(ref(workspace, corpus), spec, SearchQuery("a new query")).hits.rows)
    assert not contact_state(ref(workspace, corpus), spec).changed


def test_a_change_in_the_middle_of_a_run_is_found_at_its_end_and_its_vectors_are_removed(
    serve, workspace, later, monkeypatch
):
    server, first = serve(), corpus_of(short_texts())
    spec = embed(first, load_embedder(added(server)), workspace).model
    second = corpus_of(short_texts(200, "late"))
    honest = server.rows

    def swapped(model, texts, dimensions):
        if not is_trial(texts[0]):
            server.salt = "another model"
        return honest(model, texts, dimensions)

    monkeypatch.setattr(server, "rows", swapped)
    with pytest.raises(ModelError, match="has changed"):
        embed(second, load_embedder(spec), workspace)
    assert not cached(workspace, spec, second.texts).any()
    assert cached(workspace, spec, first.texts).all()
    assert workspace.load_vectors(second.digest, spec) is None


def test_the_changed_model_is_added_as_a_new_one_with_a_cache_of_its_own(serve, workspace, later):
    server, corpus = serve(), corpus_of(short_texts())
    folder, old = str(workspace.folder), added(server)
    embed(corpus, load_embedder(old), workspace)
    server.salt = "another model"
    later()
    with pytest.raises(ModelError):
        embed(corpus_of(short_texts(8, "later")), load_embedder(old), workspace)
    new = service.resolve_model(folder, ModelSpec("openai", "letters", base_url=server.url), None)
    assert new.key != old.key
    assert new.label != old.label
    rows = embed(corpus, load_embedder(new), workspace).rows
    np.testing.assert_allclose(rows[0], words_vector(corpus.texts[0], server.salt), atol=1e-5)
    np.testing.assert_allclose(
        workspace.load_vectors(corpus.digest, old).rows[0], words_vector(corpus.texts[0]), atol=1e-5
    )
    assert contact.next_version(new).revision == "version 3"
    assert service.resolve_model(folder, ModelSpec("openai", "letters", base_url=server.url), None) == new


def test_small_noise_of_a_server_is_no_change(serve, workspace, later, monkeypatch):
    server, generator = serve(), np.random.default_rng(0)
    honest = server.rows
    monkeypatch.setattr(
        server, "rows", lambda *asked: (np.array(honest(*asked)) + generator.normal(0, 0.02, DIMENSIONS)).tolist()
    )
    spec = embed(corpus_of(short_texts()), load_embedder(added(server)), workspace).model
    noise = contact.load_probe(VectorCache.of(workspace.folder, spec)).noise
    assert noise > 1e-3
    later()
    embed(corpus_of(short_texts(8, "later")), load_embedder(spec), workspace)
    server.salt = "another model"
    later()
    with pytest.raises(ModelError, match="has changed"):
        embed(corpus_of(short_texts(8, "latest")), load_embedder(spec), workspace)


def test_vectors_of_an_earlier_version_must_still_be_given(serve, workspace):
    server, corpus = serve(), corpus_of(short_texts())
    spec = added(server)
    cache = VectorCache.of(workspace.folder, spec)
    rows = np.array([words_vector(text, "the model of last year") for text in corpus.texts], np.float32)
    cache.put([digest_text(text) for text in corpus.texts], rows)
    grown = corpus_of([*corpus.texts, "one more row"])
    with pytest.raises(ModelError, match="has changed"):
        embed(grown, load_embedder(spec), workspace)
    assert not cached(workspace, spec, ["one more row"]).any()


@pytest.mark.slow
def test_a_job_checks_first_and_stops_at_a_change(serve, workspace):
    server, corpus = serve(), corpus_of(short_texts(60))
    workspace.save_corpus(corpus)
    second = corpus_of(short_texts(30, "second"))
    workspace.save_corpus(second)
    spec, manager = added(server), JobManager(workers=1)
    try:
        assert finish(manager, manager.submit(job_on(workspace, corpus.digest, spec))).status == "done"
        assert contact_state(ref(workspace, corpus), spec).summary == "passed"
    finally:
        manager.close()
    server.salt = "another model"
    manager = JobManager(workers=1)
    try:
        state = finish(manager, manager.submit(job_on(workspace, second.digest, spec)))
    finally:
        manager.close()
    assert (state.status, "has changed" in state.error) == ("failed", True)
    assert not cached(workspace, spec, second.texts).any()
    assert server.asked["text number 1"] == 0


def test_a_local_model_is_compared_only_when_a_library_changed(workspace, later, monkeypatch):
    corpus = corpus_of(short_texts())
    spec = embed(corpus, load_embedder("lexical"), workspace).model
    cache, embedder = VectorCache.of(workspace.folder, spec), load_embedder("lexical")
    monkeypatch.setattr(embedder, "encode", lambda texts: np.roll(type(embedder).encode(embedder, texts), 1, axis=1))
    later()
    contact.verify(cache, embedder)  # the libraries are the same, so nothing is computed
    cache.set_facts(versions={"onnxruntime": "0.1"})
    later()
    with pytest.raises(ModelError, match="has changed") as caught:
        contact.verify(cache, embedder)
    assert "onnxruntime 0.1" in caught.value.remedy
    assert cached(workspace, spec, corpus.texts).all()


def test_a_paid_service_is_sent_nothing_before_consent_and_its_check_is_in_the_price(workspace, tmp_path):
    corpus = corpus_of(short_texts())
    workspace.save_corpus(corpus)
    spec = load_embedder("text-embedding-3-small", api_key="sk").spec
    rows = np.array([np.resize(words_vector(text), 1536) for text in corpus.texts], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    workspace.save_vectors(Vectors(rows, spec, corpus.digest))
    assert capabilities(spec).paid
    report = CONTACT.get_or_compute(ContactQuery(ref(workspace, corpus), spec))  # no network: any request would raise
    assert report.probe is None
    assert contact_state(ref(workspace, corpus), spec).summary == "not checked"
    assert check_contenders(ref(workspace, corpus), (Contender(spec),)).problems
    plan = service.plan_embedding(ref(workspace, corpus), spec, COUNTING_KEY)
    assert plan.max_usd >= contact.probe_usd(spec, 30) > 0
    other = corpus_of(short_texts(9, "new"))
    workspace.save_corpus(other)
    assert embedding.plan_batches(ref(workspace, other), spec, contact.probe_usd(spec, 30)) == ([], 9)


def test_contenders_of_one_model_are_named_and_not_ranked(serve, workspace):
    server, corpus = serve(names=("model-a", "model-b", "model-c")), corpus_of(short_texts(60))
    specs = [embed(corpus, load_embedder(added(server, name)), workspace).model for name in ("model-a", "model-b")]
    server.salt = "another model"
    specs.append(embed(corpus, load_embedder(added(server, "model-c")), workspace).model)
    contenders = tuple(Contender(spec) for spec in specs)
    checks = check_contenders(ref(workspace, corpus), contenders)
    assert checks.identical == ((0, 1),)
    (sentence,) = checks.sentences(contenders)
    assert all(part in sentence for part in ("model-a", "model-b", "identical vectors for all 60 texts"))
    query = ScoreboardQuery(ref(workspace, corpus), contenders, Task.of("labels", column="thing"), "precision_at_1")
    for contender in contenders:
        SCORES.get_or_compute(query.scores_query(contender))
    ranked = board(query)
    assert sorted(ranked.order) == [0, 2]
    assert {line.name for line in ranked.comparison.lines} == {contenders[0].key, contenders[2].key}
    only = board(replace(query, contenders=contenders[:2]))
    assert (only.order, only.comparison.pairs) == ((0,), ())


def test_a_marked_contender_says_so_in_its_label(serve, workspace):
    server, corpus = serve(cut=20), corpus_of([f"the same beginning for all rows, then {i}" for i in range(30)])
    spec = embed(corpus, load_embedder(added(server)), workspace).model
    contender, good = Contender(spec, 8), Contender(embed(corpus, load_embedder("lexical"), workspace).model)
    checks = check_contenders(ref(workspace, corpus), (contender, good))
    marked, unmarked = checks.marked((contender, good))
    assert marked.label != contender.label
    assert marked.key == contender.key
    assert unmarked is good


def test_equal_vectors_are_counted_for_texts_that_differ_in_letters():
    rows = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0.6, 0.8]], np.float32)
    assert count_equal(rows, ["a", "b", "c", "d", "e", "f"]) == 5
    assert count_equal(rows, ["a", "A!", "á", "d", "e", "f"]) == 2
    assert count_equal(rows[3:], ["d", "e", "f"]) == 2
    assert count_equal(rows[4:], ["e", "f"]) == 0
    assert count_equal(np.array([[0.0, 1], [-0.0, 1]], np.float32), ["a", "b"]) == 2
    many = np.random.default_rng(0).normal(size=(30_000, 8)).astype(np.float32)
    many[29_999] = many[3]
    assert count_equal(many, [str(i) for i in range(30_000)]) == 2


def test_canaries_are_different_texts():
    assert len(set(CANARIES)) == 8
