"""Disputed triplets for a blind vote, and the votes of one person, stored with the corpus."""

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from core.disagreement.overlap import positions_in, text_lists
from core.errors import InputError, StorageError
from core.files import read_json, write_json
from core.stats.bradley_terry import fit_strengths
from core.stats.proportions import wilson
from core.store import Workspace

NEAR = 5  # a text's ranks under the contender that finds it near, at most
FAR = 20  # ranks among which the other contender does not have it
MARGIN = 0.25  # of the spread of random pairs' cosines, by which one must be nearer under each
MAX_ANCHORS = 4_000  # rows that are tried as anchors
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, eq=False)
class Triplets:
    """An anchor, one text that A finds near and B far, and one the other way round, in a seeded order. anchor,
    near_first, near_second: (t,) int64 row ids: the first contender has `near_first` nearer to the anchor than
    `near_second`, the second has it the other way round. tried: anchors analyzed, of `texts`."""

    anchor: np.ndarray
    near_first: np.ndarray
    near_second: np.ndarray
    tried: int
    texts: int

    def __len__(self) -> int:
        return len(self.anchor)

    def select(self, positions: np.ndarray) -> "Triplets":
        """Some of them, by a mask (t,) or positions."""
        anchor, first, second = (column[positions] for column in (self.anchor, self.near_first, self.near_second))
        return Triplets(anchor, first, second, self.tried, self.texts)

    def at(self, position: int) -> tuple[int, int, int]:
        """anchor, near_first and near_second of one."""
        return int(self.anchor[position]), int(self.near_first[position]), int(self.near_second[position])


def disputed_triplets(
    graphs: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    texts: np.ndarray,
    spreads: tuple[float, float],
    seed: int = 0,
) -> Triplets:
    """At most one triplet per anchor, with both margins met.

    graphs: neighbor ids (n, K) of the two contenders; rows: their unit rows; texts: (n,) codes of identical texts;
    spreads: standard deviations of random pairs' cosines. Of the 5 nearest under one, the nearest is taken that is not
    among the 20 nearest (with few rows: the nearer half) under the other; under both, the cosines differ by a quarter
    of that spread or more.
    """
    first_rows = np.sort(np.unique(texts, return_index=True)[1])
    anchors = np.random.default_rng(seed).permutation(first_rows)[:MAX_ANCHORS]
    one, other = (text_lists(np.asarray(ids[anchors]), texts, anchors) for ids in graphs)
    one_near, one_clear = _nearest_disputed(one, other)
    other_near, other_clear = _nearest_disputed(other, one)
    is_disputed = one_clear & other_clear
    anchor, x, y = anchors[is_disputed], first_rows[one_near[is_disputed]], first_rows[other_near[is_disputed]]
    ahead = [_cosines(vectors, anchor, x) - _cosines(vectors, anchor, y) for vectors in rows]
    clear = (ahead[0] >= MARGIN * spreads[0]) & (-ahead[1] >= MARGIN * spreads[1])
    return Triplets(anchor[clear], x[clear], y[clear], len(anchors), len(first_rows))


def _nearest_disputed(near: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row's nearest 5 texts the first that the other has far down, and whether there is one."""
    width = min(NEAR, near.shape[1])
    if not width:
        return np.zeros(len(near), np.int64), np.zeros(len(near), bool)
    is_far = positions_in(near[:, :width], far) >= min(FAR, far.shape[1] // 2)
    is_far &= near[:, :width] >= 0
    nearest = is_far.argmax(axis=1)
    return np.maximum(near[np.arange(len(near)), nearest], 0), is_far.any(axis=1)


def _cosines(rows: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", np.asarray(rows[left], np.float64), np.asarray(rows[right], np.float64))


def same_wording(one: str, other: str) -> bool:
    """Whether two texts differ in case, spaces and punctuation only."""
    return _SIGNS.sub(" ", one.casefold()).strip() == _SIGNS.sub(" ", other.casefold()).strip()


def is_first(anchor: int, near_first: int, near_second: int, seed: int = 0) -> bool:
    """Whether `near_first` is shown first: by a hash, so that the side reveals nothing and never changes."""
    content = f"{seed}:{anchor}:{min(near_first, near_second)}:{max(near_first, near_second)}".encode()
    smaller_first = hashlib.sha256(content).digest()[0] % 2 == 0
    return smaller_first == (near_first < near_second)


Choice = Literal["first", "second", "none", "skip"]


@dataclass(frozen=True)
class Vote:
    """first, second: keys of the contenders; near_first, near_second: the rows that each has nearer to the anchor.
    choice: whose row was chosen; "none": a tie; "skip": not answered. time: seconds since 1970."""

    first: str
    second: str
    anchor: int
    near_first: int
    near_second: int
    choice: Choice
    time: float = 0.0

    @property
    def key(self) -> frozenset[tuple[str, int] | int]:
        """The triplet voted on, whichever contender came first."""
        return frozenset({self.anchor, (self.first, self.near_first), (self.second, self.near_second)})


@dataclass(frozen=True, eq=False)
class VoteResult:
    """For contenders in the order of the query. wins: (s, s) int64 votes for the row's contender against the column's.

    ties, skipped: votes without a choice. share, low, high: (s,) in [0, 1]: of two the share of votes, with
    Wilson's interval, of more the probability by Bradley and Terry to win against another; NaN without votes, the
    ends also with too few.
    best: (s,) or None.
    """

    wins: np.ndarray
    ties: int
    skipped: int
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    best: np.ndarray | None

    @property
    def decided(self) -> int:
        return int(self.wins.sum())


def load_votes(workspace: Workspace, corpus: str) -> list[Vote]:
    """The votes, oldest first; unreadable ones are left out."""
    stored = read_json(_path(workspace, corpus))
    rows, total = stored.get("votes") if isinstance(stored, dict) else None, _total(workspace, corpus)
    votes = [_read(row, total) for row in rows] if isinstance(rows, list) else []
    return [vote for vote in votes if vote]


def add_vote(workspace: Workspace, corpus: str, vote: Vote) -> list[Vote]:
    """Store a vote; gives all. A triplet voted on before gets the new choice.

    Raises InputError for a choice or row that is not, StorageError where the corpus is gone or can't be written.
    """
    if _read(asdict(vote), _total(workspace, corpus)) is None:
        raise InputError("This vote is not valid.", "Vote on the texts that are shown.")
    votes = [other for other in load_votes(workspace, corpus) if other.key != vote.key]
    votes.append(replace(vote, time=vote.time or time.time()))
    _write(workspace, corpus, votes)
    return votes


def undo_vote(workspace: Workspace, corpus: str) -> list[Vote]:
    """Remove the last vote; gives those that are left."""
    votes = load_votes(workspace, corpus)[:-1]
    _write(workspace, corpus, votes)
    return votes


def clear_votes(workspace: Workspace, corpus: str, contenders: Sequence[str]) -> list[Vote]:
    """Remove the votes between these contenders; gives those that are left."""
    votes = [vote for vote in load_votes(workspace, corpus) if not {vote.first, vote.second} <= set(contenders)]
    _write(workspace, corpus, votes)
    return votes


def vote_result(votes: Sequence[Vote], contenders: Sequence[str], seed: int = 0) -> VoteResult:
    """The result of the votes between these contenders; others are left out."""
    positions, count = {key: at for at, key in enumerate(contenders)}, len(contenders)
    relevant = [vote for vote in votes if vote.first in positions and vote.second in positions]
    decided = [vote for vote in relevant if vote.choice in ("first", "second")]
    pairs = np.array([(positions[vote.first], positions[vote.second]) for vote in decided], np.int64).reshape(-1, 2)
    first_wins = np.array([vote.choice == "first" for vote in decided], bool)[:, None]
    winner, loser = np.where(first_wins, pairs, pairs[:, ::-1]).T
    wins = np.zeros((count, count), np.int64)
    np.add.at(wins, (winner, loser), 1)
    ties, skipped = (sum(vote.choice == choice for vote in relevant) for choice in ("none", "skip"))
    if count == 2:
        return VoteResult(wins, ties, skipped, *wilson(wins.sum(axis=1), np.full(2, len(decided))), None)
    if not decided:
        return VoteResult(wins, ties, skipped, *np.full((4, count), np.nan))
    strengths = fit_strengths(winner, loser, count, seed)
    return VoteResult(wins, ties, skipped, *strengths.win_share, strengths.share_best)


def _read(raw: Any, total: int) -> Vote | None:
    try:
        vote = Vote(
            str(raw["first"]), str(raw["second"]), int(raw["anchor"]), int(raw["near_first"]), int(raw["near_second"]),
            raw["choice"], float(raw.get("time", raw.get("made", 0.0))),  # "made" in files of earlier versions
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    rows = {vote.anchor, vote.near_first, vote.near_second}
    is_valid = vote.choice in get_args(Choice) and len(rows) == 3 and min(rows) >= 0 and max(rows) < total
    return vote if is_valid and vote.first != vote.second else None


def _write(workspace: Workspace, corpus: str, votes: Sequence[Vote]) -> None:
    write_json(_path(workspace, corpus), {"votes": [asdict(vote) for vote in votes]})


def _path(workspace: Workspace, corpus: str) -> Path:
    return workspace.result_folder("votes", corpus, {"votes": "blind"}) / "votes.json"


def _total(workspace: Workspace, corpus: str) -> int:
    info = workspace.info(corpus)
    if info is None:
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or upload one on the Data page.")
    return info.rows
