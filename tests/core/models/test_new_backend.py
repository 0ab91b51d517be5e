"""A new backend, local or hosted, is a file with a `Backend` and one line in the table: this file has one of each."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.base import FREE, Backend, Capabilities, Embedder
from core.models.costs import max_usd
from core.models.registry import BACKENDS, capabilities, load_embedder, resolve
from core.scoreboard.cost import known_speed, measure_speed
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.service import texts_to_embed
from core.scoreboard.types import Task
from core.search import service as search
from core.search.service import SearchQuery
from core.secret import Keys, Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors import service as embed_page
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import cached_embedder
from tests.embedding_server import is_trial

WORDS = ("lamp", "teapot", "parcel", "refund")
TEXTS = [f"{word} number {i}" for i in range(10) for word in WORDS]
OTHERS = [f"An old {word}, {i}" for i in range(10) for word in WORDS[:: 1 if i % 2 else -1]]
PAIRS = Task.of("pairs", first="text", second="other", score="alike")
LOCAL = ModelSpec("toy", "toy words", dimensions=len(WORDS) + 1)
HOSTED = ModelSpec("toy-hosted", "toy service", dimensions=len(WORDS) + 1)


class ToyEmbedder(Embedder):
    """Counts four words. calls: one list of texts for each call, whatever they are embedded as; not of trial texts."""

    calls: ClassVar[list[list[str]]] = []

    def encode(self, texts):
        if not is_trial(texts[0]):
            self.calls.append(list(texts))
        rows = np.array([[*(word in text for word in WORDS), 0.1] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, texts):
        return np.array([len(text.split()) for text in texts], np.int64)


class ToyBackend(Backend):
    def load(self, spec, options):
        return ToyEmbedder(spec)


TOY = ToyBackend(Capabilities("Counts four words.", hosted=False, paid=False, price=FREE))
TOY_HOSTED = ToyBackend()  # nothing declared: the cautious defaults


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(BACKENDS, "toy", f"{__name__}:TOY")
    monkeypatch.setitem(BACKENDS, "toy-hosted", f"{__name__}:TOY_HOSTED")
    monkeypatch.setattr(ToyEmbedder, "calls", [])
    cached_embedder.cache_clear()


@pytest.fixture
def corpus(tmp_path):
    """Workspace and corpus."""
    table = pd.DataFrame({"text": TEXTS, "thing": [*WORDS] * 10, "other": OTHERS, "alike": [0, 1, 2, 3] * 10})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("thing",)), name="toys").corpus
    workspace = Workspace(tmp_path)
    workspace.save_corpus(built)
    return workspace, built


@pytest.mark.parametrize("spec", [LOCAL, HOSTED], ids=["local", "hosted"])
def test_it_is_embedded_searched_and_scored(corpus, spec):
    workspace, built = corpus
    folder = str(workspace.folder)
    vectors = embed(built, load_embedder(resolve(spec)), workspace)
    assert vectors.facts["computed"] == sum(map(len, ToyEmbedder.calls)) == len(TEXTS)
    assert workspace.load_vectors(built.digest, spec).model == spec
    embed(built, load_embedder(spec), workspace)
    assert sum(map(len, ToyEmbedder.calls)) == len(TEXTS)  # stored, so nothing is computed again

    answer = search.search(CorpusRef(folder, built.digest), spec, SearchQuery("a teapot", k=10), None)
    assert sorted(answer.hits.rows.tolist()) == [row for row, text in enumerate(TEXTS) if "teapot" in text]
    assert ToyEmbedder.calls[-1] == ["a teapot"]

    scores = SCORES.get_or_compute(
        ScoresQuery(CorpusRef(folder, built.digest), Contender(spec), Task.of("labels", column="thing"))
    )
    assert scores.per_query["precision_at_1"].mean() == 1.0

    sent = len(ToyEmbedder.calls)
    (left,) = texts_to_embed(CorpusRef(folder, built.digest), (Contender(spec),), PAIRS)
    assert (left.texts, left.free, left.usd) == ((40, True, 0.0) if spec is LOCAL else (40, False, None))
    assert len(ToyEmbedder.calls) == sent  # asked what a task takes, it sends nothing
    assert SCORES.get_or_compute(ScoresQuery(CorpusRef(folder, built.digest), Contender(spec), PAIRS)).pairs.shape == (
        40,
        2,
    )
    assert sorted(text for texts in ToyEmbedder.calls[sent:] for text in texts) == sorted(OTHERS)


def test_the_local_one_is_timed_and_free(corpus):
    workspace, built = corpus
    found = embed_page.plan_embedding(CorpusRef(str(workspace.folder), built.digest), LOCAL, None)
    assert (found.estimate.usd, found.max_usd) == (0.0, 0.0)
    assert found.estimate.seconds is not None
    assert ToyEmbedder.calls
    assert agreed_limit(LOCAL) is None


def test_the_hosted_one_is_sent_nothing_before_consent(corpus):
    workspace, built = corpus
    folder = str(workspace.folder)
    spec = embed_page.resolve_model(folder, HOSTED, None)
    found = embed_page.plan_embedding(CorpusRef(folder, built.digest), spec, None)
    assert (found.estimate.to_compute, found.estimate.usd, found.estimate.seconds) == (len(TEXTS), None, None)
    assert (found.max_usd, found.estimate.price_date, max_usd(TEXTS, spec)) == (None, "", None)
    assert agreed_limit(HOSTED) == 0.0  # the button that starts it stays disabled
    assert ToyEmbedder.calls == []

    embed(built, load_embedder(spec), workspace)  # as after consent
    sent = len(ToyEmbedder.calls)
    contender = Contender(spec)
    assert measure_speed(CorpusRef(folder, built.digest), contender, again=True) == known_speed(
        CorpusRef(folder, built.digest), contender
    )
    assert known_speed(CorpusRef(folder, built.digest), contender).basis == "run"
    assert len(ToyEmbedder.calls) == sent


def agreed_limit(spec: ModelSpec) -> float | None:
    """The spending limit as the Embed page asks for it, before anything is ticked."""

    def page(spec):
        from types import SimpleNamespace

        import streamlit as st

        from pages.shared.models.run import paid_consent

        st.session_state["limit"] = paid_consent([SimpleNamespace(spec=spec, max_usd=None)])

    at = AppTest.from_function(page, args=(spec,)).run(timeout=30)
    assert not at.exception
    return at.session_state["limit"]


def test_a_key_goes_to_its_own_service_alone(monkeypatch):
    from core.jobs.kinds import _service_key

    declared = ToyBackend(Capabilities(provider="Toys", key_name="TOY_API_KEY", needs_key=True))
    monkeypatch.setattr(f"{__name__}.TOY_HOSTED", declared)
    openai = ModelSpec("openai", "text-embedding-3-small")
    keys = Keys({"TOY_API_KEY": Secret("toy"), "OPENAI_API_KEY": Secret("sk")})
    assert [_service_key(model, keys) for model in (HOSTED, openai, LOCAL)] == [Secret("toy"), Secret("sk"), None]
    assert _service_key(HOSTED, Keys({"OPENAI_API_KEY": Secret("sk")})) is None


def test_a_backend_that_is_gone_is_never_free(monkeypatch):
    monkeypatch.delitem(BACKENDS, "toy")
    assert capabilities(LOCAL) == Capabilities()
    assert capabilities(LOCAL).paid
