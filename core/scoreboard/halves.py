"""A text cut in two near its middle: at the end of a sentence where one is near, else between words."""

import re
import unicodedata

from core.corpus.keyword import SPACELESS

FEWEST_WORDS = 8
_WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
_SENTENCE_END = re.compile("[.!?…]+[\"'”’)]*(?=\\s)|[。！？]+[”’」』）]*|\n+")
_GAP = re.compile(rf"\s+|(?<=[{SPACELESS}])(?=[{SPACELESS}])")
_NEAR = (1 / 3, 2 / 3)  # of the text: where a sentence may end to be the cut


def halves(text: str) -> tuple[str, str] | None:
    """The two halves, without the space between them; None for a text of fewer than FEWEST_WORDS words (signs, in
    scripts without spaces), or one with words on one side only."""
    if len(_WORD.findall(text)) < FEWEST_WORDS:
        return None
    plain = text.strip()
    near = [at for found in _SENTENCE_END.finditer(plain) if _NEAR[0] <= (at := found.end()) / len(plain) <= _NEAR[1]]
    cuts = near or [found.start() for found in _GAP.finditer(plain) if not _is_mark(plain, found.end())]
    if not cuts:
        return None
    cut = min(cuts, key=lambda at: abs(at - len(plain) / 2))
    first, second = plain[:cut].strip(), plain[cut:].strip()
    return (first, second) if _WORD.search(first) and _WORD.search(second) else None


def _is_mark(text: str, place: int) -> bool:
    return place < len(text) and unicodedata.category(text[place])[0] == "M"
