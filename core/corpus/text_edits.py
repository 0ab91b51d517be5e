"""Rule-based text edits with seeds, to test the robustness of embeddings.

After the behavioral tests of CheckList (Ribeiro et al. 2020): edits that preserve the meaning (typos, case, word
order, dropped stop words, padding, paraphrase) should change a vector little, edits that do not (negation, numbers)
more. An edit is (text, generator) -> another text, or None where it doesn't apply. Edits work on code points, never
separate a letter from the marks that follow it, and never fail whatever a text contains.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.corpus.keyword import SPACELESS
from core.digest import digest_text

# words with little meaning of their own; no negations, since they matter
_STOP = """a about after again all also am an and any are as at be because been before being but by can
    could did do does doing down during each for from further had has have having he her here hers him his how i if in
    into is it its just me more most my of off on once only or other our out over own please same she should so some
    such than that the their them then there these they this those through to too under until up very was we were what
    when where which while who whom why will with would you your"""
STOP_WORDS = frozenset(_STOP.split())

CONTRACTIONS = {
    "can't": "cannot", "won't": "will not", "don't": "do not", "doesn't": "does not", "didn't": "did not",
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "haven't": "have not",
    "hasn't": "has not", "hadn't": "had not", "couldn't": "could not", "shouldn't": "should not",
    "wouldn't": "would not", "i'm": "I am", "i've": "I have", "i'll": "I will", "it's": "it is", "that's": "that is",
    "what's": "what is", "there's": "there is", "you're": "you are", "we're": "we are", "they're": "they are",
    "you've": "you have", "we've": "we have", "let's": "let us",
}  # fmt: skip

# interchangeable in most everyday sentences
SYNONYMS = {
    "also": "too", "answer": "reply", "assist": "help", "bad": "poor", "begin": "start", "big": "large",
    "broken": "damaged", "buy": "purchase", "cheap": "inexpensive", "correct": "right", "error": "mistake",
    "fast": "quick", "film": "movie", "fix": "repair", "get": "receive", "good": "fine", "great": "excellent",
    "happy": "glad", "hard": "difficult", "help": "assist", "important": "essential", "large": "big",
    "lovely": "beautiful", "money": "cash", "movie": "film", "need": "require", "new": "recent", "parcel": "package",
    "problem": "issue", "purchase": "buy", "quick": "fast", "quickly": "fast", "receive": "get", "reply": "answer",
    "show": "display", "small": "little", "start": "begin", "stop": "end", "terrible": "awful", "think": "believe",
    "try": "attempt", "use": "employ", "want": "wish", "wrong": "incorrect",
}  # fmt: skip

# verbs that "not" may follow, as a pattern
AUXILIARIES = "is|are|was|were|am|will|would|can|could|should|must|may|might|do|does|did|has|have|had"

_NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty"
NUMBER_WORDS = tuple(_NUMBERS.split())

# typical openings and closings of messages
BEFORE = (
    "Hello, I hope this message finds you well.",
    "Dear team, I have been a customer for many years and write to you today about the following.",
    "Please note the message below, which was sent from the contact form of our website.",
)
AFTER = (
    "Thank you in advance and kind regards.",
    "This message and any attachments are confidential.",
    "Sent from my phone, please excuse any brevity.",
)
BEFORE_CHINESE = ("您好，打扰了。", "尊敬的客服，我想反映以下情况。")
AFTER_CHINESE = ("谢谢，祝您工作顺利。", "以上内容来自手机客户端。")
NEGATED_CHINESE = (("没有", "有"), ("不是", "是"), ("不", ""), ("没", ""))
AFFIRMED_CHINESE = (("是", "不是"), ("有", "没有"), ("会", "不会"), ("能", "不能"), ("很", "不"))

# the neighbors of each key of a QWERTY keyboard
KEYS = {
    "q": "wa", "w": "qeas", "e": "wrsd", "r": "etdf", "t": "ryfg", "y": "tugh", "u": "yihj", "i": "uojk",
    "o": "ipkl", "p": "ol", "a": "qwsz", "s": "weadzx", "d": "ersfxc", "f": "rtdgcv", "g": "tyfhvb", "h": "yugjbn",
    "j": "uihknm", "k": "iojlm", "l": "opk", "z": "asx", "x": "sdzc", "c": "dfxv", "v": "fgcb", "b": "ghvn",
    "n": "hjbm", "m": "jkn",
}  # fmt: skip

TYPO_EVERY = 25  # letters
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE = re.compile(r"[^.!?。!?]+[.!?。!?]+\s*|[^.!?。!?]+$")
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_NEGATED = (
    (re.compile(r"\bcan(?:not\b|['\u2019]t\b)", re.IGNORECASE), "can"),
    (re.compile(r"\bwon['\u2019]t\b", re.IGNORECASE), "will"),
    (re.compile(r"\b(?:not|never)\s+|(?<=[a-z])n['\u2019]t\b", re.IGNORECASE), ""),
)
_AUXILIARY = re.compile(rf"\b(?:{AUXILIARIES})\b(?!\s+not\b)", re.IGNORECASE)


@dataclass(frozen=True)
class TextEdit:
    """One kind of edit. change(text, generator): the edited text, or None where the edit doesn't apply. keeps_meaning:
    whether the meaning stays the same; then a smaller change of the vector is better."""

    label: str
    help: str
    change: Callable[[str, np.random.Generator], str | None]
    keeps_meaning: bool = True


def typos(text: str, random: np.random.Generator) -> str | None:
    """One letter in TYPO_EVERY, at least one, mistyped; never the first letter of a word."""
    positions = _typo_positions(text)
    if not positions:
        return None
    count = min(len(positions), max(1, sum(map(str.isalpha, text)) // TYPO_EVERY))
    signs = list(text)
    for position in np.sort(random.choice(positions, count, replace=False))[::-1]:
        signs[position : position + 1] = _mistype(signs, int(position), random)
    return _if_changed("".join(signs), text)


def case(text: str, random: np.random.Generator) -> str | None:
    """Upper case; lower case if it is upper case already. None for scripts without case."""
    return _if_changed(text.upper(), text) or _if_changed(text.lower(), text)


def word_order(text: str, random: np.random.Generator) -> str | None:
    """The words in random order, white space unchanged; scripts without spaces by pairs of characters."""
    parts = _parts(text)
    positions = [position for position, part in enumerate(parts) if not part.isspace()]
    if len({parts[position] for position in positions}) < 2:
        return None
    for _ in range(8):  # a short text may come out unchanged
        order = random.permutation(len(positions))
        shuffled = list(parts)
        for position, source in zip(positions, order, strict=True):
            shuffled[position] = parts[positions[source]]
        if shuffled != parts:
            return "".join(shuffled)
    return None


def stop_words(text: str, random: np.random.Generator) -> str | None:
    """Without stop words; None where there are none, or nothing else."""
    remaining = [word for word in text.split() if word.strip(".,;:!?\"'()").casefold() not in STOP_WORDS]
    return " ".join(remaining) if remaining and len(remaining) < len(text.split()) else None


def paraphrase(text: str, random: np.random.Generator) -> str | None:
    """Contractions expanded, common words replaced by synonyms, the last of several sentences put first."""
    changed = _replace_words(_replace_words(text, CONTRACTIONS), SYNONYMS)
    sentences = _SENTENCE.findall(changed)
    if len(sentences) > 1 and "".join(sentences) == changed:
        changed = " ".join(part.strip() for part in (sentences[-1], *sentences[:-1]) if part.strip())
    return _if_changed(changed, text)


def padding(text: str, random: np.random.Generator) -> str | None:
    """A greeting before and a closing line after the text, Chinese ones where it has Chinese characters."""
    if not text.strip():
        return None
    chinese = _HAN.search(text) is not None
    before = BEFORE_CHINESE if chinese else BEFORE
    after = AFTER_CHINESE if chinese else AFTER
    return f"{before[random.integers(len(before))]} {text} {after[random.integers(len(after))]}"


def numbers(text: str, random: np.random.Generator) -> str | None:
    """Every digit replaced by another of its script, never by 0; else a number word by another."""
    if any(map(str.isdecimal, text)):
        return "".join(_other_digit(sign, random) if sign.isdecimal() else sign for sign in text)
    return _if_changed(_NUMBER_WORD.sub(lambda match: _other_number_word(match.group(), random), text), text)


def negation(text: str, random: np.random.Generator) -> str | None:
    """A negation removed where there is one, else inserted. English and Chinese; None where no rule applies."""
    for pattern, by in _NEGATED:
        if pattern.search(text):
            return _if_changed(pattern.sub(by, text, count=1), text)
    auxiliary = _AUXILIARY.search(text)
    if auxiliary:
        return f"{text[: auxiliary.end()]} not{text[auxiliary.end() :]}"
    if _HAN.search(text):
        return _negate_chinese(text)
    english = any(word.casefold() in STOP_WORDS for word in _WORD.findall(text))
    return f"It is not true that {text[:1].lower()}{text[1:]}" if english else None


TEXT_EDITS: dict[str, TextEdit] = {
    "typos": TextEdit("Typos", "One letter in 25, at least one, is swapped, mistyped, doubled or dropped.", typos),
    "case": TextEdit("Case", "Upper case; upper-case texts become lower case.", case),
    "word_order": TextEdit("Word order", "The words in random order.", word_order),
    "stop_words": TextEdit("Without stop words", "English words such as the, of, to are removed.", stop_words),
    "paraphrase": TextEdit(
        "Paraphrase (rules)", "Contractions expanded, synonyms inserted, and the last sentence put first.", paraphrase
    ),
    "padding": TextEdit("Padding", "A greeting before the text and a closing line after it, as in emails.", padding),
    "numbers": TextEdit("Numbers", "Every number becomes another with as many digits.", numbers, False),
    "negation": TextEdit("Negation", "A negation is inserted or removed. English and Chinese.", negation, False),
}


def edit_text(text: str, kind: str, seed: int = 0) -> str | None:
    """The text changed by an edit of TEXT_EDITS, or None. It depends on the text, the kind and the seed only."""
    return TEXT_EDITS[kind].change(text, edit_generator(text, kind, seed))


def edit_generator(text: str, kind: str, seed: int) -> np.random.Generator:
    """A generator per text, so that its edit does not depend on its row."""
    return np.random.default_rng(np.frombuffer(digest_text(f"{kind}\x00{seed}\x00{text}"), np.uint32))


def _typo_positions(text: str) -> list[int]:
    """Positions of letters that may be mistyped: in words of at least four letters, or of two where there are none."""
    spans = [match.span() for match in _WORD.finditer(text)]
    long = [span for span in spans if span[1] - span[0] >= 4] or [span for span in spans if span[1] - span[0] >= 2]
    inside = (position for start, end in long for position in range(start + 1, end))
    return [position for position in inside if text[position].isalpha() and not _has_marks(text, position)]


def _has_marks(text: str, position: int) -> bool:
    """Whether the next character belongs to this one: marks and joiners."""
    return position + 1 < len(text) and unicodedata.category(text[position + 1]) in ("Mn", "Mc", "Me", "Cf")


def _mistype(signs: list[str], position: int, random: np.random.Generator) -> list[str]:
    """The replacement of one letter: swapped with the one before, a neighboring key, doubled, or dropped."""
    letter, before = signs[position], signs[position - 1]
    keys = KEYS.get(letter.lower(), "")
    inside = position > 1 and signs[position - 2].isalpha() and before.isalpha()  # the first letter never changes
    kinds = ["drop", "double", *["key"] * bool(keys), *["swap"] * (inside and before != letter)]
    kind = kinds[random.integers(len(kinds))]
    if kind == "swap":
        signs[position - 1] = letter
        return [before]
    if kind == "key":
        hit = keys[random.integers(len(keys))]
        return [hit.upper() if letter.isupper() else hit]
    return [letter, letter] if kind == "double" else []


def _parts(text: str) -> list[str]:
    """Words and the white space between them; scripts without spaces in pairs of characters with their marks."""
    pieces = re.findall(r"\s+|\S+", text)
    return [part for piece in pieces for part in (_pairs(piece) if _SPACELESS.search(piece) else [piece])]


def reworded(text: str, random: np.random.Generator) -> str | None:
    """The text paraphrased by rules, in lower case, without stop words, in another order; None where only the case
    would differ."""
    changed = text.lower()
    for kind in ("paraphrase", "stop_words", "word_order"):
        changed = TEXT_EDITS[kind].change(changed, random) or changed
    changed = changed.lower()
    return changed if changed != text.lower() else None


def _pairs(piece: str) -> list[str]:
    starts = [0, *(at for at in range(1, len(piece)) if not _has_marks(piece, at - 1))]
    return [piece[start:end] for start, end in pairwise([*starts[::2], len(piece)])]


def _replace_words(text: str, by: Mapping[str, str]) -> str:
    """Words replaced by a table of lower-case words; an initial capital is preserved."""

    def other(match: re.Match[str]) -> str:
        word = match.group()
        new = by.get(word.replace("\u2019", "'").lower(), word)
        return new[:1].upper() + new[1:] if word[:1].isupper() else new

    return _WORD.sub(other, text)


def _other_digit(sign: str, random: np.random.Generator) -> str:
    """Another digit of the same script; never 0, so that no number loses a digit."""
    value = unicodedata.decimal(sign)
    others = [digit for digit in range(1, 10) if digit != value]
    return chr(ord(sign) - value + others[random.integers(len(others))])


def _other_number_word(word: str, random: np.random.Generator) -> str:
    others = [term for term in NUMBER_WORDS if term != word.lower()]
    other = others[random.integers(len(others))]
    return other.capitalize() if word[:1].isupper() else other


def _negate_chinese(text: str) -> str | None:
    rules = (*NEGATED_CHINESE, *AFFIRMED_CHINESE)
    return next((_if_changed(text.replace(old, new, 1), text) for old, new in rules if old in text), None)


def _if_changed(changed: str, text: str) -> str | None:
    """The edited text, or None where it is blank or unchanged."""
    return changed if changed != text and changed.strip() else None
