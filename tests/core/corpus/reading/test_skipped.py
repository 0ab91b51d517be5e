"""Files that can't be read, among files that can."""

import io
import zipfile

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from core.corpus.reading.files import read_files
from core.corpus.reading.skipped import complete
from core.corpus.reading.values import Upload
from core.corpus.staging import ImportSource, parse_staged, stage
from core.errors import InputError
from tests.document_files import simple_pdf, zip_of

GOOD = simple_pdf([["The office opens at nine."]])
BAD = {
    "locked.pdf": simple_pdf([["For members"]], encrypt=StandardEncryption("user", "owner")),
    "scan.pdf": simple_pdf([[]]),
    "damaged.pdf": GOOD[:300],
    "photo.pdf": b"\x89PNG\r\n\x1a\n" + bytes(99),
    "empty.txt": b"",
    "blank.txt": b" \n",
    "uneven.parquet": b"PAR1" + bytes(50),
}
TEXT = Upload("notes.txt", b"first line\nsecond line\n")


def test_files_beside_bad_ones_are_read_and_the_bad_ones_listed():
    raw = read_files([Upload("guide.pdf", GOOD), *(Upload(name, data) for name, data in BAD.items()), TEXT])
    assert set(raw.table["file"]) == {"guide.pdf", "notes.txt"}
    assert sorted(file.name for file in raw.skipped) == sorted(BAD)
    assert all(file.name in file.message and file.remedy for file in raw.skipped)
    with pytest.raises(InputError, match=raw.skipped[0].name):
        complete(raw)


def test_bad_files_of_a_zip_and_a_bad_zip_are_listed():
    out = io.BytesIO(
        zip_of({"a.txt": b"text of a", "b.pdf": BAD["scan.pdf"], "c.txt": b"stored " * 9, "in.zip": zip_of({})})
    )
    with zipfile.ZipFile(out) as archive:
        member = archive.getinfo("c.txt")
    data = bytearray(out.getvalue())
    data[member.header_offset + 35] ^= 0xFF  # its content no longer has its checksum
    raw = read_files([Upload("all.zip", bytes(data)), Upload("cut.zip", out.getvalue()[:90])])
    assert raw.table["text"].tolist() == ["text of a"]
    assert sorted(file.name for file in raw.skipped) == ["b.pdf", "c.txt", "cut.zip", "in.zip"]


def test_where_no_file_is_readable_each_reason_is_given():
    with pytest.raises(InputError) as caught:
        read_files([Upload(name, data) for name, data in BAD.items()][:3])
    assert all(name in caught.value.message for name in list(BAD)[:3])
    with pytest.raises(InputError, match=r"^.scan.pdf"):
        read_files([Upload("scan.pdf", BAD["scan.pdf"])])


def test_vectors_are_never_read_without_the_rows_of_a_bad_file():
    for vectors in (Upload("v.npy", b"nothing of it"), Upload("vectors.tsv", b"1\t2\n3\t4\t5\n")):
        with pytest.raises(InputError, match=vectors.name):
            read_files([TEXT, vectors])


def test_a_file_that_is_refused_before_reading_is_listed_too(tmp_path):
    files = [("photo.csv", BAD["photo.pdf"]), ("notes.txt", TEXT.data)]
    raw = parse_staged(str(tmp_path), ImportSource(tuple(stage(str(tmp_path), *file) for file in files)))
    assert raw.table["text"].tolist() == ["first line", "second line"]
    assert [file.name for file in raw.skipped] == ["photo.csv"]
