"""The task "pairs": how well cosines follow given scores of likeness. As STS (Agirre et al. 2012; MTEB, 2023)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.label_columns import parse_numbers
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.scoreboard.average_precision import average_precisions, is_two_valued
from core.scoreboard.task_tables import column_of, file_names, open_table
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender
from core.vectors.text_vectors import embed_task_texts

MOST_PAIRS = 20_000  # of more, so many are drawn
FEWEST = 3  # pairs: two always lie on a line
SEED = 0


@dataclass(frozen=True, eq=False)
class Pairs:
    """Texts and the score a person gave each pair. units: (q,) codes, the same for the same two texts."""

    first: list[str]
    second: list[str]
    given: np.ndarray
    units: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


def score_pairs(
    corpus: CorpusRef,
    contender: Contender,
    task: Task,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """pairs: (q, 2) float64, the cosine of each pair and its given score; metrics "spearman" and "pearson" follow.
    Of scores of two values also "average_precision".

    Texts are embedded as documents. Raises InputError for pairs that can't be used, ModelError for contenders that
    can't embed other texts.
    """
    made = read_pairs(corpus, task)
    texts = [*made.first, *made.second]
    rows = embed_task_texts(corpus, contender, texts, secret=secret, progress=progress)
    first, second = rows[: len(made.first)].astype(np.float64), rows[len(made.first) :].astype(np.float64)
    cosines = np.einsum("ij,ij->i", first, second) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    if np.ptp(cosines) < 1e-12:
        raise InputError(
            f"Under {contender.label} every pair has the same cosine, so there is nothing to correlate.",
            "Bring pairs of different texts.",
        )
    scores = Scores({}, made.units, np.column_stack([cosines, made.given]), facts=dict(made.facts))
    if made.facts["two_valued"]:
        _add_precision(scores, cosines, made)
    return scores


def _add_precision(scores: Scores, cosines: np.ndarray, made: Pairs) -> None:
    name = "average_precision"
    scores.whole[name], scores.resampled[name], scores.chance[name] = average_precisions(
        cosines, made.given, made.units, SEED
    )
    count = int(made.units.max()) + 1
    scores.facts["resampled"] = {name: {"count": count, "of": made.facts["usable"], "unit": "pairs", "beside": ""}}


@lru_cache(maxsize=4)
def read_pairs(corpus: CorpusRef, task: Task) -> Pairs:
    """The task's pairs. params: first, second, score (columns), of the corpus, or of a kept table: file (its key).

    Pairs that lack a text or a finite number are left out and counted. Raises InputError for the same column twice, a
    column without numbers, fewer than FEWEST pairs, and scores that are all the same.
    """
    names = [str(task.get(name)) for name in ("first", "second", "score")]
    if len(set(names)) < 3:
        raise InputError("The same column is chosen twice.", "Choose two columns of texts and one of scores.")
    key = task.get("file")
    table = open_table(corpus, str(key)) if key else load_corpus(corpus).table
    where = "the file of pairs" if key else "the corpus"
    first, second, scores = (column_of(table, name, where) for name in names)
    numbers = _numbers(scores, names[2])
    with_texts = _has_text(first) & _has_text(second)
    usable = np.flatnonzero(with_texts & np.isfinite(numbers))
    facts: dict[str, Any] = {
        "rows": len(table),
        "no_text": int((~with_texts).sum()),
        "no_number": int((with_texts & ~np.isfinite(numbers)).sum()),
        "usable": len(usable),
        "seed": SEED,
    }
    _check(numbers[usable], names[2], facts)
    chosen = _drawn(usable)
    _check(numbers[chosen], names[2], facts)
    texts = [column.iloc[chosen].astype("str").tolist() for column in (first, second)]
    facts["files"] = file_names(corpus, task)
    facts |= {"pairs": len(chosen), "two_valued": is_two_valued(numbers[chosen])}
    return Pairs(texts[0], texts[1], numbers[chosen], _units(*texts), facts)


def _numbers(scores: pd.Series, name: str) -> np.ndarray:
    """(n,) float64, NaN where a cell holds no number. Raises InputError for none."""
    numbers = parse_numbers(scores)
    if numbers.isna().all():
        given = scores.dropna()
        example = f', but "{str(given.iloc[0])[:40]}" and the like' if len(given) else ""
        raise InputError(
            f'The column "{name}" holds no numbers{example}.', "Choose the column with the score of each pair."
        )
    return numbers.to_numpy()


def _check(numbers: np.ndarray, name: str, facts: dict[str, Any]) -> None:
    if len(numbers) < FEWEST:
        raise InputError(
            f"Only {len(numbers)} of {facts['rows']:,} rows hold two texts and a score; correlations need at least "
            f"{FEWEST}.",
            "Bring more pairs, or choose other columns.",
        )
    if np.ptp(numbers) == 0:
        raise InputError(
            f'Every score in the column "{name}" is {numbers[0]:g}: with no variance there is nothing to correlate.',
            "Choose another column, or bring pairs whose scores differ.",
        )


def _has_text(column: pd.Series) -> np.ndarray:
    return (column.notna() & (column.astype("str").str.strip() != "")).to_numpy(bool)


def _drawn(places: np.ndarray) -> np.ndarray:
    """All places, or MOST_PAIRS of them, drawn with SEED; sorted."""
    if len(places) <= MOST_PAIRS:
        return places
    return np.sort(np.random.default_rng(SEED).choice(places, MOST_PAIRS, replace=False))


def _units(first: Sequence[str], second: Sequence[str]) -> np.ndarray:
    """(q,) int32 codes of the two texts, in either order."""
    codes = distinct_texts([*first, *second])[0].astype(np.int64)
    one, other = codes[: len(first)], codes[len(first) :]
    keys = np.minimum(one, other) * (codes.max() + 1) + np.maximum(one, other)
    return np.unique(keys, return_inverse=True)[1].astype(np.int32)
