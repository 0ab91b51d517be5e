"""Rerankers: scores of a tiny cross-encoder and of a server, and everything that either may do wrong."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError, RateLimitError, ServiceError
from core.models import rerank_server
from core.models.openai_client import connections
from core.models.openai_client.connections import AllowedServers
from core.models.openai_client.requests import waiting_at_most
from core.models.reranker import RerankerSpec, checked_reranker, open_reranker, resolve_reranker
from core.secret import Secret
from tests.rerank_server import RerankServer, Rules, results, shared_words

QUESTION = "when does the library open"
TEXTS = ["the library is closed", "when does the library open on sunday", "", "bread and milk", "the library"] * 2
WORDS = sorted({word for text in (QUESTION, *TEXTS) for word in text.split()})


def save_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A BERT of random weights with one layer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_labels": labels}
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(vocabulary), intermediate_size=16, max_position_embeddings=32, **sizes)
    config.initializer_range = 1.0
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("rerankers") / "tiny")


@pytest.fixture
def serve() -> Iterator[Callable[..., RerankServer]]:
    servers: list[RerankServer] = []

    def start(rules: Rules = lambda body: None) -> RerankServer:
        servers.append(RerankServer(rules))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def open_server(server: RerankServer, key: str = "") -> Any:
    return open_reranker(checked_reranker("word-counter", server.url), Secret(key) if key else None)


def test_scores_of_a_cross_encoder_are_those_of_the_model_one_pair_at_a_time(folder):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    reranker = open_reranker(resolve_reranker(RerankerSpec("cross-encoder", str(folder))))
    scores = reranker.scores(QUESTION, TEXTS)
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        expected = [model.eval()(**tokenizer(QUESTION, text, return_tensors="pt")).logits.item() for text in TEXTS]
    assert (reranker.label, scores.shape, scores.dtype) == ("tiny", (10,), np.float32)
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    assert np.argsort(-scores[:5]).tolist() == np.argsort(-np.array(expected[:5])).tolist()
    assert len(set(scores.tolist())) > 2  # random weights may score two texts equally
    assert reranker.scores(QUESTION, []).shape == (0,)
    assert np.isfinite(reranker.scores("when \ud800", ["the library " * 500, "\udc00"])).all()


def test_a_changed_folder_is_another_reranker(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    before = resolve_reranker(RerankerSpec("cross-encoder", str(copy)))
    config = json.loads((copy / "config.json").read_text()) | {"layer_norm_eps": 0.5}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "notes.md").touch()
    after = resolve_reranker(RerankerSpec("cross-encoder", str(copy)))
    assert before.revision.startswith("sha256:")
    assert before.key != after.key
    with pytest.raises(ModelError, match="changed"):
        open_reranker(before)
    assert open_reranker(after).label == "copy"


def test_folders_that_are_no_reranker_are_refused(folder, tmp_path):
    def is_refused(path: Path) -> bool:
        with pytest.raises(ModelError) as caught:
            open_reranker(RerankerSpec("cross-encoder", str(path)))
        return bool(caught.value.remedy)

    assert is_refused(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert is_refused(tmp_path / "empty")
    assert is_refused(save_cross_encoder(tmp_path / "classes", labels=3))
    pickled = Path(shutil.copytree(folder, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert is_refused(pickled)


def test_code_in_a_folder_is_never_run(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "with code"))
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "planted", "auto_map": {"AutoConfig": "planted.Config"}}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "planted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Config: ...\n")
    with pytest.raises(ModelError):
        open_reranker(RerankerSpec("cross-encoder", str(copy)))
    assert not (tmp_path / "ran").exists()


def test_a_server_scores_in_the_order_of_the_texts(serve):
    server = serve()
    reranker = open_server(server, "sk-secret")
    scores = reranker.scores(QUESTION, TEXTS)
    np.testing.assert_allclose(scores, [shared_words(QUESTION, text) for text in TEXTS], rtol=1e-6)
    assert (scores.dtype, reranker.label) == (np.float32, "word-counter")
    assert reranker.scores(QUESTION, []).shape == (0,)
    assert (server.paths, server.keys) == (["/v1/rerank"], ["Bearer sk-secret"])
    assert server.bodies == [{"model": "word-counter", "query": QUESTION, "documents": TEXTS, "top_n": 10}]


def test_many_texts_take_several_requests(serve, monkeypatch):
    monkeypatch.setattr(rerank_server, "MAX_CHARACTERS", 20)
    server = serve()
    texts = [f"the library {'x' * (i % 7)} {i}" for i in range(250)]
    np.testing.assert_allclose(open_server(server).scores(QUESTION, texts), [2 - len(t[:20]) / 1e6 for t in texts])
    assert [len(body["documents"]) for body in server.bodies] == [100, 100, 50]
    assert max(map(len, server.bodies[0]["documents"])) <= 20


def test_a_server_of_text_embeddings_inference(serve):
    """Its field is "texts", it takes 4 at once, and answers with a list."""

    def rules(body: dict[str, Any]) -> tuple[int, Any]:
        if "texts" not in body:
            return 422, b"Failed to deserialize the JSON body into the target type: missing field `texts`"
        if len(body["texts"]) > 4:
            return 422, {"error": f"batch size {len(body['texts'])} > maximum allowed batch size 4"}
        return 200, [{"index": item["index"], "score": item["relevance_score"]} for item in results(body)["results"]]

    server = serve(rules)
    reranker = open_server(server)
    np.testing.assert_allclose(reranker.scores(QUESTION, TEXTS), [shared_words(QUESTION, text) for text in TEXTS])
    before = len(server.bodies)
    reranker.scores(QUESTION, TEXTS[:2])
    assert len(server.bodies) == before + 1  # what was learned of the server stays
    assert all(body["truncate"] is True for body in server.bodies if "texts" in body)


def test_texts_beyond_the_window_of_a_server_are_shortened(serve):
    def rules(body: dict[str, Any]) -> tuple[int, Any] | None:
        too_long = max(map(len, body["documents"])) > 1_200
        return (400, {"error": {"message": "maximum context length is 512 tokens"}}) if too_long else None

    server = serve(rules)
    scores = open_server(server).scores(QUESTION, ["the library " * 500, "when"])
    assert scores[0] == pytest.approx(2, abs=0.01)
    assert scores[1] == pytest.approx(1, abs=0.01)
    assert max(map(len, server.bodies[-1]["documents"])) <= 1_200


def entries(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"results": [{"index": index, "relevance_score": score} for index, score in pairs]}


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><script>alert(1)</script>sk-secret</html>",
        b"",
        b"[" * 100_000,
        {"error": {"message": "bad key sk-secret"}},
        {"object": "list"},
        entries((0, 0.5)),
        entries((0, 0.5), (1, 0.4), (2, 0.3)),
        entries((0, 0.5), (0, 0.4)),
        entries((0, 0.5), (2, 0.4)),
        entries((0, 0.5), (-1, 0.4)),
        entries((0, 0.5), (None, 0.4)),
        entries((0, 0.5), (True, 0.4)),
        entries((0, 0.5), (1, None)),
        entries((0, 0.5), (1, "0.4")),
        entries((0, 0.5), (1, float("nan"))),
        entries((0, 0.5), (1, float("inf"))),
        entries((0, 0.5), (1, 1e300)),
        entries((0, 0.5), (1, 10**400)),
        {"results": ["first", "second"]},
        b'{"results": "' + b"x" * 200_000 + b'"}',
    ],
)
def test_answers_that_are_no_scores_are_refused(serve, answer):
    reranker = open_server(serve(lambda body: (200, answer)), "sk-secret")
    with pytest.raises(ServiceError) as caught:
        reranker.scores(QUESTION, ["one", "two"])
    assert caught.value.remedy
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("status", [401, 404, 422])
def test_a_refusal_is_explained_without_the_key(serve, status):
    server = serve(lambda body: (status, {"error": {"message": "no: sk-secret"}}))
    with pytest.raises(ServiceError, match=str(status)) as caught:
        open_server(server, "sk-secret").scores(QUESTION, ["one"])
    assert caught.value.remedy
    assert "sk-secret" not in str(caught.value)
    assert len(server.bodies) == 1


def test_a_busy_server_is_asked_again_and_a_limit_raised(serve, monkeypatch):
    answers = iter([(503, {}), None])
    server = serve(lambda body: next(answers))
    monkeypatch.setattr("core.models.openai_client.requests.pause", lambda stop, seconds: None)
    assert open_server(server).scores(QUESTION, ["the library"])[0] > 1
    limited = serve(lambda body: (429, {"error": {"message": "try again in 90 seconds"}}))
    with waiting_at_most(5), pytest.raises(RateLimitError):
        open_server(limited).scores(QUESTION, ["the library"])


def test_addresses_and_names(monkeypatch):
    spec = checked_reranker(" bge ", "http://localhost:8000/v1/rerank/")
    assert (spec.name, spec.base_url, spec.label) == ("bge", "http://localhost:8000/v1", "bge")
    assert not spec.capabilities.paid
    assert spec.capabilities.hosted
    remote = checked_reranker("rerank-v3.5", "https://api.cohere.com/v2")
    assert remote.capabilities.paid
    assert remote.capabilities.price is None
    assert remote.capabilities.key_name == "https://api.cohere.com/v2"
    assert not RerankerSpec("cross-encoder", "/models/tiny").capabilities.hosted
    for name, url in [("", remote.base_url), ("bge", ""), ("bge", "https://api.openai.com/v1"), ("bge", "ftp://host")]:
        with pytest.raises(ModelError) as caught:
            checked_reranker(name, url)
        assert caught.value.remedy
    monkeypatch.setattr(connections, "_allowed", AllowedServers(("llm.example.com",)))
    with pytest.raises(ServiceError, match="not be used"):
        open_reranker(spec, Secret("sk-other"))
