"""Training on planted texts: synonyms are near, the same seed gives the same vectors, SIF equals a brute-force one."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError, ModelError
from core.models.ngrams import ngram_hashes
from core.models.word_files import (
    cached_words,
    delete_words,
    has_words,
    list_words,
    load_words,
    read_manifest,
    save_words,
)
from core.models.word_vectors import WordEmbedder, word_tokens
from core.types import check_unit_rows
from core.word_vectors.explorer import Explorer
from core.word_vectors.settings import MAX_EPOCHS, MIN_EPOCHS, Settings, expected_seconds, suggest
from core.word_vectors.training import train
from tests.core.word_vectors.conftest import EMPTY, SYNONYMS


@pytest.mark.parametrize("method", ["skip-gram", "cbow"])
def test_synonyms_are_nearest_words(texts, skip_gram, method):
    words = skip_gram if method == "skip-gram" else train(texts, Settings("cbow", 24, 60), EMPTY)
    explorer = Explorer(words)
    for first, second in SYNONYMS:
        near = explorer.nearest(first, 3)
        assert second in [item.word for item in near.words], near
        assert [item.cosine for item in near.words] == sorted((item.cosine for item in near.words), reverse=True)
    item = next(item for item in explorer.nearest("lamp", 40).words if item.word == "lantern")
    one, two = (words.vectors[words.words.index(word)] for word in ("lamp", "lantern"))
    assert item.cosine == pytest.approx(one @ two / np.linalg.norm(one) / np.linalg.norm(two), abs=1e-5)
    assert item.count == sum(word_tokens(text).count("lantern") for text in texts)


def test_analogies_leave_the_words_out_and_have_evidence(skip_gram):
    explorer, unit = Explorer(skip_gram), lambda word: explorer.unit[skip_gram.words.index(word)]
    answers = explorer.analogy("France", "Paris", "Italy", 5)
    assert answers[0].word == "rome"
    assert not {"france", "paris", "italy"} & {answer.word for answer in answers}
    target = unit("paris") - unit("france") + unit("italy")
    assert answers[0].score == pytest.approx(unit("rome") @ target / np.linalg.norm(target), abs=1e-5)
    assert answers[0].to_b == pytest.approx(unit("rome") @ unit("paris"), abs=1e-5)
    with pytest.raises(InputError, match="different"):
        explorer.analogy("paris", "paris", "rome")
    with pytest.raises(InputError, match="one word"):
        explorer.analogy("paris", "the king", "rome")


def test_unknown_words_are_refused_with_similar_ones(skip_gram):
    with pytest.raises(InputError, match="lantern"):
        Explorer(skip_gram).nearest("lanternn")
    with pytest.raises(InputError, match="no word"):
        Explorer(skip_gram).nearest(" ?! ")


def test_sif_equals_brute_force(texts, skip_gram):
    words, a = skip_gram, skip_gram.manifest.smoothing
    shares = words.counts / words.counts.sum()
    weighted = {word: a / (a + p) * row for word, p, row in zip(words.words, shares, words.vectors, strict=True)}
    means = np.array([np.mean([weighted[t] for t in word_tokens(text) if t in weighted], axis=0) for text in texts])
    axis = np.linalg.svd(means, full_matrices=False)[2][0]
    rows = means - np.outer(means @ axis, axis)
    embedder = WordEmbedder(words.manifest.spec, words)
    np.testing.assert_allclose(
        embedder.embed(texts), rows / np.linalg.norm(rows, axis=1, keepdims=True), atol=2e-4
    )  # of float32 and float64
    odd = embedder.embed(["", "zzz qqq", "the lamp"])
    check_unit_rows(odd)
    np.testing.assert_array_equal(odd[0], odd[1])
    assert abs(odd[0] @ odd[2]) < 1e-5  # a text without known words is like no other
    assert embedder.count_unknown(["", "zzz lamp qqq"]).tolist() == [0, 2]
    np.testing.assert_array_equal(embedder.embed_query(texts[:3]), embedder.embed(texts)[:3])


def test_few_texts_have_no_component(texts):
    words = train(texts[:9], Settings("cbow", 8, 2, min_count=1), EMPTY)
    assert not words.component.any()
    check_unit_rows(WordEmbedder(words.manifest.spec, words).embed(["", texts[0]]))


def test_the_same_seed_gives_the_same_vectors(texts):
    settings = Settings("skip-gram", 8, 2)
    one, two = (train(texts[:100], settings, EMPTY) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert not np.array_equal(one.vectors, train(texts[:100], replace(settings, seed=1), EMPTY).vectors)


def test_fasttext_gives_unknown_words_vectors_as_gensim_does(texts, tmp_path):
    from gensim.models.fasttext import FastText
    from gensim.models.fasttext_inner import compute_ngrams_bytes, ft_hash_bytes

    for word in ("lamp", "größe", "a", "猫咪"):
        hashes = [ft_hash_bytes(part) % 1_000 for part in compute_ngrams_bytes(word, 3, 6)]
        assert sorted(ngram_hashes(word, 1_000)) == sorted(hashes)
    seen = []
    words = train(texts, Settings("fasttext", 24, 5), EMPTY, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    buckets = words.manifest.settings["buckets"]
    model = FastText(vector_size=24, bucket=buckets, min_count=1)
    model.build_vocab_from_freq(dict(zip(words.words, words.counts.tolist(), strict=True)), corpus_count=1)
    model.wv.vectors_ngrams[words.ngrams] = words.ngram_vectors
    known = set(words.ngrams.tolist())
    unseen = "lamplantern"
    part = [number for number in ngram_hashes(unseen, buckets) if number in known]
    assert 0 < len(part) < len(ngram_hashes(unseen, buckets))
    embedder = WordEmbedder(words.manifest.spec, words)
    np.testing.assert_allclose(embedder.unknown_vector(unseen), model.wv.vectors_ngrams[part].mean(axis=0), atol=1e-6)
    near = Explorer(words).nearest("lanterns", 3)
    assert near.by_ngrams == ("lanterns",)
    assert near.words[0].word == "lantern"
    assert embedder.count_unknown(["lanterns", "qqqq"]).tolist() == [0, 1]
    manifest = save_words(tmp_path, words)
    np.testing.assert_array_equal(
        WordEmbedder(manifest.spec, load_words(tmp_path, manifest.digest)).embed(["old lanterns"]),
        embedder.embed(["old lanterns"]),
    )


def test_doc2vec_infers_the_same_vector_every_time(texts, tmp_path):
    words = train(texts, Settings("doc2vec", 24, 20), EMPTY)
    manifest = save_words(tmp_path, words)
    one, two = (WordEmbedder(manifest.spec, load_words(tmp_path, manifest.digest)) for _ in range(2))
    batch = one.embed([*texts[:6], "", "zzz"])
    np.testing.assert_array_equal(batch[5], two.embed([texts[5]])[0])  # alone and in a batch
    np.testing.assert_array_equal(batch[6], batch[7])
    check_unit_rows(batch)
    rows = one.embed(["the lantern shines bright bulb", "a lamp bulb glass shines", "the broth bowl onion salty"])
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_chinese_is_segmented():
    clauses = ("我的订单还没有收到快递", "台灯很漂亮灯泡也很亮", "客服没有回复我的问题", "快递太慢了订单还没到")
    words = train([f"{clause}{i}" for i in range(8) for clause in clauses], Settings("cbow", 8, 2), EMPTY)
    assert {"订单", "快递", "台灯", "客服"} <= set(words.words)
    embedder = WordEmbedder(words.manifest.spec, words)
    assert embedder.count_unknown(["台灯的灯泡"])[0] < embedder.count_tokens(["台灯的灯泡"])[0]


def test_too_few_words_and_bad_settings_are_refused(texts):
    with pytest.raises(InputError, match="at least 500 times"):
        train(texts[:20], Settings(min_count=500), EMPTY)
    with pytest.raises(InputError, match="dimensions"):
        Settings(dimensions=1)
    with pytest.raises(InputError, match="SIF"):
        Settings(smoothing=0)
    assert (suggest(10).epochs, suggest(10**8).epochs) == (MAX_EPOCHS, MIN_EPOCHS)
    assert expected_seconds(Settings(), 10_000 * 15) < 60


def test_stored_vectors_are_found_again_and_damage_is_noticed(skip_gram, tmp_path):
    manifest = save_words(tmp_path, skip_gram)
    assert save_words(tmp_path, skip_gram) == manifest
    assert list_words(tmp_path) == [manifest] == [read_manifest(tmp_path, manifest.digest)]
    loaded = load_words(tmp_path, manifest.digest)
    assert loaded.words == skip_gram.words
    np.testing.assert_array_equal(loaded.vectors, skip_gram.vectors)
    path = next(tmp_path.glob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    cached_words.cache_clear()
    with pytest.raises(ModelError, match="damaged"):
        load_words(tmp_path, manifest.digest)
    path.write_bytes(b"nothing")
    assert list_words(tmp_path) == []
    delete_words(tmp_path, manifest.digest)
    assert not has_words(tmp_path, manifest.digest)
    for digest in (manifest.digest, "../../etc/passwd"):
        with pytest.raises(ModelError):
            load_words(tmp_path, digest)
