"""The form that selects a reranker: a folder of a cross-encoder, or a model on a server with key and consent."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.ask.pipelines import PipelineSpec, RunQuery
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.jobs.results import result_spec
from core.models.reranker import RerankerSpec
from core.secret import Secret
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from pages.shared import session
from tests.pages.test_data_page import errors
from tests.pages.test_result_view import Manager

KEY = "sk-of-a-reranker"


@pytest.fixture
def form(home, monkeypatch):
    monkeypatch.setattr(session, "manager", Manager)  # answers in this process

    def script():
        import streamlit as st

        from pages.shared.models.reranker_form import reranker_secret, select_reranker

        spec = select_reranker("ask")
        st.session_state["result"] = (spec, reranker_secret(spec))

    return AppTest.from_function(script, default_timeout=60).run()


def fill(form, **values):
    """The form with its fields of these names set."""
    for name, value in values.items():
        key = f"ask_reranker_{name}" if name != "kind" else "ask_reranker"
        group = form.button_group if name == "kind" else form.text_input
        form = group(key=key).set_value(value).run()
        assert not form.exception, form.exception
    return form


def result(form):
    return form.session_state["result"]


def test_without_a_reranker_nothing_is_selected(form):
    assert result(form) == (None, None)
    assert result(fill(form, kind="Cross-encoder")) == (None, None)
    assert not errors(form)


def test_a_folder_is_resolved_and_a_wrong_one_explained(form, tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    form = fill(form, kind="Cross-encoder", folder=str(tmp_path / "tiny"))
    spec, secret = result(form)
    assert (spec.label, spec.revision[:7], secret) == ("tiny", "sha256:", None)
    form = fill(form, folder=str(tmp_path / "none"))
    assert result(form)[0] is None
    assert "none" in errors(form)
    monkeypatch.setenv("PLANISPHERE_MODEL_FOLDERS", str(tmp_path / "other"))
    form = fill(form, folder=str(tmp_path / "tiny"))
    assert result(form)[0] is None
    assert "PLANISPHERE_MODEL_FOLDERS" in errors(form)


def test_a_server_of_the_own_network_needs_no_consent(form):
    form = fill(form, kind="Server", url="http://127.0.0.1:8000/v1/rerank", model="bge")
    spec, secret = result(form)
    assert (spec.base_url, spec.name, secret) == ("http://127.0.0.1:8000/v1", "bge", None)
    assert not form.checkbox


def test_a_hosted_server_needs_consent_and_its_key_goes_nowhere_else(form):
    form = fill(form, kind="Server", url="https://api.cohere.com/v2", model="rerank-v3.5")
    form = form.text_input(key="ask_reranker_key-api.cohere.com").set_value(KEY).run()
    assert result(form) == (None, None)
    form = form.checkbox[0].check().run()
    spec, secret = result(form)
    assert (spec.name, secret) == ("rerank-v3.5", Secret(KEY))
    form = fill(form, url="https://api.jina.ai/v1")
    assert result(form) == (None, None)
    form = form.checkbox[0].check().run()
    assert result(form)[0].base_url == "https://api.jina.ai/v1"
    assert result(form)[1] is None


def test_an_invalid_address_is_explained(form):
    form = fill(form, kind="Server", url="ftp://host", model="bge")
    assert result(form)[0] is None
    assert "http" in errors(form)


def test_the_job_of_a_pipeline_takes_the_keys_of_its_model_and_its_reranker(monkeypatch):
    monkeypatch.setattr(session, "named_key", lambda name: Secret(f"key of {name}"))
    server = "https://rerank.example/v1"
    model, reranker = Contender(ModelSpec("openai", "m")), RerankerSpec("server", "r", server)
    pipeline = PipelineSpec("hybrid", model, reranker)
    job = result_spec(RETRIEVAL_RUNS, RunQuery(CorpusRef("folder", "d" * 16), pipeline, "q"), "Retrieval")
    keys = session.job_key(job.params)
    assert keys.of(server).reveal() == f"key of {server}"
    assert keys.of("OPENAI_API_KEY").reveal() == "key of OPENAI_API_KEY"
    assert "key of" not in json.dumps(job.params)
