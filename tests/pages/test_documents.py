"""Documents on the Data page: from files to a corpus, and files that can't become one."""

import shutil

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from streamlit.testing.v1 import AppTest

from core.corpus.preprocess import Steps
from core.corpus.service import create_corpus
from core.corpus.staging import ImportSource, stage
from core.models.registry import DEFAULT_MODEL, load_embedder
from core.store import Workspace
from core.types import Roles
from pages.shared import session
from pages.shared.text import plain
from tests.document_files import docx_file, epub_file, fact, long_pdf, simple_pdf, zip_of
from tests.pages.data_steps import create, errors, start, upload, widget
from tests.pages.test_result_view import Manager
from tests.waiting import WAIT

HTML = "<!DOCTYPE html><html><body><h1>Guide</h1><p>Ask for it.</p><h2>Fees</h2><p>None.</p></body></html>"


def stored(home):
    (info,) = Workspace(home).corpora()
    return Workspace(home).load_corpus(info.digest)


def test_a_pdf_becomes_a_corpus_with_pages_and_passages(app, home):
    app = upload(start(app), ("report.pdf", long_pdf(10)))
    assert widget(app, "toggle", "split").value
    assert widget(app, "selectbox", "tokenizer").value == DEFAULT_MODEL
    assert not [one for one in app.selectbox if (one.key or "").startswith(("encoding", "delimiter"))]
    app = create(app, "Report")
    assert not app.exception
    corpus = stored(home)
    assert corpus.roles.text == "{text}"
    assert corpus.table["passage"].max() > 1
    assert corpus.origin["choices"]["passage_model"]["name"] == DEFAULT_MODEL
    assert load_embedder(DEFAULT_MODEL).count_tokens(corpus.texts).max() <= 200
    rows = [row for row, text in enumerate(corpus.texts) if fact(8) in text]
    assert corpus.table["page"].iloc[rows].tolist() == [8]
    assert corpus.table["heading"].iloc[rows[0]] == "Chapter 1 > 1.8 Topic 8"
    assert set(corpus.table["file"]) == {"report.pdf"}


def test_a_zip_of_documents_becomes_one_corpus(app, home):
    files = {"a.docx": docx_file(), "b.html": HTML, "c.epub": epub_file(), "scan.pdf": simple_pdf([[]])}
    app = upload(start(app), ("all.zip", zip_of(files)))
    assert "3 of 4" in app.warning[0].value
    assert "scan.pdf" in app.warning[0].value.replace("\\", "")
    app = create(app, "All")
    assert not app.exception
    assert any("scan.pdf" in one.value.replace("\\", "") for one in app.caption)
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


def pressed(app, key):
    return next(one for one in app.button if one.key == key).click().run()


def test_a_hit_opens_its_page_in_a_dialog(app, home):
    app = create(upload(start(app), ("report.pdf", long_pdf(10))), "Report")
    app.query_params["mode"] = "keyword"
    app = app.switch_page("pages/explore/search.py").run()
    app.text_input(key="q").set_value("Fact 8 rule applies").run()
    assert not app.exception
    row = next(row for row, text in enumerate(stored(home).texts) if fact(8) in text)
    app = pressed(app, f"document--{row}")
    assert not app.exception
    assert len(app.get("image")) == 1
    assert "Page 8 of 10" in markdown(app)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A workspace with a corpus of a PDF and a Markdown file."""
    folder = str(tmp_path_factory.mktemp("documents"))
    files = (stage(folder, "a.pdf", long_pdf(4)), stage(folder, "<b>.md", b"# One\n**bold** <i>\n\n# Two\nlast\n"))
    return folder, create_corpus(folder, ImportSource(files), Roles("{text}"), Steps(), "Documents").info.digest


@pytest.fixture
def manager(monkeypatch):
    """Answers in this process."""
    monkeypatch.setattr(session, "manager", Manager)


def location(documents, home, row):
    """An app that shows the place of a row alone."""

    def script(digest, row):
        from pages.shared import session
        from pages.shared.corpus.document_view import show_document_location

        show_document_location(session.workspace().info(digest), row)

    shutil.copytree(documents[0], home, dirs_exist_ok=True)
    return AppTest.from_function(script, args=(documents[1], row), default_timeout=WAIT).run()


def markdown(app):
    return [str(one.value) for one in app.markdown]


def test_pages_are_turned_and_the_text_is_an_alternative(documents, home, manager):
    app = location(documents, home, 1)
    assert "Page 2 of 4" in markdown(app)
    app = pressed(app, "document-next")
    assert "Page 3 of 4" in markdown(app)
    app = pressed(pressed(app, "document-next"), "document-back")
    assert "Page 2 of 4" in markdown(app)
    app = widget(app, "button_group", "document_view").set_value("Text").run()
    assert not app.exception
    assert not app.get("image")
    assert "Section 2 of 4" in markdown(app)
    assert any(plain(fact(2)) in text and ":orange-background[" in text for text in markdown(app))
    assert fact(1) in " ".join(str(one.value) for one in app.text)


def test_a_section_of_another_format_is_shown_as_plain_text(documents, home, manager):
    app = location(documents, home, 4)
    assert not app.exception
    assert not app.get("image")
    assert f"**{plain('<b>.md')}**  \n{plain('One')}" in markdown(app)
    assert any(f":orange-background[{plain('**bold** <i>')}]" in text for text in markdown(app))
    assert [str(one.value) for one in app.text] == ["Two\n\nlast"]
    assert not next(one for one in app.button if one.key == "document-next").disabled
