"""Markdown of answers and passages: our own markup around escaped text."""

from collections.abc import Sequence

from core.ask.answers import Reply
from core.ask.citations import AnswerSentence
from core.ask.retrieval import Passage
from core.corpus.keyword import mark_matches
from pages.shared.search.results import highlighted
from pages.shared.text import cut, plain

EXCERPT = 900  # characters of a passage that are shown at first
TITLE = 160  # characters of a passage in a citation's tooltip
NOT_VERBATIM = ":orange-badge[:material/warning: not in the passage]"
UNCITED = ":gray-badge[no citation]"


def passage_heading(number: int) -> str:
    """The heading that citations link to: its anchor is passage-<number>."""
    return f"Passage {number}"


def passage_text(passage: Passage, width: int = EXCERPT) -> str:
    """The passage, or the part of so many characters around its best sentence, which is highlighted."""
    return highlighted(mark_matches(passage.text, [passage.span], width))


def citation(passage: Passage) -> str:
    """A link to a passage, with the beginning of its best sentence as tooltip."""
    title = plain(cut(passage.sentence, TITLE)).replace('"', '\\"')
    return f'[\\[{passage.number}\\]](#passage-{passage.number} "{title}")'


def answer_text(reply: Reply, is_complete: bool = True) -> str:
    """An answer with its citations as links, and marks at what can't be verified; while it arrives, a citation may
    still follow."""
    passages = {passage.number: passage for passage in reply.passages}
    uncited = UNCITED if is_complete else ""
    return "".join(
        _gap(sentence.separator if i else "") + _sentence(sentence, [passages[n] for n in sentence.citations], uncited)
        for i, sentence in enumerate(reply.sentences)
    )


def _gap(separator: str) -> str:
    return "\n\n" if "\n" in separator else " " if separator else ""


def _sentence(sentence: AnswerSentence, passages: Sequence[Passage], uncited: str) -> str:
    text, start = "", 0
    for quotation in sentence.quotations:
        end = quotation.span[1]
        text += _escaped(sentence.text[start:end]) + ("" if quotation.is_verbatim else f" {NOT_VERBATIM} ")
        start = end
    text += _escaped(sentence.text[start:])
    return f"{text} " + (" ".join(map(citation, passages)) or uncited)


def _escaped(text: str) -> str:
    return highlighted(((text, False),)) if text else ""
