import gzip
import io
import zipfile

import pytest

from core.corpus.reading import archives
from core.corpus.reading.budget import Budget
from core.corpus.reading.files import read_files
from core.corpus.reading.values import Upload
from core.errors import InputError

CSV = b"text,n\nhello,1\n"


def zipped(members, **kwargs):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_gz():
    raw = read_files([Upload("a.csv.gz", gzip.compress(CSV))])
    assert raw.table["text"].tolist() == ["hello"]
    assert raw.sources[0].name == "a.csv"


def test_zip_members_are_sorted_and_clutter_left_out():
    data = zipped([("z/b.csv", b"text,n\nb,2\n"), ("a.csv", CSV), ("__MACOSX/a.csv", b"x"), ("photo.png", b"\x89PNG")])
    raw = read_files([Upload("all.zip", data)])
    assert raw.table["file"].tolist() == ["a.csv", "z/b.csv"]
    assert raw.table["text"].tolist() == ["hello", "b"]
    assert any("photo.png" in note for note in raw.notes)


@pytest.mark.parametrize("name", ["../a.csv", "x/../../a.csv", "/etc/a.csv", "..\\a.csv", "C:\\a.csv"])
def test_unsafe_names(name):
    with pytest.raises(InputError, match="unsafe name"):
        read_files([Upload("all.zip", zipped([(name, CSV)]))])


def test_nested_archives():
    inner = zipped([("a.csv", CSV)])
    for name, data in [("in.zip", inner), ("a.csv.gz", gzip.compress(CSV)), ("hidden.csv", inner)]:
        with pytest.raises(InputError, match="another archive"):
            read_files([Upload("all.zip", zipped([(name, data)]))])
    with pytest.raises(InputError, match="another archive"):
        read_files([Upload("all.zip.gz", gzip.compress(inner))])


def test_image_named_csv_inside_a_zip():
    with pytest.raises(InputError, match="PNG"):
        read_files([Upload("all.zip", zipped([("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99))]))])


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_bomb_is_stopped_while_streaming(kind):
    zeros = b"a" * (archives.RATIO_FROM + 5_000_000)
    data = zipped([("a.csv", zeros)]) if kind == "zip" else gzip.compress(zeros)
    with pytest.raises(InputError, match="over 200 times its size"):
        read_files([Upload(f"bomb.{kind}", data)])


def test_total_size_counts_all_files():
    lines, budget = b"text\n" + (bytes(range(65, 91)) * 20 + b"\n") * 1200, Budget(mb=1)
    assert len(read_files([Upload("a.zip", zipped([("a.csv", lines)]))], budget=budget).table) == 1200
    several = zipped([("a.csv", lines), ("b.csv", lines)])
    for uploads in ([Upload("a.zip", several)], [Upload("a.csv.gz", gzip.compress(lines)), Upload("b.csv", lines)]):
        with pytest.raises(InputError, match="2 MB when unpacked; the limit is 1"):
            read_files(uploads, budget=budget)


@pytest.mark.parametrize("keep", [0.4, 0.8])
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_cut_short(kind, keep):
    body = b"text,n\n" + b"".join(b"row %d,%d\n" % (i * 7919 % 1000, i) for i in range(2000))
    data = zipped([("a.csv", body)]) if kind == "zip" else gzip.compress(body)
    with pytest.raises(InputError, match="cut short or damaged"):
        read_files([Upload(f"a.{kind}", data[: int(len(data) * keep)])])


def test_damaged_content_is_noticed():
    data = bytearray(gzip.compress(CSV * 50))
    data[30] ^= 0xFF
    with pytest.raises(InputError, match="damaged"):
        read_files([Upload("a.csv.gz", bytes(data))])


def test_empty_and_useless_zips():
    for data in (zipped([]), zipped([("photo.png", b"x")])):
        with pytest.raises(InputError, match="no file that can be read"):
            read_files([Upload("all.zip", data)])


def test_password():
    data = bytearray(zipped([("a.csv", CSV)]))
    data[6] |= 1
    central = data.rfind(b"PK\x01\x02")
    data[central + 8] |= 1
    with pytest.raises(InputError, match="password"):
        read_files([Upload("all.zip", bytes(data))])
