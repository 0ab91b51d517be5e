"""What surrounds the table of a delimited file, and how its cells are escaped."""

import csv
import io

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

TEXTS = ["The parcel came late", 'She said "again", and left; twice', "Login fails\tsince Monday", "path C:\\data\\"]
TABLE = pd.DataFrame({"id": range(40), "topic": ["app", "delivery"] * 20, "text": TEXTS * 10})


def read(data, name="a.csv", **options):
    data = data.encode() if isinstance(data, str) else data
    return read_files([Upload(name, data)], ReadOptions(**options))


def as_csv(delimiter=",", table=TABLE, **options):
    return table.to_csv(index=False, sep=delimiter, **options)


def assert_table(raw, table=TABLE):
    assert list(raw.table.columns) == list(table.columns)
    for name in table:
        expected = [None if pd.isna(cell) else cell for cell in table[name].tolist()]
        assert [None if pd.isna(cell) else cell for cell in raw.table[name].tolist()] == expected


def notes(raw):
    return " ".join(raw.sources[0].notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "~", "^", "§", "¦"])
@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}", "sep={};;;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sep_line_names_the_delimiter(delimiter, line, end):
    raw = read(line.format(delimiter) + end + as_csv(delimiter, lineterminator=end))
    assert_table(raw)
    assert raw.sources[0].delimiter == delimiter
    assert "sep=" in notes(raw)


def test_a_delimiter_by_hand_wins_over_a_sep_line_which_is_no_row_anyway():
    assert_table(read("sep=|\n" + as_csv(";"), delimiter=";"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "title", ["Report of May", "Report of May\n\n", "Report\nby the shop\n", "Report{d}{d}\n{d}{d}"]
)
def test_titles_above_the_header_are_no_rows(title, delimiter):
    raw = read(title.replace("{d}", delimiter) + "\n" + as_csv(delimiter), "a.tsv" if delimiter == "\t" else "a.csv")
    assert_table(raw)
    assert "Report" in notes(raw)


@pytest.mark.parametrize(
    "footer", ["\nTotal rows: 40\n", "\n(40 rows affected)\n\n", "Total,,40\n", "\nSum,,\nmade by the shop\n"]
)
def test_totals_and_remarks_below_the_table_are_no_rows(footer):
    raw = read(as_csv() + footer)
    assert_table(raw)
    assert "below the table" in notes(raw)


def test_rows_at_the_end_that_end_early_stay():
    raw = read("id,topic,text\n" + "1,app,good\n" * 9 + "Totally unlike,app\n11\n")
    assert raw.table["id"].tolist()[-2:] == ["Totally unlike", "11"]
    assert len(read("text,n\n" + "so it is,1\n" * 9 + "total,3\n").table) == 10


def test_prose_of_one_column_has_no_title():
    with pytest.raises(InputError, match="header has 1"):
        read("text\nwell, yes, so\nthen, no, never\nand, so, on\nor, so, what\n")


def test_comment_lines_are_left_out_and_counted():
    raw = read("# made by a tool\n# version, 3\n" + as_csv() + "# the end\n")
    assert_table(raw)
    assert "3 comment lines" in notes(raw)
    assert read("text\n#first tag\n#second\n").table["text"].tolist() == ["#first tag", "#second"]
    assert read("#id,text\n1,a b\n2,c d\n").table.columns.tolist() == ["#id", "text"]


def test_line_numbers_of_errors_count_the_lines_above_the_table():
    with pytest.raises(InputError, match="line 8: 4 fields"):
        read("Title\n\nid,topic,text\n1,a,b\n2,a,b\n3,a,b\n4,a,b\n5,a,b,c\n")


SURVEY = (
    "ResponseId,StartDate,Q1,Q2\n"
    'Response ID,Start Date,"How satisfied are you,\nfrom 1 to 7?","Tell us, in your own words, why."\n'
)
IMPORT_IDS = '"{""ImportId"": ""a""}","{""ImportId"": ""b""}","{""ImportId"": ""c""}","{""ImportId"": ""d""}"\n'
ANSWERS = "".join(f"R_{i:03d},2026-05-{1 + i % 28:02d} 10:00:00,{1 + i % 7},Answer {i} was good\n" for i in range(30))


@pytest.mark.parametrize("ids", ["", IMPORT_IDS])
@pytest.mark.parametrize("kind", ["xlsx", "html"])
def test_the_wording_of_a_survey_describes_its_columns_in_workbooks_and_pages(ids, kind):
    cells = list(csv.reader(io.StringIO(SURVEY + ids + ANSWERS, newline="")))
    answers = pd.DataFrame([[int(cell) if cell.isdigit() else cell for cell in row] for row in cells[1:]])
    answers.columns = cells[0]
    out = io.BytesIO()
    if kind == "xlsx":
        answers.to_excel(out, index=False)
    raw = read(out.getvalue() or answers.to_html(index=False), f"a.{kind}")
    assert len(raw.table) == 30
    assert raw.table["Q1"].dtype == "int64"
    assert "How satisfied are you," in raw.descriptions["Q1"]
    assert "describe" in notes(raw)
    roles = guess_roles(raw.table)
    assert (roles.text, roles.time) == ("{Q2}", "StartDate")


@pytest.mark.parametrize(("ids", "last"), [("", 3), (IMPORT_IDS, 4)])
def test_the_wording_of_a_survey_describes_its_columns(ids, last):
    raw = read(SURVEY + ids + ANSWERS)
    assert len(raw.table) == 30
    assert raw.table["Q1"].dtype == "int64"
    assert raw.descriptions["Q1"] == "How satisfied are you,\nfrom 1 to 7?"
    assert f"Lines 1 to {last}" in notes(raw)
    roles = guess_roles(raw.table)
    assert (roles.text, roles.time) == ("{Q2}", "StartDate")
    corpus = build_corpus(raw, roles).corpus
    assert corpus.texts[0] == "Answer 0 was good"
    assert corpus.origin["descriptions"]["Q2"] == "Tell us, in your own words, why."


def test_sub_headings_below_questions_are_no_rows_and_name_columns_without_a_name():
    header = "Respondent,Which product do you use?,,Why this score?\n,Web,App,Open-Ended Response\n"
    raw = read(header + "".join(f"{100 + i},{'Web' if i % 2 else ''},App,It was {i} times good\n" for i in range(20)))
    assert len(raw.table) == 20 or len(raw.table) == 21  # "Web" is also an answer here
    raw = read(
        header.replace("Web,App", "Web browser,Phone")
        + "".join(f"{100 + i},{'yes' if i % 2 else ''},yes,It was {i} times good\n" for i in range(20))
    )
    assert list(raw.table.columns) == [
        "Respondent", "Which product do you use?", "Which product do you use?: Phone", "Why this score?",
    ]  # fmt: skip
    assert len(raw.table) == 20
    assert raw.descriptions["Why this score?"] == "Open-Ended Response"


@pytest.mark.parametrize(
    "first", ["R1,2026-05-01,unknown,good enough", "R1,,5,good enough", ",2026-05-01,4,it was fine", "R1,n/a,3,x y z"]
)
def test_a_first_row_with_a_cell_missing_or_unknown_is_a_row(first):
    rows = "".join(f"R{i},2026-05-02,{i % 5},answer {i}\n" for i in range(2, 30))
    raw = read("id,date,score,text\n" + first + "\n" + rows)
    assert len(raw.table) == 29
    assert not raw.descriptions


def escape(cell):
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote_all", [True, False])
def test_quotes_escaped_by_backslashes_are_undone(delimiter, quote_all):
    cells = [TABLE.columns.tolist(), *TABLE.astype(str).to_numpy().tolist()]
    rows = [[escape(cell) if quote_all or not cell.isalnum() else cell for cell in row] for row in cells]
    raw = read("\n".join(delimiter.join(row) for row in rows) + "\n")
    assert_table(raw)
    assert "backslashes" in notes(raw)


def test_a_file_quoted_by_the_rules_keeps_its_backslashes():
    assert_table(read(as_csv()))
    json = pd.DataFrame({"n": [1, 2, 3, 4], "text": ['{"a": "x\\"y"}', "C:\\new", '\\"', "\\"]})
    assert_table(read(as_csv(table=json)), json)


def mysql(cell, line_end="\\n"):
    if pd.isna(cell):
        return "\\N"
    for sign, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", line_end), ("\r", "\\r")):
        cell = cell.replace(sign, escaped)
    return cell


def test_an_export_of_a_database_is_unescaped_and_its_nulls_are_missing():
    table = pd.DataFrame(
        {"id": range(8), "topic": [None, "a b", "c"] * 2 + ["a b", "c"], "text": [*TEXTS, "one\ntwo\\n", *TEXTS[:3]]}
    )
    for line_end in ("\\n", "\\\n"):
        rows = [[str(i), mysql(topic), mysql(text, line_end)] for i, topic, text in table.itertuples(index=False)]
        data = "id\ttopic\ttext\n" + "\n".join("\t".join(row) for row in rows) + "\n"
        raw = read(data, "a.tsv")
        assert_table(raw, table)
        assert "2 cells" in notes(raw)


def test_backslashes_of_paths_and_formulas_stay():
    table = pd.DataFrame({"n": range(4), "text": ["C:\\temp\\new", "\\alpha + \\beta", "a\\tb", "plain"]})
    assert_table(
        read("n\ttext\n" + "".join(f"{n}\t{text}\n" for n, text in table.itertuples(index=False)), "a.tsv"), table
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_pandas_writes_reads_back(encoding, end):
    table = TABLE.assign(text=["Zürich, “ok”", 'a "b"', "x\\y", "two; three"] * 10, score=[0.1, 2.5, 1e-05, 3.0] * 10)
    out = io.BytesIO()
    table.to_csv(out, index=False, encoding=encoding, lineterminator=end)
    assert_table(read(out.getvalue()), table)
