"""People, places and organizations of a corpus: each text is read by the model of its language."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from core.corpus.language import HAN, KANA, UNKNOWN, detect_language
from core.entities.chinese_names import chinese_names
from core.entities.english_names import Name, NameFilter, english_names
from core.entities.types import Mention, TypeName
from core.types import Progress

MAX_NAME_CHARACTERS = 10_000  # of a text that the models read
MIN_LETTERS = 60  # of a text from which its detected language counts, not that of most texts
STEP = 200  # texts between two reports of progress
_SEGMENT = re.compile("[^\u3002\uff01\uff1f\n]+[\u3002\uff01\uff1f\n]*")


def find_names(texts: Sequence[str], progress: Progress) -> list[dict[TypeName, list[Mention]]]:
    """Mentions of each text by type. Texts in languages other than English and Chinese have none."""
    english, chinese = zip(*map(split_by_script, texts), strict=True) if texts else ((), ())
    readable = _english_texts(english)
    words, found = NameFilter(), []
    for start in range(0, len(texts), STEP):
        rows = range(start, min(start + STEP, len(texts)))
        with_english = [row for row in rows if row in readable]
        names = dict(zip(with_english, english_names([english[row] for row in with_english], words), strict=True))
        found += [names.get(row, []) + _chinese(chinese[row]) for row in rows]
        progress(rows.stop, len(texts))
    return _mentions([[name for name in names if words.accepts(name)] for names in found])


def split_by_script(text: str) -> tuple[str, list[str]]:
    """The part of a text for the English model, and the segments for the Chinese one; Japanese is for neither."""
    readable = text[:MAX_NAME_CHARACTERS]
    if not HAN.search(readable):
        return readable, []
    segments = _SEGMENT.findall(readable)
    chinese = [segment for segment in segments if HAN.search(segment)]
    if KANA.search(readable):
        chinese = []
    return " ".join(segment for segment in segments if not HAN.search(segment)), chinese


def _english_texts(texts: Sequence[str]) -> set[int]:
    """Which texts are English: short ones are often misidentified and count as in the language of most longer ones."""
    letters = [sum(map(str.isalpha, text)) for text in texts]
    codes = [detect_language(text) if count else UNKNOWN for text, count in zip(texts, letters, strict=True)]
    long = Counter(code for code, count in zip(codes, letters, strict=True) if count >= MIN_LETTERS and code != UNKNOWN)
    usual = long.most_common(1)[0][0] if long else "en"
    return {
        row
        for row, (code, count) in enumerate(zip(codes, letters, strict=True))
        if count and (code == "en" or (usual == "en" and (count < MIN_LETTERS or code == UNKNOWN)))
    }


def _chinese(segments: Sequence[str]) -> list[Name]:
    return [Name(kind, form, (form,), first=False) for kind, form in chinese_names(segments)]


def _mentions(found: Sequence[Sequence[Name]]) -> list[dict[TypeName, list[Mention]]]:
    """Each name in its most frequent spelling and type, so that it is one value in the whole corpus."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[TypeName]] = defaultdict(Counter)
    for name in _all(found):
        spellings[name.form.casefold()][name.form] += 1
        kinds[name.form.casefold()][name.kind] += 1
    rows: list[dict[TypeName, list[Mention]]] = []
    for names in found:
        mentions: dict[TypeName, list[Mention]] = defaultdict(list)
        for name in names:
            key = name.form.casefold()
            value = spellings[key].most_common(1)[0][0]
            mentions[kinds[key].most_common(1)[0][0]].append(Mention(value, name.form))
        rows.append(dict(mentions))
    return rows


def _all(found: Sequence[Sequence[Name]]) -> Iterator[Name]:
    return (name for names in found for name in names)
