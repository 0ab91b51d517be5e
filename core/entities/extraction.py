"""The entities of many texts: of each type its distinct values, and which text has which."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.entities.amounts import amounts
from core.entities.dates import dates
from core.entities.links import emails, hashtags, urls
from core.entities.names import find_names
from core.entities.phones import phones
from core.entities.types import Group, Mention, TypeName, types_of
from core.types import Progress

RULES: dict[TypeName, Callable[[str, str], list[Mention]]] = {
    "e-mail addresses": lambda text, region: emails(text),
    "URLs": lambda text, region: urls(text),
    "hashtags": lambda text, region: hashtags(text),
    "phone numbers": phones,
    "amounts": amounts,
    "dates": dates,
}
STEP = 500  # texts between two reports of progress


@dataclass(frozen=True, eq=False)
class TypeEntities:
    """values: the distinct values, most frequent first. forms: how each is most often written. counts: (values,) texts
    with each. rows, codes: (pairs,) int64, which text has which value, by text and then in order of appearance."""

    name: TypeName
    values: tuple[str, ...]
    forms: tuple[str, ...]
    counts: np.ndarray
    rows: np.ndarray
    codes: np.ndarray

    @property
    def texts(self) -> int:
        """Texts with at least one value."""
        return len(np.unique(self.rows))

    def values_by_row(self) -> dict[int, list[str]]:
        """The values of each text that has any."""
        by_row: dict[int, list[str]] = {}
        for row, code in zip(self.rows.tolist(), self.codes.tolist(), strict=True):
            by_row.setdefault(row, []).append(self.values[code])
        return by_row


def extract(texts: Sequence[str], group: Group, region: str, progress: Progress) -> tuple[TypeEntities, ...]:
    """The entities of a group's types, in the order of ENTITY_TYPES. region: ISO 3166 code, see `phones`, `amounts`
    and `dates`. progress: in texts."""
    by_text = find_names(texts, progress) if group == "names" else _apply_rules(texts, region, progress)
    return tuple(_collect(kind.name, [mentions.get(kind.name, []) for mentions in by_text]) for kind in types_of(group))


def _apply_rules(texts: Sequence[str], region: str, progress: Progress) -> list[dict[TypeName, list[Mention]]]:
    by_text = []
    for row, text in enumerate(texts):
        by_text.append({name: mentions for name, rule in RULES.items() if (mentions := rule(text, region))})
        if row % STEP == STEP - 1:
            progress(row + 1, len(texts))
    progress(len(texts), len(texts))
    return by_text


def _collect(name: TypeName, by_text: Sequence[Sequence[Mention]]) -> TypeEntities:
    """Each value counts once in a text."""
    counts = Counter(value for mentions in by_text for value in {mention.value for mention in mentions})
    values = sorted(counts, key=lambda value: (-counts[value], value))
    code_of = {value: code for code, value in enumerate(values)}
    written: list[Counter[str]] = [Counter() for _ in values]
    pairs = []
    for row, mentions in enumerate(by_text):
        for mention in mentions:
            written[code_of[mention.value]][mention.form] += 1
        pairs += [(row, code) for code in dict.fromkeys(code_of[mention.value] for mention in mentions)]
    rows, codes = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    forms = tuple(forms.most_common(1)[0][0] for forms in written)
    return TypeEntities(name, tuple(values), forms, np.array([counts[v] for v in values], dtype=np.int64), rows, codes)
