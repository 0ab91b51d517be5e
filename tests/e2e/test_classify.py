"""The Label view of Classify in a browser: by the keyboard alone, in two tabs at once, on a phone and in the dark."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from core.corpus.annotations import Annotation, column_version, read_log
from core.corpus.codebook import Codebook, LabelDefinition, create_column, delete_column
from core.types import CorpusRef
from tests.e2e.conftest import Sample
from tests.e2e.steps import button, choose_part, fits, keyed, no_traceback, rerun, settled

pytestmark = pytest.mark.browser
COLUMN = "topic"
NAMES = ("praise", "complaint", "question")
SKIP = "label_skip-"


@pytest.fixture
def ref(sample: Sample) -> Iterator[CorpusRef]:
    """The sample, without the label column afterwards."""
    corpus = CorpusRef(str(sample.server.home), sample.digest)
    yield corpus
    delete_column(corpus, COLUMN)


def events(ref: CorpusRef) -> tuple[Annotation, ...]:
    return read_log(ref.folder, ref.digest, COLUMN, column_version(ref, COLUMN)).events


def shown_row(page: Page) -> int:
    shown = page.locator(f'[class*="st-key-{SKIP}"]:visible').first
    match = re.search(rf"st-key-{SKIP}(\d+)", shown.get_attribute("class") or "")
    assert match
    return int(match.group(1))


def open_view(page: Page, sample: Sample) -> None:
    page.goto(sample.url("classify", classify_view="Label"))
    settled(page)


def enter_name(page: Page, name: str) -> None:
    field = keyed(page, "label_annotator").locator("input")
    with rerun(page):
        field.fill(name)
        field.press("Enter")
    field.blur()


def press(page: Page, key: str) -> int:
    """Press a key for the row that is shown, and wait for another one; gives the row."""
    settled(page)
    row = shown_row(page)
    page.keyboard.press(key)
    expect(keyed(page, f"{SKIP}{row}")).to_be_hidden()
    settled(page)
    return row


def test_rows_are_labeled_by_the_keyboard_alone(sample: Sample, ref: CorpusRef, visit: Callable[[], Page]):
    page = visit()
    open_view(page, sample)
    keyed(page, "label_new_name").locator("input").fill(COLUMN)
    keyed(page, "label_annotator").locator("input").fill("Ann")
    keyed(page, "label_new_labels").locator("textarea").fill("\n".join(NAMES))
    button(page, "label_create").click()
    keyed(page, "label_text").wait_for()
    first, second, third = press(page, "2"), press(page, "s"), press(page, "1")
    answers = [(event.row, event.label) for event in events(ref) if event.row in (first, second, third)]
    assert answers == [(first, NAMES[1]), (second, None), (third, NAMES[0])]  # a copy of a text has its own event
    page.keyboard.press("u")
    keyed(page, f"{SKIP}{third}").wait_for()
    press(page, "3")
    comment = keyed(page, "label_comment-", prefix=True).locator("input")
    comment.focus()
    page.keyboard.type("123 su")  # no shortcuts while typing
    with rerun(page):
        page.keyboard.press("Tab")
    commented = press(page, "1")
    log = read_log(ref.folder, ref.digest, COLUMN, column_version(ref, COLUMN))
    assert [log.labels()[row] for row in (first, third, commented)] == [NAMES[1], NAMES[2], NAMES[0]]
    assert log.events[-1].comment == "123 su"
    no_traceback(page)


def test_a_group_is_labeled_by_a_key_after_a_click_on_a_row(sample: Sample, ref: CorpusRef, visit: Callable[[], Page]):
    create_column(ref, Codebook(COLUMN, tuple(map(LabelDefinition, NAMES))))
    page = visit()
    open_view(page, sample)
    choose_part(page, "label_mode", 1)
    row = shown_row(page)
    box = button(page, f"label_check-{row}")
    box.click()
    expect(box).to_contain_text("check_box_outline_blank")
    press(page, "3")
    labels = read_log(ref.folder, ref.digest, COLUMN, column_version(ref, COLUMN)).labels()
    assert row not in labels
    assert len(labels) > 1
    assert set(labels.values()) == {NAMES[2]}
    no_traceback(page)


def test_two_tabs_label_the_same_rows_and_lose_nothing(sample: Sample, ref: CorpusRef, visit: Callable[[], Page]):
    create_column(ref, Codebook(COLUMN, tuple(map(LabelDefinition, NAMES))))
    pages = [visit(), visit()]
    for page, name in zip(pages, ("Ann", "Bob"), strict=True):
        open_view(page, sample)
        enter_name(page, name)
        keyed(page, "label_text").wait_for()
    rows = [shown_row(page) for page in pages]
    assert rows[0] == rows[1]
    assert [press(page, key) for page, key in zip(pages, "12", strict=True)] == rows
    for page in (*pages, *pages):
        press(page, "3")
    log = read_log(ref.folder, ref.digest, COLUMN, column_version(ref, COLUMN))
    assert len({event.answer for event in log.events}) == 6
    assert log.labels()[rows[0]] == NAMES[1]  # of equally frequent labels the latest
    assert {event.annotator for event in log.events if event.row == rows[0]} == {"Ann", "Bob"}


def test_the_view_fits_a_phone_in_the_dark(sample: Sample, ref: CorpusRef, visit: Callable[[], Page]):
    create_column(ref, Codebook(COLUMN, tuple(map(LabelDefinition, NAMES))))
    page = visit()
    page.emulate_media(color_scheme="dark")
    open_view(page, sample)
    keyed(page, "label_text").wait_for()
    assert fits(page)
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert max(map(int, re.findall(r"\d+", page.evaluate(background))[:3])) < 60
    box = button(page, SKIP + str(shown_row(page))).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 420
    no_traceback(page)
