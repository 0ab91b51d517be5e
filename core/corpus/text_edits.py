"""Texts changed on purpose, by rules and seeds: does a model still know them, and does it see what changed?

After the behavioral tests of CheckList (Ribeiro et al. 2020): changes that leave the meaning alone (typos, case, word
order, dropped stop words, padding, paraphrase) should move a vector little; those that turn it (negation, numbers)
should be seen. Nothing here calls a model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus import text_edit_rules as changes
from core.digest import digest_text

EditFunction = Callable[[str, np.random.Generator], str | None]


@dataclass(frozen=True)
class TextEdit:
    """One kind of change. change(text, generator) gives another text, or None where this text can't be changed so.

    keeps_meaning: whether a reader would call the changed text the same; then less movement is better.
    """

    label: str
    help: str
    change: EditFunction
    keeps_meaning: bool = True


TEXT_EDITS: dict[str, TextEdit] = {
    "typos": TextEdit(
        "Typos",
        "One letter in 25, at least one, is swapped with the one before, hit beside its key, doubled or left out; the "
        "first letter of a word stays.",
        changes.typos,
    ),
    "case": TextEdit("Case", "All in capitals; a text in capitals becomes all lower case.", changes.case),
    "word_order": TextEdit("Word order", "The same words in a random order.", changes.word_order),
    "stop_words": TextEdit("Without stop words", "English words such as the, of, to are left out.", changes.stop_words),
    "paraphrase": TextEdit(
        "Paraphrase by rules",
        "Contractions written out, common English words replaced by ones that may stand for them, and the last "
        "sentence put first. No model writes anything.",
        changes.paraphrase,
    ),
    "padding": TextEdit(
        "Padding", "A greeting before the text and a closing line after it, as in letters and mails.", changes.padding
    ),
    "numbers": TextEdit("Numbers", "Every number becomes another of as many digits.", changes.numbers, False),
    "negation": TextEdit(
        "Negation", "A not is put in, or taken out where there is one. English and Chinese.", changes.negation, False
    ),
}


def edit_text(text: str, kind: str, seed: int = 0) -> str | None:
    """The text changed in a way of PROBES, or None. The change follows from the text, the kind and the seed alone."""
    return TEXT_EDITS[kind].change(text, edit_generator(text, kind, seed))


def edit_texts(texts: Sequence[str], kind: str, seed: int = 0) -> list[str | None]:
    """The same for many texts, in their order."""
    return [edit_text(text, kind, seed) for text in texts]


def edit_generator(text: str, kind: str, seed: int) -> np.random.Generator:
    """Random numbers of a text's own, so that its change does not depend on the row it stands in."""
    digest = digest_text(f"{kind}\x00{seed}\x00{text}")
    return np.random.default_rng(np.frombuffer(digest, np.uint32))
