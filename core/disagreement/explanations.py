"""Questions about what explains disagreement: slices of the texts and their odds ratios."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import table_bytes
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.disagreement.factors import Factor, cluster_factor, column_factor, cut_factor, text_factors
from core.disagreement.rows import disagreement, groups, label_columns
from core.disagreement.service import Asked
from core.disagreement.slice_odds import Slice
from core.disagreement.slices import Explanation, explain, fewest_of
from core.disagreement.stored import explained_rows, kept_cuts, kept_facts, text_codes
from core.errors import InputError

MOST_COLUMNS = 6


@dataclass(frozen=True)
class Why:
    """explanation: of rows at or below `threshold` overlap. factors: (name, values that were tested) as told to a
    person; left_out: why others were not. n texts of `texts`. fewest: texts a slice must have."""

    explanation: Explanation
    factors: tuple[str, ...]
    left_out: tuple[str, ...]
    texts: int
    fewest: int


def why(asked: Asked, k: int) -> Why:
    """What goes with little overlap among the k nearest. Raises InputError where there is nothing to explain."""
    rows, values = _values(asked, k)
    factors, left_out = factors_of(asked, rows)
    if len(values) < 20:
        raise InputError(
            f"{len(values):,} different texts are too few to tell what explains disagreement.", "Bring in more rows."
        )
    if np.ptp(values) == 0:
        raise InputError(
            f"All texts overlap alike ({values[0]:.0%} of their {k} nearest): there is nothing to explain.",
            "Choose another number of neighbors, or other contenders.",
        )
    found = explain(values, factors)
    texts = int(text_codes(asked.corpus).max(initial=-1)) + 1
    told = tuple(factor.name for factor in factors if len(factor.values))
    return Why(found, told, left_out, texts, fewest_of(len(values)))


def why_file(asked: Asked, k: int) -> bytes:
    """All slices, as CSV."""
    found = why(asked, k).explanation
    return table_bytes(slice_table((*found.slices, *found.pairs)), "csv")


def slice_table(slices: tuple[Slice, ...]) -> pd.DataFrame:
    """One row a slice; shares in [0, 1]."""
    columns = ("slice", "factor", "n", "share", "rest", "odds", "low", "high", "held", "held_low", "held_high")
    return pd.DataFrame([tuple(vars(slice_).values()) for slice_ in slices], columns=list(columns))


def slice_rows(asked: Asked, k: int, phrases: tuple[str, ...]) -> np.ndarray:
    """Row ids, of the texts looked at, that are in every one of the slices named."""
    rows, _ = _values(asked, k)
    keep = np.ones(len(rows), bool)
    for factor in factors_of(asked, rows)[0]:
        for code, phrase in enumerate(factor.values):
            if phrase in phrases:
                keep &= factor.codes == code
    return rows[keep]


def factors_of(asked: Asked, rows: np.ndarray) -> tuple[list[Factor], tuple[str, ...]]:
    """What may explain it, for these rows among `explained_rows`, and what could not be looked at."""
    corpus = load_corpus(asked.corpus)
    at = np.searchsorted(explained_rows(asked.corpus), rows)
    factors, left_out = text_factors(kept_facts(asked.corpus).take(at)), []
    names = [name for name in label_columns(asked.corpus) if column_field(name) not in corpus.roles.text]
    factors += [column_factor(corpus.table[name].iloc[rows], name) for name in names[:MOST_COLUMNS]]
    left_out += [f"column {name}" for name in names[MOST_COLUMNS:]]
    clusters = groups(asked)
    if clusters is not None:
        factors.append(cluster_factor(np.asarray(clusters.labels)[rows], clusters.names))
    for model in dict.fromkeys(contender.model for contender in asked.contenders):
        over = kept_cuts(asked.corpus, model)
        if over is not None:
            factors.append(cut_factor(over[at], model.label))
    return factors, tuple(left_out)


def _values(asked: Asked, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Row ids of the texts looked at, and the overlap of each; rows without neighbors left out."""
    rows = explained_rows(asked.corpus)
    values = 1 - disagreement(asked, k)[rows]
    known = np.isfinite(values)
    return rows[known], np.round(values[known], 6)
