"""Entities of a corpus as stored results."""

from dataclasses import dataclass, replace

import numpy as np

from core.corpus.loaders import load_corpus
from core.entities.extraction import TypeEntities, extract
from core.entities.types import Group, TypeName
from core.results import Result
from core.store import Workspace
from core.types import CorpusRef, Progress

DEFAULT_REGION = "US"
SEED = 0
# measured on the sample, on one core; loading includes importing spaCy, so that a page never waits for it
SECONDS_PER_ROW: dict[Group, float] = {"names": 1 / 300, "rules": 1 / 4_000}
LOADING_SECONDS: dict[Group, float] = {"names": 4.0, "rules": 0.5}


@dataclass(frozen=True)
class EntitiesQuery:
    """group: types that are extracted in one pass. region: country of numbers, amounts and dates that don't name one.
    limit: rows of a random sample, 0 for all."""

    corpus: CorpusRef
    group: Group
    region: str = DEFAULT_REGION
    limit: int = 0


@dataclass(frozen=True, eq=False)
class Entities:
    """types: of the group; their rows are row ids of the corpus. read: rows that were read, all of them or a sample."""

    types: tuple[TypeEntities, ...]
    read: int

    def of_type(self, name: TypeName) -> TypeEntities:
        return next(kind for kind in self.types if kind.name == name)


def rows_read(query: EntitiesQuery) -> int:
    info = Workspace(query.corpus.folder).info(query.corpus.digest)
    total = info.rows if info else 0
    return min(query.limit, total) if query.limit else total


def _compute(query: EntitiesQuery, progress: Progress) -> Entities:
    texts = load_corpus(query.corpus.source).texts
    rows = np.arange(len(texts))
    if 0 < query.limit < len(texts):
        rows = np.sort(np.random.default_rng(SEED).choice(len(texts), query.limit, replace=False))
    extracted = extract([texts[row] for row in rows.tolist()], query.group, query.region, progress)
    return Entities(tuple(replace(kind, rows=rows[kind.rows]) for kind in extracted), len(rows))


def _inputs(query: EntitiesQuery) -> dict[str, object]:
    inputs: dict[str, object] = {"group": query.group, "limit": query.limit, "seed": SEED}
    return inputs if query.group == "names" else inputs | {"region": query.region}


def _seconds(query: EntitiesQuery) -> float:
    return LOADING_SECONDS[query.group] + rows_read(query) * SECONDS_PER_ROW[query.group]


def _stage(query: EntitiesQuery) -> str:
    listed = "people, places and organizations" if query.group == "names" else "links, numbers, amounts and dates"
    return f"Extracting {listed}"


ENTITIES = Result(
    "entities", 1, EntitiesQuery, Entities, inputs=_inputs, compute=_compute, seconds=_seconds, stage=_stage,
    unit="rows", absence="The entities of this corpus have not been extracted yet.",
    remedy="Extract them on the Data page.",
)  # fmt: skip
