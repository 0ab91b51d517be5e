"""Documents on the Data page: from files to a corpus, and files that can't become one."""

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from core.store import Workspace
from tests.document_files import docx_file, epub_file, fact, long_pdf, simple_pdf, zip_of
from tests.pages.data_steps import create, errors, start, upload, widget

HTML = "<!DOCTYPE html><html><body><h1>Guide</h1><p>Ask for it.</p><h2>Fees</h2><p>None.</p></body></html>"


def stored(home):
    (info,) = Workspace(home).corpora()
    return Workspace(home).load_corpus(info.digest)


def test_a_pdf_becomes_a_corpus_with_pages_and_passages(app, home):
    app = upload(start(app), ("report.pdf", long_pdf(10)))
    assert widget(app, "toggle", "split").value
    assert not [one for one in app.selectbox if (one.key or "").startswith(("encoding", "delimiter"))]
    app = create(app, "Report")
    assert not app.exception
    corpus = stored(home)
    assert corpus.roles.text == "{text}"
    assert corpus.table["passage"].max() > 1
    rows = [row for row, text in enumerate(corpus.texts) if fact(8) in text]
    assert corpus.table["page"].iloc[rows].tolist() == [8]
    assert corpus.table["heading"].iloc[rows[0]] == "Chapter 1 > 1.8 Topic 8"
    assert set(corpus.table["file"]) == {"report.pdf"}


def test_a_zip_of_documents_becomes_one_corpus(app, home):
    files = {"a.docx": docx_file(), "b.html": HTML, "c.epub": epub_file()}
    app = create(upload(start(app), ("all.zip", zip_of(files))), "All")
    assert not app.exception
    table = stored(home).table
    assert table.groupby("file")["position"].max().to_dict() == {"a.docx": 3, "b.html": 2, "c.epub": 3}
    assert "Guide > Fees" in set(table["heading"])


def test_the_unit_of_markdown(app, home):
    app = upload(start(app), ("notes.md", b"# One\nfirst\nsecond\n\n# Two\nthird\n"))
    app = create(widget(app, "selectbox", "unit").set_value("line").run(), "Lines")
    assert stored(home).texts == ["# One", "first", "second", "# Two", "third"]


REFUSED = {
    "locked": (simple_pdf([["x"]], encrypt=StandardEncryption("secret", strength=128)), "password"),
    "empty": (simple_pdf([[], []]), "2 pages"),
    "damaged": (b"%PDF-1.7 and nothing else", "damaged"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_pdfs_that_can_not_be_read_are_refused(app, home, kind):
    data, reason = REFUSED[kind]
    app = upload(start(app), (f"{kind}.pdf", data))
    assert reason in errors(app)
    assert f"{kind}.pdf" in errors(app)
    assert not [one for one in app.button if one.key == "create"]
