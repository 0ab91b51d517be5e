"""The blind vote: the next disputed triplet, votes on it, and their result."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, starmap

import numpy as np
import pandas as pd

from core.corpus.export import table_bytes
from core.corpus.loaders import load_corpus
from core.disagreement.cka_rsa import random_pair_cosines
from core.disagreement.overlap import text_codes
from core.disagreement.results import ComparisonQuery, PairQuery
from core.disagreement.triplets import (
    Choice,
    Triplets,
    Vote,
    VoteResult,
    add_vote,
    clear_votes,
    disputed_triplets,
    is_first,
    load_votes,
    same_wording,
    undo_vote,
    vote_result,
)
from core.store import Workspace
from core.vectors.contenders import contender_neighbors, contender_rows

TEXT_LENGTH = 3_000
SWAPPED: dict[Choice, Choice] = {"first": "second", "second": "first"}


@dataclass(frozen=True)
class Question:
    """anchor, first, second: row ids, and their texts. Only for storing the vote: pair, positions of the contenders;
    swapped, whether the pair's first contender has the second text nearer."""

    anchor: int
    first: int
    second: int
    texts: tuple[str, ...]
    pair: tuple[int, int]
    swapped: bool


@dataclass(frozen=True)
class Ballot:
    """question: None where none is left. triplets: disputed ones in all; tried: texts tried as anchors per pair, of
    `texts`. result: of the votes so far, between these contenders."""

    question: Question | None
    triplets: int
    tried: int
    texts: int
    result: VoteResult


def ballot(query: ComparisonQuery) -> Ballot:
    """The next question, pairs of contenders in turn. Raises StorageError where a graph is missing."""
    votes = load_votes(Workspace(query.corpus.folder), query.corpus.digest)
    triplets = [triplets_of(pair) for pair in query.pairs]
    unanswered = next(_unanswered(query.pairs, triplets, {vote.key for vote in votes}), None)
    question = _question(query, *unanswered) if unanswered else None
    tried, texts = (triplets[0].tried, triplets[0].texts) if triplets else (0, 0)
    result = vote_result(votes, [contender.key for contender in query.contenders])
    return Ballot(question, sum(map(len, triplets)), tried, texts, result)


def vote(query: ComparisonQuery, question: Question, choice: Choice) -> None:
    """Store a choice; "first" and "second" are the texts as shown. Raises InputError and StorageError."""
    first, second = (query.contenders[position] for position in question.pair)
    near = (question.first, question.second)
    if question.swapped:
        near, choice = near[::-1], SWAPPED.get(choice, choice)
    new = Vote(first.key, second.key, question.anchor, *near, choice)
    add_vote(Workspace(query.corpus.folder), query.corpus.digest, new)


def undo(query: ComparisonQuery) -> None:
    """Remove the last vote."""
    undo_vote(Workspace(query.corpus.folder), query.corpus.digest)


def reset(query: ComparisonQuery) -> None:
    """Remove all votes between these contenders."""
    clear_votes(Workspace(query.corpus.folder), query.corpus.digest, [one.key for one in query.contenders])


def votes_file(query: ComparisonQuery) -> bytes:
    """All votes of the corpus with their texts, as CSV."""
    texts = load_corpus(query.corpus).texts
    names = {contender.key: contender.label for contender in query.contenders}
    records = []
    for vote in load_votes(Workspace(query.corpus.folder), query.corpus.digest):
        winner = {"first": vote.first, "second": vote.second}.get(vote.choice, "")
        records.append(
            {
                "time": pd.Timestamp(vote.time, unit="s", tz="UTC").isoformat(timespec="seconds"),
                "anchor row": vote.anchor + 1,
                "anchor": texts[vote.anchor],
                "contender A": names.get(vote.first, vote.first),
                "A's nearer row": vote.near_first + 1,
                "A's nearer text": texts[vote.near_first],
                "contender B": names.get(vote.second, vote.second),
                "B's nearer row": vote.near_second + 1,
                "B's nearer text": texts[vote.near_second],
                "agreed with": names.get(winner, winner),
                "choice": {"first": "A", "second": "B", "none": "tie", "skip": "skipped"}[vote.choice],
            }
        )
    return table_bytes(pd.DataFrame(records), "csv")


@lru_cache(maxsize=50)
def triplets_of(pair: PairQuery) -> Triplets:
    """The disputed triplets of a pair, without texts that differ in case and punctuation alone."""
    corpus, contenders = pair.corpus, (pair.first, pair.second)
    graphs = [contender_neighbors(corpus, contender).ids for contender in contenders]
    rows = [contender_rows(corpus, contender) for contender in contenders]
    spreads = [float(random_pair_cosines(corpus, contender).std()) for contender in contenders]
    codes, texts = text_codes(corpus), load_corpus(corpus).texts
    triplets = disputed_triplets((graphs[0], graphs[1]), (rows[0], rows[1]), codes, (spreads[0], spreads[1]))
    wordings = ([texts[row] for row in triplets.at(position)] for position in range(len(triplets)))
    different = [not any(starmap(same_wording, combinations(three, 2))) for three in wordings]
    return triplets.select(np.array(different, bool))


def _unanswered(
    pairs: list[PairQuery], triplets: list[Triplets], answered: set[frozenset]
) -> Iterator[tuple[PairQuery, int]]:
    """(pair, position in its list) of the triplets not voted on, pairs in turn."""
    for position in range(max(map(len, triplets), default=0)):
        for pair, of_pair in zip(pairs, triplets, strict=True):
            if position >= len(of_pair):
                continue
            anchor, first, second = of_pair.at(position)
            if frozenset({anchor, (pair.first.key, first), (pair.second.key, second)}) not in answered:
                yield pair, position


def _question(query: ComparisonQuery, pair: PairQuery, position: int) -> Question:
    anchor, first, second = triplets_of(pair).at(position)
    swapped = not is_first(anchor, first, second)
    if swapped:
        first, second = second, first
    texts = tuple(load_corpus(query.corpus).texts[row][:TEXT_LENGTH] for row in (anchor, first, second))
    positions = (query.contenders.index(pair.first), query.contenders.index(pair.second))
    return Question(anchor, first, second, texts, positions, swapped)
