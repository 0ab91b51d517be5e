"""Near-duplicates by their wording: MinHash finds candidates, their Jaccard similarity is then counted exactly."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from core.duplicates.near_duplicates import Links, copy_pairs, make_links
from core.types import Progress

if TYPE_CHECKING:
    from datasketch import MinHashLSH

Unit = Literal["characters", "words"]
CHARACTERS, WORDS = 5, 3  # of one shingle
PERMUTATIONS = 128
MOST_CANDIDATES = 200  # of one text; the rest of a crowd is not compared
MOST_CHARACTERS = 20_000  # of one text
BATCH = 1_000
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


@dataclass(frozen=True, eq=False)
class TextLinks:
    """links: pairs whose Jaccard similarity, counted exactly, reaches the floor. bands, rows_a_band: of the MinHash
    index; crowded: texts that had more candidates than are compared."""

    links: Links
    bands: int
    rows_a_band: int
    crowded: int

    def chance(self, similarity: float) -> float:
        """The probability that MinHash finds a pair of this Jaccard similarity."""
        return float(1 - (1 - similarity**self.rows_a_band) ** self.bands)


def text_links(
    texts: Sequence[str], unit: Unit = "characters", floor: float = 0.5, seed: int = 1, progress: Progress | None = None
) -> TextLinks:
    """Pairs of texts whose sets of shingles have a Jaccard similarity of at least `floor`, in (0, 1).

    Candidates: MinHash (Broder, 1997) of 128 permutations and locality-sensitive hashing (datasketch), which misses a
    pair near the floor now and then: see chance(). Exact copies are all linked. Texts without a shingle are left out.
    """
    distinct, rows = _distinct(texts)
    pairs, index, crowded = _candidates(distinct, unit, floor, seed, progress)
    met = {place: shingles(distinct[place], unit) for place in {place for pair in pairs for place in pair}}
    scores = np.array([jaccard(met[i], met[j]) for i, j in pairs], dtype=np.float32)
    kept = scores >= floor
    at = rows[np.array(pairs, dtype=np.int64).reshape(-1, 2)[kept]]
    one, other = copy_pairs(list(texts))
    first, second = np.concatenate([at[:, 0], one]), np.concatenate([at[:, 1], other])
    strength = np.concatenate([scores[kept], np.ones(len(one), dtype=np.float32)])
    return TextLinks(make_links(first, second, strength, len(texts), floor), int(index.b), int(index.r), crowded)


def shingles(text: str, unit: Unit) -> frozenset[str]:
    """Runs of 5 characters, or of 3 words (a character of a script without spaces is a word), lower case, without
    punctuation; a shorter text is one shingle, an empty one none."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).lower())
    if not words:
        return frozenset()
    parts: Sequence[str] = " ".join(words) if unit == "characters" else words
    size, glue = (CHARACTERS, "") if unit == "characters" else (WORDS, " ")
    return frozenset(glue.join(parts[at : at + size]) for at in range(max(len(parts) - size + 1, 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared elements over all elements, in [0, 1]; 0 for two empty sets."""
    shared = len(one & other)
    return shared / max(len(one) + len(other) - shared, 1)


def _distinct(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Each different text once, and its first row."""
    firsts = np.flatnonzero(~pd.Series(list(texts), dtype=object).duplicated().to_numpy())
    return [texts[row] for row in firsts.tolist()], firsts


def _candidates(
    texts: Sequence[str], unit: Unit, floor: float, seed: int, progress: Progress | None
) -> tuple[list[tuple[int, int]], "MinHashLSH", int]:
    """Pairs of places of texts that fall into one bucket, the index, and how many texts had too many candidates."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=floor, num_perm=PERMUTATIONS, weights=(0.2, 0.8))  # rather too many than too few
    pairs: list[tuple[int, int]] = []
    crowded = 0
    for start in range(0, len(texts), BATCH):
        batch = [
            [part.encode("utf-8", "replace") for part in shingles(text, unit)] for text in texts[start : start + BATCH]
        ]
        for place, (parts, made) in enumerate(
            zip(batch, MinHash.bulk(batch, num_perm=PERMUTATIONS, seed=seed), strict=True), start
        ):
            if parts:
                found = sorted(index.query(made))
                crowded += len(found) > MOST_CANDIDATES
                pairs += [(other, place) for other in found[:MOST_CANDIDATES]]
                index.insert(place, made)
        if progress:
            progress(min(start + BATCH, len(texts)), len(texts))
    return pairs, index, crowded
