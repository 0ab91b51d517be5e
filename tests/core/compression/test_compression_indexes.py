"""Indexes: recall against brute force, code that runs, and bytes as FAISS holds them."""

import faiss
import numpy as np
import pytest

from core.compression.index_sweep import (
    Setting,
    build,
    configurations,
    fastest_setting,
    hold_out,
    index_code,
    measure_indexes,
    search_widths,
)
from core.compression.planner import Option, codebook_bytes, growth, index_bytes, list_count, plan


@pytest.fixture(scope="module")
def run(made):
    return measure_indexes(made[0])


def test_the_queries_are_not_in_the_index(made):
    rows, queries = hold_out(made[0])
    assert (len(rows), len(queries)) == (699 - 69, 69)
    assert (queries @ rows.T).max() < 1 - 1e-6


def test_recall_rises_with_the_width_and_exact_search_finds_all(run):
    assert run.kinds[0] == "exact"
    assert run.recall[0].min() == 1
    for kind, count in configurations(run.rows)[1:]:
        at = [i for i in range(len(run.kinds)) if (run.kinds[i], run.builds[i]) == (kind, count)]
        recalls = run.recall[at].mean(axis=1)
        assert recalls[-1] > 0.97
        assert (np.diff(recalls) > -0.02).all()
        assert recalls[0] < recalls[-1]


def test_recall_is_that_of_brute_force(run, made):
    rows, queries = hold_out(made[0])
    count = int(next(b for kind, b in zip(run.kinds, run.builds, strict=True) if kind == "ivf"))
    index = build("ivf", count, rows, 0)
    index.nprobe = 1
    found = index.search(queries, 10)[1]
    exact = np.argsort(-(queries @ rows.T), axis=1)[:, :10]
    expected = np.mean([np.isin(one, other).mean() for one, other in zip(found, exact, strict=True)])
    assert run.recall[run.kinds.index("ivf")].mean() == pytest.approx(expected, abs=1e-6)


def test_few_rows_have_few_lists():
    assert list_count(50, 4) == 5
    assert search_widths("ivf", 1) == [1]
    assert len({count for kind, count in configurations(50) if kind == "ivf"}) == 1


SETTINGS = (
    Setting("exact", 0, 0, 1.0, 1.0, 2.0),
    Setting("hnsw", 16, 32, 0.97, 0.96, 0.1),
    Setting("hnsw", 32, 64, 0.995, 0.992, 0.2),
    Setting("ivf", 20, 4, 0.955, 0.945, 0.05),
)


def test_the_quickest_setting_that_surely_has_the_wanted_recall():
    assert fastest_setting(SETTINGS, 0.9).kind == "ivf"
    assert fastest_setting(SETTINGS, 0.95) == SETTINGS[1]  # the list's 0.955 is not sure
    assert fastest_setting(SETTINGS, 0.99) == SETTINGS[2]
    assert fastest_setting(SETTINGS, 0.999).kind == "exact"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: f"{each.kind}{each.build}")
def test_the_code_runs_and_makes_that_index(setting, made, tmp_path, monkeypatch):
    rows = made[0].rows * 3  # not of unit length
    monkeypatch.chdir(tmp_path)
    np.save("vectors.npy", rows.astype(np.float64))
    made_names: dict = {}
    exec(index_code(setting, rows.shape[1]), made_names)  # the code shown to people
    assert made_names["rows"][:, 0].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(made_names["scores"][:, 0], 1, atol=1e-5)
    kinds = {"exact": faiss.IndexFlatIP, "hnsw": faiss.IndexHNSWFlat, "ivf": faiss.IndexIVFFlat}
    index = made_names["index"]
    assert isinstance(index, kinds[setting.kind])
    if setting.kind == "hnsw":
        assert (index.hnsw.efSearch, index.hnsw.nb_neighbors(1)) == (setting.width, setting.build)
    if setting.kind == "ivf":
        assert (index.nprobe, index.nlist) == (setting.width, setting.build)


@pytest.mark.parametrize(("kind", "count"), [("exact", 0), ("hnsw", 16), ("hnsw", 32), ("ivf", 60)])
def test_bytes_are_those_faiss_writes(kind, count):
    rows = np.random.default_rng(0).normal(size=(6000, 24)).astype(np.float32)
    written = len(faiss.serialize_index(build(kind, count, rows, 0)))
    assert index_bytes(kind, 6000, 24, count) == pytest.approx(written, rel=0.005)


def test_a_plan_extrapolates_by_kind():
    def option(kind, **changes):
        return Option(**({"name": kind, "kind": kind, "count": 16, "bytes": 96, "rescoring_bytes": 0, "fixed": 0,
                          "recall": 1.0, "ms": 2.0, "rows": 10_000} | changes))  # fmt: skip

    assert growth("exact", 1_000_000, 10_000) == 100
    assert growth("hnsw", 1_000_000, 10_000) == pytest.approx(1.5)
    assert growth("ivf", 1_000_000, 10_000) == 10
    assert plan(option("exact"), 10_000, 384).ms == 2.0
    assert plan(option("exact"), 1_000_000, 384).memory == 1_000_000 * 1536
    scan = plan(option("scan", fixed=codebook_bytes(384, 96), rescoring_bytes=1536), 2_000, 384)
    assert (scan.memory, scan.disk) == (2_000 * 96 + 256 * 384 * 4, 2_000 * 1536)
    rescored = plan(option("scan", fixed_ms=1.5), 1_000_000, 384)  # as many vectors are read again at any size
    assert rescored.ms == pytest.approx(1.5 + 0.5 * 100)
    ivf = plan(option("ivf", count=100), 1_000_000, 384)  # 100 lists of 10,000 rows: the root; so 1,000 here
    assert ivf.memory == 1_000_000 * (1536 + 8) + 1_000 * 1536
    assert plan(option("ivf", count=100), 10_000, 384).memory == index_bytes("ivf", 10_000, 384, 100)
