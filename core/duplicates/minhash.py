"""Near-duplicates by wording: MinHash proposes candidates, whose Jaccard similarity is then computed exactly."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
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
MAX_CANDIDATES = 200  # of one text; further ones are not compared
MAX_CHARACTERS = 20_000  # of one text
BATCH = 1_000
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


@dataclass(frozen=True, eq=False)
class TextLinks:
    """links: pairs whose exact Jaccard similarity reaches the floor. bands, rows_per_band: of the MinHash index;
    saturated: texts that had more candidates than are compared."""

    links: Links
    bands: int
    rows_per_band: int
    saturated: int

    def detection_probability(self, similarity: float) -> float:
        """The probability that MinHash proposes a pair of this Jaccard similarity."""
        return float(1 - (1 - similarity**self.rows_per_band) ** self.bands)


def text_links(
    texts: Sequence[str], unit: Unit = "characters", floor: float = 0.5, seed: int = 1, progress: Progress | None = None
) -> TextLinks:
    """Pairs of texts whose sets of shingles have a Jaccard similarity of at least `floor`, in (0, 1).

    Candidates: MinHash (Broder, 1997) of 128 permutations and locality-sensitive hashing (datasketch), which misses a
    pair near the floor now and then: see detection_probability(). Exact copies are all linked. Texts without a shingle
    are left out.
    """
    unique, rows = _unique_texts(texts)
    pairs, index, saturated = _candidates(unique, unit, floor, seed, progress)
    sets = {position: shingles(unique[position], unit) for position in set(chain.from_iterable(pairs))}
    scores = np.array([jaccard(sets[i], sets[j]) for i, j in pairs], dtype=np.float32)
    similar = scores >= floor
    ends = rows[np.array(pairs, dtype=np.int64).reshape(-1, 2)[similar]]
    originals, copies = copy_pairs(list(texts))
    first, second = np.concatenate([ends[:, 0], originals]), np.concatenate([ends[:, 1], copies])
    all_scores = np.concatenate([scores[similar], np.ones(len(originals), dtype=np.float32)])
    links = make_links(first, second, all_scores, len(texts), floor)
    return TextLinks(links, int(index.b), int(index.r), saturated)


def shingles(text: str, unit: Unit) -> frozenset[str]:
    """Runs of 5 characters, or of 3 words (a character of a script without spaces is a word), lower case, without
    punctuation; a shorter text is one shingle, an empty one none."""
    tokens = _WORD.findall(unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower())
    if not tokens:
        return frozenset()
    parts: Sequence[str] = " ".join(tokens) if unit == "characters" else tokens
    size, separator = (CHARACTERS, "") if unit == "characters" else (WORDS, " ")
    return frozenset(separator.join(parts[start : start + size]) for start in range(max(len(parts) - size + 1, 1)))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Shared elements over all elements, in [0, 1]; 0 for two empty sets."""
    shared = len(first & second)
    return shared / max(len(first) + len(second) - shared, 1)


def _unique_texts(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Each different text once, and its first row."""
    firsts = np.flatnonzero(~pd.Series(list(texts), dtype=object).duplicated().to_numpy())
    return [texts[row] for row in firsts.tolist()], firsts


def _candidates(
    texts: Sequence[str], unit: Unit, floor: float, seed: int, progress: Progress | None
) -> tuple[list[tuple[int, int]], "MinHashLSH", int]:
    """Pairs of positions of texts in one bucket, the index, and how many texts had too many candidates."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=floor, num_perm=PERMUTATIONS, weights=(0.2, 0.8))  # rather too many than too few
    pairs: list[tuple[int, int]] = []
    saturated = 0
    for start in range(0, len(texts), BATCH):
        batch = [
            [part.encode("utf-8", "replace") for part in shingles(text, unit)] for text in texts[start : start + BATCH]
        ]
        hashes = MinHash.bulk(batch, num_perm=PERMUTATIONS, seed=seed)
        for position, (parts, minhash) in enumerate(zip(batch, hashes, strict=True), start):
            if parts:
                candidates = sorted(index.query(minhash))
                saturated += len(candidates) > MAX_CANDIDATES
                pairs += [(candidate, position) for candidate in candidates[:MAX_CANDIDATES]]
                index.insert(position, minhash)
        if progress:
            progress(min(start + BATCH, len(texts)), len(texts))
    return pairs, index, saturated
