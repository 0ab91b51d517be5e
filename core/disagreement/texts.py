"""What of a text may explain disagreement about it: length, language, digits, code, question, truncation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.keyword import SPACELESS
from core.models.base import Embedder
from core.models.registry import capabilities
from core.types import Progress

READ = 20_000  # characters of a text that are looked at
BATCH = 200
_SPACELESS = re.compile(f"[{SPACELESS}]")
_CODE = re.compile(r"[{}\[\]<>=;\\|`~^_#$*/@]")
_ENDS = ("?", "？", "؟", ";", "՞")


@dataclass(frozen=True, eq=False)
class TextFacts:
    """Of m texts. words: (m,) int32, in scripts without spaces characters. digits, code: (m,) float32 shares of the
    characters that are digits, signs of code or markup. question: (m,) bool, it ends with a question mark.
    language: (m,) int16 places in `languages` (ISO 639-1 codes, "und" where unclear)."""

    words: np.ndarray
    digits: np.ndarray
    code: np.ndarray
    question: np.ndarray
    language: np.ndarray
    languages: tuple[str, ...]

    def take(self, places: np.ndarray) -> "TextFacts":
        """The same for some of the texts."""
        arrays = {name: np.asarray(value)[places] for name, value in vars(self).items() if name != "languages"}
        return TextFacts(**arrays, languages=self.languages)


def text_facts(texts: Sequence[str], progress: Progress | None = None) -> TextFacts:
    """Look at each text; languages by script, then by py3langid."""
    from core.corpus.language import detect_language
    from core.corpus.texts import valid_texts

    found: list[str] = []
    for start in range(0, len(texts), BATCH):
        found += [detect_language(text) for text in valid_texts(list(texts[start : start + BATCH]))]
        if progress:
            progress(min(start + BATCH, len(texts)), len(texts))
    languages = tuple(sorted(set(found)))
    place = {code: at for at, code in enumerate(languages)}
    beginnings = [text[:READ] for text in texts]
    return TextFacts(
        np.array([count_words(text) for text in beginnings], np.int32),
        np.array([_share(sum(map(str.isdigit, text)), text) for text in beginnings], np.float32),
        np.array([_share(len(_CODE.findall(text)), text) for text in beginnings], np.float32),
        np.array([text.rstrip().endswith(_ENDS) for text in beginnings], bool),
        np.array([place[code] for code in found], np.int16),
        languages,
    )


def count_words(text: str) -> int:
    """Words between spaces; where a third of the signs are of a script without spaces, characters."""
    spaceless = len(_SPACELESS.findall(text))
    return len("".join(text.split())) if 3 * spaceless > len(text) else len(text.split())


def cut_off(texts: Sequence[str], embedder: Embedder) -> np.ndarray:
    """(m,) bool: texts longer than the model's window, whose end it never saw; all False without a window."""
    window = embedder.spec.max_tokens
    if not window or capabilities(embedder.spec).splits_long_texts:
        return np.zeros(len(texts), bool)
    return np.asarray(embedder.count_tokens(list(texts))) > window


def _share(count: int, text: str) -> float:
    return count / max(len(text), 1)
