"""The rows behind a finding: their words, their most typical texts, and taking them out."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import ALPHA, DistinctiveItems, distinctive_terms
from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, save_selection
from core.corpus.terms import is_informative, load_terms
from core.errors import InputError
from core.map.rows import TERMS
from core.store import Workspace
from core.trends.sentiment import NAMES, UNKNOWN
from core.trends.service import Subject, all_groups, moods
from core.trends.time_columns import row_times
from core.vectors.loaders import load_vectors

TYPICAL = 5
UNSURE = 8  # words shown where none is sure
CELL = 400  # characters of one text sent to the page


@dataclass(frozen=True)
class Pick:
    """Rows of a group (-1: of any or none) from `start` on and before `end` (ISO, "" for open), of a mood or None."""

    group: int = -1
    start: str = ""
    end: str = ""
    mood: int | None = None


@dataclass(frozen=True, eq=False)
class Explained:
    """What some rows say.

    words: those that the rows hold more often than what they are set against; sure: their bounds hold for all words
    tested together, else, where none does, for each one alone. texts: the most typical ones, columns row (id from 0),
    time, sentiment ("" where unknown), cosine (to the rows' mean vector, NaN without vectors), text. rows: how many
    there are; against: of how many others.
    """

    words: DistinctiveItems
    sure: bool
    texts: pd.DataFrame
    rows: int
    against: int


def picked(subject: Subject, pick: Pick) -> np.ndarray:
    """Bool (n,): the rows meant. Rows without a time are in none."""
    times = row_times(subject.corpus, subject.time)
    mask = ~np.isnat(times)
    if pick.start:
        mask &= times >= np.datetime64(pick.start, "ns")
    if pick.end:
        mask &= times < np.datetime64(pick.end, "ns")
    if pick.group >= 0:
        mask &= all_groups(subject).codes == pick.group
    if pick.mood is not None:
        mask &= moods(subject) == pick.mood
    return mask


def explain(subject: Subject, pick: Pick, against: Pick | None = None) -> Explained:
    """What the rows say. against: the rows their words are set against; None for all others."""
    inside = picked(subject, pick)
    others = ~inside if against is None else picked(subject, against) & ~inside
    matrix, vocabulary = load_terms(subject.corpus)
    both = np.flatnonzero(inside | others)
    words, sure = _words(matrix[both], vocabulary, inside[both])
    return Explained(words, sure, _typical(subject, inside), int(inside.sum()), int(others.sum()))


def _words(matrix: Any, vocabulary: list[str], inside: np.ndarray) -> tuple[DistinctiveItems, bool]:
    """The sure words; where there are none, those whose bound holds for one test, few and fit to be called unsure."""
    found = distinctive_terms(matrix, vocabulary, inside, limit=TERMS, is_listed=is_informative)
    if found.entries or not found.tests:
        return found, True
    unsure = distinctive_terms(
        matrix, vocabulary, inside, limit=UNSURE, alpha=ALPHA * found.tests, is_listed=is_informative
    )
    note = (
        f"{found.tests:,} words and pairs of words tested: none holds after Bonferroni's correction; those shown hold"
    )
    return replace(unsure, note=f"{note} at {1 - ALPHA:.0%} each, uncorrected."), False


def _typical(subject: Subject, inside: np.ndarray) -> pd.DataFrame:
    """The rows nearest to the mean vector of those inside, equal texts once; in order of time without vectors."""
    whole, rows = load_corpus(subject.corpus), np.flatnonzero(inside)
    times, mood = row_times(subject.corpus, subject.time), moods(subject)
    cosines = np.full(len(rows), np.nan)
    if subject.model is not None and len(rows):
        vectors = load_vectors(subject.corpus, subject.model).rows[rows]
        mean = vectors.mean(axis=0)
        cosines = (vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-12))).astype(np.float64)
    order = np.lexsort((rows, times[rows], -np.nan_to_num(cosines)))
    table = pd.DataFrame({"row": rows[order], "cosine": cosines[order]})
    table["time"] = times[table["row"]]
    table["sentiment"] = ["" if mood[row] == UNKNOWN else NAMES[int(mood[row])] for row in table["row"]]
    table["text"] = [_cut(whole.texts[row]) for row in table["row"]]
    return table.drop_duplicates("text").head(TYPICAL).reset_index(drop=True)


def _cut(text: str) -> str:
    return text if len(text) <= CELL else text[:CELL].rstrip() + " …"


def keep(subject: Subject, pick: Pick, name: str) -> SavedSelection:
    """The rows kept in the workspace as a selection. Raises InputError for a bad or taken name."""
    return save_selection(
        Workspace(subject.corpus.folder), subject.corpus.digest, name, np.flatnonzero(picked(subject, pick))
    )


def rows_file(subject: Subject, pick: Pick) -> bytes:
    """The rows with all their columns, group and sentiment, in order of time, as CSV. Raises InputError for none."""
    rows = np.flatnonzero(picked(subject, pick))
    if not len(rows):
        raise InputError("There are no rows to take out.", "Choose another finding.")
    whole, found, mood = load_corpus(subject.corpus), all_groups(subject), moods(subject)
    rows = rows[np.argsort(row_times(subject.corpus, subject.time)[rows], kind="stable")]
    table = whole.table.iloc[rows].copy()
    table.insert(0, free_name(table, "text"), [whole.texts[row] for row in rows])
    table[free_name(table, "group")] = [found.names[code] if code >= 0 else "" for code in found.codes[rows]]
    table[free_name(table, "sentiment")] = [NAMES.get(int(code), "") for code in mood[rows]]
    return table_bytes(table, "csv")
