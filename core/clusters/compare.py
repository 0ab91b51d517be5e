"""A clustering beside a column or another clustering."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.clusters.agreement import Agreement, agreement, confusion, crossed, matched
from core.clusters.cluster_set import cluster_set
from core.clusters.methods import ClusterParams
from core.corpus.export import short_cells
from core.corpus.filters import factorize_texts
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.types import CorpusRef, ModelSpec

CELL = 400
MOST_SHOWN = 1_000


def against_column(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, column: str, most: int = 20
) -> tuple[Agreement, pd.DataFrame, int]:
    """How far the groups are the values of a column, the confusion of the largest, and the number of values."""
    found, table = cluster_set(corpus, model, params), load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to compare with.', "Choose another.")
    codes, names = factorize_texts(table[column])
    values = [str(name) for name in names]
    shown = confusion(found.labels, np.asarray(codes), list(found.names), values, most)
    return agreement(found.labels, np.asarray(codes)), shown, len(values)


@dataclass(frozen=True, eq=False)
class Compared:
    """Two groupings of the same rows. changed: rows whose two groups are no pair; table: the first 1,000 of them with
    the names of both groups, index row ids; partners: (name, name of its pair, shared rows, rows here, rows there)."""

    agreement: Agreement
    changed: int
    table: pd.DataFrame
    partners: pd.DataFrame


def compared(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, other_model: ModelSpec, other: ClusterParams
) -> Compared:
    """This grouping beside another, of the same or another model. Raises StorageError where that one is not made."""
    first, second = cluster_set(corpus, model, params), cluster_set(corpus, other_model, other)
    partner, moved = matched(first.labels, second.labels)
    names, others = np.array([*first.names, "(none)"], object), np.array([*second.names, "(none)"], object)
    rows = np.flatnonzero(moved)
    texts = load_corpus(corpus).texts
    table = pd.DataFrame(
        {
            "text": [texts[int(row)] for row in rows[:MOST_SHOWN]],
            "here": names[first.labels[rows[:MOST_SHOWN]]],
            "there": others[second.labels[rows[:MOST_SHOWN]]],
        },
        index=rows[:MOST_SHOWN],
    )
    counts = crossed(first.labels, second.labels)
    shared = [int(counts[label, to]) if to >= 0 else 0 for label, to in enumerate(partner)]
    there = np.append(counts.sum(axis=0), 0)
    partners = pd.DataFrame(
        {
            "here": names[:-1],
            "there": others[partner],
            "shared": shared,
            "rows": counts.sum(axis=1),
            "rows there": there[partner],
        }
    )
    return Compared(agreement(first.labels, second.labels), len(rows), short_cells(table, CELL)[0], partners)
