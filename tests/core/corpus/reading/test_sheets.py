"""Workbooks and HTML tables: which sheet, which rows are a header, merged cells, escapes, errors and formulas."""

import io
import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from core.corpus.reading.files import read_files
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

TEXTS = [f"The parcel number {i} came late and nobody answered" for i in range(24)]
REGIONS = ("north", "south", "east")


def read(name, data, **options):
    return read_files([Upload(name, data if isinstance(data, bytes) else data.encode())], ReadOptions(**options))


def notes_of(raw):
    return " ".join(note for source in raw.sources for note in source.notes)


def book(**sheets):
    """A workbook; each sheet is a list of rows, or a function that fills it."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, content in sheets.items():
        sheet = made.create_sheet(title)
        if callable(content):
            content(sheet)
        else:
            for row in content:
                sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def rewritten(data, *replacements):
    """The workbook with the XML of its sheets changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/") or name == "xl/sharedStrings.xml":
                for pattern, text in replacements:
                    content = re.sub(pattern, text, content)
            new.writestr(name, content)
    return out.getvalue()


PLAIN = [["id", "text"], *([i, text] for i, text in enumerate(TEXTS))]
PROSE = [["Feedback of the quarter"], ["Made for the meeting"], ["Please do not print"]]
CODES = [["code", "meaning"], [1, "good"], [2, "bad"]]


@pytest.mark.parametrize("order", [("Cover", "Data", "Codes"), ("Codes", "Data", "Cover"), ("Data", "Cover", "Codes")])
def test_the_sheet_with_the_data_is_read_and_another_can_be_chosen(order):
    sheets = {"Cover": PROSE, "Data": PLAIN, "Codes": CODES}
    data = book(**{name: sheets[name] for name in order})
    raw = read("a.xlsx", data)
    assert raw.table["text"].tolist() == TEXTS
    assert raw.sources[0].sheets[0] == "Data"
    assert set(raw.sources[0].sheets) == set(order)
    assert '"Data"' in notes_of(raw)
    other = read("a.xlsx", data, sheet="Codes")
    assert other.table.to_dict("list") == {"code": [1, 2], "meaning": ["good", "bad"]}


def merge(sheet, row, column, rows=1, columns=1):
    sheet.merge_cells(start_row=row, end_row=row + rows - 1, start_column=column, end_column=column + columns - 1)


def write(sheet, row, column, cells):
    for at, cell in enumerate(cells):
        sheet.cell(row, column + at, cell)


def two_levels(banner, gap, total, column):
    def fill(sheet):
        row = 1
        if banner:
            write(sheet, row, column, ["Quarterly feedback"])
            merge(sheet, row, column, columns=4)
            row += 1 + gap
        write(sheet, row, column, ["Customer", None, "Answer"])
        merge(sheet, row, column, columns=2)
        merge(sheet, row, column + 2, columns=2)
        write(sheet, row + 1, column, ["id", "region", "score", "comment"])
        for i, text in enumerate(TEXTS):
            write(sheet, row + 2 + i, column, [i, REGIONS[i // 8] if i % 8 == 0 else None, i % 5 + 1, text])
        for start in range(row + 2, row + 26, 8):
            merge(sheet, start, column + 1, rows=8)
        if total:
            write(sheet, row + 26, column, [total, None, 72])

    return fill


@pytest.mark.parametrize("total", ["", "Sum", "Total:", "Gesamt"])
@pytest.mark.parametrize(("banner", "gap"), [(False, 0), (True, 0), (True, 1), (True, 3)])
@pytest.mark.parametrize("first_column", [1, 3])
def test_banners_headers_of_two_levels_merged_cells_and_totals(banner, gap, total, first_column):
    raw = read("a.xlsx", book(Data=two_levels(banner, gap, total, first_column)))
    assert list(raw.table.columns) == ["Customer id", "Customer region", "Answer score", "Answer comment"]
    assert raw.table["Answer comment"].tolist() == TEXTS
    assert raw.table["Customer region"].tolist() == [region for region in REGIONS for _ in range(8)]
    assert raw.table["Answer score"].tolist() == [i % 5 + 1 for i in range(24)]
    notes = notes_of(raw)
    assert ("Quarterly feedback" in notes) == banner
    assert (f'"{total}"' in notes) == bool(total)
    assert "3 merged cells" in notes


def test_a_source_below_the_table_is_left_out_but_sparse_rows_stay():
    rows = [
        ["id", "text", "note"],
        [1, TEXTS[0], "x"],
        [2, None, None],
        [3, TEXTS[1], None],
        [None] * 3,
        ["Source: us"],
    ]
    raw = read("a.xlsx", book(Data=rows))
    assert raw.table["id"].tolist() == [1, 2, 3]
    assert "Source: us" in notes_of(raw)


def test_texts_alone_are_not_taken_for_headers():
    rows = [["subject", "text"], ["lamp", "It broke at once"], ["parcel", "It came late"], ["lamp", "Looks lovely"]]
    raw = read("a.xlsx", book(Data=rows))
    assert list(raw.table.columns) == ["subject", "text"]
    assert len(raw.table) == 3


ESCAPES = {
    "one_x000D_\ntwo": "one\ntwo", "one_x000D_two": "one\ntwo", "_x000D_\n_x000D_\n": None, "a_x0009_b": "a\tb",
    "a_x0001_ sign": "a sign", "shows _x005F_x000D_ here": "shows _x000D_ here", "_x4F60__x597D_": "你好",
    "snake_x_case": "snake_x_case", "_x005F_x005F_x005F_x000D_": "_x005F_x000D_", "_xZZZZ_": "_xZZZZ_",
}  # fmt: skip


@pytest.mark.parametrize("text", ESCAPES)
def test_escapes_of_excel(text):
    raw = read("a.xlsx", book(Data=[["id", "text"], [1, text], [2, "plain"]]))
    cell = raw.table["text"].iloc[0]
    assert (None if pd.isna(cell) else cell) == ESCAPES[text]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#NAME?"])
def test_errors_are_empty_cells_with_their_place(error):
    raw = read("a.xlsx", book(Data=[["id", "text", "n"], [1, "a b", 3], [2, "c d", error], [3, error, 5]]))
    assert raw.table["n"].isna().tolist() == [False, True, False]
    assert raw.table["text"].isna().tolist() == [False, False, True]
    assert f"C3 {error}" in notes_of(raw)
    assert "2 cells" in notes_of(raw)


def test_formulas_without_a_value_are_named():
    rows = [["id", "text", "n"], *([i + 1, text, f"=A{i + 2}*2"] for i, text in enumerate(TEXTS[:3]))]
    data = book(Data=rows)  # openpyxl computes no formula
    raw = read("a.xlsx", data)
    assert raw.table["n"].isna().all()
    assert "3 formulas" in notes_of(raw)
    assert "C2" in notes_of(raw)
    stored = read("a.xlsx", rewritten(data, (rb"</f><v\s*/?>(</v>)?", rb"</f><v>7</v>")))
    assert stored.table["n"].tolist() == [7, 7, 7]
    assert "formula" not in notes_of(stored)


HTML = """<html><head><meta charset="utf-8"><title>Export</title></head><body>
<table><tr><td>Menu</td></tr></table>
<table border=1><thead><tr><th>id</th><th>area</th><th>text</th></tr></thead>{rows}</table></body></html>"""


@pytest.mark.parametrize("name", ["export.xls", "export.html", "export.csv", "export.tsv", "export"])
@pytest.mark.parametrize("closed", [True, False])
def test_html_under_any_name_is_read_as_what_it_is(name, closed):
    rows = "".join(
        f"<tr><td>{i}</td>"
        + ("<td rowspan=4>north &amp; south</td>" if i % 4 == 0 else "")
        + f"<td>{text}<br>end</td></tr>"
        for i, text in enumerate(TEXTS)
    )
    page = HTML.format(rows=rows if closed else rows.replace("</td>", "").replace("</tr>", ""))
    raw = read(name, page)
    assert raw.sources[0].format == "HTML"
    assert raw.table["id"].tolist() == list(range(24))
    assert raw.table["area"].unique().tolist() == ["north & south"]
    assert raw.table["text"].tolist() == [f"{text}\nend" for text in TEXTS]


def test_excels_xml_of_2003():
    row = '<Row><Cell><Data ss:Type="Number">{}</Data></Cell><Cell{}><Data ss:Type="String">{}</Data></Cell></Row>'
    rows = "".join(row.format(i, "", text) for i, text in enumerate(TEXTS)) + row.format(99, ' ss:Index="3"', "far")
    head = '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns:ss="urn:x"><Worksheet><Table>'
    names = "<Row><Cell><Data>id</Data></Cell><Cell><Data>text</Data></Cell><Cell><Data>more</Data></Cell></Row>"
    raw = read("a.xls", f"{head}{names}{rows}</Table></Worksheet></Workbook>")
    assert raw.table["text"].tolist()[:24] == TEXTS
    assert raw.table["more"].iloc[24] == "far"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimited_text_under_the_name_of_a_workbook(delimiter):
    raw = read("a.xls", "\n".join(delimiter.join(row) for row in [["id", "text"], ["1", "one"], ["2", "two"]]))
    assert raw.table.to_dict("list") == {"id": [1, 2], "text": ["one", "two"]}


def test_a_workbook_under_an_old_name_and_pages_without_a_table():
    assert read("a.xls", book(Data=PLAIN)).table["text"].tolist() == TEXTS
    with pytest.raises(InputError, match="web page"):
        read("a.csv", "<!DOCTYPE html><html><body>Please sign in</body></html>")
    with pytest.raises(InputError, match="old Office file"):
        read("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
