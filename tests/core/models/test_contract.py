"""What every local embedder must keep to, whatever is behind it."""

import shutil

import numpy as np
import pytest

from core.errors import InputError
from core.models.minilm import model_folder
from core.models.registry import capabilities, load_embedder
from core.models.sif import sif_weights
from core.models.word_files import WordManifest, WordVectors, save_words
from core.models.word_vectors import word_vectors_folder
from core.types import ModelSpec, check_unit_rows

MINILM_FOLDER = str(model_folder())
NAMES = {
    "float32": "all-MiniLM-L6-v2-float32",
    "bfloat16": "all-MiniLM-L6-v2-bfloat16",  # emulated where the processor lacks it
    "int8": "all-MiniLM-L6-v2-int8",
    "static": "static-MiniLM-L6-v2",
    "lexical": "lexical",
    "words": "word vectors",
    "e5": "multilingual-e5-small",
    "sentence": MINILM_FOLDER,
}
ODD = [
    "",
    " \t\n",
    "😀😀 👩‍👩‍👧",
    "a\x00b",
    "مرحبا بالعالم",
    "שלום",
    "我的订单还没有到",
    "\ud800 lone",
    "zero\u200bwidth",
    "<script>alert(1)</script>",
    "1234567890",
    "x" * 1_000,
    "[CLS] [MASK] [UNK]",
    "\ufdfa" * 40,  # 18 characters each, once normalized
]


WORDS = [
    *("i", "lost", "my", "bank", "card", "is", "the", "soup", "was", "too", "salty", "late", "delivery", "again"),
    *("hello", "word", "fine", "a", "text", "about", "weather", "where", "parcel", "stolen", "ok", "that", "came"),
]


def stored_words(folder) -> ModelSpec:
    """Random word vectors, stored as a model."""
    random, d = np.random.default_rng(0), 32
    vectors, counts = random.normal(size=(len(WORDS), d)).astype(np.float32), np.arange(len(WORDS), 0, -1)
    manifest = WordManifest("toy", "cbow", len(WORDS), d, "", "", 0, 0, 1.0, 0.01)
    component = np.eye(d, dtype=np.float32)[0]
    weights = sif_weights(counts, 0.01)
    return save_words(
        word_vectors_folder(folder), WordVectors(manifest, WORDS, vectors, counts, weights, component, component)
    ).spec


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory, static_models):
    return shutil.copytree(static_models, tmp_path_factory.mktemp("models"), dirs_exist_ok=True)


SLOW = pytest.param(NAMES["e5"], marks=pytest.mark.slow)  # a second for a thousand tokens


@pytest.fixture(scope="module", params=[*list(NAMES.values())[:-1], SLOW], ids=list(NAMES))
def embedder(request, models_folder):
    model = stored_words(models_folder) if request.param == NAMES["words"] else request.param
    return load_embedder(model, models_folder=models_folder, workspace=models_folder, local_only=True)


@pytest.mark.slow
def test_rows_are_unit_float32_in_the_order_given(embedder):
    texts = ["a long text about a lost bank card that came back", "short", "", "a long text about weather"]
    rows = embedder.embed(texts)
    check_unit_rows(rows)
    assert rows.shape == (4, embedder.spec.dimensions)
    np.testing.assert_allclose(embedder.embed(texts[::-1]), rows[::-1], atol=1e-5)


@pytest.mark.slow
def test_a_batch_gives_what_single_texts_give(embedder):
    texts = [*ODD, "my card was stolen", "where is my parcel? " * 20, "ok"]
    single = np.concatenate([embedder.embed([text]) for text in texts])
    batch = embedder.embed(texts)
    check_unit_rows(batch)
    np.testing.assert_allclose(batch, single, atol=1e-5)


@pytest.mark.slow
def test_odd_queries_get_unit_rows(embedder):
    check_unit_rows(embedder.embed_query(ODD))


def test_a_very_long_text_gets_a_unit_row(embedder):
    words = 600 if capabilities(embedder.spec).splits_long_texts else 20_000  # all of them are read, or a window
    check_unit_rows(embedder.embed(["word " * words]))


def test_no_texts_give_no_rows(embedder):
    assert embedder.embed([]).shape == (0, embedder.spec.dimensions)
    assert embedder.embed([]).dtype == np.float32
    assert embedder.count_tokens([]).shape == (0,)


def test_similar_texts_are_nearer_than_others(embedder):
    rows = embedder.embed(["I lost my bank card", "my bank card is lost", "the soup was too salty"])
    gap = 0.1 if embedder.spec.backend == "e5" else 0.2  # e5's cosines lie between 0.7 and 1, says its card
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + gap


def test_a_text_finds_itself_as_a_query(embedder):
    texts = ["I lost my bank card", "the soup was too salty", "late delivery again"]
    assert (embedder.embed_query(texts) @ embedder.embed(texts).T).argmax(axis=1).tolist() == [0, 1, 2]


def test_lone_surrogates_are_replaced_and_pairs_joined(embedder):
    rows = embedder.embed(["\ud83d\ude00 fine", "😀 fine", "\ud800 fine", "\ufffd fine"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    np.testing.assert_allclose(rows[2], rows[3], atol=1e-5)


def test_values_that_are_not_text_are_refused_with_their_row(embedder):
    with pytest.raises(InputError, match="Row 2 is not text but float"):
        embedder.embed(["fine", float("nan")])
    with pytest.raises(InputError, match="as a list"):
        embedder.embed("one string")


def test_tokens_are_counted_before_any_cut(embedder):
    one, many = embedder.count_tokens(["hello", "hello " * 1_000])
    assert many >= 1_000 > one > 0


def test_a_second_instance_gives_the_same(embedder, models_folder):
    again = load_embedder(embedder.spec, models_folder=models_folder, workspace=models_folder, local_only=True)
    assert again.spec.key == embedder.spec.key
    np.testing.assert_array_equal(again.embed(["the same text"]), embedder.embed(["the same text"]))
