"""The FAQ assistant: ranking against brute force, precision that holds on new questions, files."""

import numpy as np
import pandas as pd
import pytest

from core import ask
from core.ask.calibration import Evidence, Rule, choose_point, fit_rule, measure_curve
from core.ask.evidence import NEAREST, leave_one_out, rank_answers
from core.errors import InputError
from core.models.base import Embedder
from core.stats.proportions import wilson
from core.types import ModelSpec, Vectors, unit_rows
from tests.core.ask.conftest import SPEC, WordEmbedder, embedded, make_corpus

SUBJECTS = ("card", "transfer", "password", "account", "interest", "exchange")
VERBS = ("lose", "change", "close", "check", "move", "find")
WHEN = ("today", "abroad", "again", "online", "quickly")


def questions():
    return [(f"How to {verb} my {subject} {when}?", subject) for subject in SUBJECTS for verb in VERBS for when in WHEN]


@pytest.fixture(scope="module")
def helper():
    texts, answers = zip(*questions(), strict=True)
    return ask.faq(*embedded(texts, answer=answers), question="text", answer="answer", min_precision=0.9)


def test_it_replies_with_the_known_answer_or_refuses(helper):
    reply = helper.reply("I want to change the password online")
    assert reply.answer == "password"
    assert not reply.refused
    assert reply.confidence >= helper.threshold
    assert len({suggestion.answer for suggestion in reply.nearest}) == 3
    assert helper.data.questions[reply.nearest[0].row] == reply.nearest[0].question
    refused = helper.reply("Who invented the telescope?")
    assert refused.refused
    assert refused.answer is None
    assert len(refused.nearest) == 3
    with pytest.raises(InputError):
        helper.reply(" ")
    assert helper.replies([]) == []


def test_its_figures_and_intervals(helper):
    assert helper.is_assured
    for name in ("coverage", "precision"):
        value, low, high = helper.intervals[name]
        assert low <= value <= high + 1e-9
        assert getattr(helper, name) == value
    assert helper.intervals["precision"].low >= 0.9
    curve = helper.curve
    assert curve["coverage"].is_monotonic_increasing
    assert (curve["low"] <= curve["precision"]).all()
    assert str(len(questions())) in helper.method


def brute_force(query, known, codes, hidden=()):
    """(score, answer) of each answer, best first."""
    ranked = []
    for code in np.unique(codes):
        unique = {round(float(known[i] @ query), 5) for i in np.flatnonzero(codes == code) if i not in hidden}
        if unique:
            ranked.append((float(np.mean(sorted(unique)[-NEAREST:])), int(code)))
    return sorted(ranked, reverse=True)


def test_answers_are_ranked_by_the_mean_of_their_nearest_questions():
    rng = np.random.default_rng(0)
    known = unit_rows(rng.normal(size=(40, 6)))
    known[1], known[2] = known[0], known[0]  # copies count once
    codes = np.concatenate([[0, 0, 0], np.arange(36) % 7, [7]])
    groups = np.concatenate([[0, 0, 0], np.arange(1, 38)])
    queries = unit_rows(rng.normal(size=(9, 6)))
    ranked = rank_answers(queries, known, codes, 3)
    for i, query in enumerate(queries):
        expected = brute_force(query, known, codes)[:3]
        np.testing.assert_allclose(ranked.scores[i], [score for score, _ in expected], atol=1e-4)
        assert codes[ranked.indices[i]].tolist() == [code for _, code in expected]
        for index, cosine in ranked.of(i):
            same = codes == codes[index]
            assert cosine == pytest.approx(float((known[same] @ query).max()), abs=1e-6)
    left_out = rank_answers(known[[0, 39]], known, codes, 2, hidden=groups[[0, 39]], groups=groups)
    assert left_out.scores[0, 0] == pytest.approx(brute_force(known[0], known, codes, {0, 1, 2})[0][0], abs=1e-4)
    assert codes[left_out.indices[1, 0]] != 7  # its only question is hidden


def test_beyond_the_last_answer_there_is_none():
    ranked = rank_answers(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), np.array([0, 1]), 3)
    assert ranked.indices[:, 2].tolist() == [-1, -1]
    assert len(list(ranked.of(0))) == 2


def test_copies_of_a_question_are_no_evidence():
    texts = ["How do I block a card?", "how do I  block a card?", "HOW DO I BLOCK A CARD?"] * 10
    texts += [f"Other thing number {i}" for i in range(30)]
    answers = ["block"] * 30 + [f"answer {i % 10}" for i in range(30)]
    _, vectors, embedder = embedded(texts)
    codes = pd.factorize(np.array(answers))[0]
    evidence = leave_one_out(texts, vectors.rows, codes, embedder, 0)
    assert "31 different" in evidence.description
    assert not evidence.is_right[0]  # the only question of its answer, left out with its copies


def test_single_questions_are_asked_in_other_words_and_as_unanswerable():
    texts = [f"How can I {verb} the {subject}?" for verb in VERBS for subject in SUBJECTS]
    corpus, vectors, embedder = embedded(texts, answer=[f"Answer {i}" for i in range(36)])
    helper = ask.faq(corpus, vectors, embedder, question="text", answer="answer", min_precision=0.8)
    assert "other words" in helper.method
    assert helper.data.point.total > len(texts)
    assert 0 < helper.coverage < 0.7  # half of the questions have no answer
    assert helper.reply("can I close the account").answer == f"Answer {texts.index('How can I close the account?')}"


class Blobs(Embedder):
    """Questions "code number" near the center of their answer, with noise."""

    def __init__(self, noise):
        super().__init__(ModelSpec("imported", f"blobs {noise}", dimensions=24))
        rng = np.random.default_rng(9)
        self.centers, self.noise = rng.normal(size=(20, 24)), noise * rng.normal(size=(40_000, 24)).astype(np.float32)

    def encode(self, texts):
        numbers = np.array([text.split() for text in texts], int)
        return unit_rows(self.centers[numbers[:, 0]] + self.noise[numbers[:, 1]])


def test_the_precision_holds_on_new_questions():
    """At most 2.5% of FAQs may have a true precision below the one requested: of 15 more than 2 hardly ever."""
    embedder, below, coverage = Blobs(0.9), 0, []
    new = [f"{number % 20} {30_000 + number}" for number in range(4_000)]
    for run in range(15):
        texts = [f"{number % 20} {number}" for number in range(1_000 * run, 1_000 * run + 1_000)]
        known = Vectors(embedder.embed(texts), embedder.spec, "digest")
        corpus = make_corpus(texts, answer=[text.split()[0] for text in texts])
        helper = ask.faq(corpus, known, embedder, question="text", answer="answer", min_precision=0.9)
        ranked = rank_answers(embedder.embed_query(new), helper.data.vectors, helper.data.codes)
        accepted = helper.data.rule.accepts(ranked.scores[:, 0], ranked.margins, helper.threshold)[0]
        answers = np.array(helper.data.answers)[helper.data.codes[ranked.indices[accepted, 0]]]
        right = np.mean(answers == np.array([text.split()[0] for text in new])[accepted])
        coverage.append(abs(accepted.mean() - helper.coverage))
        below += right < 0.9
        assert accepted.mean() > 0.3
    assert below <= 2
    assert np.mean(coverage) < 0.05


def evidence_of(scores, right):
    scores = np.asarray(scores, float)
    return Evidence(scores, np.zeros(len(scores)), np.asarray(right, bool), "questions")


def test_curve_against_counting():
    rng = np.random.default_rng(1)
    scores = rng.uniform(size=300).round(2)
    evidence = evidence_of(scores, rng.uniform(size=300) < scores)
    rule = Rule(0.0, 1.0, 0.0, 0.0)
    curve = measure_curve(evidence, rule)
    confidence = rule.confidence(scores, np.zeros(300))
    for threshold, coverage, precision, low in zip(
        curve.threshold, curve.coverage, curve.precision, curve.low, strict=True
    ):
        accepted = confidence >= threshold
        assert coverage == pytest.approx(accepted.mean())
        assert precision == pytest.approx(evidence.is_right[accepted].mean())
        assert low == pytest.approx(wilson(evidence.is_right[accepted].sum(), accepted.sum()).low)


def test_too_few_questions_give_a_threshold_that_is_not_assured():
    point = choose_point(
        measure_curve(evidence_of(np.linspace(0.5, 1, 30), [False] * 10 + [True] * 20), Rule(0, 1, 0, 0)), 30, 0.97
    )
    assert not point.is_assured
    assert point.precision.value == 1
    assert point.accepted == 20


def test_where_nothing_is_right_nothing_is_replied():
    evidence = evidence_of(np.linspace(0.5, 1, 200), [False] * 200)
    rule = fit_rule(evidence)
    point = choose_point(measure_curve(evidence, rule), len(evidence), 0.9)
    assert point.threshold == np.inf
    assert point.coverage.value == 0
    assert not rule.accepts(np.ones(1), np.ones(1), point.threshold)[0].any()


def test_no_reply_far_from_all_questions_whatever_the_margin():
    rng = np.random.default_rng(0)
    evidence = Evidence(rng.uniform(0.6, 1, 300), rng.uniform(0, 0.5, 300), rng.uniform(size=300) < 0.8, "questions")
    rule = fit_rule(evidence)
    assert rule.confidence(np.array([0.2]), np.array([3.0])) == 0


def test_questions_in_another_column_are_embedded():
    texts, answers = zip(*questions(), strict=True)
    embedder = WordEmbedder()
    documents = [f"{text} {answer}" for text, answer in questions()]
    vectors = Vectors(embedder.embed(documents), SPEC, "digest")
    corpus = make_corpus(documents, q=texts, a=answers)
    helper = ask.faq(corpus, vectors, embedder, question="q", answer="a", min_precision=0.9)
    np.testing.assert_allclose(helper.data.vectors, embedder.embed(list(texts)), atol=1e-6)


def test_rows_without_question_or_answer_are_left_out():
    texts, answers = zip(*questions(), strict=True)
    texts, answers = ["", "A question", *texts], ["answer", None, *answers]
    helper = ask.faq(*embedded(texts, a=answers), question="text", answer="a", min_precision=0.9)
    assert helper.data.rows.tolist() == list(range(2, len(texts)))


def test_what_can_not_be_an_faq_is_explained(bank):
    with pytest.raises(InputError):
        ask.faq(*bank, question="text", answer="missing")
    with pytest.raises(InputError):
        ask.faq(*bank, question="text", answer="text")  # too few questions
    with pytest.raises(InputError):
        ask.faq(*bank, question="text", answer="text", min_precision=97)
    with pytest.raises(InputError):
        ask.faq(*embedded(["a b c"] * 30, a=["same"] * 30), question="text", answer="a")


def test_a_saved_assistant_replies_the_same(helper, tmp_path):
    path = tmp_path / "faq.npz"
    ask.save_faq(helper, path)
    loaded = ask.load_faq(path, helper.embedder)
    for text in ("I want to change the password online", "Who invented the telescope?"):
        assert loaded.reply(text) == helper.reply(text)
    assert loaded.intervals == helper.intervals
    assert loaded.curve.equals(helper.curve)
    with pytest.raises(InputError):
        ask.load_faq(path, Blobs(0.1))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    for damaged in (bytes(content), b"", b"no file"):
        with pytest.raises(InputError):
            ask.load_faq(damaged, helper.embedder)
    with pytest.raises(InputError):
        ask.load_faq(tmp_path / "missing.npz", helper.embedder)
