import numpy as np
import pytest

from core.errors import ModelError
from core.models.minilm import TokenEncoder, load_tokenizer, model_folder
from core.models.registry import default_folder, load_embedder
from core.models.static import SIF, distill, zipf_weights
from core.vectors.loaders import models_folder


@pytest.fixture
def models(static_models):
    return static_models


def test_weights_by_hand():
    """Chances 1/2, 1/3, 1/4 over their sum 13/12: 6/13, 4/13, 3/13."""
    np.testing.assert_allclose(zipf_weights(3), [SIF / (SIF + chance / 13) for chance in (6, 4, 3)])


def test_model2vec_reads_the_folder_and_gives_the_same_vectors(models):
    from model2vec import StaticModel

    texts = ["Where is my card?", "the soup was too salty", "我的订单 unaffordable", "one " * 700]
    theirs = StaticModel.from_pretrained(distill(models)).encode(texts, max_length=None)
    np.testing.assert_allclose(load_embedder("static", models_folder=models).embed(texts), theirs, atol=1e-5)


def test_token_vectors_keep_the_encoder_s_geometry(models):
    """Before weighting, 256 of 384 principal components keep distances between tokens."""
    tokenizer = load_tokenizer(model_folder() / "tokenizer.json")
    numbers = [tokenizer.token_to_id(word) for word in ("money", "cash", "soup", "salt", "train", "bus", "##ing", "!")]
    pooled = TokenEncoder(models, "float32", 1).pooled([[101, number, 102] for number in numbers])
    weights = zipf_weights(30_522 - 999)  # 994 unused and 5 special tokens get none
    used = [number for token, number in tokenizer.get_vocab().items() if not token.startswith("[unused")]
    rank = sorted(set(used) - {0, 100, 101, 102, 103})
    static = load_embedder("static", models_folder=models)._vectors[numbers]
    static = static / weights[[rank.index(number) for number in numbers]][:, None]
    exact, reduced = (np.linalg.norm(rows[:, None] - rows, axis=2) for rows in (pooled, static))
    np.testing.assert_allclose(reduced, exact, rtol=0.08, atol=0.02)


def test_texts_without_known_tokens_get_the_last_axis(models):
    rows = load_embedder("static", models_folder=models).embed(["", "[CLS][SEP]", "card"])
    assert rows[0].argmax() == rows[1].argmax() == 255
    assert rows[0, 255] == rows[1, 255] == 1
    assert abs(rows[0] @ rows[2]) < 0.2


def test_a_broken_folder_is_explained(tmp_path, models):
    import shutil

    shutil.copytree(models, tmp_path / "models")
    (distill(tmp_path / "models") / "model.safetensors").write_bytes(b"half")
    with pytest.raises(ModelError, match="can't be loaded"):
        load_embedder("static", models_folder=tmp_path / "models")


def test_models_lie_where_the_installation_made_them_else_in_the_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert models_folder(str(tmp_path / "work")) == tmp_path / "work" / "models"
    default_folder().mkdir(parents=True)
    assert models_folder(str(tmp_path / "work")) == default_folder()
