"""Fine-tuning of a tiny transformer: gain, losses, early end, resume, stored model. Imports torch."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.adapt.service import Source
from core.corpus.build import read_corpus
from core.errors import InputError, ModelError
from core.finetune.checkpoints import trainable
from core.finetune.encoder import load_encoder
from core.finetune.losses import add_low_rank, merge_low_rank
from core.finetune.results import FINE_TUNED, FineTuneQuery, job_of, plan_training
from core.finetune.service import (
    base_models,
    delete_tuned,
    discard_training,
    model_card_text,
    model_zip,
    stop_training,
    training_trace,
    tuned_models,
)
from core.finetune.settings import Settings
from core.finetune.training import train
from core.models import minilm
from core.models.fine_tuned import model_path, models_path
from core.models.registry import load_embedder
from core.models.training_texts import training_texts
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import cached_embedder

pytestmark = pytest.mark.slow
QUICK = Settings(batch=12, epochs=3, learning_rate=2e-3, adapter=False)


class Killed(BaseException):
    """Stands for the end of the process: nothing that follows in it runs."""


def killed_at(step: int):
    def progress(done: int, total: int) -> None:
        if done >= step:
            raise Killed

    return progress


def weights(folder, name: str) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return dict(load_file(model_path(name, folder) / "model.safetensors"))


@pytest.fixture
def query(tmp_path, planted, tiny) -> FineTuneQuery:
    texts, labels = planted
    pd.DataFrame({"text": texts, "topic": labels, "id": range(len(texts))}).to_csv(tmp_path / "t.csv", index=False)
    corpus, workspace = read_corpus(tmp_path / "t.csv", text="text", label="topic"), Workspace(tmp_path / "work")
    workspace.save_corpus(corpus)
    base = ModelSpec("sentence-transformers", str(tiny))
    return FineTuneQuery(CorpusRef(str(workspace.folder), corpus.digest), base, Source("labels", "topic"), QUICK)


def test_a_model_is_trained_stored_listed_and_deleted(query, planted, tiny):
    assert plan_training(query).seconds > 5
    steps = []
    query = replace(query, settings=replace(QUICK, adapter=True, matryoshka=True))
    report = FINE_TUNED.get_or_compute(query, lambda done, total: steps.append((done, total)))
    assert FINE_TUNED.get(query) == report
    base, tuned, adapter = report.seen.scores
    assert tuned.difference is not None
    assert tuned.difference.low > 0
    assert tuned.is_better
    assert tuned.p_value < 0.05
    assert report.gain == pytest.approx(tuned.score.value - base.score.value)
    assert adapter.difference is not None
    assert report.seen.between is not None
    assert report.unseen is not None
    assert report.unseen.observations > 0
    assert [part.dimensions for part in report.shortened] == [32, 16]
    assert report.shortened[1].tuned > report.shortened[1].base
    assert [cost.name for cost in report.costs] == ["Base", "Fine-tuned", "Adapter"]
    assert report.costs[1].bytes > report.costs[2].bytes > 0
    trace = report.trace
    assert trace.scores[0][0] == 0
    assert trace.best_score == max(score for _, score in trace.scores)
    assert len(trace.losses) == len(trace.scores) - 1
    assert trace.losses[-1][1] < trace.losses[0][1]
    assert steps[0] == (0, trace.steps)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)

    folder = query.corpus.folder
    assert len(training_texts(folder, report.model)) == report.train + report.validation
    assert [path.name for path in sorted(models_path(folder).iterdir()) if path.name.startswith(".")] == []
    assert tuned_models(folder) == (report.model,)
    assert report.model in base_models(query.corpus)
    embedder = cached_embedder(folder, report.model, None, 1)
    assert embedder.spec == report.model
    rows = embedder.embed(planted[0][:3])
    before = load_embedder(str(tiny)).embed(planted[0][:3])
    assert rows.shape == (3, 32)
    assert not np.allclose(rows, before, atol=0.05)
    card = model_card_text(folder, report.model)
    assert "labels of the column" in card
    assert f"{tuned.score.value:.3f}" in card
    assert "MatryoshkaLoss" in card
    with zipfile.ZipFile(io.BytesIO(model_zip(folder, report.model))) as archive:
        names = archive.namelist()
    assert f"{report.model.name}/model.safetensors" in names
    assert f"{report.model.name}/README.md" in names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]
    assert delete_tuned(folder, report.model) > 10_000
    assert FINE_TUNED.load(query) is None
    assert tuned_models(folder) == ()
    with pytest.raises(ModelError, match="deleted"):
        load_embedder(report.model, workspace=folder)


def test_a_killed_training_is_resumed_to_the_same_weights(query, planted, tmp_path, tiny):
    texts, labels = planted
    options = {"base": str(tiny), "settings": QUICK, "name": "one"}
    train(texts, labels, folder=tmp_path / "straight", **options)
    for step in (2, 8, 13):  # before a checkpoint, and between two
        with pytest.raises(Killed):
            train(texts, labels, folder=tmp_path / "killed", progress=killed_at(step), **options)
    assert list(models_path(tmp_path / "killed").glob(".*/latest-*.safetensors"))
    report = train(texts, labels, folder=tmp_path / "killed", **options)
    assert report.trace.resumed >= 1
    straight, resumed = weights(tmp_path / "straight", "one"), weights(tmp_path / "killed", "one")
    assert straight.keys() == resumed.keys()
    assert all(np.allclose(straight[name], resumed[name], atol=1e-6) for name in straight)


def test_a_cancelled_training_leaves_its_best_checkpoint(query):
    with pytest.raises(Killed):
        FINE_TUNED.get_or_compute(query, killed_at(9))
    trace = training_trace(query)
    assert trace is not None
    assert 0 < trace.saved <= 9
    assert trace.best > 0
    stop_training(query)
    report = FINE_TUNED.get_or_compute(query)
    assert report.model is not None
    assert report.trace.stopped == "on request"
    assert report.trace.saved == trace.saved
    assert report.trace.scores == trace.scores
    assert any("on request" in note for note in report.notes)
    assert training_trace(query) is None
    again = replace(query, seed=1)
    with pytest.raises(Killed):
        FINE_TUNED.get_or_compute(again, killed_at(9))
    damaged = next(job_of(again).checkpoints.glob("latest-*"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(Exception, match="damaged"):
        FINE_TUNED.get_or_compute(again)
    discard_training(again)
    assert training_trace(again) is None


@pytest.mark.parametrize("loss", ["triplet", "cosent"])
def test_every_loss_lowers_and_raises_the_score(planted, tiny, tmp_path, loss):
    texts, labels = planted
    settings = replace(QUICK, loss=loss)
    report = train(texts, labels, base=str(tiny), settings=settings, folder=tmp_path, name="m", seed=2)
    assert report.trace.losses[-1][1] < report.trace.losses[0][1]
    assert report.model
    assert report.trace.best_score > report.trace.scores[0][1] + 0.05


def test_low_rank_updates_start_as_the_base_and_change_the_attention_alone(planted, tiny, tmp_path):
    import torch

    texts, labels = planted
    encoder = load_encoder(ModelSpec("sentence-transformers", str(tiny)), tmp_path)
    model = encoder.transformer
    names = [name for name, _ in model.named_parameters()]
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    rows = encoder.encode(texts[:5])
    add_low_rank(model, 4)
    assert np.allclose(encoder.encode(texts[:5]), rows, atol=1e-6)
    assert sum(parameter.numel() for parameter in trainable(model).values()) == 2 * 2 * 2 * 4 * 32
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(0.1)
    changed = encoder.encode(texts[:5])
    merge_low_rank(model)
    assert np.allclose(encoder.encode(texts[:5]), changed, atol=1e-5)
    assert {name for name, _ in model.named_parameters()} == set(names)
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert len(moved) == 4
    assert all(".query.weight" in name or ".value.weight" in name for name in moved)
    settings = replace(QUICK, lora_rank=4, epochs=1)
    report = train(texts, labels, base=str(tiny), settings=settings, folder=tmp_path, name="m")
    assert np.isfinite([loss for _, loss in report.trace.losses]).all()


def test_pairs_queries_and_no_gain(planted, tiny, tmp_path):
    texts, _ = planted
    rng = np.random.default_rng(0)
    pairs = [(a, b, float(a // 14 == b // 14)) for a, b in rng.integers(0, len(texts), (300, 2)) if a != b]
    pairs += [(a, b, 1.0) for a, b in zip(range(0, 166, 2), range(1, 167, 2), strict=True)]
    options = {"base": str(tiny), "folder": tmp_path}
    report = train(texts, pairs=pairs, settings=replace(QUICK, loss="cosent", epochs=1), name="pairs", **options)
    assert report.seen.metric == "Spearman"
    assert report.pairs > 50
    queries = [f"n{row % 40} w{row // 14}x0" for row in range(len(texts))]
    judgments = queries, [[row, row // 14 * 14] for row in range(len(texts))]
    flat = replace(QUICK, epochs=1, learning_rate=1e-9, scores_per_epoch=1)
    report = train(texts, judgments=judgments, settings=flat, name="queries", **options)
    assert report.seen.metric == "nDCG@10"
    if report.model is None:
        assert report.gain == 0
        assert report.notes
        assert not (models_path(tmp_path) / "queries").exists()


def test_folders_without_a_model(planted, tmp_path):
    texts, labels = planted
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    for name in ("empty", "bare"):
        with pytest.raises(ModelError):
            train(texts, labels, base=str(tmp_path / name), folder=tmp_path, settings=QUICK)
    with pytest.raises(InputError, match="can't be fine-tuned"):
        train(texts, labels, base="lexical", folder=tmp_path, settings=QUICK)


def test_torch_gives_the_vectors_of_the_packaged_model(tmp_path):
    texts = ["My card has not arrived.", "", "卡片还没到", "word " * 300]
    encoder = load_encoder(minilm.FLOAT32, tmp_path)
    assert np.allclose(encoder.encode(texts), load_embedder(minilm.FLOAT32).embed(texts), atol=1e-4)
