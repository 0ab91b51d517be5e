"""How far changed wording moves a vector, and how many of the text's nearest texts it loses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space, nearest
from core.quality.migration import kept_counts
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean, bootstrap_median

TEXTS, POOL, K = 200, 4_000, 10
NEUTRAL = ("word_order",)  # a reader may or may not call these the same
LONGEST = 20_000  # characters of a text that is changed


@dataclass(frozen=True)
class Changed:
    """Changed texts, probe by probe. places: of the texts among the distinct ones; texts: as changed.

    tried: probe -> how many texts were looked at to find these, in an order drawn with the seed.
    """

    probes: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    tried: tuple[int, ...]

    @property
    def all_texts(self) -> list[str]:
        return [text for texts in self.texts for text in texts]


@dataclass(frozen=True, eq=False)
class Moved:
    """One probe. drop: (t,) 1 - cosine of a text and its changed self; churn: (t,) share of the top-10 lost."""

    drop: np.ndarray
    churn: np.ndarray

    def estimates(self, seed: int = 0) -> tuple[Interval[float], Interval[float], Interval[float]]:
        """Median drop, median churn and mean churn, bootstrap over the texts."""
        return (
            bootstrap_median(self.drop, seed),
            bootstrap_median(self.churn, seed),
            bootstrap_mean(self.churn, seed, proportion=True),
        )


def change_texts(texts: Sequence[str], most: int = TEXTS, seed: int = 0) -> Changed:
    """Up to `most` of the distinct texts for each probe, changed; the same for every contender.

    Texts are tried in one seeded order, so most texts serve all probes; those a probe can't change (a text without
    numbers) are passed over, up to 4,000 tried. Raises InputError where no text can be changed at all.
    """
    from core.corpus.text_edits import TEXT_EDITS, edit_text

    order = np.random.default_rng(seed).permutation(len(texts))[:POOL]
    places, made, tried = [], [], []
    for name in TEXT_EDITS:
        found: dict[int, str] = {}
        looked = 0
        for place in order:
            if len(found) >= most:
                break
            looked += 1
            new = edit_text(texts[place], name, seed) if len(texts[place]) <= LONGEST else None
            if new is not None and new != texts[place]:
                found[int(place)] = new
        places.append(tuple(found))
        made.append(tuple(found.values()))
        tried.append(looked)
    if not any(places):
        raise InputError("No text here can be changed by a rule.", "Bring in texts of at least a few words.")
    return Changed(tuple(TEXT_EDITS), tuple(places), tuple(made), tuple(tried))


def measure_moved(space: Space, changes: Changed, rows: np.ndarray) -> dict[str, Moved]:
    """rows: (sum of texts, d) float32 unit vectors of the changed texts, in order, of this contender.

    The top-10 of a changed text is searched exactly among all distinct texts but the one it was made from, and held
    against that text's own. Probes that change nothing are left out.
    """
    k, at, made = min(K, len(space) - 1), 0, {}
    known = np.unique([place for places in changes.places for place in places])
    before = nearest(space, space.take(known), k, known)[0]
    for probe, places in zip(changes.probes, changes.places, strict=True):
        own, moved = np.array(places, np.int64), rows[at : at + len(places)]
        at += len(places)
        if not len(own):
            continue
        cosines = np.einsum("ij,ij->i", space.take(own), moved).astype(np.float64)
        after = nearest(space, moved, k, own)[0]
        kept = kept_counts(before[np.searchsorted(known, own)], after)
        made[probe] = Moved(np.clip(1 - cosines, 0, 2), 1 - kept / max(k, 1))
    return made
