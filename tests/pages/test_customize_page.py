"""Customize: an adapter from labels and from pairs, used as a model on other pages, and what it refuses."""

import pandas as pd
import pytest

from core.adapt.results import ADAPTER, AdapterQuery
from core.adapt.sources import Source
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.adapters import stored_adapters
from core.vectors.embedding import store_adapted_vectors
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared.models import run
from tests.drinks import build_drinks
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/customize.py"


@pytest.fixture
def drinks(home) -> tuple[CorpusRef, ModelSpec]:
    return build_drinks(home)


def open_page(app, page: str = PAGE):
    return app.run().switch_page(page).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def test_an_empty_workspace_says_what_to_do(home, app):
    assert "No data yet" in fine(open_page(app))


def test_an_adapter_is_checked_trained_and_used_as_a_model(drinks, app, monkeypatch):
    corpus, model = drinks
    at = open_page(app)
    metrics = {metric.label: metric.value for metric in at.metric}
    assert float(metrics["Base MAP@R"]) < 0.6
    assert float(metrics["Gain of a short training"]) > 0.1
    assert at.selectbox(key="adapt_model").options == [model.label]
    assert [button.label for button in at.button if button.label == "Train"]
    query = AdapterQuery(corpus, model, Source("labels", "topic"))
    adapter = ADAPTER.get_or_compute(query)
    fine(at.run())
    assert any("It helps" in success.value for success in at.success)
    table = next(frame.value for frame in at.dataframe if "difference" in frame.value)
    assert list(table["name"])[-1] == "Shuffled control"
    assert table["difference"][0].startswith(f"{adapter.report.interval.value:.3f}")

    submitted = []
    monkeypatch.setattr(run, "submit_embed_jobs", lambda info, specs, limit: submitted.extend(specs))
    at.text_input(key=f"adapt_name {adapter.key}").set_value("by <b>topic</b>").run()
    at.button(key="adapt_use").click().run()
    (spec,) = submitted
    assert stored_adapters(corpus.folder) == (spec,)
    assert spec.base == model
    fine(at)
    assert at.button(key="adapt_apply")
    store_adapted_vectors(corpus, spec)
    NEIGHBORS.get_or_compute(ModelQuery(corpus, spec))
    fine(at.run())
    assert any("In use as" in success.value for success in at.success)
    assert at.selectbox(key="adapt_model").options == [model.label]  # no adapters of adapters

    at = open_page(app, "pages/data/embed.py")
    fine(at)
    assert spec.label in at.multiselect(key="models").options
    at = open_page(app, "pages/explore/search.py")
    fine(at)
    at = open_page(app)
    at.selectbox(key="model").set_value(spec.key).run()
    at.button(key=f"adapt_delete {spec.key}").click().run()
    fine(at)
    assert stored_adapters(corpus.folder) == ()
    assert at.selectbox(key="model").value == model.key
    assert any(spec.label in warning.value.replace("\\", "") for warning in at.warning)
    at.button(key="lost_model_seen").click().run()
    assert not at.warning
    assert Workspace(corpus.folder).models(corpus.digest) == [model]


def test_pairs_that_nothing_can_be_learned_from_are_refused(drinks, app):
    at = open_page(app)
    at.segmented_control(key="adapt_kind").set_value("pairs").run()
    assert "Upload a table" in fine(at)
    pairs = pd.DataFrame({"a": range(1, 61), "b": range(60, 120), "score": 1})
    at.file_uploader[0].upload("pairs.csv", pairs.to_csv(index=False).encode()).run()
    assert not at.exception
    assert [error for error in at.error if "same score" in error.value]
    assert not [button for button in at.button if button.label == "Train"]
    at.segmented_control(key="adapt_kind").set_value("judgments").run()
    assert "No query has a relevant row" in fine(at)
