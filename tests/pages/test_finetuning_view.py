"""Fine-tuning on the Customize page: what it will take, an interrupted training, the report, and the stored model."""

from dataclasses import replace

import pytest

from core.adapt.sources import Source
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.finetune.checkpoints import Checkpoints, Trace, with_loss, with_score
from core.finetune.comparison import Score, Scores
from core.finetune.report import Cost, FineTuned
from core.finetune.results import FINE_TUNED, FineTuneQuery, job_of
from core.finetune.service import training_trace
from core.models import minilm
from core.models.fine_tuned import BACKEND_NAME, add_model, model_path, tuned_models
from core.stats.interval import Interval
from core.store import Workspace
from core.types import ModelSpec, Roles
from pages.shared import result_view
from pages.shared.models import run
from tests.drinks import build_drinks, drinks_table
from tests.pages.test_customize_page import fine, open_page


@pytest.fixture
def query(home) -> FineTuneQuery:
    corpus, _ = build_drinks(home)
    return FineTuneQuery(corpus, minilm.FLOAT32, Source("labels", "topic"))


def interrupted_trace() -> Trace:
    trace = with_score(Trace(40, metric="MAP@R", seconds=12.0), 0, 0.4)
    return replace(with_score(with_loss(trace, 10, [2.0]), 10, 0.55), saved=10)


def stored_report(query: FineTuneQuery) -> FineTuned:
    """As if trained: the report, and a folder for the model."""
    job = job_of(query)
    folder = model_path(job.name, query.corpus.folder)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "README.md").write_text("# card", encoding="utf-8")
    spec = add_model(ModelSpec(BACKEND_NAME, job.name, "", 384, max_tokens=256), {}, query.corpus.folder)
    low, high, gain = Interval(0.4, 0.35, 0.45), Interval(0.6, 0.5, 0.7), Interval(0.2, 0.1, 0.3)
    scores = (Score("Base", low, None, 1.0), Score("Fine-tuned", high, gain, 0.001), Score("Adapter", high, gain, 0.01))
    seen = Scores("MAP@R", scores, Score("between", high, Interval(0.0, -0.1, 0.1), 0.9), 60, 0.05, "Bootstrap.")
    costs = Cost("Base", 0, 0, 90_000_000), Cost("Fine-tuned", 7.4, 4, 90_000_000), Cost("Adapter", 0.1, 0.1, 590_000)
    report = FineTuned(
        spec, query.base, query.settings, 0, "labels", seen, seen, costs, (), interrupted_trace(), 40, 8, 300, 0, 0,
        "All weights.", ("A <b>note</b>.",),
    )  # fmt: skip
    FINE_TUNED.save(query, report)
    return report


def open_view(app):
    app.query_params["customize_view"] = "Fine-tuning"
    return open_page(app)


def test_a_training_is_planned_resumed_reported_and_its_model_deleted(query, app, monkeypatch):
    submitted = []
    embedded: list[ModelSpec] = []
    monkeypatch.setattr(result_view, "submit_jobs", lambda *jobs: submitted.extend(jobs))
    monkeypatch.setattr(run, "submit_embed_jobs", lambda info, specs, limit: embedded.extend(specs))
    at = open_view(app)
    fine(at)
    metrics = {metric.label: metric.value for metric in at.metric}
    assert "min" in metrics["Time"]
    assert int(metrics["Training examples"]) + int(metrics["Held out"]) <= 120
    assert at.selectbox(key="finetune_base").options == [minilm.NAME]
    assert [button.label for button in at.button if button.label == "Fine-tune"]

    job = job_of(query)
    Checkpoints(job.checkpoints).write(interrupted_trace())
    at.run()
    assert "after step 10 of 40" in fine(at)
    assert {metric.value for metric in at.metric} >= {"0.400", "0.550", "2.000"}
    at.button(key="finetune_use_best").click().run()
    assert (job.checkpoints / "stop.json").exists()
    assert submitted[0].params["result"] == "fine_tuned"
    at.button(key="finetune_discard").click().run()
    fine(at)
    assert training_trace(query) is None

    report = stored_report(query)
    text = fine(at.run())
    assert "<b>note</b>" in text
    table = next(frame.value for frame in at.dataframe if "minutes" in frame.value)
    assert list(table["name"]) == ["Base", "Fine-tuned", "Adapter"]
    assert table["seen_gain"][1] == "0.200 (0.100 to 0.300)"
    assert table["bytes"][2] == "590 kB"
    at.button(key="finetune_embed").click().run()
    assert embedded == [report.model]
    assert job.name in open_page(app, "pages/data/embed.py").multiselect(key="models").options
    at = open_view(app)
    at.button(key=f"finetune_delete {report.model.key}").click().run()
    fine(at)
    assert tuned_models(query.corpus.folder) == ()
    assert [button.label for button in at.button if button.label == "Fine-tune"]


def test_too_few_rows_are_explained(home, app):
    table = drinks_table().head(10)
    raw = RawTable(table, (), (), None, "")
    corpus = build_corpus(raw, Roles("{text}", ("topic",), id="id"), name="Few").corpus
    Workspace(home).save_corpus(corpus)
    at = open_view(app)
    assert not at.exception
    assert "50" in at.error[0].value
    assert "Fine-tune" not in [button.label for button in at.button]
    at.segmented_control(key="adapt_kind").select("judgments").run()
    fine(at)
