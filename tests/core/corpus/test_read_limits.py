"""Files made to exhaust memory or time are refused, in seconds and below 1 GB, by the process that reads uploads."""

import gzip
import io
import json
import struct
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.corpus import reader_process
from core.corpus.reading.budget import Budget, parse_budget
from core.corpus.reading.files import read_files
from core.corpus.reading.values import ReadOptions, Upload
from core.corpus.service import InvalidInput, preview_files
from core.corpus.staging import ImportSource, parse_staged, stage
from core.errors import InputError
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]

PEAK_BYTES, MOST_SECONDS = 1024**3, 20


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def repeated(value, rows, kind=None):
    """A Parquet file of `rows` equal cells, which takes next to nothing."""
    values = pa.array([value], type=kind)
    table = pa.table({"text": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), values)})
    return parquet(table, store_schema=False, compression="zstd")


def repeated_list(value, length):
    """A Parquet file of one list of equal cells."""
    cells = pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([value]))
    return parquet(pa.table({"text": pa.ListArray.from_arrays(pa.array([0, length], pa.int32()), cells)}))


def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
)
NAMESPACE = "http://schemas.openxmlformats.org"
RELATION = f"{NAMESPACE}/officeDocument/2006/relationships"
BOOK = {
    "[Content_Types].xml": (
        f'<Types xmlns="{NAMESPACE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{NAMESPACE}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{NAMESPACE}/spreadsheetml/2006/main" '
        f'xmlns:r="{RELATION}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{NAMESPACE}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def workbook(rows):
    """An XLSX file whose only sheet has these rows, as XML."""
    return zipped([*BOOK.items(), ("xl/worksheets/sheet1.xml", SHEET % rows)])


def cell(reference, text="x"):
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def spread(rows, column):
    """Rows with a cell in the first column and one in a far one."""
    return "".join(f'<row r="{n}">{cell(f"A{n}")}{cell(f"{column}{n}")}</row>' for n in range(1, rows + 1))


def lying_zip(claimed):
    """A zip whose only file claims another unpacked size than it has."""
    real = b"text\n" + b"a line of text\n" * 2_000_000
    data = zipped([("a.csv", real)])
    return data.replace(struct.pack("<L", len(real)), struct.pack("<L", claimed))


def letters(count):
    return np.random.default_rng(0).integers(97, 123, count, np.uint8).tobytes()


def npy(header):
    """A .npy file with a header of one's own and 64 bytes of data."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)


def safetensors(header):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(64)


def many_names(count, rows_per_name=1):
    return [{f"key{i}": i} for i in range(count) for _ in range(rows_per_name)]


BOMBS = {
    "dictionary.parquet": lambda: repeated("x" * 1000, 5_000_000),
    "nulls and numbers.parquet": lambda: repeated(1, 150_000_000, pa.int64()),
    "lists.parquet": lambda: repeated_list("x" * 1000, 5_000_000),
    "wide.parquet": lambda: parquet(pa.table({f"c{i}": [1] for i in range(20_000)})),
    "row.xlsx": lambda: workbook(f'<row r="1">{cell("A1")}</row><row r="2000000000">{cell("A2000000000")}</row>'),
    "column.xlsx": lambda: workbook(spread(20_000, "XFD")),
    "columns.xlsx": lambda: workbook(spread(60_000, "GFD")),
    "empty cells.xlsx": lambda: workbook(f'<row r="1">{cell("A1")}</row><row r="2">{"<c/>" * 12_000_000}</row>'),
    "wide.csv": lambda: (",".join(f"column {i}" for i in range(50_000)) + "\n" + "1," * 19_999 + "1\n").encode(),
    "commas.csv": lambda: b"," * 4_000 + b"\n" + (b"," * 4_000 + b"\n") * 30_000,
    "wide.json": lambda: json.dumps([{f"c{i}": 1 for i in range(20_000)}]).encode(),
    "keys.json": lambda: json.dumps(many_names(20_000)).encode(),
    "keys.jsonl": lambda: "\n".join(map(json.dumps, many_names(4_900, 10))).encode(),
    "columns.json": lambda: json.dumps({f"c{i}": {str(i): 1} for i in range(20_000)}).encode(),
    "deep.json": lambda: b"[" * 100_000 + b"]" * 100_000,
    "deep.jsonl": lambda: b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "objects.json": lambda: b"[" + b"[{}]," * 1_500_000 + b"[{}]]",
    "files.zip": lambda: zipped((f"{i}.txt", b"text") for i in range(10_000)),
    "expanded.zip": lambda: zipped((f"{i}.csv", b"text\n" + b"a line of text " * 1_400_000) for i in range(80)),
    "nested.zip": lambda: zipped([("in.zip", zipped([("a.csv", b"text\na\n")]))]),
    "bzip2.zip": lambda: zipped([("a.csv", b"a" * 300_000_000)], zipfile.ZIP_BZIP2),
    "lying small.zip": lambda: lying_zip(100),
    "lying large.zip": lambda: lying_zip(4_000_000_000),
    "bomb.csv.gz": lambda: gzip.compress(b"a,b\n" * 60_000_000, 1),
    "parts.txt.gz": lambda: gzip.compress(letters(1_000) + b"a" * 100_000 + b"\n") * 11_000,
    "twice.csv.gz": lambda: gzip.compress(gzip.compress(b"text\n" + bytes(200_000_000))),
    "line.csv": lambda: b"text\n" + b"a" * 40_000_000,
    "line.txt": lambda: b"short\n" + b"a" * 40_000_000 + b"\n",
    "line.json": lambda: b'["' + b"a" * 40_000_000 + b'"]',
    "huge.npy": lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 1000)}"),
    "product.npy": lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999999)}"),
    "negative.npy": lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -4)}"),
    "item.npy": lambda: npy("{'descr': '|S2000000000', 'fortran_order': False, 'shape': (1, 1)}"),
    "nothing.npy": lambda: npy("{'descr': '|V0', 'fortran_order': False, 'shape': (9999999999, 9)}"),
    "nested.npy": lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 9_000 + ")" * 9_000 + "}"),
    "huge.npz": lambda: zipped([("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 99)}"))]),
    "zeros.npz": lambda: zipped([("a.npy", bytes(400_000_000))]),
    "huge.safetensors": lambda: safetensors({"a": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 64]}}),
    "offsets.safetensors": lambda: safetensors({"a": {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 2**62]}}),
    "length.safetensors": lambda: struct.pack("<Q", 2**62) + bytes(64),
}  # fmt: skip


def is_reader(process):
    with suppress(psutil.Error):
        return "reader_process" in " ".join(process.cmdline())
    return False


class PeakMemory:
    """The most memory that the processes that read files use meanwhile, in bytes."""

    def __enter__(self):
        self.peak, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        readers, listed = [], 0.0
        while not self._done.wait(0.02):
            if time.monotonic() > listed + 0.2:  # the list of all processes takes longer than what it is for
                readers, listed = list(filter(is_reader, psutil.Process().children())), time.monotonic()
            for process in readers:
                with suppress(psutil.Error):
                    self.peak = max(self.peak, process.memory_info().rss)

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


LONG_TO_MAKE = {"expanded.zip", "parts.txt.gz", "bzip2.zip", "zeros.npz", "nulls and numbers.parquet"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG_TO_MAKE else []) for name in BOMBS]
)
def test_bombs_are_refused_in_seconds_and_below_a_gigabyte(name, tmp_path):
    data = BOMBS[name]()
    source = ImportSource((stage(str(tmp_path), name, data),))
    reader_process.start_ahead()
    with PeakMemory() as memory:
        started = time.monotonic()
        preview = preview_files(str(tmp_path), source)
        seconds = time.monotonic() - started
    assert isinstance(preview, InvalidInput), preview.rows
    assert name in preview.message
    assert preview.remedy
    assert "memory_mb" not in preview.remedy  # refused by a check, before memory runs out
    assert memory.peak < PEAK_BYTES
    assert seconds < MOST_SECONDS
    assert not [path for path in (tmp_path / "staging").iterdir() if path.suffix not in (".bin", ".cancel")]


SLOW_TEXTS = {
    "digits.vec": b"9" * 400_000 + b"x 1\n" + b"9" * 400_000 + b"x 1\n",
    "digits.tsv": b"9" * 900_000 + b"x\t1\n" * 2,
    "signs.csv": b"text,n\n" + b"\n".join(b"%s \xc3\xa9,1" % (b"@" * 4_999) for _ in range(1_000)),
    "codes.csv": b"text,n\n" + b"\n".join(b"%s\xc3\xa9,1" % (b"9" * 4_999) for _ in range(1_000)),
    "blanks.csv": b"date,n\n" + b"\n".join(b"%d%s%d,1" % (i, b" " * 100_000, i) for i in range(100)),
    "dates.csv": b"date,n\n" + b"\n".join(b"%d/%s,1" % (i, b"1/" * 50_000) for i in range(100)),
    "lines.txt": b"\n \t" * 300_000 + b"x",
}


@pytest.mark.parametrize("name", SLOW_TEXTS)
def test_long_runs_of_equal_characters_are_read_in_seconds(name, tmp_path):
    unit = "paragraph" if name == "lines.txt" else "line"
    source = ImportSource((stage(str(tmp_path), name, SLOW_TEXTS[name]),), ReadOptions(text_unit=unit))
    started = time.monotonic()
    preview_files(str(tmp_path), source)
    assert time.monotonic() - started < 15


def frames(tmp_path):
    vectors = [[float(i), 1.0, 2.0] for i in range(50)]
    table = pa.table({
        "text": pa.array([f"text {i} é 中" if i % 7 else None for i in range(50)]),
        "whole": pa.array([i if i % 5 else None for i in range(50)], pa.int64()),
        "number": pa.array([i / 3 for i in range(50)]),
        "flag": pa.array([i % 2 == 0 for i in range(50)]),
        "time": pa.array([i * 10**9 for i in range(50)], pa.timestamp("us", "Europe/Berlin")),
        "vector": pa.array(vectors, pa.list_(pa.float32())),
    })  # fmt: skip
    return {"a.parquet": parquet(table), "b.csv": b"text,d,d\na,2024-01-01,1\n,2024-02-01,\n", "c.txt": b"x\ny\n"}


def test_a_table_read_apart_is_the_same(tmp_path):
    for name, data in frames(tmp_path).items():
        source = ImportSource((stage(str(tmp_path), name, data),))
        apart = reader_process.read_staged(str(tmp_path), source)
        here = parse_staged(str(tmp_path), source)
        pd.testing.assert_frame_equal(apart.table, here.table)
        assert (apart.sources, apart.notes, apart.vectors_name) == (here.sources, here.notes, here.vectors_name)
        assert (apart.vectors is None) == (here.vectors is None)
        assert here.vectors is None or np.array_equal(apart.vectors, here.vectors)


def slow_source(tmp_path, **limits):
    """A file that takes some seconds to read."""
    rows = "\n".join(f'{{"text": "{i}", "a": [{", ".join(["{}"] * 200)}]}}' for i in range(60_000))
    return ImportSource((stage(str(tmp_path), "slow.jsonl", rows.encode()),), budget=Budget(**limits))


@pytest.mark.slow
def test_what_takes_too_long_is_stopped_and_the_next_file_is_read(tmp_path):
    reader_process.start_ahead()
    started = time.monotonic()
    preview = preview_files(str(tmp_path), slow_source(tmp_path, seconds=1))
    assert isinstance(preview, InvalidInput)
    assert "slow.jsonl" in preview.message
    assert "seconds" in preview.remedy
    assert time.monotonic() - started < 60
    quick = ImportSource((stage(str(tmp_path), "a.csv", b"text\na\n"),))
    assert preview_files(str(tmp_path), quick).rows == 1


def test_reading_can_be_cancelled(tmp_path):
    folder, source = str(tmp_path), slow_source(tmp_path)
    reader_process.start_ahead()
    results = []
    reading = threading.Thread(target=lambda: results.append(preview_files(folder, source)))
    reading.start()
    wait_until(lambda: any((tmp_path / "staging").glob(".read-*")))
    time.sleep(0.3)  # a mark from before the process was asked is for an earlier read
    reader_process.cancel_reading(folder, source)
    reading.join(10)
    assert not reading.is_alive()
    assert "cancelled" in results[0].message
    quick = replace(source, files=(stage(folder, "slow.jsonl", b'{"text": "a"}'),))
    reader_process.cancel_reading(folder, quick)
    assert preview_files(folder, quick).rows == 1  # a cancel from before does not hold
    assert not [path for path in (tmp_path / "staging").iterdir() if path.suffix not in (".bin", ".cancel")]


def test_memory_is_limited(tmp_path):
    data = b"[" + b"[[[]]]," * 3_000_000 + b"[]]"
    source = ImportSource((stage(str(tmp_path), "lists.json", data),), budget=Budget(memory_mb=200))
    reader_process.start_ahead()  # one that was just forked counts as large as this process
    with PeakMemory() as memory:
        preview = preview_files(str(tmp_path), source)
    assert "lists.json" in preview.message
    assert "memory_mb" in preview.remedy
    assert memory.peak < 500 * 1024**2


def test_processes_end_with_the_one_that_started_them():
    code = "from core.corpus import reader_process as r; r.start_ahead(); print(r._idle[0]._process.pid)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    child = int(run.stdout)
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_limits_are_a_setting():
    assert parse_budget("") == Budget()
    assert parse_budget("rows=10, columns = 20_000,memory_mb=64") == Budget(rows=10, columns=20_000, memory_mb=64)
    for text in ("rows", "rows=many", "rows=0", "lines=3", "rows=-1"):
        with pytest.raises(InputError, match="PLANISPHERE_READ_LIMITS"):
            parse_budget(text)


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        ({"rows": 2}, b"text\na\nb\nc\n"),
        ({"columns": 2}, b"a,b,c\n1,2,3\n"),
        ({"cells": 3}, b"a,b\n1,2\n3,4\n"),
    ],
)
def test_each_limit_is_named_with_its_numbers(limits, data):
    ((name, limit),) = limits.items()
    with pytest.raises(InputError, match=f"the limit is {limit}") as caught:
        read_files([Upload("a.csv", data)], budget=Budget(**limits))
    assert f"{name} in the setting" in caught.value.remedy
    assert len(read_files([Upload("a.csv", data)]).table)


def test_an_unforeseen_error_names_the_file_and_is_logged(monkeypatch, caplog):
    monkeypatch.setattr("core.corpus.reading.files.normalize_table", lambda table: 1 / 0)
    with pytest.raises(InputError, match=r'"a\.csv" can\'t be read \(ZeroDivisionError\)'):
        read_files([Upload("a.csv", b"text\na\n")])
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("unit", ["line", "paragraph", "file"])
def test_a_text_that_is_too_long_for_a_cell_is_refused(unit):
    lines = b"a line of text\n" * 200_000 if unit != "line" else b"a" * 3_000_000
    with pytest.raises(InputError, match="more than 2 MB"):
        read_files([Upload("a.txt", b"short\n\n" + lines)], ReadOptions(text_unit=unit), Budget(cell_mb=2))
    assert len(read_files([Upload("a.txt", b"short\n\n" + lines)], ReadOptions(text_unit=unit)).table)


def test_a_process_reads_one_file_after_another(tmp_path):
    used = set()
    for number in range(3):
        source = ImportSource((stage(str(tmp_path), "a.csv", b"text\n%d\n" % number),))
        assert reader_process.read_staged(str(tmp_path), source).table["text"].tolist() == [number]
        used |= {process._process.pid for process in reader_process._idle}
    assert len(used) == 1
