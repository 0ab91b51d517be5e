"""Questions of the blind vote: the next contested case, what was chosen, and what the votes say."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.export import table_bytes
from core.corpus.loaders import load_corpus
from core.disagreement.service import Asked
from core.disagreement.stored import pair_cosines_of, pairs_of, text_codes
from core.disagreement.triplets import Triplets, contested, same_wording, shown_first
from core.disagreement.votes import Choice, Outcome, Vote, add_vote, clear_votes, load_votes, outcome, take_back
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender, contender_neighbors, contender_rows

LONGEST = 3_000


@dataclass(frozen=True)
class Case:
    """What is shown: no name of a contender is in it. anchor, first, second: row ids; their texts follow. pair: places
    of the two contenders, and swapped: whether the second text is the one the pair's first contender has nearer, both
    for keeping the vote, not for showing."""

    anchor: int
    first: int
    second: int
    texts: tuple[str, str, str]
    pair: tuple[int, int]
    swapped: bool


@dataclass(frozen=True)
class Ballot:
    """case: None where no case is left. cases: contested ones in all; tried: texts tried as anchors a pair, of `texts`.
    votes: decided, undecided and skipped so far, between these contenders."""

    case: Case | None
    cases: int
    tried: int
    texts: int
    decided: int
    undecided: int
    skipped: int


def ballot(asked: Asked) -> Ballot:
    """The next case, pairs of contenders in turn. Raises StorageError where a graph is missing."""
    votes = load_votes(Workspace(asked.corpus.folder), asked.corpus.digest)
    pairs = pairs_of(asked.contenders)
    found = [cases(asked.corpus, *pair) for pair in pairs]
    following = next(_left(pairs, found, {vote.case for vote in votes}), None)
    told = outcome_of(asked)
    case = _case(asked, *following) if following else None
    total = sum(map(len, found))
    tried, texts = (found[0].tried, found[0].texts) if found else (0, 0)
    return Ballot(case, total, tried, texts, told.decided, told.undecided, told.skipped)


def vote(asked: Asked, case: Case, choice: Choice) -> None:
    """Keep a choice; "first" and "second" are the texts as shown. Raises InputError and StorageError."""
    one, other = (asked.contenders[place] for place in case.pair)
    near_first, near_second = (case.second, case.first) if case.swapped else (case.first, case.second)
    if case.swapped and choice in ("first", "second"):
        choice = "second" if choice == "first" else "first"
    made = Vote(one.key, other.key, case.anchor, near_first, near_second, choice)
    add_vote(Workspace(asked.corpus.folder), asked.corpus.digest, made)


def undo(asked: Asked) -> None:
    """Take back the last vote."""
    take_back(Workspace(asked.corpus.folder), asked.corpus.digest)


def start_again(asked: Asked) -> None:
    """Remove all votes between these contenders."""
    clear_votes(Workspace(asked.corpus.folder), asked.corpus.digest, [contender.key for contender in asked.contenders])


def outcome_of(asked: Asked) -> Outcome:
    """What the votes between these contenders say."""
    votes = load_votes(Workspace(asked.corpus.folder), asked.corpus.digest)
    return outcome(votes, [contender.key for contender in asked.contenders])


def votes_file(asked: Asked) -> bytes:
    """All votes of the corpus with their texts, as CSV."""
    texts = load_corpus(asked.corpus).texts
    names = {contender.key: contender.label for contender in asked.contenders}
    told = []
    for vote in load_votes(Workspace(asked.corpus.folder), asked.corpus.digest):
        chosen = {"first": vote.first, "second": vote.second}.get(vote.choice, "")
        told.append(
            {
                "time": pd.Timestamp(vote.made, unit="s", tz="UTC").isoformat(timespec="seconds"),
                "anchor row": vote.anchor + 1,
                "anchor": texts[vote.anchor],
                "contender A": names.get(vote.first, vote.first),
                "A's nearer row": vote.near_first + 1,
                "A's nearer text": texts[vote.near_first],
                "contender B": names.get(vote.second, vote.second),
                "B's nearer row": vote.near_second + 1,
                "B's nearer text": texts[vote.near_second],
                "agreed with": names.get(chosen, chosen),
                "choice": {"first": "A", "second": "B", "none": "can't say", "skip": "skipped"}[vote.choice],
            }
        )
    return table_bytes(pd.DataFrame(told), "csv")


@lru_cache(maxsize=50)
def cases(corpus: CorpusRef, first: Contender, second: Contender) -> Triplets:
    """The contested cases of a pair, texts that differ in case and punctuation alone left out."""
    texts = text_codes(corpus)
    graphs = [contender_neighbors(corpus, each).ids for each in (first, second)]
    rows = [contender_rows(corpus, each) for each in (first, second)]
    spreads = [float(pair_cosines_of(corpus, each).std()) for each in (first, second)]
    found = contested((graphs[0], graphs[1]), (rows[0], rows[1]), texts, (spreads[0], spreads[1]))
    words = load_corpus(corpus).texts
    ends = zip(found.anchor, found.near_first, found.near_second, strict=True)
    good = np.array([_told_apart(words[a], words[x], words[y]) for a, x, y in ends], bool)
    return Triplets(found.anchor[good], found.near_first[good], found.near_second[good], found.tried, found.texts)


def _told_apart(anchor: str, one: str, other: str) -> bool:
    return not (same_wording(one, other) or same_wording(anchor, one) or same_wording(anchor, other))


def _left(
    pairs: list[tuple[Contender, Contender]], found: list[Triplets], voted: set[frozenset]
) -> Iterator[tuple[int, int]]:
    """(pair, place in its list) of the cases not voted on, pairs in turn."""
    for at in range(max(map(len, found), default=0)):
        for pair, each in enumerate(found):
            if at >= len(each):
                continue
            one, other = (contender.key for contender in pairs[pair])
            case = {int(each.anchor[at]), (one, int(each.near_first[at])), (other, int(each.near_second[at]))}
            if frozenset(case) not in voted:
                yield pair, at


def _case(asked: Asked, pair: int, at: int) -> Case:
    one, other = pairs_of(asked.contenders)[pair]
    found = cases(asked.corpus, one, other)
    anchor, x, y = (int(each[at]) for each in (found.anchor, found.near_first, found.near_second))
    swapped = not shown_first(anchor, x, y)
    first, second = (y, x) if swapped else (x, y)
    texts = load_corpus(asked.corpus).texts
    shown = tuple(texts[row][:LONGEST] for row in (anchor, first, second))
    places = (asked.contenders.index(one), asked.contenders.index(other))
    return Case(anchor, first, second, (shown[0], shown[1], shown[2]), places, swapped)
