"""Batches of texts for the losses of sentence-transformers. Each epoch's batches follow from the seed and its number,
so that a training can be resumed anywhere."""

from dataclasses import dataclass

import numpy as np

from core.adapt.service import Examples, PositiveDraw, Ranked, ScoredPairs, mine_negatives
from core.finetune.examples import Encode, TextExamples
from core.finetune.settings import Loss

MIN_ANCHORS = 2  # a batch of one has no negatives
MINED_MARGIN = 0.05  # share of a positive's cosine by which a hard negative is below it, see core.adapt.batches


@dataclass(frozen=True)
class Group:
    """Texts that are compared with each other. columns: anchors and positives, and negatives of the triplet loss; or
    the two texts of pairs. scores: of pairs, higher is more similar; None otherwise."""

    columns: tuple[list[str], ...]
    scores: tuple[float, ...] | None = None


Batch = list[Group]  # of one step; its loss is the mean


class Batches:
    """Gives the batches of an epoch. examples: training examples over stand-ins. encode: the base, for hard
    negatives."""

    def __init__(
        self, texts: TextExamples, examples: Examples, loss: Loss, size: int, seed: int, encode: Encode
    ) -> None:
        self.texts, self.examples, self.loss, self.size, self.seed = texts, examples, loss, size, seed
        self._draw = None if isinstance(examples, ScoredPairs) else PositiveDraw(examples)
        self._negatives = None if isinstance(examples, ScoredPairs) else self._mine(examples, encode)
        self.steps = len(self.epoch(0))

    def epoch(self, number: int) -> list[Batch]:
        """The batches of an epoch, about as many in each."""
        rng = np.random.default_rng([self.seed, number])
        if isinstance(self.examples, ScoredPairs):
            return [[self._pairs(ids)] for ids in _parts(rng.permutation(len(self.examples)), self.size)]
        if self.loss == "multiple_negatives":
            return self._ranked(self.examples, rng)
        anchors = rng.permutation(self.examples.eligible())
        return [[self._triplets(self.examples, ids, rng)] for ids in _parts(anchors, self.size)]

    def _mine(self, examples: Ranked, encode: Encode) -> np.ndarray | None:
        """(q, n) candidates that are similar to each query under the base but irrelevant; None where none are used."""
        if self.loss == "multiple_negatives":
            return None
        embedded, rng = self.texts.embedded(examples, encode), np.random.default_rng(self.seed)
        assert isinstance(embedded, Ranked)
        return mine_negatives(embedded, 0.0, MINED_MARGIN, rng).columns

    def _pairs(self, ids: np.ndarray) -> Group:
        assert isinstance(self.examples, ScoredPairs)
        columns = self.texts.texts_of(self.examples.first[ids]), self.texts.texts_of(self.examples.second[ids])
        return Group(columns, tuple(self.examples.scores[ids].tolist()))

    def _ranked(self, examples: Ranked, rng: np.random.Generator) -> list[Batch]:
        """Groups of anchors with a positive each, none of which is relevant to another anchor of its group: in-batch
        negatives of the same label would teach the opposite. Where labels are few, a step has several groups."""
        anchors = examples.eligible()
        groups = [
            self._columns(ids, positives)
            for turn in _turns(examples.strata()[anchors], rng)
            for part in _parts(anchors[turn], self.size)
            for ids, positives in [_compatible(examples, part, self._positives(part, rng))]
            if len(ids) >= MIN_ANCHORS
        ]
        return _packed(groups, self.size)

    def _positives(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        assert self._draw is not None
        return np.asarray(self._draw(anchors, rng))

    def _columns(self, anchors: np.ndarray, positives: np.ndarray) -> Group:
        assert isinstance(self.examples, Ranked)
        queries, candidates = self.examples.queries[anchors], self.examples.candidates[positives]
        return Group((self.texts.texts_of(queries), self.texts.texts_of(candidates)))

    def _triplets(self, examples: Ranked, ids: np.ndarray, rng: np.random.Generator) -> Group:
        """With a hard negative each; CoSENT has them as pairs of the scores 1 and 0."""
        assert self._negatives is not None
        chosen = rng.integers(0, self._negatives.shape[1], len(ids))
        negatives = self._negatives[ids, chosen]
        usable = ~examples.relevant(ids, negatives)[np.arange(len(ids)), np.arange(len(ids))]
        ids, negatives = ids[usable], negatives[usable]
        anchors, positives = self._columns(ids, self._positives(ids, rng)).columns
        others = self.texts.texts_of(examples.candidates[negatives])
        if self.loss == "triplet":
            return Group((anchors, positives, others))
        return Group((anchors * 2, positives + others), (1.0,) * len(ids) + (0.0,) * len(ids))


def _turns(strata: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Positions in random order, divided so that each label occurs once in a turn; all in one where there is one
    label, as of judged queries."""
    order = rng.permutation(len(strata))
    if len(strata) == 0 or (strata == strata[0]).all():
        return [order]
    codes = strata[order]
    by_label = np.argsort(codes, kind="stable")
    _, start, size = np.unique(codes[by_label], return_index=True, return_counts=True)
    turn = np.empty(len(order), np.int64)
    turn[by_label] = np.arange(len(order)) - np.repeat(start, size)
    by_turn = np.argsort(turn, kind="stable")  # random within a turn
    return np.split(order[by_turn], np.cumsum(np.bincount(turn))[:-1])


def _parts(ids: np.ndarray, size: int) -> list[np.ndarray]:
    """Consecutive parts of nearly the same size, at most `size`."""
    return np.array_split(ids, max(-(-len(ids) // size), 1))


def _compatible(examples: Ranked, anchors: np.ndarray, positives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Anchors and their positives without those to which another anchor's positive is relevant."""
    conflicts = examples.relevant(anchors, positives)
    if not examples.is_symmetric:
        conflicts |= positives[:, None] == positives[None, :]
    stays = np.ones(len(anchors), bool)
    for row in range(len(anchors)):
        others = stays & (np.arange(len(anchors)) < row)
        stays[row] = not (conflicts[row] & others).any() and not (conflicts[:, row] & others).any()
    return anchors[stays], positives[stays]


def _packed(groups: list[Group], size: int) -> list[Batch]:
    """Groups put together to steps of about `size` anchors."""
    batches: list[Batch] = []
    room = 0
    for group in groups:
        anchors = len(group.columns[0])
        if anchors > room:
            batches.append([])
            room = size
        batches[-1].append(group)
        room -= anchors
    return batches
