"""The threshold of refusal: against brute force, simulated coverage, and what it is measured on."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from core import ask
from core.ask import refusal
from core.ask.refusal import auroc, best_threshold, measure_threshold
from core.errors import InputError
from tests.core.ask.conftest import TEXTS, embedded


def scores(seed, answerable=60, unanswerable=40):
    rng = np.random.default_rng(seed)
    return rng.normal(0.6, 0.1, answerable).round(2), rng.normal(0.4, 0.1, unanswerable).round(2)


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_has_a_higher_balanced_accuracy(seed):
    yes, no = scores(seed)
    values, truth = np.concatenate([yes, no]), np.repeat([True, False], [len(yes), len(no)])
    chosen = best_threshold(yes, no)
    candidates = [*np.unique(values), 2.0]
    best = max(balanced_accuracy_score(truth, values >= candidate) for candidate in candidates)
    assert balanced_accuracy_score(truth, values >= chosen) == pytest.approx(best)
    assert auroc(yes, no) == pytest.approx(roc_auc_score(truth, values))


def test_separated_questions_have_the_threshold_halfway():
    threshold = measure_threshold(np.array([0.8, 0.9, 0.7]), np.array([0.1, 0.3, 0.2]))
    assert threshold.value.value == pytest.approx(0.5)
    assert threshold.auroc.value == 1
    assert threshold.auroc.low < 1
    assert threshold.answered.value == threshold.refused.value == 1


def test_intervals_hold_the_truth_in_most_samples():
    truth = float(
        np.mean(np.random.default_rng(0).normal(0.6, 0.1, 10**6) > np.random.default_rng(1).normal(0.4, 0.1, 10**6))
    )
    held = 0
    for seed in range(40):
        _, low, high = measure_threshold(*scores(seed), seed=seed).auroc
        held += low <= truth <= high
    assert held >= 35  # 38 of 40 expected


def test_known_questions_are_compared_with_the_nearest_text(bank):
    known = [(text, True) for text in TEXTS] + [(f"wholly other matter {i}", False) for i in range(6)]
    threshold = ask.calibrate_refusal(*bank, known=known)
    assert threshold.basis == "known"
    assert (threshold.answerable, threshold.unanswerable) == (len(TEXTS), 6)
    assert threshold.auroc.value == 1
    assert "16" not in threshold.method
    assert "10" in threshold.method
    with pytest.raises(InputError):
        ask.calibrate_refusal(*bank, known=known[:12])


def test_sentences_are_compared_with_other_texts_only():
    repeated = "The limit of the card can be raised at any time."
    bank = embedded([f"{repeated} Number {i} has other sentences {i}." for i in range(12)])
    corpus, vectors, embedder = bank
    retriever = ask.open_retriever(*bank)
    codes = np.arange(12)
    left_out = refusal._left_out_cosines(retriever, corpus.texts, codes)
    cosines = embedder.embed_query(corpus.texts) @ vectors.rows.T
    np.fill_diagonal(cosines, -2)
    np.testing.assert_allclose(left_out, cosines.max(axis=1), atol=1e-6)


def test_random_words_are_refused_and_sentences_answered():
    subjects = ("card", "limit", "transfer", "account", "password", "exchange", "interest", "machine")
    texts = [
        f"Customers who lose their {subject} should {verb} before {when} number {i}."
        for i, (subject, verb, when) in enumerate(
            (subject, verb, when)
            for subject in subjects
            for verb in ("call support", "open settings")
            for when in ("midnight", "travelling", "paying")
        )
    ]
    threshold = ask.calibrate_refusal(*embedded(texts))
    assert threshold.basis == "sentences"
    assert threshold.answerable == threshold.unanswerable == len(texts)
    assert threshold.auroc.low > 0.9
    assert threshold.value.low <= threshold.value.value <= threshold.value.high
    assert ask.calibrate_refusal(*embedded(texts)).value == threshold.value  # seeded


def test_random_words_of_chinese_have_no_spaces():
    bank = embedded(["卡片被拒绝时请检查限额", "转账到国外要付手续费", "密码至少有十二个字符"] * 2)
    for text in refusal._random_texts(ask.open_retriever(*bank), [4, 5], 0):
        assert " " not in text
        assert text


def test_a_corpus_without_sentences_can_not_be_calibrated():
    with pytest.raises(InputError):
        ask.calibrate_refusal(*embedded(["one", "two", "three"]))


@pytest.mark.parametrize(("basis", "separates"), [("sentences", False), ("known", True)])
def test_sentences_that_are_no_better_than_chance_refuse_nothing(basis, separates):
    rng = np.random.default_rng(0)
    threshold = measure_threshold(rng.normal(0.3, 0.1, 16), rng.normal(0.32, 0.1, 16), basis)
    assert threshold.separates is separates
    assert threshold.cutoff == (threshold.value.value if separates else -1)


def test_sentences_that_separate_refuse_below_their_threshold():
    threshold = measure_threshold(np.linspace(0.6, 0.9, 20), np.linspace(0.1, 0.4, 20), "sentences")
    assert threshold.cutoff == threshold.value.value == pytest.approx(0.5)
