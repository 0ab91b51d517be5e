"""Tasks are named by their parameters, whatever their order, and survive a job's JSON."""

import json

import pytest

from core.errors import InputError
from core.scoreboard.types import METRICS, TASK_KINDS, Task, metrics_of


def test_a_task_is_its_parameters():
    task = Task.of("labels", split="part", column="topic", test=None)
    assert task == Task.of("labels", column="topic", split="part")
    assert task.get("column") == "topic"
    assert task.get("test", "x") == "x"
    assert Task.from_dict(json.loads(json.dumps(task.to_dict()))) == task


def test_an_unknown_kind():
    with pytest.raises(InputError, match="no task"):
        Task.from_dict({"kind": "guess", "params": {}})


@pytest.mark.parametrize(
    ("kind", "first"),
    [("labels", "map_at_r"), ("pairs", "spearman"), ("queries", "ndcg_at_10"), ("known_item", "ndcg_at_10")],
)
def test_every_kind_has_a_main_metric(kind, first):
    assert next(iter(metrics_of(kind))) == first


def test_metrics_explain_themselves():
    assert {kind for metric in METRICS.values() for kind in metric.kinds} == set(TASK_KINDS)
    assert all(metric.label and metric.help.endswith(".") for metric in METRICS.values())
