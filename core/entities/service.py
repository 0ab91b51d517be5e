"""What the Data page calls: entities of a corpus, a summary of them, and their columns."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.corpus.added_columns import AddedColumn, add_column, added_columns
from core.corpus.loaders import load_corpus
from core.entities.extraction import TypeEntities
from core.entities.precision import MIN_PRECISION, Precision, measured
from core.entities.results import DEFAULT_REGION, ENTITIES, EntitiesQuery
from core.entities.types import BY_NAME, ENTITY_TYPES, GROUPS, REGIONS, EntityType, TypeName
from core.store import Workspace
from core.types import CorpusRef

__all__ = [
    "BY_NAME",
    "DEFAULT_REGION",
    "ENTITIES",
    "ENTITY_TYPES",
    "GROUPS",
    "MIN_PRECISION",
    "REGIONS",
    "EntitiesQuery",
    "EntityType",
    "Precision",
    "Summary",
    "TypeName",
    "add_columns",
    "column_name",
    "entity_columns",
    "measured",
    "summaries",
]

TOP = 100  # values of a summary
EXCERPT = 40  # characters on each side of an entity in an example


@dataclass(frozen=True)
class Value:
    """form: as most often written. example: where a text has it, with the words around it. row: of that text."""

    value: str
    rows: int
    form: str
    example: str


@dataclass(frozen=True)
class Summary:
    """Entities of one type. rows: with at least one. read: rows that were read. distinct: different values."""

    name: TypeName
    rows: int
    read: int
    distinct: int
    top: tuple[Value, ...]


def summaries(corpus: CorpusRef, names: Sequence[TypeName], region: str, limit: int) -> tuple[Summary, ...]:
    """The most frequent values of each type with an example. Raises StorageError before they are extracted."""
    texts = load_corpus(corpus.source).texts
    result = []
    for name in names:
        kind, read = _load(corpus, name, region, limit)
        result.append(Summary(name, kind.texts, read, len(kind.values), _top(kind, texts)))
    return tuple(result)


def add_columns(corpus: CorpusRef, names: Sequence[TypeName], region: str) -> tuple[AddedColumn, ...]:
    """Store the entities of all rows as one column of JSON lists per type; rows without any are missing values. A type
    without entities gets no column. Raises StorageError before they are extracted."""
    columns = []
    for name in names:
        kind, read = _load(corpus, name, region, 0)
        if kind.values:
            by_row = kind.values_by_row()
            cells = [json.dumps(by_row[row], ensure_ascii=False) if row in by_row else None for row in range(read)]
            facts = {"library": BY_NAME[name].library, "region": region, "rows": kind.texts, "values": len(kind.values)}
            values = pd.Series(cells, dtype="str")
            columns.append(add_column(corpus, column_name(corpus, name), values, "entities", facts))
    return tuple(columns)


def column_name(corpus: CorpusRef, name: TypeName) -> str:
    """The type's name, with an addition where another column has it."""
    info = Workspace(corpus.folder).info(corpus.digest)
    others = {column.name for column in added_columns(corpus.folder, corpus.digest) if column.kind != "entities"}
    return f"{name} (entities)" if name in (*(info.columns if info else ()), *others) else name


def entity_columns(corpus: CorpusRef) -> frozenset[str]:
    """Names of the columns of entities that the corpus has."""
    columns = added_columns(corpus.folder, corpus.digest)
    return frozenset(column.name for column in columns if column.kind == "entities")


def _load(corpus: CorpusRef, name: TypeName, region: str, limit: int) -> tuple[TypeEntities, int]:
    entities = ENTITIES.get(EntitiesQuery(corpus, BY_NAME[name].group, region, limit))
    return entities.of_type(name), entities.read


def _top(kind: TypeEntities, texts: Sequence[str]) -> tuple[Value, ...]:
    first: dict[int, int] = {}
    for row, code in zip(kind.rows.tolist(), kind.codes.tolist(), strict=True):
        first.setdefault(code, row)
    return tuple(
        Value(value, int(kind.counts[code]), kind.forms[code], _excerpt(texts[first[code]], kind.forms[code]))
        for code, value in enumerate(kind.values[:TOP])
    )


def _excerpt(text: str, form: str) -> str:
    """The text around an entity, in one line."""
    position = max(0, text.casefold().find(form.casefold()))
    start, end = max(0, position - EXCERPT), min(len(text), position + len(form) + EXCERPT)
    before, after = text[start:position], text[position + len(form) : end]
    if start:  # whole words, where there are spaces
        before = "…" + before[before.find(" ") + 1 :]
    if end < len(text):
        after = (after[: after.rfind(" ")] if " " in after else after) + "…"
    return " ".join(f"{before}{text[position : position + len(form)]}{after}".split())
