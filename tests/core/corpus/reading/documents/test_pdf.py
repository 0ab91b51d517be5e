import re
import time
from itertools import pairwise

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader

from core.corpus.reading.files import read_files
from core.corpus.reading.values import RawTable, Upload
from core.errors import InputError
from tests.document_files import BODY, LEFT, TOP, canvas, fact, long_pdf, prose, simple_pdf, write_lines


def read(data: bytes, name: str = "a.pdf") -> RawTable:
    return read_files([Upload(name, data)])


def notes(raw: RawTable) -> str:
    return " ".join(raw.sources[0].notes)


def image() -> ImageReader:
    from PIL import Image

    return ImageReader(Image.new("RGB", (8, 8), "white"))


@pytest.fixture(scope="module")
def report() -> RawTable:
    return read(long_pdf(20))


def outcome(data: bytes) -> str:
    """PDFium rebuilds what is left of a file."""
    try:
        return "read" if len(read(data).table) else "empty"
    except InputError as error:
        return "damaged" if "damaged" in error.message or "no text" in error.message else error.message


def text_of(raw: RawTable, page: int) -> str:
    return "\n\n".join(raw.table["text"][raw.table["page"] == page])


def test_every_page_has_its_own_text_and_headings(report):
    assert list(report.table.columns) == ["file", "text", "page", "heading", "position"]
    assert report.table["position"].tolist() == list(range(1, len(report.table) + 1))
    for page in range(1, 21):
        assert [number for number in range(1, 21) if fact(number) in text_of(report, number)] == list(range(1, 21))
        headings = report.table["heading"][report.table["page"] == page]
        assert headings.tolist()[-1].endswith(f" Topic {page}")
    assert report.table["heading"].iloc[0] == "Chapter 1 > 1.1 Topic 1"
    assert report.table["heading"].iloc[-1].startswith("Chapter 2 > ")


def test_headers_and_footers_are_removed_and_counted(report):
    assert not report.table["text"].str.contains("Annual report|Page .* of 20").any()
    assert "40 repeated lines" in notes(report)
    assert "20 pages" in notes(report)


def test_columns_are_read_one_after_the_other(report):
    text = text_of(report, 6)  # written line by line across both columns
    left, right = prose(6, 220, 40), prose(7, 220, 40)
    sequence = [text.index(line) for line in ["Left begins 6", *left[1:], "Right begins 6", *right[1:-1], fact(6)]]
    assert all(before < after for before, after in pairwise(sequence))


def test_three_columns_below_a_title_and_above_a_caption():
    page, out = canvas()
    title, caption = "A title that spans all of the three columns of this page", "A caption below them " * 5
    write_lines(page, [title], 50, 780, 16)
    for column in range(3):  # the lines of the columns are not level with each other
        lines = [f"column {column} line {line} of the page" for line in range(12)]
        write_lines(page, lines, 50 + column * 175, 740 - column * 3)
    write_lines(page, [caption], 50, 500)
    page.save()
    text = read(out.getvalue()).table["text"].iloc[0]
    expected = [
        title,
        *(f"column {column} line {line} of" for column in range(3) for line in range(12)),
        caption.strip(),
    ]
    positions = [text.index(piece) for piece in expected]
    assert positions == sorted(positions)


def test_table_rows_stay_together(report):
    assert "Item 7-3\t36 EUR\tcode 3\nItem 7-4\t48 EUR\tcode 4" in text_of(report, 7)


def test_hyphens_paragraphs_footnotes_and_chinese(report):
    assert re.search(r"\.\n\nThe committee decides\.\n\w", text_of(report, 5))
    assert text_of(report, 3).endswith("\n\n1 Footnote of page 3.")
    chinese = text_of(report, 4)
    assert re.search(r"[一-鿿]{300}", chinese)
    assert "客户可以在三十天内申请退款" in chinese


def test_sections_begin_at_headings_within_a_page():
    page, out = canvas()
    y = write_lines(page, ["Handbook"], LEFT, TOP, 24) - 10
    for title in ("Refunds", "Deliveries"):
        y = write_lines(page, [title], LEFT, y, 15) - 5
        y = write_lines(page, prose(len(title), 400, 3), LEFT, y) - 10
    y = write_lines(page, ["Abroad"], LEFT, y, BODY, "Helvetica-Bold") - 2
    write_lines(page, prose(1, 400, 3), LEFT, y)
    page.save()
    raw = read(out.getvalue())
    assert raw.table["heading"].tolist() == [
        "Handbook > Refunds",
        "Handbook > Deliveries",
        "Handbook > Deliveries > Abroad",
    ]
    assert raw.table["text"].iloc[0].startswith("Handbook\n\nRefunds\n\n")


def test_bookmarks_are_the_headings():
    page, out = canvas()
    for number, (level, title) in enumerate([(0, "One"), (1, "One and a half"), (0, "Two")]):
        page.bookmarkPage(str(number))
        page.addOutlineEntry(title, str(number), level)
        write_lines(page, [title, *prose(number, 400, 3)], LEFT, TOP)
        page.showPage()
    page.save()
    assert read(out.getvalue()).table["heading"].tolist() == ["One", "One > One and a half", "Two"]


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_turned_pages_are_read(quarter):
    page, out = canvas()
    page.translate(*[(0, 0), (550, 0), (550, 800), (0, 800)][quarter])
    page.rotate(90 * quarter)
    write_lines(page, prose(3, 300, 6), 50, 300)
    page.save()
    assert read(out.getvalue()).table["text"].tolist() == [" ".join(prose(3, 300, 6))]


def test_chapters_at_the_top_of_pages_are_no_headers():
    page, out = canvas()
    for number in range(1, 6):
        y = write_lines(page, [f"Chapter {number}"], LEFT, 800, 18) - 5
        write_lines(page, prose(number, 400, 5), LEFT, y)
        page.showPage()
    page.save()
    assert read(out.getvalue()).table["heading"].tolist() == [f"Chapter {number}" for number in range(1, 6)]


def test_running_heads_that_change_have_the_page_number():
    page, out = canvas()
    for number in range(1, 9):
        heading = f"{number + 4}  Part {number // 3}" if number % 2 else f"Part {number // 3}: on fees  {number + 4}"
        write_lines(page, [heading], LEFT, 810)
        write_lines(page, ["12 rules apply", *prose(number, 400, 3)], LEFT, 600)
        page.showPage()
    page.save()
    raw = read(out.getvalue())
    assert raw.table["text"].str.startswith("12 rules apply").all()
    assert "8 repeated lines" in notes(raw)


def test_numbered_titles_of_pages_are_no_headers():
    page, out = canvas()
    for number, title in enumerate(("Returns", "Delivery", "Warranty", "Payment"), start=1):
        write_lines(page, [f"{number} {title}"], LEFT, 800)
        write_lines(page, prose(number, 400, 5), LEFT, 700)
        write_lines(page, [f"{number}"], LEFT, 30)
        page.showPage()
    page.save()
    raw = read(out.getvalue())
    assert raw.table["text"].str.startswith(("1 Returns", "2 Delivery", "3 Warranty", "4 Payment")).all()
    assert "4 repeated lines" in notes(raw)


def test_lines_of_code_stay_lines():
    page, out = canvas()
    y = write_lines(page, prose(1, 400, 3), LEFT, TOP)
    write_lines(page, ["if ready:", "start()", "stop()", *prose(2, 400, 2)], LEFT, y - 10)
    page.save()
    assert "\n\nif ready:\nstart()\nstop()\n" in read(out.getvalue()).table["text"].iloc[0]


def test_scans():
    page, out = canvas()
    for number in range(1, 8):
        if number in (2, 5, 6):
            page.drawImage(image(), 0, 0, 500, 800)
        elif number != 7:  # a blank page is no scan
            write_lines(page, [f"Text of page {number}"], LEFT, TOP)
        page.showPage()
    page.save()
    raw = read(out.getvalue())
    assert raw.table["page"].tolist() == [1, 3, 4]
    assert "3 of 7 pages" in notes(raw)
    assert ": 2, 5-6." in notes(raw)

    page, out = canvas()
    for _ in range(12):
        page.drawImage(image(), 0, 0, 500, 800)
        page.showPage()
    page.save()
    with pytest.raises(InputError, match="12 pages") as error:
        read(out.getvalue(), "scan.pdf")
    assert "scan.pdf" in error.value.message
    assert "OCR" in error.value.remedy


@pytest.mark.parametrize("strength", [40, 128])
def test_encrypted(strength):
    lines = [["For members only"]]
    with_password = simple_pdf(lines, encrypt=StandardEncryption("user", "owner", strength=strength))
    with pytest.raises(InputError, match="password"):
        read(with_password)
    without = simple_pdf(lines, encrypt=StandardEncryption("", "owner", strength=strength))
    assert read(without).table["text"].tolist() == ["For members only"]


def test_damaged_and_cut_short():
    data = long_pdf(3)
    for damaged in (data[:500], b"%PDF-1.7\n" + bytes(range(256)) * 4, data.replace(b"/Type /Page", b"/Type /Pxxx")):
        with pytest.raises(InputError, match="PDF"):
            read(damaged)
    cut = [data[: len(data) * share // 20] for share in range(1, 20)]
    assert all(outcome(part) in ("read", "damaged") for part in cut)


def test_content_decides_before_the_name():
    assert read(simple_pdf([["Hello there"]]), "a.txt").sources[0].format == "PDF"
    assert read(b"junk\n" + simple_pdf([["Hello there"]])).table["text"].tolist() == ["Hello there"]
    with pytest.raises(InputError, match="does not begin like one"):
        read(b"only text")


@pytest.mark.slow
def test_300_pages_have_correct_pages_in_time():
    data, started = long_pdf(300), time.process_time()
    raw = read(data)
    assert time.process_time() - started < 30
    facts = {page: text_of(raw, page) for page in range(1, 301)}
    assert all(fact(page) in text for page, text in facts.items())
    assert "600 repeated lines" in notes(raw)
