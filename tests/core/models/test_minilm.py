"""all-MiniLM-L6-v2 in its precisions against sentence-transformers and against its published accuracy."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError, StorageError
from core.models import minilm
from core.models.minilm import has_bfloat16
from core.models.onnx_graph import encoder_graph
from core.models.registry import load_embedder
from tests.sample import labeled_sample

ROOT = Path(__file__).parents[3]
MIXED = [
    "",
    "Where is my card?",
    "😀 emoji 👍🏽",
    "我的订单还没有到，什么时候发货？",
    "naïve café — “quotes”",
    "a" * 150,
    "ab " * 90,
    "The delivery was late and the box was crushed. " * 400,
    ("x" * 90 + " ") * 200,
    " " * 9_000 + "at the very end",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def reference():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm.model_folder()), device="cpu", local_files_only=True)
    return lambda texts: model.encode(texts, normalize_embeddings=True)


def cosines(one, other):
    return np.einsum("ij,ij->i", one, other)


@pytest.mark.slow
def test_float32_equals_sentence_transformers(folder, reference):
    rows = load_embedder("all-MiniLM-L6-v2-float32", models_folder=folder).embed(MIXED)
    assert cosines(rows, reference(MIXED)).min() > 0.99999


def test_bfloat16_is_all_but_the_same(folder, reference):
    rows = load_embedder("all-MiniLM-L6-v2-bfloat16", models_folder=folder).embed(MIXED)
    result = cosines(rows, reference(MIXED))
    assert result.mean() > 0.9999
    assert result.min() > 0.9997
    if has_bfloat16():
        assert result.min() < 0.999999  # it is not float32 under another name


def test_int8_stays_close(folder, reference):
    rows = load_embedder("all-MiniLM-L6-v2-int8", models_folder=folder).embed(MIXED)
    result = cosines(rows, reference(MIXED))
    assert result.mean() > 0.99
    assert result.min() < 0.99999  # it is not float32 under another name


def test_token_counts(folder):
    counts = load_embedder(models_folder=folder).count_tokens(["", "hello world", "unaffordable", "我的", "a " * 400])
    # [CLS] and [SEP] always; WordPiece: una ##ff ##ord ##able
    assert counts.tolist() == [2, 4, 6, 4, 402]


def test_a_long_text_is_cut_where_the_window_ends(folder):
    embedder = load_embedder(models_folder=folder)
    rows = embedder.embed(["a " * 254, "a " * 255, "a " * 253 + "b", "a " * 254 + "b"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    np.testing.assert_allclose(rows[0], rows[3], atol=1e-6)
    assert cosines(rows[:1], rows[2:3])[0] < 0.9999


def test_neither_torch_nor_sentence_transformers_is_imported(folder):
    code = (
        "import sys; from core.models.registry import load_embedder;"
        f"load_embedder(models_folder={str(folder)!r}, threads=1).embed_query(['hello']);"
        "print([name for name in ('torch', 'transformers', 'sklearn', 'scipy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_changed_weights_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"other weights")
    with pytest.raises(ModelError, match="does not hold the weights"):
        minilm.check_weights(path, minilm.WEIGHTS_SHA256)
    with pytest.raises(ModelError, match="can't be read"):
        minilm.check_weights(tmp_path / "absent", minilm.WEIGHTS_SHA256)


def test_nothing_is_exported_from_changed_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="does not hold the weights"):
        minilm.exported(tmp_path, "float32")
    assert not list(tmp_path.iterdir())


def test_a_broken_export_is_explained(tmp_path):
    path = minilm.exported(tmp_path, "float32")
    path.write_bytes(b"half a file")
    with pytest.raises(ModelError, match="can't be loaded") as caught:
        load_embedder(models_folder=tmp_path)
    assert str(path) in caught.value.remedy


def test_export_leaves_nothing_but_the_file(tmp_path):
    minilm.exported(tmp_path, "int8")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_can_not_be_written_is_explained(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError):
        load_embedder(models_folder=tmp_path / "file")


def test_other_architectures_are_refused():
    config = json.loads((minilm.model_folder() / "config.json").read_text())
    with pytest.raises(ModelError, match="model_type roberta"):
        encoder_graph(config | {"model_type": "roberta"}, {})


def test_batches_keep_to_the_budget(folder):
    rows = minilm.TokenEncoder(folder, "float32", 1).pooled([[101, 7592, 102]] * 3 + [[101] + [7592] * 300 + [102]])
    np.testing.assert_allclose(rows[0], rows[2], atol=1e-6)


@pytest.mark.slow
def test_accuracy_of_few_examples_is_that_of_sentence_transformers(folder, reference):
    """MTEB's recipe for classification: 10 runs of logistic regression on 8 texts a label, scored on the others."""
    from sklearn.linear_model import LogisticRegression

    sample = labeled_sample()
    texts, areas = sample["text"].tolist(), sample["area"]
    runs = [sample.groupby("area").sample(8, random_state=seed).index for seed in range(10)]

    def accuracy(rows: np.ndarray) -> float:
        scores = []
        for train in runs:
            test = sample.index.difference(train)
            probe = LogisticRegression(max_iter=100).fit(rows[train], areas[train])
            scores.append(probe.score(rows[test], areas[test]))
        return float(np.mean(scores))

    made = accuracy(load_embedder(models_folder=folder).embed(texts))
    assert made == pytest.approx(accuracy(reference(texts)), abs=0.01)
    assert made > 0.5  # the most frequent area has 15% of the texts


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "mean", "minimum"), [("int8", 0.996, 0.98), ("bfloat16", 0.9999, 0.9997)])
def test_rounding_is_harmless_on_feedback(folder, precision, mean, minimum):
    texts = labeled_sample()["text"].head(300).tolist()
    names = ("all-MiniLM-L6-v2-float32", f"all-MiniLM-L6-v2-{precision}")
    exact, rounded = (load_embedder(name, models_folder=folder).embed(texts) for name in names)
    assert cosines(exact, rounded).mean() > mean
    assert cosines(exact, rounded).min() > minimum
