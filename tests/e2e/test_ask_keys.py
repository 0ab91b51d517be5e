"""The FAQ assistant's chat and judgments of passages in a browser, by keyboard alone."""

import re
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.ask.faq_files import FaqColumns
from core.ask.faq_log import read_log
from core.corpus.build import build_corpus
from core.corpus.judgments import load_judgments
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from tests.core.ask.test_faq import questions
from tests.e2e.conftest import Sample
from tests.e2e.steps import button, fits, keyed, no_traceback, settled
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
QUESTION = "How to change my password today?"


@pytest.fixture
def faq(sample: Sample) -> Iterator[CorpusRef]:
    """Known questions in the server's workspace, embedded without a model, and gone afterwards."""
    texts, answers = zip(*questions(), strict=True)
    raw = RawTable(pd.DataFrame({"text": texts, "answer": answers}), (), (), None, "")
    corpus, workspace = build_corpus(raw, Roles("{text}"), name="FAQ").corpus, Workspace(sample.server.home)
    workspace.save_corpus(corpus)
    embed(corpus, load_embedder("lexical"), workspace)
    yield CorpusRef(str(sample.server.home), corpus.digest)
    workspace.delete(corpus.digest)


def test_a_chat_with_the_faq_and_judgments_by_key(faq: CorpusRef, sample: Sample, visit: Callable[[], Page]):
    page, address = visit(), f"{sample.server.url}/ask?corpus={faq.digest}"
    page.goto(f"{address}&ask_view=FAQ assistant")
    field, start = page.get_by_test_id("stChatInputTextArea"), button(page, "faq_calibrate")
    expect(field.or_(start).first).to_be_visible()
    if start.is_visible():
        start.press("Enter")
    ask(page, QUESTION)
    expect(keyed(page, "faq_right-", prefix=True)).to_be_visible()
    ask(page, "Who invented the telescope?")
    suggestion = keyed(page, "faq_suggest-", prefix=True).get_by_role("button")
    suggestion.press("Enter")
    columns = FaqColumns(faq, "text", "answer")
    wait_until(lambda: [bool(entry.suggestion) for entry in read_log(columns)] == [False, True])
    assert fits(page)
    page.goto(f"{address}&question={QUESTION}")
    button(page, "ask_judge").press("Enter")
    rows = [graded(page, faq, key, number) for number, key in enumerate("20", 1)]
    page.keyboard.press("u")
    wait_until(lambda: load_judgments(faq).grades("annotator 1") == {QUESTION: {rows[0]: 2}})
    no_traceback(page)


def ask(page: Page, question: str) -> None:
    field = page.get_by_test_id("stChatInputTextArea")
    expect(field).to_be_visible()
    settled(page)
    field.fill(question)
    field.press("Enter")


def graded(page: Page, corpus: CorpusRef, key: str, number: int) -> int:
    """Grade the passage that is shown by its key; gives its row."""
    shown = keyed(page, "judge_skip-", prefix=True)
    expect(shown).to_be_visible()
    settled(page)
    row = int(re.findall(r"judge_skip-(\d+)", str(shown.get_attribute("class")))[0])
    page.keyboard.press(key)
    wait_until(lambda: load_judgments(corpus).grades("annotator 1").get(QUESTION, {}).get(row) == int(key))
    expect(keyed(page, f"judge_skip-{row}")).to_have_count(0)
    return row
