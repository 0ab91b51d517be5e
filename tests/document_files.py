"""Documents generated in memory: PDF, DOCX, PPTX, EPUB."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

BODY, LEADING, LEFT, TOP = 10, 13, 60, 760
COLUMN = 235  # width of one of two columns, in points
WORDS = (  # noqa: SIM905
    "account balance card payment transfer refund customer branch request statement limit fee schedule receipt "
    "currency exchange deposit withdrawal security address holder letter notice period agreement office manager"
).split()
CHINESE = "客户可以在三十天内申请退款并在手机应用中查看处理进度银行将在五个工作日内完成审核"


def canvas(**options: Any) -> tuple[Canvas, io.BytesIO]:
    out = io.BytesIO()
    return Canvas(out, pagesize=A4, invariant=1, **options), out


def write_lines(page: Canvas, lines: Sequence[str], x: float, y: float, size: float = BODY, font: str = "Helvetica"):
    """Lines below each other from y downwards; returns the y below the last."""
    page.setFont(font, size)
    for line in lines:
        page.drawString(x, y, line)
        y -= size * LEADING / BODY
    return y


def prose(seed: int, width: float, lines: int) -> list[str]:
    """Lines of pseudo-random words that fill the width; the last ends with a period."""
    result, number = [], seed * 7919 + 1
    for _ in range(lines):
        line = ""
        while True:
            number = (number * 1_103_515_245 + 12_345) % 2**31
            word = WORDS[(number >> 8) % len(WORDS)]
            if pdfmetrics.stringWidth(f"{line} {word}", "Helvetica", BODY) > width:
                break
            line = f"{line} {word}".strip()
        result.append(line)
    result[-1] += "."
    return result


def simple_pdf(pages: Sequence[Sequence[str]], **options: Any) -> bytes:
    """A PDF with these lines on its pages."""
    page, out = canvas(**options)
    for lines in pages:
        write_lines(page, lines, LEFT, TOP)
        page.showPage()
    page.save()
    return out.getvalue()


def long_pdf(pages: int, facts: Mapping[int, str] | None = None, share: float = 1.0) -> bytes:
    """A report: running header and footer, a chapter of ten pages each; in turn pages of prose, two columns written
    line by line across both, a table, a footnote, and Chinese. Each page has one sentence of its own: that of `facts`,
    else fact(page). share: of the lines of prose, for pages with less text."""
    page, out = canvas()
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    for number in range(1, pages + 1):
        write_lines(page, ["Annual report of the Example Bank"], LEFT, 810, 8)
        write_lines(page, [f"Page {number} of {pages}"], 270, 30, 8)
        y = float(TOP)
        if number % 10 == 1:
            y = write_lines(page, [f"Chapter {number // 10 + 1}"], LEFT, y, 20, "Helvetica-Bold") - 10
        y = write_lines(page, [f"{number // 10 + 1}.{number % 10} Topic {number}"], LEFT, y, 14, "Helvetica-Bold") - 6
        draw = (_prose_page, _column_page, _table_page, _footnote_page, _chinese_page)[number % 5]
        draw(page, number, y, (facts or {}).get(number) or fact(number), share)
        page.showPage()
    page.save()
    return out.getvalue()


def fact(number: int) -> str:
    return f"Fact {number}: rule {number * 37 % 1009} applies."


def _prose_page(page: Canvas, number: int, y: float, sentence: str, share: float) -> None:
    y = write_lines(page, [sentence, *prose(number, 470, round(20 * share))], LEFT, y) - LEADING
    write_lines(page, ["The commit-", "tee decides.", *prose(number + 1, 470, round(18 * share))], LEFT, y)


def _column_page(page: Canvas, number: int, y: float, sentence: str, share: float) -> None:
    left, right = (prose(seed, COLUMN - 15, round(40 * share)) for seed in (number, number + 1))
    left[0], right[0], right[-1] = f"Left begins {number}", f"Right begins {number}", sentence
    for i, lines in enumerate(zip(left, right, strict=True)):
        for x, line in zip((LEFT, LEFT + COLUMN), lines, strict=True):
            write_lines(page, [line], x, y - i * LEADING)


def _table_page(page: Canvas, number: int, y: float, sentence: str, share: float) -> None:
    y = write_lines(page, [sentence, *prose(number, 470, round(6 * share))], LEFT, y) - LEADING
    for row in range(round(12 * share)):
        for x, cell in zip((LEFT, 200, 340), (f"Item {number}-{row}", f"{row * 12} EUR", f"code {row}"), strict=True):
            write_lines(page, [cell], x, y)
        y -= LEADING


def _footnote_page(page: Canvas, number: int, y: float, sentence: str, share: float) -> None:
    write_lines(page, [sentence, *prose(number, 470, round(30 * share))], LEFT, y)
    write_lines(page, [f"1 Footnote of page {number}."], LEFT, 70, 7)


def _chinese_page(page: Canvas, number: int, y: float, sentence: str, share: float) -> None:
    lines = [CHINESE[at:] + CHINESE[:at] for at in range(round(12 * share))]
    y = write_lines(page, [sentence], LEFT, y) - LEADING
    write_lines(page, lines, LEFT, y, BODY, "STSong-Light")


def zip_of(files: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def docx_file(document_xml: str = "") -> bytes:
    """A guide with headings, a list, a table and a footnote; document_xml: another body."""
    from docx import Document

    document = Document()
    document.add_heading("Guide", 0)
    document.add_paragraph("Introduction.[1] a note")
    document.add_heading("Refunds", 2)
    document.add_paragraph("Ask within 30 days.")
    for item in ("first", "second"):
        paragraph = document.add_paragraph(item, style="List Bullet")
        paragraph._p.get_or_add_pPr().get_or_add_numPr()
    document.add_heading("Fees", 2)
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("Country", "Fee", "France", "3 EUR"), strict=True):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    if not document_xml:
        return out.getvalue()
    with zipfile.ZipFile(out) as archive:
        return zip_of({name: archive.read(name) for name in archive.namelist()} | {"word/document.xml": document_xml})


def pptx_file() -> bytes:
    """A slide with title, text and notes; an empty one; one with a table and a group."""
    from pptx import Presentation

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Welcome", "first\nsecond"
    slide.notes_slide.notes_text_frame.text = "say hello"
    show.slides.add_slide(show.slide_layouts[6])
    slide = show.slides.add_slide(show.slide_layouts[6])
    table = slide.shapes.add_table(2, 2, 0, 0, 100, 100).table
    for cell, text in zip(table.iter_cells(), "abcd", strict=True):
        cell.text = text
    slide.shapes.add_group_shape().shapes.add_textbox(0, 0, 9, 9).text_frame.text = "grouped"
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def epub_file(changes: Mapping[str, str] | None = None) -> bytes:
    """A book of two chapters, listed in another order than that of their names."""
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{}</title></head><body>{}</body></html>'
    items = "".join(
        f'<item id="{i}" href="text/{i}.xhtml" media-type="application/xhtml+xml"/>' for i in ("two", "one")
    )
    spine = '<spine><itemref idref="one"/><itemref idref="two"/></spine>'
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    first = "<script/><h1>Chapter 1</h1><p>It caf&eacute; <a id='x'/>began.</p><h2>Part</h2><p>It went on.</p>"
    return zip_of({
        "mimetype": "application/epub+zip", "META-INF/container.xml": container,
        "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest>{spine}</package>',
        "OEBPS/text/one.xhtml": page.format("Book", first),
        "OEBPS/text/two.xhtml": page.format("Chapter 2", "<p>It ended.</p>"), **(changes or {}),
    })  # fmt: skip
