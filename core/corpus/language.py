"""The languages of a corpus, and whether a model was trained for them."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.corpus.texts import valid_texts
from core.types import ModelSpec

UNKNOWN = "und"  # ISO 639's code for "undetermined"
MAX_CHARACTERS = 1_000  # of a text used for detection
MIN_LETTERS = 8  # fewer letters are not enough for detection
MIN_HAN = 2
MIN_PROBABILITY = 0.35  # of py3langid; below it the language is unknown
MIN_SHARE = 0.01  # of the texts; languages of fewer are shown together
UNNAMED = (UNKNOWN, "zxx")  # the latter: ISO 639's code for text in no language
UNREAD_SHARE = 0.05  # share of rows in a language that a model was not trained for that is mentioned
BY_SCRIPT = ("ja", "ko", "zh")  # languages detected by their script
LAST_LATIN = 0x24F  # code point
LATIN = frozenset(
    [
        "af",
        "cs",
        "da",
        "de",
        "en",
        "es",
        "et",
        "fi",
        "fr",
        "hr",
        "hu",
        "id",
        "it",
        "lt",
        "lv",
        "ms",
        "nl",
        "no",
        "pl",
        "pt",
        "ro",
        "sk",
        "sl",
        "sq",
        "sv",
        "sw",
        "tr",
        "vi",
    ]
)
QUERY_LETTERS = 25  # from which the language of a query in Latin letters is detected
WARN_SHARE = 0.3  # share of rows in other languages that gives a warning
KANA = re.compile("[\u3040-\u30ff\uff66-\uff9d]")
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
NAMES = {
    "ace": "Acehnese", "af": "Afrikaans", "am": "Amharic", "an": "Aragonese", "ar": "Arabic",
    "ary": "Moroccan Arabic", "arz": "Egyptian Arabic", "as": "Assamese", "az": "Azerbaijani", "ba": "Bashkir",
    "bcl": "Central Bikol", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "br": "Breton", "bs": "Bosnian",
    "ca": "Catalan", "crh": "Crimean Tatar", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "dz": "Dzongkha", "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "ext": "Extremaduran", "fa": "Persian", "fi": "Finnish", "fo": "Faroese", "fr": "French",
    "fuv": "Nigerian Fulfulde", "fy": "West Frisian", "ga": "Irish", "gcf": "Guadeloupean Creole",
    "gcr": "Guianese Creole", "gd": "Scottish Gaelic", "gl": "Galician", "gom": "Konkani", "grc": "Ancient Greek",
    "gu": "Gujarati", "gug": "Guarani", "guw": "Gun", "ha": "Hausa", "hbo": "Biblical Hebrew", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "ig": "Igbo", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "jv": "Javanese", "ka": "Georgian",
    "kab": "Kabyle", "kik": "Kikuyu", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "ku": "Kurdish",
    "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish", "lg": "Ganda", "lij": "Ligurian", "ln": "Lingala",
    "lo": "Lao", "lt": "Lithuanian", "ltg": "Latgalian", "lv": "Latvian", "mg": "Malagasy", "mk": "Macedonian",
    "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "my": "Burmese",
    "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian Nynorsk", "no": "Norwegian", "nso": "Northern Sotho",
    "oc": "Occitan", "om": "Oromo", "or": "Odia", "pa": "Punjabi", "pcm": "Nigerian Pidgin", "pl": "Polish",
    "ps": "Pashto", "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian", "ru": "Russian", "rw": "Kinyarwanda",
    "sa": "Sanskrit", "sdh": "Southern Kurdish", "se": "Northern Sami", "si": "Sinhala", "sk": "Slovak",
    "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sq": "Albanian", "sr": "Serbian", "st": "Southern Sotho",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "tg": "Tajik", "th": "Thai", "tk": "Turkmen",
    "tl": "Tagalog", "tr": "Turkish", "tt": "Tatar", "ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "uzs": "Southern Uzbek", "vec": "Venetian", "vi": "Vietnamese", "vo": "Volapük", "wa": "Walloon",
    "wuu": "Wu Chinese", "xh": "Xhosa", "yo": "Yoruba", "yue": "Cantonese", "zh": "Chinese", "zu": "Zulu",
    "zxx": "No language", UNKNOWN: "Uncertain",
}  # fmt: skip


@dataclass(frozen=True)
class Languages:
    """Texts of a sample by ISO 639-1 code, most frequent first; 'und' where a text is too short or unclear."""

    counts: dict[str, int]
    sampled: int

    @property
    def shares(self) -> dict[str, float]:
        """Each code's share of the sample, in [0, 1]."""
        return {code: count / self.sampled for code, count in self.counts.items()}


def common_languages(counts: Mapping[str, int], limit: int) -> tuple[list[tuple[str, int]], int]:
    """(name, texts) of at most `limit` languages that MIN_SHARE of the texts and two texts are in, most frequent first;
    and the texts in others or in an uncertain one, since single texts are often misidentified."""
    total = sum(counts.values())
    ranked = sorted(((texts, code) for code, texts in counts.items() if code not in UNNAMED), reverse=True)
    common = [
        (NAMES.get(code, code), texts) for texts, code in ranked if texts >= max(MIN_SHARE * total, min(2, total / 2))
    ]
    return common[:limit], total - sum(texts for _, texts in common[:limit])


def detect_languages(texts: Sequence[str], *, sample: int = 2_000, seed: int = 0) -> Languages:
    """The languages of a seeded random sample of the texts (all of them, if there are no more than `sample`)."""
    rows = np.arange(len(texts))
    if len(texts) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(len(texts), sample, replace=False))
    counts = Counter(detect_language(text) for text in valid_texts([texts[int(row)] for row in rows]))
    return Languages(dict(counts.most_common()), len(rows))


def detect_language(text: str) -> str:
    """ISO 639-1 code of one text, 'und' where unclear. Scripts decide first, then py3langid (langid.py, Lui 2012)."""
    beginning = text[:MAX_CHARACTERS]
    if by_script := _by_script(beginning):
        return by_script
    if sum(map(str.isalpha, beginning)) < MIN_LETTERS:
        return UNKNOWN
    (code, best), *others = _identifier().rank(beginning)
    scale = math.sqrt(len(beginning.encode("utf-8", "replace")))  # as py3langid's normalized probabilities
    chance = 1 / (1 + sum(math.exp((score - best) / scale) for _, score in others))
    return str(code) if chance >= MIN_PROBABILITY else UNKNOWN


def language_evidence(text: str) -> float:
    """How far the likeliest language of a text stands above the mean of all languages, in log units of py3langid's
    naive Bayes; near 0 for text of no language, such as one read in a wrong encoding."""
    scores = [score for _, score in _identifier().rank(text)]
    return float(scores[0] - sum(scores) / len(scores))


def _by_script(text: str) -> str:
    """'ja', 'ko' or 'zh' where such characters make up at least a quarter of the letters, else ''."""
    kana, hangul, han = (len(script.findall(text)) for script in (KANA, HANGUL, HAN))
    if kana + hangul + han < max(MIN_HAN, 0.25 * sum(map(str.isalpha, text))):
        return ""
    if hangul > kana + han:
        return "ko"
    # Japanese mixes kana with Chinese characters; Chinese has none
    return "ja" if kana > 0.1 * han else "zh"


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def fit_warning(spec: ModelSpec, shares: dict[str, float]) -> str:
    """One sentence where many texts are in languages the model was not trained for, else ''. shares: of `Languages`."""
    identified = {code: share for code, share in shares.items() if code != UNKNOWN}
    other = {code: share for code, share in identified.items() if code not in spec.languages}
    part = sum(other.values()) / sum(identified.values()) if identified else 0.0
    if not spec.languages or part < WARN_SHARE:
        return ""
    largest = max(other, key=lambda code: other[code])
    return (
        f"{spec.label} was trained for {_trained_on(spec)}, but about {part:.0%} of the texts are in other languages, "
        f"mostly {NAMES.get(largest, largest)}: expect poor results for them. Choose a model for these languages."
    )


def unread_warning(spec: ModelSpec, languages: Languages) -> str:
    """One sentence where a language of the rows is not among those the model was trained for, else ''."""
    unread = [
        (share, NAMES.get(code, code))
        for code, share in languages.shares.items()
        if spec.languages and code not in (*spec.languages, *UNNAMED)
        # short texts are misidentified as rare languages, but not by script
        if languages.counts[code] > 1 and share >= (MIN_SHARE if code in BY_SCRIPT else UNREAD_SHARE)
    ]
    if not unread:
        return ""
    largest = ", ".join(f"{name} {share:.0%}" for share, name in sorted(unread, reverse=True)[:3])
    return (
        f"{spec.label} was trained for {_trained_on(spec)}: similarities, clusters and scores of rows in other "
        f"languages ({largest}) mean little."
    )


def query_warning(spec: ModelSpec, text: str) -> str:
    """One sentence where a query is in a language that the model was not trained for, else ''. A short query in Latin
    letters is too uncertain."""
    letters = [letter for letter in text[:MAX_CHARACTERS] if letter.isalpha()]
    other_script = sum(ord(letter) > LAST_LATIN for letter in letters) > len(letters) / 2
    if not spec.languages or not (other_script or len(letters) >= QUERY_LETTERS):
        return ""
    code = detect_language(text)
    sure = code in BY_SCRIPT or (code not in UNNAMED and len(letters) >= QUERY_LETTERS)
    # of a short query only the script is certain
    if code in spec.languages if sure else not (other_script and LATIN.issuperset(spec.languages)):
        return ""
    name = NAMES.get(code, code) if sure else "another script"
    return (
        f"The query is in {name}, and {spec.label} was trained for {_trained_on(spec)}: the hits and their cosines "
        "mean little."
    )


def _trained_on(spec: ModelSpec) -> str:
    return " and ".join(NAMES.get(code, code) for code in spec.languages[:3])
