import csv
import io
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from core.corpus.reading.delimited import NO_HEADER
from core.corpus.reading.files import read_files
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError
from tests.waiting import cpu_limit


def read(data, name="a.csv", **options):
    data = data.encode() if isinstance(data, str) else data
    return read_files([Upload(name, data)], ReadOptions(**options))


def cells(raw, column):
    return [None if pd.isna(cell) else cell for cell in raw.table[column].tolist()]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv"), ("|", "a.csv")])
def test_delimiter_is_found_and_shown(delimiter, name):
    rows = [["text", "n"], ['"a, b; c | d\te"', "1"], ["x", "2"]]
    raw = read("\n".join(delimiter.join(row) for row in rows), name)
    assert raw.sources[0].delimiter == delimiter
    assert cells(raw, "text") == ["a, b; c | d\te", "x"]
    assert cells(raw, "n") == [1, 2]


def test_prose_with_more_commas_than_semicolons_is_split_at_the_header_s_delimiter():
    raw = read("text;label\nwell, one, two;a\nthree, four;b\nno commas;a\n")
    assert raw.sources[0].delimiter == ";"
    assert cells(raw, "label") == ["a", "b", "a"]


def test_delimiter_override():
    raw = read("a,b|c\n1,2|3\n", delimiter="|")
    assert list(raw.table.columns) == ["a,b", "c"]
    assert list(read("a\tb\n1\t2\n", delimiter="tab").table.columns) == ["a", "b"]
    with pytest.raises(InputError, match="can't be a delimiter"):
        read("a,b\n1,2\n", delimiter='"')


def test_quoted_line_ends_and_quotes():
    raw = read('text,n\n"one\ntwo ""quoted""\r\nthree",1\nplain,2\n')
    assert cells(raw, "text") == ['one\ntwo "quoted"\r\nthree', "plain"]


def test_words_for_nothing_stay_text_and_numbers_are_numbers():
    raw = read(
        "text,score,code,year,big\nNone,1.5,007,2020,9007199254740993\nnull,NaN,012,2021,\nNA,2,100,2022,5\n,3,9,2023,6\n"
    )
    assert cells(raw, "text") == ["None", "null", "NA", None]
    assert raw.table["score"].dtype == "float64"
    assert cells(raw, "score") == [1.5, None, 2.0, 3.0]
    assert cells(raw, "code") == ["007", "012", "100", "9"]
    assert raw.table["year"].dtype == "int64"
    assert cells(raw, "big") == ["9007199254740993", None, "5", "6"]  # float64 would lose a digit


def test_long_ids_keep_every_digit():
    raw = read("id,huge\n1234567890123456789,123456789012345678901234567890\n1234567890123456790,1\n")
    assert cells(raw, "id") == [1234567890123456789, 1234567890123456790]
    assert cells(raw, "huge") == ["123456789012345678901234567890", "1"]


def test_column_of_nan_words_only_stays_text():
    assert cells(read("text,n\nNone,1\nNaN,2\n"), "text") == ["None", "NaN"]


def test_duplicate_and_empty_column_names():
    raw = read("text,text,,text (2),\na,b,c,d,e\n")
    assert list(raw.table.columns) == ["text", "text (3)", "column 3", "text (2)", "column 5"]
    assert "3 columns" in " ".join(raw.sources[0].notes)
    assert list(read("text,text\na,b\n").table.columns) == ["text", "text (2)"]


def test_ragged_row_names_line_fields_and_remedy():
    with pytest.raises(InputError) as caught:
        read('a,b\n"line\nend",1\n\n1,2,3\n1\n1,2,3,4\n')
    assert caught.value.message.startswith('"a.csv", line 5: 3 fields where the header has 2 (delimiter: comma).')
    assert "1 more" in caught.value.message
    assert "quotation marks" in caught.value.remedy


def test_first_row_longer_than_header_is_ragged_too():
    with pytest.raises(InputError, match="line 2: 3 fields where the header has 2"):
        read("a,b\n1,2,3\n4,5,6\n")


def test_short_rows_are_filled_counted_and_named():
    raw = read('a,b,c\n"two\nlines",y,1\n\nx,,\nz\nw,y\n')
    assert cells(raw, "c") == [1.0, None, None, None]
    assert raw.sources[0].notes == (
        "2 rows have fewer fields than the header (3), the first in line 6 (1); their last cells are empty.",
    )
    one = read("a,b\nx,y\nz\n")
    assert cells(one, "b") == ["y", None]
    assert one.sources[0].notes[0].startswith("Line 3 has fewer fields (1) than the header (2)")
    assert not read("a,b\nx,y\nz,\n").sources[0].notes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_of_one_column_are_empty_rows(end):
    raw = read(end.join(["", "text", "x", "", '"y', "", 'y"', '""', "z", "", "", ""]))
    assert cells(raw, "text") == ["x", None, f"y{end}{end}y", None, "z"]
    assert raw.sources[0].notes == (
        "2 blank lines were read as empty rows.",
        "2 blank lines at the end of the file skipped.",
    )
    with pytest.raises(InputError, match="no rows below it"):
        read(f"text{end}{end}{end}")


def test_reading_in_threads_leaves_the_limit_of_cells_high():
    long = "a,b\n" + "x" * 200_000 + ",1\nshort,2\n"
    with ThreadPoolExecutor(4) as pool:
        lengths = list(pool.map(lambda _: read(long).table["a"].str.len().max(), range(8)))
    assert lengths == [200_000] * 8
    assert csv.field_size_limit() > 10**9


def test_unclosed_quote_names_its_line():
    with pytest.raises(InputError, match=r"never closed, beginning in line 3"):
        read('a,b\n1,2\n3,"x\n4,5\n')
    raw = read('a\tb\n1\t2\n3\t"x\n4\t5\n', "a.tsv")
    assert cells(raw, "b") == ["2", '"x', "5"]


@pytest.mark.parametrize(
    ("data", "message"), [("", "is empty"), ("a,b\n", "no rows"), ("\n\n \n", "no rows"), ("a,b", "no rows")]
)
def test_empty_and_header_only(data, message):
    with pytest.raises(InputError, match=message):
        read(data)


def test_nuls_are_removed_and_counted():
    raw = read(b"text,n\na\0b\0,1\nmore text here to make NULs rare,2\n")
    assert cells(raw, "text")[0] == "ab"
    assert any(note.startswith("2 NUL") for note in raw.sources[0].notes)


def test_cell_of_ten_million_characters():
    raw = read("text,n\n" + "word " * 2_000_000 + ",1\nshort,2\n")
    assert raw.table["text"].str.len().tolist() == [10_000_000, 5]
    quoted = read('n,text\n1,"' + "a,b " * 2_500_000 + '"\n2,short\n')
    assert quoted.table["text"].str.len().tolist() == [10_000_000, 5]


def test_five_hundred_columns():
    names = [f"c{i}" for i in range(500)]
    raw = read(",".join(names) + "\n" + ",".join(map(str, range(500))) + "\n")
    assert raw.table.shape == (1, 500)
    assert raw.table["c499"].iloc[0] == 499


def test_odd_text_and_markup_stay_as_they_are():
    text = "👩‍👩‍👧 שלום \u200bzero\u200d <script>alert(1)</script> é"
    raw = read(f"<b>x</b>,{{y}}\n{text},1\n")
    assert cells(raw, "<b>x</b>") == [text]
    assert "{y}" in raw.table.columns


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows(rows):
    assert len(read("text\n" + "same\n" * rows).table) == rows


def test_several_files_are_put_below_each_other():
    raw = read_files([Upload("a.csv", b"text,n\nx,1\n"), Upload("b.csv", b"text,file\ny,z\n")])
    assert cells(raw, "file") == ["a.csv", "b.csv"]
    assert cells(raw, "text") == ["x", "y"]
    assert cells(raw, "n") == [1.0, None]
    assert cells(raw, "file (2)") == [None, "z"]
    assert any("same columns" in note for note in raw.notes)
    assert [source.rows for source in raw.sources] == [1, 1]


def test_number_column_that_is_text_in_another_file():
    raw = read_files([Upload("a.csv", b"c\n1\n2\n"), Upload("b.csv", b"c\nx\n")])
    assert cells(raw, "c") == ["1", "2", "x"]


def test_hundred_thousand_rows_are_quick():
    out = io.StringIO("text,label,n\n")
    out.seek(0, 2)
    for i in range(100_000):
        out.write(f'"row {i}, of some words to read and more of them",label {i % 7},{i}\n')
    with cpu_limit(10):  # about a second
        raw = read(out.getvalue())
    assert len(raw.table) == 100_000


STS = (
    "images\tMSRvid\t2012test\t0024\t2.500\tA girl is styling her hair.\tA girl is brushing her hair.\n"
    'news\theadlines\t2014\t0025\t3.600\t"Foreign" minister: we won\'t bow\tIt won\'t "bow\thttp://a.example\thttp://b.example\n'
    'news\theadlines\t2015\t0026\t0.0\t"I was shocked," she said.\tTwo dogs are fighting.\n'
    'news\theadlines\t2015\t0027\t4.0\tHe said this is the end"\tHe said: "This is the end\n'
)


@pytest.mark.parametrize("name", ["sts-test.csv", "sts-test.tsv", "sts-test.txt"])
def test_a_benchmark_without_header_or_quoting_keeps_every_row_and_sign(name):
    raw = read(STS, name)
    assert list(raw.table.columns) == [f"column {number}" for number in range(1, 10)]
    assert cells(raw, "column 5") == [2.5, 3.6, 0.0, 4.0]
    assert cells(raw, "column 6")[1:] == [
        '"Foreign" minister: we won\'t bow', '"I was shocked," she said.', 'He said this is the end"',
    ]  # fmt: skip
    assert cells(raw, "column 9") == [None, "http://b.example", None, None]
    assert NO_HEADER in raw.sources[0].notes


def test_a_year_over_numbers_is_a_name_all_the_same():
    raw = read("id,2019,comment\n1,4,so very good indeed\n2,5,quite bad I must say\n3,5,not much to say\n")
    assert list(raw.table) == ["id", "2019", "comment"]


def test_a_tsv_that_is_quoted_by_the_rules_is_read_by_them():
    raw = read('text\tn\n"a ""b"" c"\t1\n"two\nlines, one\tcell"\t2\nplain\t3\n', "a.tsv")
    assert cells(raw, "text") == ['a "b" c', "two\nlines, one\tcell", "plain"]


def test_quotes_that_pair_up_over_lines_of_a_tsv_swallow_no_row():
    raw = read('a\tb\n"open\tone\ntwo\tclose"\nlast\tthree\n', "a.tsv")
    assert cells(raw, "a") == ['"open', "two", "last"]
