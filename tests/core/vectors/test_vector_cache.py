"""The vector cache under many processes, and with a file that is none."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from core.vectors.cache import VectorCache

PROCESSES, BATCHES, ROWS = 4, 6, 20


def keys(process: int, batch: int) -> list[bytes]:
    return [bytes([process, batch, row]) + bytes(29) for row in range(ROWS)]


def fill(folder: Path, process: int) -> None:
    cache = VectorCache(folder, "m")
    for batch in range(BATCHES):
        cache.contains(keys(process, batch))
        cache.put(keys(process, batch), np.full((ROWS, 3), process * 100 + batch, np.float32))


@pytest.mark.slow
def test_processes_that_open_a_new_cache_together_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=fill, args=(tmp_path, process)) for process in range(PROCESSES)]
    for worker in running:
        worker.start()
    for worker in running:
        worker.join(60)
    assert [worker.exitcode for worker in running] == [0] * PROCESSES
    for process in range(PROCESSES):
        for batch in range(BATCHES):
            rows, cached = VectorCache(tmp_path, "m").get(keys(process, batch), 3)
            assert cached.all()
            assert (rows == process * 100 + batch).all()


def test_a_file_that_is_no_database_is_put_aside(tmp_path):
    cache = VectorCache(tmp_path, "m")
    cache.path.parent.mkdir()
    cache.path.write_bytes(b"not a database at all" * 100)
    assert not cache.contains([b"k" * 32]).any()
    cache.put([b"k" * 32], np.ones((1, 2), np.float32))
    assert cache.contains([b"k" * 32]).all()


def test_a_file_without_its_table_counts_as_empty(tmp_path):
    cache = VectorCache(tmp_path, "m")
    cache.path.parent.mkdir()
    cache.path.touch()
    assert not cache.contains([b"k" * 32]).any()
