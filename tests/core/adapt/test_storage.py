"""Adapters as files: round trip, exported code, damage."""

from dataclasses import replace

import numpy as np
import pytest

from core import adapt, codec
from core.errors import InputError
from core.stats.interval import Interval
from core.types import ModelSpec


@pytest.fixture(scope="module", params=["linear", "low_rank"])
def adapter(request, vectors, labels):
    return adapt.train(vectors, labels, settings=adapt.Settings(kind=request.param, rank=5, epochs=4), curve=False)


def test_round_trip(adapter, vectors, tmp_path):
    adapt.save(adapter, tmp_path / "adapter.safetensors")
    loaded = adapt.load(tmp_path / "adapter.safetensors", vectors.model)
    assert loaded.key == adapter.key
    assert loaded.settings == adapter.settings
    assert loaded.report.seen == adapter.report.seen
    assert loaded.report.control == adapter.report.control
    assert np.array_equal(loaded.report.histograms.similar_base, adapter.report.histograms.similar_base)
    assert np.array_equal(loaded.apply(vectors), adapter.apply(vectors))
    assert adapt.load(adapt.to_bytes(adapter)).key == adapter.key


def test_exported_code_gives_the_same_rows(adapter, vectors, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    adapt.save(adapter, "adapter.safetensors")
    code, names = adapt.export_code(adapter), {}
    assert len(code.strip().splitlines()) == 10
    exec(code, names)
    np.testing.assert_allclose(names["apply"](vectors.rows), adapter.apply(vectors), atol=1e-6)


def test_another_model_is_refused(adapter):
    with pytest.raises(InputError):
        adapt.load(adapt.to_bytes(adapter), ModelSpec("imported", "another"))


def test_damage_is_seen(adapter, tmp_path):
    content = adapt.to_bytes(adapter)
    flipped = [bytearray(content) for _ in range(3)]
    for damaged, at in zip(flipped, (20, len(content) // 2, len(content) - 3), strict=True):
        damaged[at] ^= 1
    for damaged in (*map(bytes, flipped), content[:-4], content[: len(content) // 3], b"", b"no adapter", b"\xff" * 99):
        with pytest.raises(InputError) as error:
            adapt.load(damaged)
        assert error.value.remedy
    with pytest.raises(InputError):
        adapt.load(tmp_path / "missing")


def test_forged_arrays_are_refused(adapter):
    name = next(iter(adapter.arrays))
    for array in (np.zeros((3, 3), np.float32), adapter.arrays[name] * np.nan, adapter.arrays[name].astype(np.float64)):
        with pytest.raises(InputError):
            adapt.load(adapt.to_bytes(replace(adapter, arrays=adapter.arrays | {name: array})))


@pytest.mark.parametrize(
    "value", [Interval(1.5, 1.0, float("inf")), (Interval(np.arange(3.0), np.zeros(3), np.ones(3)))]
)
def test_intervals_are_stored_by_their_type(value):
    is_scalar = isinstance(value.value, float)
    kind = Interval[float] if is_scalar else Interval[np.ndarray]
    data, arrays = codec.encode(value, "interval")
    decoded = codec.decode(kind, data, arrays, "interval")
    assert type(decoded) is Interval
    assert all(np.array_equal(*pair) for pair in zip(decoded, value, strict=True))
    for damaged in ({}, [1.0, 2.0], ["a", 1.0, 2.0]):
        with pytest.raises(TypeError):
            codec.decode(Interval[float], damaged)
