"""Questions of the Quality page about one contender: similarity, density, hubs and length; a contender at a time, so
that another one costs only its own time."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.label_columns import column_labels
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.quality import results as quality_tasks
from core.quality.dimension_usage import TEXTS, Density, measure_density
from core.quality.hub_repair import REPAIRS, Repair, candidates, repair_hubs
from core.quality.intrinsic_dimension import measure_intrinsic
from core.quality.length_bias import LengthBias, measure_length_bias
from core.quality.similarity import Similarity, measure_similarity
from core.stats.interval import Interval
from core.types import CorpusRef
from core.vectors.contenders import Contender

SEED = 0
CELL = 300
MOST_HUBS = 20


@dataclass(frozen=True, eq=False)
class Fullness:
    """The spectrum's measures; the intrinsic dimension and the texts it is told from."""

    density: Density
    intrinsic: Interval[float]
    intrinsic_texts: int


@dataclass(frozen=True)
class HubLine:
    """One way of ranking: skewness of how often texts are listed, the share of places to give away for all to have the
    same, share of texts in nobody's list; P@1 by label and its gain over no repair, None without labels."""

    skewness: float
    unfair: float
    never: float
    right: Interval[float] | None
    gain: Interval[float] | None


@dataclass(frozen=True, eq=False)
class HubGain:
    """lines: by repair. chance: skewness of lists drawn at random. hubs: the 20 texts most often listed, with how often
    before and after each repair. judged: texts of P@1. candidates: of each text, ranked anew."""

    lines: dict[Repair, HubLine]
    chance: float
    k: int
    candidates: int
    texts: int
    judged: int
    hubs: pd.DataFrame


def different_texts(corpus: CorpusRef) -> int:
    """How many texts there are, copies counted once."""
    return int(quality_tasks.text_groups(corpus).max(initial=-1)) + 1


def check_labels(corpus: CorpusRef, column: str) -> int:
    """How many labels a column has. Raises InputError where they can't be compared."""
    return len(column_labels(corpus, column).names)


@lru_cache(maxsize=4)
def label_codes(corpus: CorpusRef, column: str) -> np.ndarray | None:
    """(m,) int32 labels of the distinct texts (a text's first row tells), -1 without; None for no column.

    Raises InputError where the column can't be read as labels.
    """
    if not column:
        return None
    first = np.unique(quality_tasks.text_groups(corpus), return_index=True)[1]
    return column_labels(corpus, column).codes[first]


def similarity(corpus: CorpusRef, contender: Contender, column: str) -> Similarity:
    """How cosines lie. column: whose labels make same-label pairs, "" for none."""
    space = quality_tasks.space(corpus, contender)
    return measure_similarity(space, label_codes(corpus, column), SEED)


def fullness(corpus: CorpusRef, contender: Contender) -> Fullness:
    """How many directions are used."""
    space = quality_tasks.space(corpus, contender)
    drawn = space.sample(TEXTS, SEED)
    return Fullness(measure_density(space.take(drawn), len(space), SEED), *measure_intrinsic(space, seed=SEED))


def hub_gain(corpus: CorpusRef, contender: Contender, column: str) -> HubGain:
    """Hubs before and after repairs."""
    space = quality_tasks.space(corpus, contender)
    found = repair_hubs(space, label_codes(corpus, column), SEED)
    lines = {
        repair: HubLine(each.hubs.skewness, each.hubs.robin_hood, each.hubs.antihub_share, each.right, each.gain)
        for repair, each in found.items()
    }
    plain = found["none"]
    top = np.argsort(-plain.hubs.counts, kind="stable")[:MOST_HUBS]
    texts = load_corpus(corpus).texts
    table = pd.DataFrame({"text": [texts[row][:CELL] for row in space.first[top]]}, index=space.first[top])
    for repair in REPAIRS:
        table[repair] = found[repair].hubs.counts[top]
    sizes = (plain.hubs.k, candidates(space), len(space), plain.judged)
    return HubGain(lines, plain.hubs.chance, *sizes, table)


def length_bias(corpus: CorpusRef, contender: Contender) -> LengthBias:
    """Whether length goes with nearness."""
    lengths = np.fromiter(map(len, load_distinct_texts(corpus)), np.int64)
    return measure_length_bias(quality_tasks.space(corpus, contender), lengths, SEED)
