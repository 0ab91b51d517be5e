"""Batches of texts for the losses of sentence-transformers. Each epoch's batches follow from the seed and its number,
so that a training can be resumed anywhere."""

from dataclasses import dataclass

import numpy as np

from core.adapt.service import Examples, PositiveDraw, Ranked, ScoredPairs, mine_negatives
from core.finetune.examples import Encode, TextExamples
from core.finetune.settings import Loss

MIN_ANCHORS = 2  # a batch of one has no negatives


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
        self._size, self._seed = size, seed
        if isinstance(examples, ScoredPairs):
            self._source: _PairBatches | _RankedBatches | _TripletBatches = _PairBatches(texts, examples, size)
        elif loss == "multiple_negatives":
            self._source = _RankedBatches(texts, examples, size)
        else:
            self._source = _TripletBatches(texts, examples, size, loss, _mine(texts, examples, encode, seed))
        self.steps = len(self.epoch(0))

    def epoch(self, number: int) -> list[Batch]:
        """The batches of an epoch, about as many in each."""
        return self._source.epoch(np.random.default_rng([self._seed, number]))


class _PairBatches:
    def __init__(self, texts: TextExamples, examples: ScoredPairs, size: int) -> None:
        self.texts, self.examples, self.size = texts, examples, size

    def epoch(self, rng: np.random.Generator) -> list[Batch]:
        return [[self._pairs(ids)] for ids in _parts(rng.permutation(len(self.examples)), self.size)]

    def _pairs(self, ids: np.ndarray) -> Group:
        columns = self.texts.texts_of(self.examples.first[ids]), self.texts.texts_of(self.examples.second[ids])
        return Group(columns, tuple(self.examples.scores[ids].tolist()))


class _RankedBatches:
    """Groups of anchors with a positive each, none of which is relevant to another anchor of its group: in-batch
    negatives of the same label would teach the opposite. Where labels are few, a step has several groups."""

    def __init__(self, texts: TextExamples, examples: Ranked, size: int) -> None:
        self.texts, self.examples, self.size, self.draw = texts, examples, size, PositiveDraw(examples)

    def epoch(self, rng: np.random.Generator) -> list[Batch]:
        anchors, groups = self.examples.eligible(), []
        for turn in _turns(self.examples.strata()[anchors], rng):
            for part in _parts(anchors[turn], self.size):
                ids, positives = _compatible(self.examples, part, np.asarray(self.draw(part, rng)))
                if len(ids) >= MIN_ANCHORS:
                    groups.append(self._group(ids, positives))
        return _packed(groups, self.size)

    def _group(self, anchors: np.ndarray, *candidates: np.ndarray) -> Group:
        """Texts of anchors, and of one candidate or more of each."""
        columns = (self.texts.texts_of(self.examples.candidates[ids]) for ids in candidates)
        return Group((self.texts.texts_of(self.examples.queries[anchors]), *columns))


class _TripletBatches(_RankedBatches):
    """Anchors with a positive and a hard negative each; CoSENT has them as pairs of the scores 1 and 0. negatives:
    (q, n) candidates of each query."""

    def __init__(self, texts: TextExamples, examples: Ranked, size: int, loss: Loss, negatives: np.ndarray) -> None:
        super().__init__(texts, examples, size)
        self.loss, self.negatives = loss, negatives

    def epoch(self, rng: np.random.Generator) -> list[Batch]:
        anchors = rng.permutation(self.examples.eligible())
        return [[self._triplets(ids, rng)] for ids in _parts(anchors, self.size)]

    def _triplets(self, ids: np.ndarray, rng: np.random.Generator) -> Group:
        negatives, rows = self.negatives[ids, rng.integers(0, self.negatives.shape[1], len(ids))], np.arange(len(ids))
        usable = ~self.examples.relevant(ids, negatives)[rows, rows]
        ids, negatives = ids[usable], negatives[usable]
        group = self._group(ids, np.asarray(self.draw(ids, rng)), negatives)
        if self.loss == "triplet":
            return group
        anchors, positives, others = group.columns
        return Group((anchors * 2, positives + others), (1.0,) * len(ids) + (0.0,) * len(ids))


def _mine(texts: TextExamples, examples: Ranked, encode: Encode, seed: int) -> np.ndarray:
    """(q, n) candidates that are similar to each query under the base but not relevant."""
    embedded = texts.embedded(examples, encode)
    rng = np.random.default_rng(seed)
    return mine_negatives(embedded, 0.0, 0.0, rng).columns  # type: ignore[arg-type]


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
    conflicts = examples.relevant(anchors, positives) | examples.own_cells(anchors, positives)
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
