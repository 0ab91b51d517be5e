"""Ask in a browser by keyboard: citations that jump, a stream that hangs and is stopped, an answer that means harm."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chat_server import ChatServer, data_of, events
from tests.e2e.conftest import Sample
from tests.e2e.steps import button, fits, keyed, no_traceback, settled

pytestmark = pytest.mark.browser
QUESTION = "Why did my parcel arrive late?"
HARM = (
    '<script>document.title = "owned"</script> <img src=x onerror=\'document.title = "owned"\'> '
    "[home](javascript:alert(1)) $x^2$ says passage [2]. And [99]."
)


class Answers:
    """A chat server's answers: one that cites passages, one that hangs, one with markup."""

    def __init__(self) -> None:
        self.kind, self.left = "cites", threading.Event()

    def __call__(self, body) -> Iterator[bytes]:
        if self.kind == "hangs":
            yield events("It hangs [1]. ", end=False)
            self.left.wait(120)
        elif self.kind == "harm":
            yield events(HARM)
        else:
            last = list(data_of(body)["passages"])[-1]
            yield events(f"It was held up [1]. It never came [{last}].")


@pytest.fixture
def answers() -> Iterator[tuple[Answers, ChatServer]]:
    answers = Answers()
    server = ChatServer(streams=answers)
    yield answers, server
    answers.left.set()
    server.close()


def test_a_question_is_asked_and_stopped_by_keyboard_and_nothing_in_the_answer_runs(
    sample: Sample, visit: Callable[[], Page], answers: tuple[Answers, ChatServer]
):
    behavior, server = answers
    page = visit()
    page.goto(sample.url("ask", ask_writer="model"))
    use_server(page, server)
    ask(page)
    expect(citations(page, 5).first).to_be_visible()
    citations(page, 5).first.press("Enter")
    expect(page.locator("#passage-5")).to_be_in_viewport()
    expect(keyed(page, "ask_passage-5").locator("span[style], .stMarkdownColoredBackground").first).to_be_visible()
    behavior.kind = "hangs"
    ask(page)
    stop = button(page, "ask_stop")
    expect(page.get_by_text("It hangs").first).to_be_visible()
    started = time.monotonic()
    stop.press("Enter")
    expect(button(page, "ask_write")).to_be_visible()
    assert time.monotonic() - started < 60  # the server would go on for two minutes
    settled(page)
    expect(page.get_by_text("It hangs").first).to_be_visible()
    behavior.kind = "harm"
    button(page, "ask_write").press("Enter")
    expect(page.get_by_text("<script>").first).to_be_visible()
    settled(page)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"], .katex, a[href^="javascript"]').count() == 0
    expect(citations(page, 2).first).to_be_visible()
    assert citations(page, 99).count() == 0
    assert fits(page)
    no_traceback(page)


def use_server(page: Page, server: ChatServer) -> None:
    for key, value, next_key in (("chat_url", server.url, "chat_key-"), ("chat_model-", "small", "ask_budget")):
        field = keyed(page, key, prefix=True).get_by_role("textbox").first
        field.fill(value)
        field.press("Enter")
        expect(keyed(page, next_key, prefix=True)).to_be_visible()
        settled(page)


def ask(page: Page) -> None:
    field = keyed(page, "question").get_by_role("textbox")
    settled(page)
    field.fill(QUESTION)
    field.press("Control+Enter")


def citations(page: Page, number: int) -> Locator:
    return page.get_by_role("link", name=f"[{number}]", exact=True)
