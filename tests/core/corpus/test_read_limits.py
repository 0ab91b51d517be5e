"""Files made to exhaust memory or time are refused, in seconds and below 1 GB, by the process that reads uploads."""

import gzip
import io
import json
import struct
import threading
import time
import zipfile

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.corpus import reader_process
from core.corpus.service import InvalidInput, preview_files
from core.corpus.staging import ImportSource, stage

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
    "wide.csv": lambda: (",".join(f"column {i}" for i in range(20_000)) + "\n" + "1," * 19_999 + "1\n").encode(),
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


class PeakMemory:
    """The most memory that processes started by this one use meanwhile, in bytes."""

    def __enter__(self):
        self.peak, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(0.02):
            for process in psutil.Process().children():
                try:
                    self.peak = max(self.peak, process.memory_info().rss)
                except psutil.Error:
                    continue

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


@pytest.mark.parametrize("name", BOMBS)
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
    assert not [path for path in (tmp_path / "staging").iterdir() if path.suffix != ".bin"]
