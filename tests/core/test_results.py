"""One lifecycle of results: computed once, stored under all that determines them, damage counts as missing."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from core import codec
from core.clusters.methods import ClusterParams
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError, StorageError
from core.jobs import results as result_jobs
from core.jobs.types import JobSpec
from core.results import INLINE_SECONDS, Result, Step
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, ModelSpec, Roles
from core.vectors.contenders import Contender, ContenderQuery

MODEL = ModelSpec("imported", "mine", dimensions=8, languages=("en", "de"))


@dataclass(frozen=True)
class Query:
    corpus: CorpusRef
    size: int
    params: LayoutParams = field(default_factory=LayoutParams)
    limit_usd: float | None = None  # not part of the inputs


@dataclass(frozen=True, eq=False)
class Inner:
    shares: np.ndarray
    label: str


@dataclass(frozen=True, eq=False)
class Value:
    rows: np.ndarray
    inner: Inner
    levels: np.ndarray | None = None
    pairs: tuple[tuple[str, int], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


class Counted:
    """A result that requires another; counts what is computed."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.base = Result(
            "base", 1, Query, list[int],
            inputs=lambda query: {"size": query.size},
            compute=self._base, seconds=lambda query: 1.0, stage="Preparing",
        )  # fmt: skip
        self.top = Result(
            "top", 3, Query, Value,
            inputs=lambda query: {"size": query.size, "params": query.params},
            compute=self._top, seconds=lambda query: float(query.size),
            requires=lambda query: (Step(self.base, query),), stage=lambda query: f"Counting to {query.size}",
            unit="rows", worker=lambda query: "layout",
        )  # fmt: skip

    def _base(self, query: Query, progress) -> list[int]:
        self.log.append("base")
        return list(range(query.size))

    def _top(self, query: Query, progress) -> Value:
        self.log.append("top")
        assert self.base.exists(query)
        progress(query.size, query.size)
        inner = Inner(np.linspace(0, 1, query.size), "half")
        return Value(np.arange(query.size, dtype=np.int32), inner, None, (("a", 1), ("b", 2)), {"seconds": 0.5})


@pytest.fixture
def corpus(tmp_path) -> CorpusRef:
    table = pd.DataFrame({"text": ["one", "two", "three"]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}")).corpus
    return CorpusRef(str(tmp_path), Workspace(tmp_path).save_corpus(built).digest)


@pytest.fixture
def counted(monkeypatch) -> Counted:
    counter = Counted()
    monkeypatch.setattr(result_jobs, "RESULTS", {"base": f"{__name__}:BASE", "top": f"{__name__}:TOP"})
    monkeypatch.setitem(globals(), "BASE", counter.base)
    monkeypatch.setitem(globals(), "TOP", counter.top)
    return counter


def test_a_result_is_computed_once_with_what_it_requires_first(counted, corpus):
    query, progress = Query(corpus, 4), []
    assert counted.top.load(query) is None
    with pytest.raises(StorageError):
        counted.top.get(query)
    value = counted.top.get_or_compute(query, lambda done, total: progress.append((done, total)))
    assert counted.log == ["base", "top"]
    assert progress == [(4, 4)]
    assert value.rows.tolist() == [0, 1, 2, 3]
    assert value.rows.dtype == np.int32
    assert value.inner.shares.tolist() == np.linspace(0, 1, 4).tolist()
    assert (value.inner.label, value.levels, value.pairs, value.facts) == (
        "half", None, (("a", 1), ("b", 2)), {"seconds": 0.5},
    )  # fmt: skip
    counted.top.get_or_compute(query)
    counted.top.get_or_compute(replace(query, limit_usd=2.0))  # determines nothing
    assert counted.log == ["base", "top"]
    assert counted.base.get(query) == [0, 1, 2, 3]
    assert counted.top.created(query) > 0
    assert len(list(counted.top.records(corpus))) == 1


def test_other_inputs_and_versions_never_share(counted, corpus):
    query = Query(corpus, 4)
    counted.top.get_or_compute(query)
    for other in (replace(query, size=5), replace(query, params=LayoutParams(seed=1))):
        assert not counted.top.exists(other)
        assert counted.top.key(other) != counted.top.key(query)
    later = replace(counted.top, version=4)
    assert not later.exists(query)
    assert list(later.records(corpus)) == []


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("rows.npy", b"\x93NUMPY"),
        ("inner.shares.npy", b""),
        ("rows.npy", None),
        ("result.json", b'{"inputs": '),
        ("result.json", b"[]"),
        ("result.json", lambda record: record | {"facts": {}}),
        ("result.json", lambda record: record | {"facts": None}),
        ("result.json", lambda record: record | {"facts": record["facts"] | {"pairs": [["a", "one"]]}}),
        ("result.json", lambda record: record | {"arrays": ["rows"]}),
    ],
)
def test_a_damaged_file_counts_as_missing_and_is_computed_again(counted, corpus, file, content):
    query = Query(corpus, 4)
    counted.top.get_or_compute(query)
    folder = Workspace(corpus.folder).result_folder("top", corpus.digest, counted.top.stored_inputs(query))
    if content is None:
        (folder / file).unlink()
    elif callable(content):
        (folder / file).write_text(json.dumps(content(json.loads((folder / file).read_text()))))
    else:
        (folder / file).write_bytes(content)
    assert counted.top.load(query) is None
    assert counted.top.get_or_compute(query).rows.tolist() == [0, 1, 2, 3]
    assert counted.log == ["base", "top", "top"]


def test_what_is_missing_is_listed_and_timed_with_its_prerequisites(counted, corpus):
    query = Query(corpus, 2)
    assert [step.result.name for step in counted.top.missing(query)] == ["base", "top"]
    assert counted.top.expected_seconds(query) == 3.0
    assert result_jobs.estimate([("base", query), ("top", query)]).inline is (INLINE_SECONDS >= 3.0)
    counted.base.get_or_compute(query)
    assert counted.top.expected_seconds(query) == 2.0
    counted.top.get_or_compute(query)
    assert counted.top.missing(query) == ()
    assert counted.top.expected_seconds(query) == 0


def test_the_job_runs_the_missing_steps_each_with_its_stage(counted, corpus):
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            function(*arguments, progress=lambda done, total: None)
            stages.append((stage, unit, on))

    query = Query(corpus, 4, limit_usd=1.5)
    spec = result_jobs.result_spec(counted.top, query, "A title")
    recorded = JobSpec(**json.loads(json.dumps(vars(spec))))
    assert recorded == spec
    assert result_jobs.step_of(recorded).query == query
    result_jobs.result_job(recorded, None, Context())
    assert stages == [("Preparing", "", "job"), ("Counting to 4", "rows", "layout")]
    assert counted.top.exists(query)


def test_equal_work_is_the_same_job(counted, corpus):
    spec = result_jobs.result_spec(counted.top, Query(corpus, 4), "One title")
    assert spec.id == result_jobs.result_spec(counted.top, Query(corpus, 4), "Another").id
    assert spec.id != result_jobs.result_spec(counted.top, Query(corpus, 5), "One title").id
    assert corpus.folder not in json.dumps(spec.params)


def test_unknown_results_and_queries_of_another_shape_are_refused(counted, corpus):
    with pytest.raises(JobError):
        result_jobs.result_by_name("trends")
    spec = result_jobs.result_spec(counted.top, Query(corpus, 4), "")
    for query in ({}, {"size": "4"}, spec.params["query"] | {"more": 1}, [4], None):
        with pytest.raises(JobError):
            result_jobs.step_of(replace(spec, params={"result": "top", "query": query}))


def test_a_key_reaches_only_what_needs_it_and_is_never_stored(counted, corpus):
    keys = []

    def compute(query: Query, progress, secret: Secret | None) -> list[int]:
        keys.append(secret)
        return [1]

    paid = replace(counted.base, name="paid", compute=compute, needs_secret=True)
    paid.get_or_compute(Query(corpus, 1), None, Secret("hush"))
    counted.top.get_or_compute(Query(corpus, 1), None, Secret("hush"))
    assert keys == [Secret("hush")]
    stored = b"".join(path.read_bytes() for path in (Workspace(corpus.folder).folder).rglob("*") if path.is_file())
    assert b"hush" not in stored


def test_errors_of_computing_come_through_and_nothing_is_stored(counted, corpus):
    def refuse(query: Query, progress) -> list[int]:
        raise InputError("This column has one value.", "Choose another.")

    refusing = replace(counted.base, compute=refuse)
    with pytest.raises(InputError, match="one value"):
        refusing.get_or_compute(Query(corpus, 1))
    assert not refusing.exists(Query(corpus, 1))


@pytest.mark.parametrize("name", sorted(result_jobs.RESULTS))
def test_the_list_names_every_result_as_it_names_itself(name):
    assert result_jobs.result_by_name(name).name == name


@dataclass(frozen=True)
class Everything:
    corpus: CorpusRef
    contenders: tuple[Contender, ...]
    clusters: ClusterParams | None
    pair: tuple[int, str]
    part: Literal["dimensions", "bits"]
    share: float


def test_a_query_goes_through_json_and_back():
    corpus = CorpusRef("/work space", "0" * 16)
    small = Contender(MODEL, 4, "int8")
    for query in (
        Everything(corpus, (Contender(MODEL), small), ClusterParams("kmeans", k=3), (1, "x"), "bits", 2),
        Everything(corpus, (), None, (1, "x"), "dimensions", 0.5),
        ContenderQuery(corpus, small),
    ):
        data, arrays = codec.encode(query)
        assert not arrays
        assert codec.decode(type(query), json.loads(json.dumps(data))) == query


@pytest.mark.parametrize(
    "value",
    [
        {"first": np.arange(3), "second": np.zeros((2, 2), np.float32)},
        (np.arange(3), np.arange(2)),
    ],
)
def test_arrays_within_dicts_and_tuples_are_stored_under_their_path(value):
    kind = dict[str, np.ndarray] if isinstance(value, dict) else tuple[np.ndarray, ...]
    data, arrays = codec.encode(value)
    json.dumps(data)
    back = codec.decode(kind, data, arrays)
    assert len(back) == len(arrays) == 2
    for name in value if isinstance(value, dict) else range(2):
        np.testing.assert_array_equal(back[name], value[name])


def test_what_cannot_be_stored_is_refused():
    for value in ({"../up": np.arange(2)}, {"set": {1}}, object()):
        with pytest.raises(TypeError):
            codec.encode(value)
