"""Robustness: how noise on a vector, or edits of its text, change it and its nearest neighbors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space, nearest
from core.quality.migration import overlap_counts
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean, bootstrap_median
from core.types import unit_rows

SIZES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # the noise's length; a vector's is 1
TEXTS, K = 200, 10  # texts with noise, and per kind of edit; neighbors compared
MAX_SEARCHED = 100_000  # texts that are searched; of more, a sample
MAX_TRIED = 4_000  # texts tried for a kind of edit
MAX_CHARACTERS = 20_000  # of a text that is edited
AMBIGUOUS = ("word_order",)  # edits that a reader may or may not call the same meaning


@dataclass(frozen=True)
class NoiseRobustness:
    """One entry per size of noise. cosine: median cos(v, v + noise); churn: mean share of the top-10 lost, 0 to 1,
    lower is better; over `texts` of `total`, their neighbors searched among `searched` texts."""

    sizes: tuple[float, ...]
    cosine: tuple[Interval[float], ...]
    churn: tuple[Interval[float], ...]
    texts: int
    searched: int
    total: int
    seed: int


def measure_noise(space: Space, seed: int = 0) -> NoiseRobustness:
    """Gaussian noise of random direction and set length on the vectors of up to 200 sampled texts.

    Intervals: bootstrap over these texts. In many dimensions the cosine is close to 1 / sqrt(1 + size^2) for every
    model; spaces differ in the neighbors lost.
    """
    searched = replace(space, first=space.first[space.sample(MAX_SEARCHED, seed)])
    texts = searched.sample(TEXTS, seed)
    rows = searched.take(texts)
    k = min(K, len(searched) - 1)
    before = nearest(searched, rows, k, texts)[0]
    generator = np.random.default_rng(seed)
    noise = unit_rows(generator.standard_normal(rows.shape).astype(np.float32))
    cosines, churns = [], []
    for size in SIZES:
        noisy = unit_rows(rows + np.float32(size) * noise)
        after = nearest(searched, noisy, k, texts)[0]
        cosines.append(bootstrap_median(np.einsum("ij,ij->i", rows, noisy), seed))
        churns.append(bootstrap_mean(1 - overlap_counts(before, after) / max(k, 1), seed, proportion=True))
    return NoiseRobustness(SIZES, tuple(cosines), tuple(churns), len(texts), len(searched), len(space), seed)


@dataclass(frozen=True)
class ProbeSummary:
    """One kind of edit. drop: median 1 - cosine; relative_drop: that divided by a random pair's; churn: median share of
    the top-10 lost, churn_mean its mean. texts: edited ones, of `tried`."""

    probe: str
    drop: Interval[float]
    relative_drop: float
    churn: Interval[float]
    churn_mean: Interval[float]
    texts: int
    tried: int


@dataclass(frozen=True)
class EditRobustness:
    """probes: one per kind of edit. random: 1 - median cosine of random pairs. texts: distinct ones of the corpus."""

    probes: tuple[ProbeSummary, ...]
    random: float
    texts: int
    seed: int

    def probe(self, name: str) -> ProbeSummary | None:
        return next((probe for probe in self.probes if probe.probe == name), None)


@dataclass(frozen=True)
class EditedTexts:
    """One entry per kind of edit (probe). text_ids: of the distinct texts; texts: as edited; tried: how many texts were
    tried for these, in a seeded order."""

    probes: tuple[str, ...]
    text_ids: tuple[tuple[int, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    tried: tuple[int, ...]

    @property
    def all_texts(self) -> list[str]:
        return [text for texts in self.texts for text in texts]


@dataclass(frozen=True, eq=False)
class EditEffects:
    """One kind of edit. drop: (t,) 1 - cosine of a text and its edited self; churn: (t,) share of the top-10 lost."""

    drop: np.ndarray
    churn: np.ndarray

    def estimates(self, seed: int = 0) -> tuple[Interval[float], Interval[float], Interval[float]]:
        """Median drop, median churn and mean churn, bootstrap over the texts."""
        mean = bootstrap_mean(self.churn, seed, proportion=True)
        return bootstrap_median(self.drop, seed), bootstrap_median(self.churn, seed), mean


def edit_texts(texts: Sequence[str], max_texts: int = TEXTS, seed: int = 0) -> EditedTexts:
    """Up to `max_texts` of the distinct texts for each kind of edit, edited; the same for every contender.

    Texts are tried in one seeded order, so most texts serve all kinds; those that an edit does not change (a text
    without numbers) are skipped, up to 4,000 tried. Raises InputError where no text can be edited at all.
    """
    from core.corpus.text_edits import TEXT_EDITS, edit_text

    order = np.random.default_rng(seed).permutation(len(texts))[:MAX_TRIED]
    text_ids, edited, tried = [], [], []
    for name in TEXT_EDITS:
        by_text: dict[int, str] = {}
        count = 0
        for text_id in order:
            if len(by_text) >= max_texts:
                break
            count += 1
            edit = edit_text(texts[text_id], name, seed) if len(texts[text_id]) <= MAX_CHARACTERS else None
            if edit is not None and edit != texts[text_id]:
                by_text[int(text_id)] = edit
        text_ids.append(tuple(by_text))
        edited.append(tuple(by_text.values()))
        tried.append(count)
    if not any(text_ids):
        raise InputError("None of the texts can be edited by a rule.", "Add texts of at least a few words.")
    return EditedTexts(tuple(TEXT_EDITS), tuple(text_ids), tuple(edited), tuple(tried))


def measure_edits(space: Space, edits: EditedTexts, rows: np.ndarray) -> dict[str, EditEffects]:
    """rows: (sum of texts, d) float32 unit vectors of the edited texts, in order, of this contender.

    The top-10 of an edited text is searched exactly among all distinct texts but its original, and compared with the
    original's. Kinds of edits without texts are left out.
    """
    k, at, effects = min(K, len(space) - 1), 0, {}
    edited = np.unique([text_id for text_ids in edits.text_ids for text_id in text_ids])
    before = nearest(space, space.take(edited), k, edited)[0]
    for probe, text_ids in zip(edits.probes, edits.text_ids, strict=True):
        originals, vectors = np.array(text_ids, np.int64), rows[at : at + len(text_ids)]
        at += len(text_ids)
        if not len(originals):
            continue
        cosines = np.einsum("ij,ij->i", space.take(originals), vectors).astype(np.float64)
        after = nearest(space, vectors, k, originals)[0]
        overlap = overlap_counts(before[np.searchsorted(edited, originals)], after)
        effects[probe] = EditEffects(np.clip(1 - cosines, 0, 2), 1 - overlap / max(k, 1))
    return effects
