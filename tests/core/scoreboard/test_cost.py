"""Speed and cost of contenders: measured past the cache, never paid for unasked, unknown where unknown."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models import costs
from core.models.registry import load_embedder
from core.scoreboard import results, speed
from core.scoreboard.cost import cost_of, known_speed, measure_speed
from core.scoreboard.speed import EmbeddingTimes, searcher, time_embedding
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender
from core.vectors.embedding import embed

TEXTS = [f"text {i} on {'lamps' if i % 2 else 'teapots'} {'and more ' * (i % 7)}" for i in range(40)]


@pytest.fixture
def kept(tmp_path):
    """Workspace, corpus digest and lexical model."""
    built = build_corpus(RawTable(pd.DataFrame({"text": TEXTS}), (), (), None, ""), Roles("{text}")).corpus
    workspace = Workspace(tmp_path)
    workspace.save_corpus(built)
    return workspace, built.digest, embed(built, load_embedder("lexical"), workspace).model


def with_vectors(kept, model, facts):
    rows = unit_rows(np.random.default_rng(1).normal(size=(40, 24)) * 3)
    kept[0].save_vectors(Vectors(rows, model, kept[1], facts))
    return Contender(model)


class Slow:
    """An embedder on whose clock a text takes 10 ms and a query 20 ms, with a start of 5 s."""

    def __init__(self, monkeypatch):
        self.clock, self.loaded, self.texts = 0.0, False, []
        monkeypatch.setattr(speed.time, "perf_counter", lambda: self.clock)

    def embed(self, texts):
        self.clock += (0 if self.loaded else 5) + 0.01 * len(texts)
        self.loaded = True
        self.texts += texts

    def embed_query(self, texts):
        self.clock += 0.02 * len(texts)


def test_the_rate_leaves_loading_out_and_keeps_the_budget(monkeypatch):
    slow = Slow(monkeypatch)
    texts = [f"{i} " + "word " * 40 for i in range(5_000)]
    times = time_embedding(slow, texts)
    assert times.seconds / times.texts == pytest.approx(0.01)
    assert times.texts == pytest.approx(150, abs=2)  # a second and a half
    assert np.allclose(times.queries, 0.02)
    assert len(times.queries) == 30
    assert len(set(slow.texts)) <= 160
    assert slow.texts[:1] != texts[:1]  # drawn, not the first


def test_few_texts_are_enough(monkeypatch):
    times = time_embedding(Slow(monkeypatch), ["one", "two"])
    assert times.texts == 2
    assert len(times.queries) == 30


def test_measured_times_are_kept_and_variants_share_the_models(kept, monkeypatch):
    workspace, corpus, model = kept
    whole, small = Contender(model), Contender(model, 16)
    assert known_speed(CorpusRef(str(workspace.folder), corpus), whole).basis == "missing"
    made = measure_speed(CorpusRef(str(workspace.folder), corpus), whole)
    assert made.basis == "measured"
    assert 0 < made.p50_ms <= made.p95_ms
    assert made.seconds_per_1000 > 0
    calls = []
    monkeypatch.setattr(results, "time_embedding", lambda *_: calls.append(1))
    assert known_speed(CorpusRef(str(workspace.folder), corpus), whole) == made
    assert known_speed(CorpusRef(str(workspace.folder), corpus), small).basis == "missing"  # its search is its own
    other = measure_speed(CorpusRef(str(workspace.folder), corpus), small)
    assert other.seconds_per_1000 == made.seconds_per_1000
    assert not calls


def test_measuring_again_replaces_what_is_kept(kept, monkeypatch):
    workspace, corpus, model = kept
    folder, whole = str(workspace.folder), Contender(model)
    measure_speed(CorpusRef(folder, corpus), whole)
    timed = EmbeddingTimes(10, 5.0, np.full(30, 1.0))
    monkeypatch.setattr(results, "time_embedding", lambda *_: timed)
    monkeypatch.setattr(results, "time_search", lambda *_: np.r_[np.zeros(15), np.full(15, 1.0)])
    made = measure_speed(CorpusRef(folder, corpus), whole, again=True)
    assert made.seconds_per_1000 == 500
    assert made.p50_ms == pytest.approx(1500)
    assert made.p95_ms == pytest.approx(2000)


def test_times_taken_while_others_work_are_marked(kept, monkeypatch):
    """What others take is kept and shown; this process' own work is not counted."""
    workspace, corpus, model = kept
    folder, whole = str(workspace.folder), Contender(model)
    shares = iter([0.1, 0.6])
    monkeypatch.setattr(results, "load_meter", lambda: lambda: next(shares))
    made = measure_speed(CorpusRef(folder, corpus), whole)
    assert made.others == 0.6  # of the search, which is as much part of a query's time
    assert made.busy
    shares = iter([0.1, 0.1])
    assert not measure_speed(CorpusRef(folder, corpus), whole, again=True).busy
    assert 0 <= costs.load_meter()() <= 1
    whole = SimpleNamespace(user=50.0, system=10.0, nice=1.0, steal=2.0, idle=900.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: whole)
    own = SimpleNamespace(cpu_times=lambda: SimpleNamespace(user=20.0, system=3.0))
    monkeypatch.setattr(psutil, "Process", lambda: own)
    others = costs.load_meter()
    whole.user += 0.4 * costs.METER_SECONDS * psutil.cpu_count()
    assert 0.02 < others() <= 0.41  # of the time that has passed, which may be some more


@pytest.mark.parametrize("bits", ["float32", "float16", "int8", "binary"])
def test_stores_of_few_bits_find_the_row_itself(kept, bits):
    rows = unit_rows(np.random.default_rng(0).normal(size=(200, 48)) * 5)
    found = searcher(rows, Contender(kept[2], None, bits))(17)
    assert 17 in np.concatenate([np.ravel(each) for each in found])


def test_paid_services_are_never_asked(kept, monkeypatch):
    workspace, corpus, _ = kept
    model = ModelSpec("openai", "text-embedding-3-large", dimensions=24)
    paid = with_vectors(
        kept, model, {"computed": 40, "seconds": 8.0, "tokens": 400, "truncated": 0, "unseen_share": 0.0}
    )
    monkeypatch.setattr(results, "cached_embedder", lambda *_: pytest.fail("a paid service was opened"))
    made = measure_speed(CorpusRef(str(workspace.folder), corpus), paid, again=True)
    assert made.basis == "run"
    assert made.seconds_per_1000 == 200
    assert made.p50_ms is None
    cost = cost_of(CorpusRef(str(workspace.folder), corpus), paid)
    assert cost.tokens_per_text == 10
    assert cost.usd_per_million == pytest.approx(0.13 * 10)
    assert cost.price_date
    cached = with_vectors(kept, ModelSpec("openai", "text-embedding-3-small", dimensions=24), {"computed": 0})
    assert known_speed(CorpusRef(str(workspace.folder), corpus), cached).basis == "unknown"


def test_prices_that_are_not_known_are_not_called_free(kept):
    workspace, corpus, model = kept
    folder = str(workspace.folder)
    own = with_vectors(kept, ModelSpec("imported", "mine", "a", 24), {"seconds": 0.0})
    server = with_vectors(kept, ModelSpec("openai", "some", "", 24, base_url="https://a.example/v1"), {"tokens": 80})
    assert cost_of(CorpusRef(folder, corpus), own).usd_per_million is None
    assert cost_of(CorpusRef(folder, corpus), own).truncated_share is None
    assert known_speed(CorpusRef(folder, corpus), own).basis == "none"
    assert cost_of(CorpusRef(folder, corpus), server).usd_per_million is None
    here = cost_of(CorpusRef(folder, corpus), Contender(model, 16, "binary"))
    assert here.usd_per_million == 0
    assert (here.dimensions, here.bytes_per_vector) == (16, 2)
