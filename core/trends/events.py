"""Findings of the Trends page: bursts, drifts and surges, ranked, each with the rows it stands on."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import distinctive_terms
from core.corpus.loaders import load_corpus
from core.corpus.terms import is_informative, load_terms
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.trends.bursts import Burst, find_bursts
from core.trends.drift import PERMUTATIONS, Drift, measure_drifts
from core.trends.periods import Binned, Period
from core.trends.rows import Pick, picked
from core.trends.seasons import rhythms, season
from core.trends.sentiment import NAMES, UNKNOWN
from core.trends.service import Subject, counted, groups, moods
from core.trends.shares import Groups
from core.trends.surges import LONGEST, Surge, find_surges
from core.trends.time_columns import binned, row_times
from core.types import ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

MOST_SHOWN = 50
WORDS = 6
ALL = "all rows"
MOST_DRIFTS = 40  # the largest groups whose drift is tested


@dataclass(frozen=True)
class Finding:
    """A stretch of time in which a group stands out. first, last: ISO of its periods' starts; pick: its rows.

    name: the group; mood: a sentiment's name, or "" for all. rows, expected: counted and usual. weight: of a burst,
    NaN for surges. p, corrected: of a surge, NaN for bursts. words: what its rows say more than all others.
    """

    name: str
    mood: str
    first: str
    last: str
    rows: int
    expected: float
    pick: Pick
    level: int = 1
    weight: float = float("nan")
    p: float = float("nan")
    corrected: float = float("nan")
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Best first, at most 50 of `total`. groups: looked at; windows: of surges, corrected for; longest: in periods.
    seasons: rhythms that were allowed for, as Season.told has them."""

    found: tuple[Finding, ...]
    total: int
    groups: int
    windows: int
    longest: int
    period: Period
    periods: int
    seasons: tuple[tuple[str, int, int], ...] = ()
    series: int = 0


def bursts(subject: Subject, period: Period, s: float, gamma: float, states: int) -> Findings:
    """Kleinberg's bursts of the subject's groups, heaviest first."""
    return _bursts(subject, groups(subject).names, period, s, gamma, states)


@lru_cache(maxsize=16)
def _bursts(subject: Subject, names: tuple[str, ...], period: Period, s: float, gamma: float, states: int) -> Findings:
    """names: of the groups as they are called now; clusters may be renamed."""
    bins = binned(subject.corpus, subject.time, period)
    found = groups(subject)
    counts = counted(found, bins.index, len(bins))
    totals = np.bincount(bins.index[bins.index >= 0], minlength=len(bins))
    listed = [(code, burst) for code, own in enumerate(counts) for burst in find_bursts(own, totals, s, gamma, states)]
    listed.sort(key=lambda pair: (-pair[1].weight, pair[0]))
    mood = None if subject.group == "sentiment" else subject.mood
    shown = []
    for code, burst in listed[:MOST_SHOWN]:
        bare = _finding(bins.edges, found.names, code, mood, burst)
        bare = replace(bare, level=burst.level, weight=burst.weight)
        shown.append(replace(bare, words=finding_words(subject, bare.pick)))
    return Findings(tuple(shown), len(listed), len(counts), 0, 0, period, len(bins))


def surges(subject: Subject, period: Period, relative: bool, alpha: float) -> Findings:
    """Stretches in which a group has more rows than its usual range explains: negative ones first, then by p.

    Each group is looked at in all its rows and, where sentiment is known, in its negative and its positive rows;
    so are all rows together, since a surge may spread over many small groups. Windows of all of these are corrected
    for. A stretch most of whose rows are in those before it is left out.
    relative: against the number of all rows instead of against time.
    """
    return _surges(subject, groups(subject).names, period, relative, alpha)


@lru_cache(maxsize=16)
def _surges(subject: Subject, names: tuple[str, ...], period: Period, relative: bool, alpha: float) -> Findings:
    """names: of the groups as they are called now; clusters may be renamed."""
    bins = binned(subject.corpus, subject.time, period)
    every = replace(subject, mood=None)
    found = groups(every)
    kinds = _kinds(subject)
    parts = [
        _with_all(counted(_of_mood(found, every, mood), bins.index, len(bins)), every, mood, bins) for mood in kinds
    ]
    counts = np.vstack(parts)
    totals = np.bincount(bins.index[bins.index >= 0], minlength=len(bins))
    exposure = totals if relative else np.ones(len(bins))
    calendar = season(counts, totals, exposure, rhythms(bins.starts, period))
    told = find_surges(counts, exposure, LONGEST[period], alpha, calendar.factors)
    looked = len(parts[0])
    listed = []
    for surge in told.surges:
        kind, code = divmod(surge.series, looked)
        bare = _finding(bins.edges, found.names, code if code < looked - 1 else -1, kinds[kind], surge)
        listed.append(replace(bare, p=surge.p, corrected=surge.corrected))
    kept = _distinct(every, sorted(listed, key=_rank))
    shown = tuple(replace(each, words=finding_words(every, each.pick)) for each in kept[:MOST_SHOWN])
    return Findings(
        shown, len(kept), looked - 1, told.windows, told.longest, period, len(bins), calendar.told, len(counts)
    )


def finding_counts(subject: Subject, pick: Pick, period: Period) -> tuple[np.ndarray, np.ndarray]:
    """(t,) starts of the periods and (t,) rows of the pick's group and mood in each, over all time."""
    bins = binned(subject.corpus, subject.time, period)
    mask = picked(subject, replace(pick, start="", end=""))
    return bins.starts, np.bincount(bins.index[mask & (bins.index >= 0)], minlength=len(bins))


@dataclass(frozen=True, eq=False)
class Drifts:
    """names: by the drifts' codes. drifts: surest first, those of `groups` with enough rows on both sides."""

    names: tuple[str, ...]
    drifts: tuple[Drift, ...]
    groups: int
    permutations: int


def drifts(subject: Subject, split: str) -> Drifts:
    """Each group before and after a date (ISO); copies of a text on one side count once.

    Raises InputError without vectors, StorageError.
    """
    if subject.model is None:
        raise InputError("This corpus is not embedded yet: drift is measured on vectors.", "Embed it first.")
    found = groups(subject)
    tested = _drifts(replace(subject, secret=None), split, subject.model, found.codes.tobytes(), len(found.names))
    return Drifts(found.names, tested, len(found.names), PERMUTATIONS)


@lru_cache(maxsize=8)
def _drifts(subject: Subject, split: str, model: ModelSpec, codes: bytes, count: int) -> tuple[Drift, ...]:
    times = row_times(subject.corpus, subject.time)
    later = np.where(np.isnat(times), -1, times >= np.datetime64(split, "ns")).astype(np.int8)
    later[_copies(subject, later)] = -1
    rows = load_vectors(subject.corpus, model).rows
    ids = load_neighbors(subject.corpus, model).ids
    own = np.frombuffer(codes, dtype=np.int32)
    return tuple(measure_drifts(rows, ids, own, later, min(count, MOST_DRIFTS)))


def _copies(subject: Subject, later: np.ndarray) -> np.ndarray:
    """(n,) bool: rows whose text stands before them on the same side; shuffling would part what was posted as one."""
    groups_of = distinct_texts(load_corpus(subject.corpus).texts)[0]
    return np.asarray(pd.DataFrame({"text": groups_of, "side": later}).duplicated())


def finding_words(subject: Subject, pick: Pick) -> tuple[str, ...]:
    """Up to six words that the rows hold more often than all others; none may hold surely."""
    matrix, vocabulary = load_terms(subject.corpus)
    told = distinctive_terms(matrix, vocabulary, picked(subject, pick), limit=WORDS, is_listed=is_informative)
    return tuple(entry.value for entry in told.entries)


def _kinds(subject: Subject) -> list[int | None]:
    if subject.group == "sentiment" or not (moods(subject) != UNKNOWN).any():
        return [None]
    return [-1, None, 1]


def _of_mood(found: Groups, subject: Subject, mood: int | None) -> Groups:
    return found if mood is None else Groups(np.where(moods(subject) == mood, found.codes, -1), found.names)


def _finding(edges: np.ndarray, names: tuple[str, ...], code: int, mood: int | None, span: Burst | Surge) -> Finding:
    """What bursts and surges have in common."""
    first, last, end = (str(pd.Timestamp(edges[at])) for at in (span.first, span.last, span.last + 1))
    name, pick = "" if mood is None else NAMES[mood], Pick(code, first, end, mood)
    return Finding(names[code] if code >= 0 else ALL, name, first, last, span.rows, span.expected, pick)


def _with_all(counts: np.ndarray, subject: Subject, mood: int | None, bins: Binned) -> np.ndarray:
    """The counts with one more line: all rows of the mood, in a group or not."""
    inside = bins.index >= 0
    if mood is not None:
        inside &= moods(subject) == mood
    return np.vstack([counts, np.bincount(bins.index[inside], minlength=len(bins))[None, :]])


def _rank(found: Finding) -> tuple[bool, bool, float]:
    return found.pick.group < 0, found.mood != "negative", found.p


def _distinct(subject: Subject, listed: list[Finding]) -> list[Finding]:
    """Those most of whose rows are not in one before them."""
    taken = np.zeros(len(row_times(subject.corpus, subject.time)), dtype=bool)
    kept = []
    for each in listed:
        rows = picked(subject, each.pick)
        if (rows & taken).sum() * 2 <= rows.sum():
            kept.append(each)
            taken |= rows
    return kept
