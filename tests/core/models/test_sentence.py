import json
import shutil
import threading

import numpy as np
import pytest

from core.errors import ModelError
from core.models import sentence_transformer as sentence
from core.models.minilm import model_folder
from core.models.registry import load_embedder
from core.types import ModelSpec
from core.vectors.service import look_up_model
from tests.waiting import WAIT


@pytest.fixture(scope="module")
def prompted(tmp_path_factory):
    """MiniLM with prompts such as E5 models have."""
    folder = tmp_path_factory.mktemp("models") / "prompted"
    shutil.copytree(model_folder(), folder)
    config = {"prompts": {"query": "query: ", "passage": "passage: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))
    return load_embedder(str(folder))


def test_queries_and_documents_get_their_prompts(prompted):
    assert (prompted.spec.query_prompt, prompted.spec.document_prompt) == ("query: ", "passage: ")
    plain = load_embedder(str(model_folder()))
    np.testing.assert_allclose(prompted.embed_query(["late"]), plain.embed(["query: late"]), atol=1e-5)
    np.testing.assert_allclose(prompted.embed(["late"]), plain.embed(["passage: late"]), atol=1e-5)


def test_the_prompt_counts_as_tokens(prompted):
    assert prompted.count_tokens(["late", "late " * 500]).tolist() == [5, 504]


def test_shortened_vectors(prompted):
    rows = load_embedder(str(model_folder()), dimensions=64).embed(["late", "early"])
    full = load_embedder(str(model_folder())).embed(["late", "early"])[:, :64]
    np.testing.assert_allclose(rows, full / np.linalg.norm(full, axis=1, keepdims=True), atol=1e-5)


def test_a_model_that_is_nowhere_here_is_explained():
    with pytest.raises(ModelError, match="not on this machine") as caught:
        load_embedder("nobody/no-such-model", local_only=True)
    assert "folder" in caught.value.remedy


def test_a_hub_out_of_reach_is_asked_once_then_the_cache(monkeypatch):
    from huggingface_hub import HfApi

    requests = []

    def refuse(self, name, **options):
        requests.append((name, options["timeout"]))
        raise ConnectionError("no route")

    monkeypatch.setattr(HfApi, "model_info", refuse)
    with pytest.raises(ModelError, match="hub can't be reached"):
        load_embedder("nobody/no-such-model")
    assert requests == [("nobody/no-such-model", sentence.HUB_TIMEOUT)]


def test_a_hub_that_never_answers_is_given_up_within_seconds_before_anything_is_loaded(monkeypatch):
    from huggingface_hub import HfApi

    waiting = threading.Event()
    monkeypatch.setattr(HfApi, "model_info", lambda self, name, **options: waiting.wait(WAIT))
    monkeypatch.setattr(sentence, "HUB_SECONDS", 0.2)
    monkeypatch.setattr(sentence, "_load", lambda *_: pytest.fail("the model is loaded"))
    with pytest.raises(ModelError, match="hub can't be reached") as caught:
        look_up_model(ModelSpec("sentence-transformers", "nobody/no-such-model"))
    assert caught.value.remedy
    waiting.set()


@pytest.mark.parametrize("name", ["http://localhost:8000/v1", "no such/name", "/no/such/folder", "a/b/c", "../x"])
def test_what_is_no_name_of_a_model_is_refused_without_a_network(name, monkeypatch):
    import socket

    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection is opened"))
    with pytest.raises(ModelError) as caught:
        look_up_model(ModelSpec("sentence-transformers", name))
    assert caught.value.remedy


def test_a_model_in_the_hubs_cache_needs_no_hub(tmp_path, monkeypatch):
    from huggingface_hub import HfApi

    def refuse(self, name, **options):
        raise ConnectionError("no route")

    snapshot = tmp_path / "models--somebody--small" / "snapshots" / ("a" * 40)
    shutil.copytree(model_folder(), snapshot)
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    monkeypatch.setattr(HfApi, "model_info", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    look_up_model(ModelSpec("sentence-transformers", "somebody/small"))
    with pytest.raises(ModelError, match="not on this machine"):
        look_up_model(ModelSpec("sentence-transformers", "somebody/other"))


def test_a_misspelled_name_is_explained(monkeypatch):
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    def missing(self, name, **options):
        raise RepositoryNotFoundError("404", response=httpx2.Response(404, request=httpx2.Request("GET", "http://hub")))

    monkeypatch.setattr(HfApi, "model_info", missing)
    with pytest.raises(ModelError, match="has no model named 'nobody/mispelt'") as caught:
        load_embedder("nobody/mispelt")
    assert "spelling" in caught.value.remedy


def test_a_folder_without_a_model_is_explained(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ModelError, match="holds no model"):
        load_embedder(str(tmp_path))


def test_code_in_a_folder_is_never_run(tmp_path):
    folder = tmp_path / "with code"
    shutil.copytree(model_folder(), folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "planted.Module"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "planted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Module: ...\n")
    with pytest.raises(ModelError, match="code of its own"):
        load_embedder(str(folder))
    assert not (tmp_path / "ran").exists()
