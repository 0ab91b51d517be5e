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

Change = Callable[[str, np.random.Generator], str | None]


@dataclass(frozen=True)
class Probe:
    """One kind of change. change(text, generator) gives another text, or None where this text can't be changed so.

    keeps_meaning: whether a reader would call the changed text the same; then less movement is better.
    """

    label: str
    help: str
    change: Change
    keeps_meaning: bool = True


PROBES: dict[str, Probe] = {
    "typos": Probe(
        "Typos",
        "One letter in 25, at least one, is swapped with the one before, hit beside its key, doubled or left out; the "
        "first letter of a word stays.",
        changes.typos,
    ),
    "case": Probe("Case", "All in capitals; a text in capitals becomes all lower case.", changes.case),
    "word_order": Probe("Word order", "The same words in a random order.", changes.word_order),
    "stop_words": Probe("Without stop words", "English words such as the, of, to are left out.", changes.stop_words),
    "paraphrase": Probe(
        "Paraphrase by rules",
        "Contractions written out, common English words replaced by ones that may stand for them, and the last "
        "sentence put first. No model writes anything.",
        changes.paraphrase,
    ),
    "padding": Probe(
        "Padding", "A greeting before the text and a closing line after it, as in letters and mails.", changes.padding
    ),
    "numbers": Probe("Numbers", "Every number becomes another of as many digits.", changes.numbers, False),
    "negation": Probe(
        "Negation", "A not is put in, or taken out where there is one. English and Chinese.", changes.negation, False
    ),
}


def changed(text: str, kind: str, seed: int = 0) -> str | None:
    """The text changed in a way of PROBES, or None. The change follows from the text, the kind and the seed alone."""
    return PROBES[kind].change(text, generator(text, kind, seed))


def changed_texts(texts: Sequence[str], kind: str, seed: int = 0) -> list[str | None]:
    """The same for many texts, in their order."""
    return [changed(text, kind, seed) for text in texts]


def generator(text: str, kind: str, seed: int) -> np.random.Generator:
    """Random numbers of a text's own, so that its change does not depend on the row it stands in."""
    digest = digest_text(f"{kind}\x00{seed}\x00{text}")
    return np.random.default_rng(np.frombuffer(digest, np.uint32))
