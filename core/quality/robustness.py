"""Questions about robustness: noise on vectors, changed wording, and examples of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.loaders import load_distinct_texts
from core.quality import results as quality_tasks
from core.quality.calibration import measure_scale
from core.quality.noise import Noise, measure_noise
from core.quality.results import Plan
from core.quality.service import CELL, SEED
from core.stats.interval import Interval
from core.types import CorpusRef
from core.vectors.contenders import Contender

MOST_EXAMPLES = 30


@dataclass(frozen=True)
class ProbeLine:
    """One kind of change. drop: median 1 - cosine; way: that as a share of the way to a random pair; churn: median
    share of the top-10 lost, churn_mean its mean. texts: changed ones, found among `tried`."""

    probe: str
    drop: Interval[float]
    way: float
    churn: Interval[float]
    churn_mean: Interval[float]
    texts: int
    tried: int


@dataclass(frozen=True)
class Wording:
    """lines: one a probe. random: 1 - the median cosine of random pairs. texts: distinct ones of the corpus."""

    lines: tuple[ProbeLine, ...]
    random: float
    texts: int
    seed: int

    def line(self, probe: str) -> ProbeLine | None:
        return next((line for line in self.lines if line.probe == probe), None)


def noise(corpus: CorpusRef, contender: Contender) -> Noise:
    """What noise on vectors does."""
    return measure_noise(quality_tasks.space(corpus, contender), SEED)


def plan(corpus: CorpusRef, contender: Contender) -> Plan:
    """What measuring changed wording takes; not to be kept, since it changes as texts are embedded."""
    return quality_tasks.robustness_plan(corpus, contender)


def wording(corpus: CorpusRef, contender: Contender) -> Wording:
    """What changed wording does. Raises StorageError where it has not been measured."""
    moved = quality_tasks.kept_wording(corpus, contender)
    changes = quality_tasks.changed_texts(corpus)
    space = quality_tasks.space(corpus, contender)
    random = 1 - measure_scale(space, SEED).cosine(0.5)
    tried = dict(zip(changes.probes, changes.tried, strict=True))
    lines = []
    for probe, each in moved.items():
        drop, churn, mean = each.estimates(SEED)
        way = drop.value / random if random > 0 else float("nan")
        lines.append(ProbeLine(probe, drop, way, churn, mean, len(each.drop), tried[probe]))
    return Wording(tuple(lines), random, len(space), SEED)


def examples(corpus: CorpusRef, contender: Contender, probe: str) -> pd.DataFrame:
    """Changed texts of one probe beside what they were, the largest drop first; index row ids, at most 30: those that
    moved most, and where there are more, those that moved least."""
    moved = quality_tasks.kept_wording(corpus, contender)[probe]
    changes = quality_tasks.changed_texts(corpus)
    at = changes.probes.index(probe)
    order = np.argsort(-moved.drop, kind="stable")
    if len(order) > MOST_EXAMPLES:
        order = np.concatenate([order[: MOST_EXAMPLES // 2], order[-(MOST_EXAMPLES // 2) :]])
    texts, places = load_distinct_texts(corpus), changes.places[at]
    first = quality_tasks.space(corpus, contender).first
    return pd.DataFrame(
        {
            "text": [texts[places[i]][:CELL] for i in order],
            "changed": [changes.texts[at][i][:CELL] for i in order],
            "drop": moved.drop[order],
            "churn": moved.churn[order],
        },
        index=first[[places[i] for i in order]],
    )
