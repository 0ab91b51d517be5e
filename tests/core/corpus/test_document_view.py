"""Documents stored with a corpus, and the place of a row in its document."""

import io

import numpy as np
import pytest
from PIL import Image

from core.corpus import document_files, document_view
from core.corpus.document_files import copy_documents, document_path, has_documents
from core.corpus.document_view import TOO_LARGE, locate, overlap, page_image, stored_file, surroundings
from core.corpus.preprocess import Steps
from core.corpus.reading.documents.pdf_page import COLOR, match_spans, normalize
from core.corpus.service import CreatedCorpus, create_corpus
from core.corpus.staging import ImportSource, stage
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.versions import create_version
from tests.document_files import docx_file, fact, long_pdf, pptx_file, simple_pdf, zip_of

PASSAGES = Steps(passage_tokens=120, passage_overlap=0.2)


def create(folder, *files: tuple[str, bytes], steps: Steps = PASSAGES) -> tuple[CreatedCorpus, CorpusRef]:
    source = ImportSource(tuple(stage(str(folder), name, data) for name, data in files))
    created = create_corpus(str(folder), source, Roles("{text}"), steps, "Documents")
    return created, CorpusRef(str(folder), created.info.digest)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> CorpusRef:
    return create(tmp_path_factory.mktemp("workspace"), ("report.pdf", long_pdf(10)))[1]


def row_with(corpus: CorpusRef, text: str) -> int:
    texts = Workspace(corpus.folder).load_corpus(corpus.digest).texts
    return next(row for row, content in enumerate(texts) if text in content)


def marked_area(png: bytes) -> tuple[int, int, int, int]:
    """left, top, right, bottom in percent of the page of pixels in the color of marks."""
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    rows, columns = np.nonzero((pixels == COLOR).all(axis=2))
    height, width = pixels.shape[:2]
    sides = columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height
    return tuple(round(100 * side) for side in sides)  # type: ignore[return-value]


@pytest.mark.parametrize("page", [1, 2, 4, 5, 10])
def test_the_passage_is_marked_on_its_page(report, page):
    """Columns, tables, a footnote, hyphens and Chinese: pages of all kinds."""
    row = row_with(report, fact(page))
    location = locate(report, row)
    assert location is not None
    assert (location.file, location.place, location.number, location.has_pages) == ("report.pdf", "page", page, True)
    drawn = page_image(report, row, page)
    assert (drawn.page, drawn.pages, drawn.marked) == (page, 10, pytest.approx(1, abs=0.02))
    left, top, right, bottom = marked_area(drawn.png)
    assert 5 < left < right < 98
    assert 3 < top < bottom < 98


def test_another_page_has_no_marks_and_a_missing_one_is_explained(report):
    row = row_with(report, fact(4))
    drawn = page_image(report, row, 5)
    assert (drawn.page, drawn.marked) == (5, 0)
    for page in (0, 11):
        with pytest.raises(InputError, match="no page") as caught:
            page_image(report, row, page)
        assert caught.value.remedy
    with pytest.raises(InputError, match="no row"):
        locate(report, 10_000)


def test_a_turned_page_is_marked_where_its_text_is(tmp_path):
    import pypdfium2

    document = pypdfium2.PdfDocument(simple_pdf([["the only line of this page"]]))
    document[0].set_rotation(90)
    out = io.BytesIO()
    document.save(out)
    _, corpus = create(tmp_path, ("turned.pdf", out.getvalue()))
    drawn = page_image(corpus, 0, 1)
    left, top, right, bottom = marked_area(drawn.png)
    assert drawn.marked == 1
    assert left > 80  # the top of the page is on the right
    assert bottom - top > right - left


def test_letters_are_matched_whatever_divides_them():
    content = normalize("Right begins. The commit-\ntee decides on ﬁnal Fees; 客户可以 résumé.")
    assert match_spans(content, "The committee decides\non final fees 客户可以 resume") == [(11, len(content))]
    first, second = match_spans(content, "Heading of ours\nright begins\tNot on this page. On final fees")
    assert content[slice(*first)] == "rightbegins"
    assert content[slice(*second)] == "onfinalfees"
    assert match_spans(content, "nothing of it here") == []


def test_documents_of_a_zip_are_stored_once_and_deleted_with_the_corpus(tmp_path):
    files = {"a/guide.docx": docx_file(), "b.pptx": pptx_file(), "copy.docx": docx_file(), "table.csv": b"text\nrow\n"}
    created, corpus = create(tmp_path, ("all.zip", zip_of(files)), ("notes.pdf", simple_pdf([["a page"]])))
    assert has_documents(created.info)
    stored = document_files.document_files(corpus)
    assert [file.name for file in stored] == ["a/guide.docx", "b.pptx", "copy.docx", "notes.pdf"]
    paths = [document_path(corpus, file) for file in stored]
    assert len(set(paths)) == 3
    assert stored_file(corpus, row_with(corpus, "Welcome")) == files["b.pptx"]
    assert locate(corpus, row_with(corpus, "row")) is None
    assert not list((tmp_path / "staging").glob(".read-*"))
    Workspace(tmp_path).delete(corpus.digest)
    assert not any(path and path.exists() for path in paths)


def test_a_slide_opens_with_the_text_around_it(tmp_path):
    _, corpus = create(tmp_path, ("a.docx", docx_file()), ("b.pptx", pptx_file()))
    row = row_with(corpus, "Welcome")
    location, around = locate(corpus, row), surroundings(corpus, row)
    assert location is not None
    assert around is not None
    assert (location.label, location.has_pages, location.not_drawn) == ("slide 1, Welcome", False, "")
    assert [section.row for section in around.sections] == [row, row + 1]
    assert (around.current, around.number, around.total) == (0, 1, 2)
    guide = surroundings(corpus, row_with(corpus, "Ask within"))
    assert guide is not None
    assert [section.label for section in guide.sections] == ["Guide", "Guide > Refunds", "Guide > Fees"]


def test_the_position_in_subtitles_is_a_time(tmp_path):
    cues = b"WEBVTT\n\n00:01.000 --> 00:02.000\nBegin.\n\n01:15:07.900 --> 01:15:09.000\nEnd.\n"
    _, corpus = create(tmp_path, ("talk.vtt", cues))
    assert [locate(corpus, row).label for row in (0, 1)] == ["0:00:01", "1:15:07"]


def test_passages_around_a_row_repeat_nothing(tmp_path):
    words = " ".join(f"word{i}" for i in range(400))
    page = f"# Title\n\n{words}\n".encode()
    _, corpus = create(tmp_path, ("a.md", page))
    around = surroundings(corpus, 2, sections=10)
    assert around is not None
    assert around.total > 4
    assert "".join(section.text for section in around.sections).split() == ["Title", *words.split()]
    assert overlap("abcdef", "efgh") == 2
    assert overlap("abc", "xyz") == overlap("", "abc") == 0


def test_bad_documents_are_recorded_and_never_opened_for_a_good_one_of_the_same_name(tmp_path):
    good, bad = simple_pdf([["readable page"]]), simple_pdf([[]])
    archives = ("old.zip", zip_of({"a.pdf": bad})), ("new.zip", zip_of({"a.pdf": good}))
    created, corpus = create(tmp_path, *archives, ("photo.pdf", b"\x89PNG\r\n\x1a\n" + bytes(99)))
    assert stored_file(corpus, 0) == good
    assert sorted(file["name"] for file in created.info.origin["skipped"]) == ["a.pdf", "photo.pdf"]


def test_tables_have_no_documents(tmp_path):
    created, corpus = create(tmp_path, ("a.csv", b"text\na\nb\n"))
    assert not has_documents(created.info)
    assert locate(corpus, 0) is surroundings(corpus, 0) is None
    assert document_files.document_files(corpus) == ()


def test_files_that_are_not_stored_are_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(document_files, "MAX_FILE_MB", 0.000_1)
    created, corpus = create(tmp_path, ("a.pdf", simple_pdf([["a page"]])))
    location = locate(corpus, 0)
    assert location is not None
    assert (location.has_pages, location.not_drawn) == (False, TOO_LARGE)
    with pytest.raises(StorageError):
        page_image(corpus, 0, 1)
    monkeypatch.setattr(document_view, "document_files", lambda corpus: ())  # a corpus of an earlier version
    location = locate(corpus, 0)
    assert location is not None
    assert location.not_drawn == document_view.NOT_STORED
    assert surroundings(corpus, 0) is not None
    assert created.info.rows == 1


def test_a_second_import_stores_what_was_missing(tmp_path):
    data = simple_pdf([["a page"]])
    _, corpus = create(tmp_path, ("a.pdf", data))
    (file,) = document_files.document_files(corpus)
    path = document_path(corpus, file)
    assert path is not None
    path.unlink()
    create(tmp_path, ("a.pdf", data))
    assert path.read_bytes() == data


def test_a_version_of_a_corpus_has_its_documents(report):
    version = create_version(report, np.arange(5), "rows marked exclude", "Version", ())
    corpus = CorpusRef(report.folder, version.digest)
    row = row_with(corpus, fact(8))
    location = locate(corpus, row)
    assert location is not None
    assert (location.number, location.has_pages) == (8, True)
    copy_documents(report, version.digest)  # again: nothing happens
    Workspace(report.folder).delete(version.digest)
    assert page_image(report, row_with(report, fact(8)), 8).marked > 0.9


@pytest.mark.parametrize("damage", [b"%PDF-1.7 nothing", b""])
def test_a_damaged_file_is_explained(tmp_path, damage):
    _, corpus = create(tmp_path, ("a.pdf", simple_pdf([["a page"]])))
    (file,) = document_files.document_files(corpus)
    path = document_path(corpus, file)
    assert path is not None
    path.write_bytes(damage)
    with pytest.raises(InputError) as caught:
        page_image(corpus, 0, 1)
    assert caught.value.remedy
