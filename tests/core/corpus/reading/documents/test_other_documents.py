import io
import json
import time
import zipfile
from email.message import EmailMessage

import pandas as pd
import pytest

from core.corpus.reading.budget import Budget
from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.values import RawTable, ReadOptions, Upload
from core.errors import InputError
from tests.document_files import docx_file, epub_file, pptx_file, simple_pdf, zip_of


def read(name: str, data: bytes | str, **options) -> RawTable:
    return read_files([Upload(name, data.encode() if isinstance(data, str) else data)], ReadOptions(**options))


def rows(raw: RawTable, *columns: str) -> list:
    cells = [[None if pd.isna(cell) else cell for cell in raw.table[name].tolist()] for name in columns]
    return cells[0] if len(cells) == 1 else list(zip(*cells, strict=True))


def notes(raw: RawTable) -> str:
    return " ".join(raw.sources[0].notes)


SECTIONS = [("Guide > Refunds", "Ask for\nit."), ("Guide > Refunds > Abroad", "Not now."), ("Guide > Fees", "None.")]


# --- Word ---


def test_docx_sections_lists_tables_and_footnotes():
    raw = read("a.docx", docx_file())
    assert raw.sources[0].format == "DOCX"
    assert rows(raw, "heading") == ["Guide", "Guide > Refunds", "Guide > Fees"]
    assert rows(raw, "text") == [
        "Guide\n\nIntroduction.[1] a note",
        "Refunds\n\nAsk within 30 days.\n\n- first\n\n- second",
        "Fees\n\nCountry\tFee\nFrance\t3 EUR",
    ]


def test_docx_tracked_changes_and_content_controls():
    ns = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    run, deleted = "<w:r><w:t>{}</w:t></w:r>", "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
    paragraph = "<w:p>" + run.format("new ") + deleted + "<w:ins>" + run.format("text") + "</w:ins></w:p>"
    control = f"<w:sdt><w:sdtContent><w:p>{run.format('controlled')}</w:p></w:sdtContent></w:sdt>"
    raw = read("a.docx", docx_file(f"<w:document {ns}><w:body>{paragraph}{control}</w:body></w:document>"))
    assert rows(raw, "text") == ["new text\n\ncontrolled"]


def test_docx_with_macros_is_read_as_text():
    data = docx_file()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    types = files["[Content_Types].xml"].decode()
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    files["[Content_Types].xml"] = types.replace(
        main, "application/vnd.ms-word.document.macroEnabled.main+xml"
    ).encode()
    files["word/vbaProject.bin"] = b"macro"
    assert len(read("a.docm", zip_of(files)).table) == 3


# --- PowerPoint ---


def test_pptx_slides_with_titles_tables_groups_and_notes():
    raw = read("a.pptx", pptx_file())
    assert rows(raw, "slide", "heading") == [(1, "Welcome"), (3, None)]
    assert rows(raw, "text") == ["Welcome\n\nfirst\nsecond\n\nNotes: say hello", "a\tb\nc\td\n\ngrouped"]
    assert "1 slide has no text: 2." in notes(raw)


# --- web pages ---

PAGE = """<!DOCTYPE html><html><head><title>Shop</title><style>p {{}}</style></head><body><nav><a>Home</a></nav>
<h1>Guide</h1><script>alert("never")</script><h2>Refunds</h2><p>Ask for<br>it.</p><h3>Ab<b>road</b></h3><p>Not
   now.<p hidden>secret</p><h2>Fees</h2><div>None.{more}</div><footer>Imprint</footer></body></html>"""


def test_html_page_without_data_is_a_document():
    raw = read("a.html", PAGE.format(more=""))
    assert rows(raw, "heading") == [heading for heading, _ in SECTIONS]
    assert [text.split("\n\n", 1 if i else 2)[-1] for i, text in enumerate(rows(raw, "text"))] == [
        text for _, text in SECTIONS
    ]
    assert "2 parts for navigation" in notes(raw)


def test_html_with_lists_tables_and_code():
    more = "<ul><li>one<li>two</ul><table><tr><th>a<th>b<tr><td>1<td>2</table><pre>if x:\n    y</pre>"
    text = rows(read("a.html", PAGE.format(more=more)), "text")[-1]
    assert text == "Fees\n\nNone.\n\n- one\n- two\n\na\tb\n1\t2\n\nif x:\n    y"


def test_html_that_is_mostly_a_table_is_a_table():
    table = "".join(f"<tr><td>{i}</td><td>text number {i} of the export</td></tr>" for i in range(30))
    raw = read("a.html", PAGE.format(more=f"<table><tr><th>id</th><th>text</th></tr>{table}</table>"))
    assert list(raw.table.columns) == ["id", "text"]
    assert len(raw.table) == 30


def test_html_without_headings_is_named_by_its_title_and_nothing_is_rendered():
    raw = read("a.htm", "<html><title>Sign in</title><body onload=x()>Please <i>sign</i> in &amp; wait</body></html>")
    assert rows(raw, "heading", "text") == [("Sign in", "Please sign in & wait")]
    with pytest.raises(InputError, match="no text"):
        read("a.html", "<html><body><script>1</script></body></html>")


def test_long_blanks_and_lines_are_read_in_linear_time():
    started = time.process_time()
    assert rows(read("a.html", "<html><body>a" + "<b> </b>" * 200_000 + "b"), "text") == ["a b"]
    with pytest.raises(InputError, match="no messages"):
        read("a.mbox", "From " + "1" * 2_000_000)
    assert time.process_time() - started < 10


def test_deep_html_is_read_without_recursion():
    assert rows(read("a.html", "<html><body>begin" + "<div>" * 100_000), "text") == ["begin"]


# --- EPUB ---


def test_epub_chapters_in_order():
    raw = read("a.epub", epub_file())
    assert rows(raw, "heading") == ["Chapter 1", "Chapter 1 > Part", "Chapter 2"]
    assert rows(raw, "text") == ["Chapter 1\n\nIt caf\u00e9 began.", "Part\n\nIt went on.", "It ended."]


def test_epub_protected_damaged_and_with_entities():
    reference = '<enc:CipherReference xmlns:enc="urn:x" URI="OEBPS/text/one.xhtml"/>'
    with pytest.raises(InputError, match="protected"):
        read("a.epub", epub_file({"META-INF/encryption.xml": f"<encryption>{reference}</encryption>"}))
    for broken in (epub_file({"META-INF/container.xml": "<container/>"}), epub_file()[:600]):
        with pytest.raises(InputError, match="damaged"):
            read("a.epub", broken)
    bomb = '<!DOCTYPE c [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><container>&b;</container>'
    with pytest.raises(InputError, match="damaged"):
        read("a.epub", epub_file({"META-INF/container.xml": bomb}))


# --- Markdown ---

MARKDOWN = """---
title: x
---
Before.

Guide
=====

## Refunds
Ask for
it.

```
# no heading
```
### *Abroad* & `more`
Not now.

## Fees
None.
"""


def test_markdown_sections_and_units():
    raw = read("a.md", MARKDOWN)
    assert rows(raw, "heading") == [None, "Guide > Refunds", "Guide > Refunds > Abroad & more", "Guide > Fees"]
    assert rows(raw, "text")[1] == "Guide\n\nRefunds\n\nAsk for\nit.\n\n```\n# no heading\n```"
    assert "file" not in read("a.md", MARKDOWN, text_unit="line").table
    assert rows(read("a.md", "one\ntwo\n"), "text") == ["one", "two"]


# --- notebooks ---


def test_notebook_cells():
    cells = [
        {"cell_type": "markdown", "source": ["# Load\n", "the data"]},
        {"cell_type": "code", "source": "x = 1\n", "outputs": [{"text": "1"}]},
        {"cell_type": "code", "source": []},
        {"cell_type": "markdown", "source": "## Fit"},
    ]
    raw = read("a.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    assert rows(raw, "cell", "cell type", "heading", "text") == [
        (1, "markdown", "Load", "# Load\nthe data"),
        (2, "code", "Load", "x = 1"),
        (4, "markdown", "Load > Fit", "## Fit"),
    ]
    assert "outputs of 1 cell" in notes(raw)
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["y"]}]}], "nbformat": 3}
    assert rows(read("a.ipynb", json.dumps(old)), "text") == ["y"]
    for bad in ("{", "[]", '{"cells": []}', "[" * 100_000):
        with pytest.raises(InputError, match="notebook"):
            read("a.ipynb", bad)


# --- e-mail ---


def message(subject: str, text: str, html: str = "", date: str = "Mon, 03 Mar 2025 10:00:00 +0200") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Date"] = subject, "Jane Roe <jane@example.com>", date
    mail["Message-ID"] = "<1@example.com>"
    if text:
        mail.set_content(text)
    if html:
        (mail.add_alternative if text else mail.set_content)(html, subtype="html")
    return mail


@pytest.mark.parametrize("name", ["a.eml", "unnamed"])
def test_eml(name):
    mail = message("Größe", "Plain text\n", "<p>HTML</p>")
    mail.add_attachment(b"data", maintype="application", subtype="pdf", filename="x.pdf")
    raw = read(name, mail.as_bytes())
    assert rows(raw, "subject", "from", "text") == [("Größe", "Jane Roe <jane@example.com>", "Plain text")]
    assert raw.table["date"].tolist() == [pd.Timestamp("2025-03-03 08:00")]
    assert "1 attachment" in notes(raw)
    html = message("x", "", "<h1>Hi</h1><script>no</script><p>there</p>")
    assert rows(read("a.eml", html.as_bytes()), "text") == ["Hi\n\nthere"]


@pytest.mark.parametrize("name", ["a.mbox", "unnamed"])
def test_mbox_is_split_at_its_lines_only(name):
    texts = ["From here 2024 it goes\nFrom Monday on", "two", "three"]
    mails = [message(f"s{i}", text, date="nonsense" if i == 2 else f"Mon, {i + 3:02} Mar 2025 10:00:00 +0000")
             for i, text in enumerate(texts)]  # fmt: skip
    blocks = [mail.as_string().replace("\nFrom ", "\n>From ") for mail in mails]
    raw = read(name, "".join(f"From jane@example.com Mon Mar  3 10:00:00 2025\n{block}\n" for block in blocks))
    assert rows(raw, "message", "text") == list(enumerate(texts, start=1))
    assert raw.table["date"].isna().tolist() == [False, False, True]
    roles = guess_roles(raw.table)
    assert (roles.text, roles.time) == ("{text}", "date")


def test_mail_that_breaks_the_rules():
    raw = read("a.eml", b"Subject: =?x-unknown?q?a?=\nDate: \nContent-Type: text/plain; charset=none\n\ncaf\xc3\xa9")
    assert rows(raw, "text") == ["caf\u00e9"]
    with pytest.raises(InputError, match="no messages"):
        read("a.mbox", "nothing")


# --- subtitles ---

SRT = "1\n00:00:01,000 --> 00:00:02,500\nWe begin\n\n2\n00:00:02,600 --> 00:00:04,000\n<i>here.</i>\n\n3\n"
SRT += "00:00:05,000 --> 00:00:06,000\nNext one\n\n4\n00:00:20,000 --> 00:00:21,000\nmuch later\n"


@pytest.mark.parametrize("name", ["a.srt", "unnamed"])
def test_srt_joins_sentences(name):
    raw = read(name, SRT.replace("\n", "\r\n"))
    assert rows(raw, "start (s)", "end (s)", "text") == [
        (1.0, 4.0, "We begin here."),
        (5.0, 6.0, "Next one"),
        (20.0, 21.0, "much later"),
    ]


def test_vtt_with_speakers():
    text = (
        "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000 align:left\n<v Ann>Hello,\n\n00:02.000 --> 00:03.000\n<v Bob>bye\n"
    )
    assert rows(read("a.vtt", text), "speaker", "text") == [("Ann", "Hello,"), ("Bob", "bye")]
    with pytest.raises(InputError, match="VTT"):
        read("a.vtt", "no subtitles")


# --- all of them ---


def test_zip_of_documents_becomes_one_table():
    files = {
        "b.docx": docx_file(),
        "a.html": PAGE.format(more=""),
        "c.epub": epub_file(),
        "d.pdf": simple_pdf([["Hi"]]),
    }
    raw = read("all.zip", zip_of(files))
    assert raw.table["file"].value_counts(sort=False).to_dict() == {"a.html": 3, "b.docx": 3, "c.epub": 3, "d.pdf": 1}
    assert guess_roles(raw.table).text == "{text}"
    with pytest.raises(InputError, match="another archive"):
        read("all.zip", zip_of({"inner.zip": zip_of(files), "inner.docx": zip_of({"a.txt": "x"})}))


@pytest.mark.parametrize(("name", "member"), [("a.docx", "word/document.xml"), ("a.pptx", "ppt/presentation.xml"),
                                              ("a.epub", "META-INF/container.xml")])  # fmt: skip
def test_zip_bombs_and_damage_under_document_names(name, member):
    with pytest.raises(InputError, match=r"times its size|the limit"):
        read(name, zip_of({member: b"<a>" + b" " * 80 * 1024**2}))
    with pytest.raises(InputError, match="damaged"):
        read(name, zip_of({member: b"<a>", "[Content_Types].xml": b"<b>"}))
    with pytest.raises(InputError, match=r"damaged|cut short"):
        read(name, zip_of({member: b"<a>", "x": b"y" * 5_000})[:60])
    many = zip_of({member: b"", **{str(i): b"" for i in range(20)}})
    with pytest.raises(InputError, match="files; the limit"):
        read_files([Upload(name, many)], budget=Budget(files=10))


def test_entities_of_xml_are_not_expanded():
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    ns = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    head = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "lol"><!ENTITY f SYSTEM "file:///etc/hostname">{}]>'
    body = "<w:document {}><w:body><w:p><w:r><w:t>safe{}</w:t></w:r></w:p></w:body></w:document>"
    assert rows(read("a.docx", docx_file(head.format("") + body.format(ns, "&e0;&f;"))), "text") == ["safe"]
    started = time.process_time()
    with pytest.raises(InputError, match="damaged"):
        read("a.docx", docx_file(head.format(levels) + body.format(ns, "&e11;")))
    assert time.process_time() - started < 5


def test_locked_office_documents_and_opendocument():
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(InputError, match="password"):
        read("a.docx", locked)
    with pytest.raises(InputError, match="OpenDocument"):
        read("a.odt", zip_of({"mimetype": "application/vnd.oasis.opendocument.text"}))
