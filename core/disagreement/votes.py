"""Blind votes of one person, kept beside the corpus, and what they say."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from core.errors import InputError, StorageError
from core.files import read_json, write_json
from core.stats.bradley_terry import fit_strengths
from core.stats.proportions import wilson
from core.store import Workspace

Choice = Literal["first", "second", "none", "skip"]


@dataclass(frozen=True)
class Vote:
    """first, second: keys of the contenders; near_first, near_second: the rows that each has nearer to the anchor.
    choice: whose row the person chose; "none": could not say; "skip": did not want to. made: seconds since 1970."""

    first: str
    second: str
    anchor: int
    near_first: int
    near_second: int
    choice: Choice
    made: float = 0.0

    @property
    def case(self) -> frozenset[tuple[str, int] | int]:
        """What was asked, whichever contender came first."""
        return frozenset({self.anchor, (self.first, self.near_first), (self.second, self.near_second)})


@dataclass(frozen=True, eq=False)
class Outcome:
    """For contenders in the order asked. wins: (s, s) int64 votes for the row's contender against the column's.

    undecided, skipped: votes without a choice. share, low, high: (s,) in [0, 1]: of two the share of votes, with
    Wilson's interval, of more the chance by Bradley and Terry to be agreed with against another; NaN without votes.
    best: (s,) or None.
    """

    wins: np.ndarray
    undecided: int
    skipped: int
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    best: np.ndarray | None

    @property
    def decided(self) -> int:
        return int(self.wins.sum())


def load_votes(workspace: Workspace, corpus: str) -> list[Vote]:
    """The votes, oldest first; what can't be read counts as none."""
    kept = read_json(_path(workspace, corpus))
    rows, total = kept.get("votes") if isinstance(kept, dict) else None, _total(workspace, corpus)
    found = [_read(row, total) for row in rows] if isinstance(rows, list) else []
    return [each for each in found if each]


def add_vote(workspace: Workspace, corpus: str, vote: Vote) -> list[Vote]:
    """Keep a vote; gives all. A case voted on before gets the new choice.

    Raises InputError for a choice or row that is not, StorageError where the corpus is gone or can't be written.
    """
    if _read(asdict(vote), _total(workspace, corpus)) is None:
        raise InputError("This vote can't be kept.", "Vote on the case that is shown.")
    votes = [each for each in load_votes(workspace, corpus) if each.case != vote.case]
    votes.append(Vote(**{**asdict(vote), "made": vote.made or time.time()}))
    _write(workspace, corpus, votes)
    return votes


def take_back(workspace: Workspace, corpus: str) -> list[Vote]:
    """Remove the last vote; gives those that are left."""
    votes = load_votes(workspace, corpus)[:-1]
    _write(workspace, corpus, votes)
    return votes


def clear_votes(workspace: Workspace, corpus: str, contenders: Sequence[str]) -> list[Vote]:
    """Remove the votes between these contenders; gives those that are left."""
    votes = [vote for vote in load_votes(workspace, corpus) if not {vote.first, vote.second} <= set(contenders)]
    _write(workspace, corpus, votes)
    return votes


def outcome(votes: Sequence[Vote], contenders: Sequence[str], seed: int = 0) -> Outcome:
    """What votes between these contenders say; others are left out."""
    place, count = {key: at for at, key in enumerate(contenders)}, len(contenders)
    about = [vote for vote in votes if vote.first in place and vote.second in place]
    decided = [each for each in about if each.choice in ("first", "second")]
    ends = np.array(
        [(place[each.first], place[each.second])[:: 1 if each.choice == "first" else -1] for each in decided], np.int64
    ).reshape(-1, 2)
    wins = np.zeros((count, count), np.int64)
    np.add.at(wins, (ends[:, 0], ends[:, 1]), 1)
    undecided, skipped = (sum(each.choice == choice for each in about) for choice in ("none", "skip"))
    if count == 2:
        return Outcome(wins, undecided, skipped, *wilson(wins.sum(axis=1), np.full(2, len(decided))), None)
    if not decided:
        return Outcome(wins, undecided, skipped, *np.full((4, count), np.nan))
    strengths = fit_strengths(ends[:, 0], ends[:, 1], count, seed)
    return Outcome(wins, undecided, skipped, *strengths.win_share, strengths.share_best)


def _read(raw: Any, total: int) -> Vote | None:
    try:
        vote = Vote(
            str(raw["first"]), str(raw["second"]), int(raw["anchor"]), int(raw["near_first"]), int(raw["near_second"]),
            raw["choice"], float(raw.get("made", 0.0)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    rows = {vote.anchor, vote.near_first, vote.near_second}
    fine = vote.choice in get_args(Choice) and len(rows) == 3 and min(rows) >= 0 and max(rows) < total
    return vote if fine and vote.first != vote.second else None


def _write(workspace: Workspace, corpus: str, votes: Sequence[Vote]) -> None:
    write_json(_path(workspace, corpus), {"votes": [asdict(vote) for vote in votes]})


def _path(workspace: Workspace, corpus: str) -> Path:
    return workspace.result_folder("votes", corpus, {"votes": "blind"}) / "votes.json"


def _total(workspace: Workspace, corpus: str) -> int:
    info = workspace.info(corpus)
    if info is None:
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or upload one on the Data page.")
    return info.rows
