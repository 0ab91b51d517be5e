"""Citations and quotations in an answer, compared with the passages: no citation or quotation is taken on trust."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.ask.retrieval import Passage
from core.corpus.keyword import Span
from core.corpus.sentences import sentence_spans

NOT_VERBATIM = "[not verbatim]"
_NUMBERS = r"\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*"
_CITATION = re.compile(rf"\s*(?:\[({_NUMBERS})\]|【({_NUMBERS})】)")
_AFTER_END = re.compile(rf"([.!?。！？]+)((?:\s*\[{_NUMBERS}\]|\s*【{_NUMBERS}】)+)")  # The end. [1]
_QUOTATION = re.compile(r'"([^"\n]{1,2000})"|“([^“”\n]{1,2000})”|«([^«»\n]{1,2000})»|「([^「」\n]{1,2000})」')
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:\.\.\.|…)+\]?)\s*")
_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "\u00ad": None})
MAX_RANGE = 20  # passages that one citation such as [1-5] may name


@dataclass(frozen=True)
class Quotation:
    """Words in quotation marks. span: (start, end) in characters of the sentence, marks included. is_verbatim: they
    occur in a cited passage (any passage, where the sentence cites none), ignoring case, white space and the forms of
    quotes and dashes; parts around an ellipsis occur in this order."""

    text: str
    span: Span
    is_verbatim: bool


@dataclass(frozen=True)
class AnswerSentence:
    """A sentence of an answer, without its citations. citations: numbers of passages, from 1, rising. separator: the
    white space before it in the answer."""

    text: str
    citations: tuple[int, ...]
    quotations: tuple[Quotation, ...] = ()
    separator: str = " "

    @property
    def marked(self) -> str:
        """With citations, and a mark after each quotation that is not verbatim."""
        text = self.text
        for quotation in reversed(self.quotations):
            if not quotation.is_verbatim:
                text = f"{text[: quotation.span[1]]} {NOT_VERBATIM}{text[quotation.span[1] :]}"
        return text + "".join(f" [{number}]" for number in self.citations)


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer's text with its marks and line breaks, its sentences, and how many citations named no passage."""

    text: str
    sentences: tuple[AnswerSentence, ...]
    invalid_citations: int


def check_answer(text: str, passages: Sequence[Passage]) -> CheckedAnswer:
    """The sentences of an answer with the citations of existing passages, and quotations compared with the passages."""
    text = _AFTER_END.sub(r"\2\1", _printable(text))
    numbers, invalid, marked, last = {passage.number for passage in passages}, 0, "", 0
    sentences: list[AnswerSentence] = []
    for start, end in _complete_quotations(text, sentence_spans(text)):
        cited = [number for match in _CITATION.finditer(text[start:end]) for number in _cited(match[1] or match[2])]
        valid = tuple(sorted(numbers & set(cited)))
        invalid += len(set(cited) - numbers)
        plain = _CITATION.sub("", text[start:end]).strip()
        if any(sign.isalnum() for sign in plain):
            compared = [passage.text for passage in passages if passage.number in valid or not valid]
            separator = text[last:start] if sentences else ""
            sentences.append(AnswerSentence(plain, valid, find_quotations(plain, compared), separator))
            marked += separator + sentences[-1].marked
            last = end
    return CheckedAnswer(marked, tuple(sentences), invalid)


def find_quotations(sentence: str, texts: Sequence[str]) -> tuple[Quotation, ...]:
    """The quotations of a sentence, compared with the texts."""
    normal = [normalize(text) for text in texts]
    quotations = []
    for match in _QUOTATION.finditer(sentence):
        words = next(group for group in match.groups() if group is not None)
        quotations.append(Quotation(words, match.span(), any(_occurs(words, text) for text in normal)))
    return tuple(quotations)


def normalize(text: str) -> str:
    """Compatible characters, case, white space, quotes and dashes made equal."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SIGNS).casefold().split())


def _occurs(quotation: str, normal: str) -> bool:
    """Whether the parts of a quotation occur in a normalized text, one after the other, as whole words."""
    parts = [normalize(part).strip(" .,;:!?。，；：！？") for part in _ELLIPSIS.split(quotation)]
    at = 0
    for part in filter(None, parts):
        match = re.compile(rf"{_edge(part[0], before=True)}{re.escape(part)}{_edge(part[-1])}").search(normal, at)
        if not match:
            return False
        at = match.end()
    return any(parts)


def _edge(sign: str, before: bool = False) -> str:
    """Where no ASCII letter or digit may follow or precede: in scripts without spaces any part is quotable."""
    if not (sign.isascii() and sign.isalnum()):
        return ""
    return "(?<![a-z0-9])" if before else "(?![a-z0-9])"


def _cited(group: str) -> list[int]:
    """The numbers of "1, 3-5"; the ends alone of a range that is too long."""
    numbers: list[int] = []
    for part in re.split(r"\s*[,;]\s*", group):
        ends = [int(end) for end in re.split(r"\s*[–-]\s*", part)]
        is_range = len(ends) == 2 and 0 <= ends[1] - ends[0] < MAX_RANGE
        numbers += range(ends[0], ends[1] + 1) if is_range else ends
    return numbers


def _complete_quotations(text: str, spans: Sequence[Span]) -> list[Span]:
    """Sentences joined where a quotation goes on from one to the next."""
    quotations = [match.span() for match in _QUOTATION.finditer(text)]
    joined: list[Span] = []
    for start, end in spans:
        if joined and any(left < start < right for left, right in quotations):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _printable(text: str) -> str:
    """Without control characters and marks of text direction, which could make an answer look like another one."""
    unsafe = {"Cc", "Cf", "Cs"}
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in unsafe)
