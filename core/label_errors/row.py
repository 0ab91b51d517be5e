"""The evidence about one row's label: its text, and what its nearest rows are labeled."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_strings
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.label_errors.service import CELL, Asked
from core.vectors.loaders import load_neighbors

LONGEST = 20_000  # characters of the row's own text
NEAR = 12


@dataclass(frozen=True, eq=False)
class DoubtRow:
    """text: in full up to 20,000 characters. neighbors: index row ids, columns cosine, label, text, nearest first,
    copies of the row's own text and rows without a label left out. copies: labels of the other rows with the very same
    text, with their number."""

    row: int
    text: str
    neighbors: pd.DataFrame
    copies: tuple[tuple[str, int], ...]


def doubt_row(asked: Asked, row: int) -> DoubtRow:
    """What speaks for or against a row's label. Raises InputError for no row."""
    corpus = load_corpus(asked.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    graph = load_neighbors(asked.corpus, asked.model)
    ids, scores = np.asarray(graph.ids[row]), np.asarray(graph.scores[row], dtype=np.float64)
    words = label_strings(corpus.table[asked.column].iloc[ids]).to_numpy(dtype=object)
    same = np.array([corpus.texts[i] == corpus.texts[row] for i in ids], bool)
    copies = pd.Series(words[same]).fillna("no label").value_counts()
    at = np.flatnonzero(~same & pd.notna(words))[:NEAR]
    near = pd.DataFrame({"cosine": scores[at], "label": words[at]}, index=ids[at])
    near["text"] = [corpus.texts[i][:CELL] for i in ids[at]]
    told = tuple((str(name), int(number)) for name, number in copies.items())
    return DoubtRow(row, corpus.texts[row][:LONGEST], near, told)
