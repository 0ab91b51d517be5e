"""The ways of making queries from a corpus itself."""

from dataclasses import dataclass

import numpy as np

from core.corpus.text_edits import TEXT_EDITS
from core.scoreboard.halves import FEWEST_WORDS


@dataclass(frozen=True)
class Way:
    """How queries are made. own_rows: the candidates are the corpus' rows, so that only queries are embedded."""

    label: str
    help: str
    own_rows: bool


WAYS: dict[str, Way] = {
    "halves": Way(
        "First half finds second",
        "Each text is cut in two near its middle, at the end of a sentence if one is near; the first half must find "
        f"the second among other second halves. Texts of fewer than {FEWEST_WORDS} words are left out.",
        False,
    ),
    "columns": Way(
        "One column finds another",
        "A row's text in one column, such as its title, must find the same row's text in another, such as its body.",
        False,
    ),
    "typos": Way("With typos", "A text with mistyped letters (one in 25, at least one) must find its own row.", True),
    "reworded": Way(
        "Reworded by rules",
        "A text in lower case, without stop words, with common English words replaced and the words in another order, "
        "must find its own row. No model writes anything.",
        True,
    ),
    "written": Way(
        "Queries by a language model",
        "A language model writes what a person might type to find a text; the query must find that text's row. This "
        "favors embeddings that share the language model's vocabulary.",
        True,
    ),
}


def reworded(text: str, random: np.random.Generator) -> str | None:
    """The text in other words by rules, in lower case, without stop words, in another order; None where only the case
    would differ."""
    made = text.lower()
    for kind in ("paraphrase", "stop_words", "word_order"):
        made = TEXT_EDITS[kind].change(made, random) or made
    made = made.lower()
    return made if made != text.lower() else None
