"""Scores of a contender, kept and read again; what is left out is counted; one that fails does not stop the others."""

import pickle

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.jobs import kinds as pipeline
from core.jobs.types import JobSpec
from core.scoreboard import results
from core.scoreboard.comparison import compare
from core.scoreboard.results import SCORERS, SCORES, ScoresQuery, load_failure, score_or_record_failure
from core.scoreboard.types import Task, metrics_of
from core.secret import Keys, Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender

SPEC = ModelSpec("imported", "mine", dimensions=16)
LABELS = Task.of("labels", column="topic")
WHOLE, FEW, TWO = Contender(SPEC), Contender(SPEC, 4), Contender(SPEC, None, "binary")


def corpus_at(folder, table, rows):
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    corpus = build_corpus(raw, Roles("{text}"), name="some").corpus
    Workspace(folder).save_corpus(corpus)
    Workspace(folder).save_vectors(Vectors(rows, SPEC, corpus.digest))
    return corpus.digest


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """160 rows of three topics, a few without one; a fifth of them for testing."""
    folder, rng = tmp_path_factory.mktemp("scores"), np.random.default_rng(0)
    codes = rng.integers(0, 3, 160)
    rows = unit_rows(rng.normal(size=(3, 16))[codes] + rng.normal(size=(160, 16)))
    topic = np.array(["bread", "milk", "salt"], dtype=object)[codes]
    topic[5:9] = None
    part = np.where(np.arange(160) % 5 == 0, "test", "train").astype(object)
    part[[11, 12, 13]] = None
    table = pd.DataFrame({"text": [f"text {i // 2 * 2 if i < 20 else i}" for i in range(160)]})
    return CorpusRef(str(folder), corpus_at(folder, table.assign(topic=topic, part=part), rows))


def score(corpus, contender, task=LABELS):
    return SCORES.get_or_compute(ScoresQuery(corpus, contender, task))


def test_all_metrics_of_labels_are_scored_and_read_again(kept):
    made = score(kept, WHOLE, LABELS)
    again = SCORES.load(ScoresQuery(kept, WHOLE, LABELS))
    for metric in metrics_of("labels"):
        assert metric in {**made.per_query, **made.runs, **made.total}, metric
        assert 0 <= made.chance[metric] < compare({"a": again}, metric).lines[0].mean <= 1, metric
    np.testing.assert_array_equal(again.per_query["map_at_r"], made.per_query["map_at_r"])
    np.testing.assert_array_equal(again.units, made.units)
    assert (again.total, again.chance, again.facts) == (made.total, made.chance, made.facts)
    assert len(np.unique(made.units)) < len(made.units) == made.facts["queries"] == 156
    assert (made.facts["missing"], made.facts["labels"]) == (4, 3)


def test_kept_scores_are_not_computed_again(kept, monkeypatch):
    score(kept, FEW, LABELS)
    monkeypatch.setitem(SCORERS, "labels", None)
    assert score(kept, FEW, LABELS).facts["labels"] == 3


def test_the_split_of_a_column_is_that_of_the_few_shot_probe(kept):
    task = Task.of("labels", column="topic", split="part")
    facts = score(kept, FEW, task).facts["few_shot"]
    assert (facts["test"], facts["train"]) == (31, 122)  # four rows have no topic, three no part
    swapped = Task.of("labels", column="topic", split="part", train="test", test="train")
    assert score(kept, FEW, swapped).facts["few_shot"]["train"] == 31
    for wrong in ({"split": "absent"}, {"split": "part", "test": "none"}):
        with pytest.raises(InputError) as caught:
            score(kept, FEW, Task.of("labels", column="topic", **wrong))
        assert caught.value.remedy


def test_a_job_scores_all_and_keeps_why_one_failed(kept):
    class Context:
        def map(self, stage, function, items, sizes, unit):
            assert sum(function(*item) for item in items) == sum(sizes)

    contenders = [WHOLE, Contender(SPEC, 99), TWO]  # 99 dimensions of 16
    params = {"contenders": [contender.to_dict() for contender in contenders], "task": LABELS.to_dict()}
    pipeline.run_job(JobSpec("scores", kept.folder, kept.digest, params), None, Context())
    assert not SCORES.exists(ScoresQuery(kept, contenders[1], LABELS))
    failed = load_failure(ScoresQuery(kept, contenders[1], LABELS))
    assert "99 dimensions" in failed.message
    assert not failed.can_retry  # it would fail as it did
    for each in (WHOLE, TWO):
        assert SCORES.exists(ScoresQuery(kept, each, LABELS))
        assert load_failure(ScoresQuery(kept, each, LABELS)) is None


def test_each_server_is_given_its_own_key_alone(kept):
    servers = {"OPENAI_API_KEY": "openai's", "https://a.example/v1": "a's", "https://b.example/v1": None}
    keys = pickle.loads(pickle.dumps(Keys({name: Secret(key) if key else None for name, key in servers.items()})))
    models = [ModelSpec("openai", "m", base_url=name if "://" in name else "") for name in servers] + [
        SPEC,
        ModelSpec("lexical", "lexical"),
    ]
    given = {}

    class Context:
        def map(self, stage, function, items, sizes, unit):
            given.update({query.contender.model: secret for query, secret in items})

    params = {"contenders": [Contender(model).to_dict() for model in models], "task": LABELS.to_dict()}
    pipeline.run_job(JobSpec("scores", kept.folder, kept.digest, params), keys, Context())
    assert [given[model].reveal() if given[model] else None for model in models] == [
        "openai's",
        "a's",
        None,
        None,
        None,
    ]
    pipeline.run_job(
        JobSpec("scores", kept.folder, kept.digest, params), Secret("openai's"), Context()
    )  # whose key it is, is not said
    assert not any(given.values())
    assert "a's" not in f"{keys} {keys!r} {given}"
    assert keys.reveal() == ""  # misplaced, it gives nothing away
    assert keys
    assert not Keys({"OPENAI_API_KEY": None})
    assert keys == Keys({"OPENAI_API_KEY": Secret("openai's"), "https://a.example/v1": Secret("a's")})


def test_only_what_may_go_otherwise_is_worth_another_try(kept, monkeypatch):
    from core.errors import ServiceError

    def refuse(*_: object):
        raise ServiceError("The server is busy.", "Wait.")

    served = Contender(ModelSpec("openai", "mine", base_url="https://a.example/v1"))
    monkeypatch.setitem(SCORERS, "known_item", refuse)
    for contender, again in ((served, True), (WHOLE, SPEC.backend != "imported")):
        task = Task.of("known_item", generator="typos")
        query = ScoresQuery(kept, contender, task)
        score_or_record_failure(query)
        assert load_failure(query).can_retry is again


def test_a_contender_against_itself_ties_and_fewer_dimensions_lose(kept):
    scores = [score(kept, each, LABELS) for each in (WHOLE, WHOLE, FEW)]
    for metric in metrics_of("labels"):
        found = compare(dict(zip("abc", scores, strict=True)), metric)
        pair, a, b = found.pair("a", "b"), found.line("a"), found.line("b")
        assert (pair.difference, pair.low, pair.high, pair.p_value_holm) == (0, 0, 0, 1), metric
        assert (a.mean, a.low, a.high, a.share_best, a.group) == (b.mean, b.low, b.high, b.share_best, b.group), metric
    assert found.lines[-1].name == "c"
    assert compare(dict(zip("abc", scores, strict=True)), "map_at_r").pair("a", "c").difference > 0


def test_few_texts_a_label_leave_out_what_can_not_be_learned(tmp_path):
    rows = unit_rows(np.random.default_rng(0).normal(size=(7, 16)))
    table = pd.DataFrame({"text": list("abcdefg"), "topic": ["x", "x", "y", "y", "y", "z", None]})
    found = score(CorpusRef(str(tmp_path), corpus_at(tmp_path, table, rows)), WHOLE, LABELS)
    assert "map_at_r" in found.per_query
    assert "probe_accuracy" not in found.per_query
    assert any("linear probe" in note for note in found.facts["notes"])
    assert (found.facts["queries"], found.facts["single"], found.facts["missing"]) == (5, 1, 1)


@pytest.mark.parametrize("topic", [["x", "y"], ["x", "x"], [None, None]])
def test_two_rows_say_what_is_missing(tmp_path, topic):
    rows = unit_rows(np.random.default_rng(0).normal(size=(2, 16)))
    corpus = corpus_at(tmp_path, pd.DataFrame({"text": ["a", "b"], "topic": topic}), rows)
    with pytest.raises(InputError) as caught:
        score(CorpusRef(str(tmp_path), corpus), WHOLE, LABELS)
    assert caught.value.remedy


def test_many_rows_are_probed_in_part_and_rare_labels_not_at_all(kept, monkeypatch):
    from core.corpus import label_columns
    from core.scoreboard import labels, probes

    monkeypatch.setattr(probes, "MAX_PROBED_ROWS", 80)
    monkeypatch.setattr(label_columns, "MAX_QUERIES", 50)
    monkeypatch.setattr(probes, "MAX_PROBED_LABELS", 2)
    found = labels.score_labels(kept, WHOLE, LABELS)
    assert found.facts["probe"] | {"rows": 0} == {"rows": 0, "of_rows": 156, "labels": 2, "of_labels": 3, "folds": 5}
    assert found.facts["groups"]["rows"] == 80
    right = found.per_query["probe_accuracy"]
    corpus = load_corpus(kept)
    data = label_columns.read_label_rows(corpus.table, "topic", distinct_texts(corpus.texts)[0])
    learned = np.unique(data.codes[probes.learnable(data, probes.probed_positions(data), 5)])
    assert len(learned) == 2
    np.testing.assert_array_equal(np.isfinite(right), np.isin(data.codes[data.queries], learned))
    assert 0 < np.isfinite(right).sum() < len(right) == 50
    assert compare({"a": found}, "probe_accuracy").queries == np.isfinite(right).sum()


def test_seconds_grow_with_rows_and_labels():
    expected = results.expected_seconds
    assert expected("pairs", 10_000, 384) < expected("queries", 10_000, 384) < expected("labels", 10_000, 384)
    assert (
        expected("labels", 10_000, 384, 10) < expected("labels", 10_000, 384, 77) < expected("labels", 10**5, 384, 77)
    )
