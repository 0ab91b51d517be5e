"""CKA and RSA of two contenders with their intervals, over the texts that are sampled for them."""

from functools import lru_cache

import numpy as np

from core.disagreement.geometry import centered, cka, hsic, rsa, sampled_rows
from core.disagreement.stored import pair_cosines_of, text_codes, text_pairs
from core.stats.resampling import jackknife, random_parts
from core.types import CorpusRef
from core.vectors.contenders import Contender, contender_rows

FEWEST = 4  # texts that CKA is defined for, and that must be left for its interval


def measure_geometry(corpus: CorpusRef, first: Contender, second: Contender) -> dict[str, object]:
    """CKA and RSA: cka, rsa, their ends (cka_low, ...), cka_rows, rsa_pairs; NaN where they can't be told.

    Intervals: the jackknife of 20 random parts of the texts (`jackknife`), a text's copies being one text
    and a pair of texts left out with either. That counts the chance of the pairs drawn twice, once for each of their
    texts (Efron and Stein, 1981), so the variance by 20 parts of the pairs is taken off RSA's.
    """
    rows = sampled_rows(text_codes(corpus))
    facts: dict[str, object] = {"cka_rows": len(rows), "cka": float("nan")}
    if len(rows) >= FEWEST:
        features = [centered(contender_rows(corpus, each), rows) for each in (first, second)]
        own = [_own_hsic(corpus, each) for each in (first, second)]
        facts |= _told("cka", cka(hsic(features[0], features[1], _parts(len(rows))), *own))
    cosines = [pair_cosines_of(corpus, each) for each in (first, second)]
    keep = _pairs_kept(corpus)
    found = rsa(cosines[0], cosines[1], keep)
    texts_out, pairs_out = np.split(found[1:], 2)
    return facts | {"rsa_pairs": len(cosines[0])} | _told("rsa", np.append(found[0], texts_out), pairs_out)


@lru_cache(maxsize=20)
def _own_hsic(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """A contender's HSIC with itself, over the texts that CKA is measured on, and without each part of them."""
    rows = sampled_rows(text_codes(corpus))
    features = centered(contender_rows(corpus, contender), rows)
    return hsic(features, features, _parts(len(rows)))


def _parts(texts: int) -> np.ndarray | None:
    """(texts,) parts to leave out; None for so few that too little would be left."""
    return random_parts(texts) if texts >= 2 * FEWEST else None


@lru_cache(maxsize=2)
def _pairs_kept(corpus: CorpusRef) -> np.ndarray | None:
    """Of the pairs that RSA is measured on, see `pairs_kept`."""
    codes, pairs = text_codes(corpus), text_pairs(corpus)
    part = _parts(int(codes.max(initial=-1)) + 1)
    return None if part is None else pairs_kept(part[codes[pairs]])


def pairs_kept(ends: np.ndarray) -> np.ndarray:
    """(m, 2 s) bool: pairs kept without each of s parts of the texts, then without each of as many random parts of the
    pairs. ends: (m, 2) the parts of each pair's texts, from 0."""
    parts = np.arange(int(ends.max(initial=-1)) + 1)
    own = np.random.default_rng(0).permutation(len(ends)) % max(len(parts), 1)
    texts_out = (ends[:, :, None] != parts).all(axis=1)
    return np.column_stack([texts_out, own[:, None] != parts])


def _told(name: str, values: np.ndarray, twice: np.ndarray | None = None) -> dict[str, object]:
    """The value and its interval, which ends at 1 at most."""
    found = jackknife(float(values[0]), values[1:], twice)
    return {name: found.value, f"{name}_low": max(found.low, -1.0), f"{name}_high": min(found.high, 1.0)}
