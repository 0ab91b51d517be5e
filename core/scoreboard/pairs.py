"""The task "pairs": how well cosines follow human similarity scores. As STS (Agirre et al. 2012; MTEB, 2023)."""

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
from core.scoreboard.task_tables import column_of, file_names, has_text, open_table, sample_sorted
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.stats.resampling import bootstrap_runs
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender
from core.vectors.text_vectors import embed_task_texts

MAX_PAIRS = 20_000  # of more, a sample is drawn
MIN_PAIRS = 3  # two always lie on a line
SEED = 0


@dataclass(frozen=True, eq=False)
class Pairs:
    """Texts and the human score of each pair. units: (q,) codes, the same for the same two texts."""

    first: list[str]
    second: list[str]
    human_scores: np.ndarray
    units: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


def score_pairs(
    corpus: CorpusRef, contender: Contender, task: Task, secret: Secret | None = None, progress: Progress | None = None
) -> Scores:
    """pairs: (q, 2) float64, the cosine of each pair and its human score; metrics "spearman" and "pearson" follow. Of
    scores of two values also "average_precision". Texts are embedded as documents. Raises InputError for pairs that
    can't be used, ModelError for contenders that can't embed other texts."""
    pairs = read_pairs(corpus, task)
    texts = [*pairs.first, *pairs.second]
    rows = embed_task_texts(corpus, contender, texts, secret=secret, progress=progress)
    first, second = rows[: len(pairs.first)].astype(np.float64), rows[len(pairs.first) :].astype(np.float64)
    cosines = np.einsum("ij,ij->i", first, second) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    if np.ptp(cosines) < 1e-12:
        message = f"Under {contender.label} every pair has the same cosine, so correlation is undefined."
        raise InputError(message, "Use pairs of different texts.")
    scores = Scores({}, pairs.units, np.column_stack([cosines, pairs.human_scores]), facts=dict(pairs.facts))
    if pairs.facts["two_valued"]:
        precision, resampled, chance = average_precisions(cosines, pairs.human_scores, pairs.units, SEED)
        name, count = "average_precision", int(pairs.units.max()) + 1
        scores.total[name], scores.resampled[name], scores.chance[name] = precision, resampled, chance
        scores.facts["resampled"] = {name: {"count": count, "of": pairs.facts["usable"], "unit": "pairs", "extra": ""}}
    return scores


@lru_cache(maxsize=4)
def read_pairs(corpus: CorpusRef, task: Task) -> Pairs:
    """The task's pairs. params: first, second, score (columns), of the corpus, or of a stored table: file (its key).
    Pairs that lack a text or a finite number are left out and counted. Raises InputError for the same column twice, a
    column without numbers, fewer than MIN_PAIRS pairs, and scores that are all the same."""
    names = [str(task.get(name)) for name in ("first", "second", "score")]
    if len(set(names)) < 3:
        raise InputError("The same column is selected twice.", "Select two columns of texts and one of scores.")
    key = task.get("file")
    table = open_table(corpus, str(key)) if key else load_corpus(corpus).table
    where = "the file of pairs" if key else "the corpus"
    first, second, scores = (column_of(table, name, where) for name in names)
    numbers = _numbers(scores, names[2])
    with_texts = has_text(first) & has_text(second)
    usable = np.flatnonzero(with_texts & np.isfinite(numbers))
    facts: dict[str, Any] = {"rows": len(table), "usable": len(usable), "seed": SEED}
    facts |= {"no_text": int((~with_texts).sum()), "no_number": int((with_texts & ~np.isfinite(numbers)).sum())}
    _check(numbers[usable], names[2], facts)
    rows = sample_sorted(usable, MAX_PAIRS, SEED)
    _check(numbers[rows], names[2], facts)
    texts = [column.iloc[rows].astype("str").tolist() for column in (first, second)]
    two_valued = len(np.unique(numbers[rows])) == 2
    facts |= {"files": file_names(corpus, task), "pairs": len(rows), "two_valued": two_valued}
    return Pairs(texts[0], texts[1], numbers[rows], _pair_codes(*texts), facts)


def average_precisions(
    cosines: np.ndarray, human_scores: np.ndarray, units: np.ndarray, seed: int = 0
) -> tuple[float, np.ndarray, float]:
    """Average precision as in scikit-learn, in [0, 1], higher is better; the same of resampled units, (b,); and chance:
    the share of pairs that are the same. cosines: (q,); human_scores: (q,) of two values, the greater one meaning the
    same. units: (q,) codes from 0."""
    same = (human_scores == human_scores.max()).astype(np.float64)
    order = np.argsort(-cosines, kind="stable")
    last = np.append(np.diff(cosines[order]) != 0, True)  # equal cosines pass a threshold together

    def score(_: int, weights: np.ndarray) -> list[float]:
        hits, passed = np.cumsum((weights * same)[order])[last], np.cumsum(weights[order])[last]
        gained = np.diff(hits, prepend=0.0)
        precision = np.divide(hits, passed, out=np.zeros_like(hits), where=passed > 0)
        return [float((gained * precision).sum() / hits[-1]) if hits[-1] else 0.0]

    return score(0, np.ones(len(human_scores)))[0], bootstrap_runs(units, 1, score, seed)[:, 0], float(same.mean())


def _numbers(scores: pd.Series, name: str) -> np.ndarray:
    """(n,) float64, NaN where a cell holds no number. Raises InputError for none."""
    numbers = parse_numbers(scores)
    if numbers.isna().all():
        cells = scores.dropna()
        example = f', for example "{str(cells.iloc[0])[:40]}" ' if len(cells) else ""
        raise InputError(
            f'The column "{name}" has no numbers{example}.', "Select the column with the score of each pair."
        )
    return numbers.to_numpy()


def _check(numbers: np.ndarray, name: str, facts: dict[str, Any]) -> None:
    if len(numbers) < MIN_PAIRS:
        message = (
            f"Only {len(numbers)} of {facts['rows']:,} rows hold two texts and a score; correlations need at least"
        )
        raise InputError(f"{message} {MIN_PAIRS}.", "Use more pairs, or select other columns.")
    if np.ptp(numbers) == 0:
        message = f'Every score in the column "{name}" is {numbers[0]:g}: with no variance correlation is undefined.'
        raise InputError(message, "Select another column, or use pairs whose scores differ.")


def _pair_codes(first: Sequence[str], second: Sequence[str]) -> np.ndarray:
    """(q,) int32 codes of the two texts, in either order."""
    codes = distinct_texts([*first, *second])[0].astype(np.int64)
    one, other = codes[: len(first)], codes[len(first) :]
    keys = np.minimum(one, other) * (codes.max() + 1) + np.maximum(one, other)
    return np.unique(keys, return_inverse=True)[1].astype(np.int32)
