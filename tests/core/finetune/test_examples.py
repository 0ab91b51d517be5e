"""Examples over texts, their batches, estimates and settings: without torch."""

from dataclasses import replace

import numpy as np
import pytest

from core.adapt.service import Ranked, ScoredPairs
from core.errors import InputError, ModelError
from core.finetune.batches import Batches
from core.finetune.card import model_card
from core.finetune.checkpoints import Checkpoints, Trace, read_trace, with_loss, with_score
from core.finetune.comparison import Score, Scores
from core.finetune.encoder import base_of, multiplied_weights
from core.finetune.estimate import plan
from core.finetune.examples import read_texts, reduced
from core.finetune.report import Cost, FineTuned
from core.finetune.settings import Settings, check_settings, shortened
from core.models import minilm
from core.models.fine_tuned import add_model, delete_model, fine_tuned_models, model_path
from core.models.registry import load_embedder
from core.stats.interval import Interval
from core.types import ModelSpec


def no_vectors(texts: list[str]) -> np.ndarray:
    raise AssertionError("nothing is embedded")


def word_rows(texts: list[str]) -> np.ndarray:
    """(n, 96) unit rows that count words."""
    rows = np.zeros((len(texts), 96), np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            rows[row, sum(map(ord, word)) * 7 % 96] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def label_of(text: str) -> str:
    return text.split()[0].split("x")[0]


def test_texts_are_read_from_their_stand_ins(planted):
    texts, labels = planted
    read = read_texts([*texts, texts[0].upper() + "  "], [*labels, labels[0]])
    assert len(read.examples) == len(texts) == len(read.texts)  # case and white space make no other text
    assert isinstance(read.examples, Ranked)
    assert read.texts_of(read.examples.queries) == texts
    part = read.examples.take(np.array([5, 3]))
    embedded = read.embedded(part, word_rows)
    assert isinstance(embedded, Ranked)
    assert np.array_equal(embedded.queries, word_rows([texts[5], texts[3]]))
    assert embedded.candidates is not part.candidates
    assert read.count_texts(part) == 2


def test_a_text_is_on_one_side_only(planted):
    texts, labels = planted
    read = read_texts([*texts, *map(str.title, texts)], [*labels, *labels])
    sides = read.split(None, 0)
    parts = [set(read.texts_of(read.examples.take(ids).queries)) for ids in (sides.train, sides.validation, sides.seen)]
    assert not parts[0] & parts[1]
    assert not (parts[0] | parts[1]) & parts[2]
    assert len(sides.unseen)


def test_no_negative_of_a_batch_is_relevant(planted):
    texts, labels = planted
    read = read_texts(texts, labels)
    batches = Batches(read, read.examples, "multiple_negatives", 8, 3, no_vectors)
    epochs = [batches.epoch(0), batches.epoch(1)]
    assert epochs[0] == batches.epoch(0) != epochs[1]  # by seed and number alone
    assert abs(len(epochs[0]) - batches.steps) <= 1
    anchors = []
    for (group,) in epochs[0]:
        first, second = group.columns
        assert [label_of(text) for text in first] == [label_of(text) for text in second]
        assert len({label_of(text) for text in first}) == len(first) <= 8
        assert not set(first) & set(second)
        anchors += first
    assert len(anchors) == len(set(anchors)) == len(texts)


def test_few_labels_and_several_labels_a_row(planted):
    texts, labels = planted
    two = read_texts(texts, [label[-1] in "02468" for label in labels])
    batches = Batches(two, two.examples, "multiple_negatives", 16, 0, no_vectors)
    assert all(len(group.columns[0]) == 2 for batch in batches.epoch(0) for group in batch)
    assert max(map(len, batches.epoch(0))) == 8  # groups of two fill a step of sixteen
    several = read_texts(texts, [[label, "all"] if row % 3 else [label] for row, label in enumerate(labels)])
    for batch in Batches(several, several.examples, "multiple_negatives", 8, 0, no_vectors).epoch(0):
        for group in batch:
            marked = [texts.index(text) % 3 > 0 for text in group.columns[0]]
            assert sum(marked) <= 1 or len(marked) >= 2


@pytest.mark.parametrize("loss", ["triplet", "cosent"])
def test_hard_negatives_have_other_labels(planted, loss):
    texts, labels = planted
    read = read_texts(texts, labels)
    for (group,) in Batches(read, read.examples, loss, 16, 0, word_rows).epoch(0):
        if loss == "triplet":
            anchors, positives, negatives = group.columns
        else:
            half = len(group.columns[0]) // 2
            assert group.scores == (1.0,) * half + (0.0,) * half
            anchors, positives, negatives = group.columns[0][:half], group.columns[1][:half], group.columns[1][half:]
        assert [label_of(text) for text in anchors] == [label_of(text) for text in positives]
        assert all(label_of(one) != label_of(other) for one, other in zip(anchors, negatives, strict=True))


def test_pairs_and_judged_queries(planted):
    texts, _ = planted
    rng = np.random.default_rng(0)
    pairs = [(a, b, float(a % 12 == b % 12)) for a, b in rng.integers(0, len(texts), (200, 2)) if a != b]
    read = read_texts(texts, pairs=pairs)
    assert isinstance(read.examples, ScoredPairs)
    scored = {(texts[a], texts[b], score) for a, b, score in pairs}
    for (group,) in Batches(read, read.examples, "cosent", 32, 0, no_vectors).epoch(0):
        assert set(zip(*group.columns, group.scores or (), strict=True)) <= scored
    judged = read_texts(texts, judgments=(["ask a", "ask b", texts[2]], [[0, 1], {2: 3.0}, [5]]))
    assert isinstance(judged.examples, Ranked)
    assert judged.texts_of(judged.examples.queries) == ["ask a", "ask b", texts[2]]
    few = reduced(judged.examples, 10, 5, 0)
    assert isinstance(few, Ranked)
    assert {texts[0], texts[1], texts[2], texts[5]} < set(judged.texts_of(few.candidates))
    assert len(few.candidates) == 5
    for batch in Batches(judged, judged.examples, "multiple_negatives", 4, 0, no_vectors).epoch(0):
        for group in batch:  # a query that is a text of the corpus is no other query's positive
            assert not set(group.columns[0]) & set(group.columns[1])


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        (lambda n: [f"l{row}" for row in range(n)], "similar"),
        (lambda n: ["one"] * n, "one label"),
        (lambda n: ["a", "a", "b", "b"] + [None] * (n - 4), "pairs"),
        (lambda n: ["a"] * (n - 1), "labels for"),
    ],
)
def test_what_can_not_be_learned_from(planted, labels, word):
    texts, _ = planted
    with pytest.raises(InputError, match=word):
        read_texts(texts, labels(len(texts))).split(None, 0)


def test_settings_and_bases_are_checked(tmp_path):
    check_settings(Settings(), "MAP@R")
    for bad in (Settings(batch=1), Settings(epochs=0), Settings(learning_rate=3.0), Settings(max_tokens=2)):
        with pytest.raises(InputError):
            check_settings(bad, "MAP@R")
    with pytest.raises(InputError, match="CoSENT"):
        check_settings(Settings(), "Spearman")
    assert base_of(minilm.INT8) == minilm.FLOAT32
    with pytest.raises(InputError, match="can't be fine-tuned"):
        base_of(load_embedder("lexical").spec)
    assert shortened(384) == [384, 192, 96, 48]
    assert shortened(32) == [32, 16]
    assert multiplied_weights(minilm.FLOAT32, tmp_path) == 6 * (4 * 384**2 + 2 * 384 * 1536)


def test_a_longer_training_is_expected_to_take_longer(planted, tmp_path):
    read = read_texts(*planted)
    short, long = (plan(read, None, minilm.FLOAT32, tmp_path, Settings(epochs=epochs), 0) for epochs in (1, 8))
    assert 5 < short.seconds < long.seconds < 3_600
    assert short.steps * 8 == long.steps
    assert short.train + short.validation + short.held_out + short.unseen == len(planted[0])


def test_a_trace_survives_its_file_and_damage(tmp_path):
    assert read_trace(tmp_path) is None
    trace = with_score(with_loss(with_score(Trace(20, metric="MAP@R"), 0, 0.5), 10, [1.0, 2.0]), 10, 0.6)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(trace)
    assert read_trace(tmp_path) == trace
    assert (trace.best, trace.best_score, trace.losses) == (10, 0.6, ((10, 1.5),))
    assert with_score(trace, 15, 0.55).best == 10
    (tmp_path / "trace.json").write_text("{", encoding="utf-8")
    assert read_trace(tmp_path) is None


def test_models_are_listed_and_deleted(tmp_path):
    spec = ModelSpec("fine-tuned", "tiny-ft-1", "", 32, max_tokens=32)
    folder = model_path(spec.name, tmp_path)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    complete = add_model(spec, {"base": "tiny"}, tmp_path)
    assert complete.revision.startswith("sha256:")
    assert fine_tuned_models(tmp_path) == {complete.key: (complete, {"base": "tiny"})}
    (folder.parent / "other.json").write_text('{"model": 3}', encoding="utf-8")
    assert list(fine_tuned_models(tmp_path)) == [complete.key]
    for name in ("../tiny", ".tiny", "", "a/b"):
        with pytest.raises(ModelError):
            model_path(name, tmp_path)
    assert delete_model(spec.name, tmp_path) == 2
    assert not fine_tuned_models(tmp_path)
    with pytest.raises(ModelError, match="deleted"):
        load_embedder(complete, workspace=tmp_path)


def test_a_card_states_its_figures_and_runs_no_markup():
    interval = Interval(0.62, 0.6, 0.64)
    scores = Scores(
        "MAP@R",
        (Score("Base", interval, None, 1.0), Score("Fine-tuned", interval, Interval(0.1, 0.05, 0.15), 0.001)),
        None,
        321,
        0.02,
        "Bootstrap.",
    )
    report = FineTuned(
        None, minilm.FLOAT32, Settings(matryoshka=True), 7, 'labels of the column "`<b>x`"', scores, None,
        (Cost("Base", 0, 0, 10), Cost("Fine-tuned", 1.5, 1.2, 10)), (), Trace(), 100, 20, 300, 0, 0, "A method.", (),
    )  # fmt: skip
    card = model_card(report, replace(minilm.FLOAT32, name="tuned"))
    for part in ("base_model: sentence-transformers/all-MiniLM-L6-v2", "MatryoshkaLoss", "Seed: 7", "0.620 (0.600 to"):
        assert part in card
    assert "`labels of the column \"'<b>x'\"`" in card
    assert card.startswith("---\n")
