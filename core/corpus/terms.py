"""Which words stand in which texts, counted once and kept for every selection."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.corpus.keyword import SPACELESS
from core.corpus.loaders import load_corpus
from core.store import Workspace
from core.types import CorpusRef

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_TERMS = 20_000
MAX_CHARACTERS = 20_000  # of one text; the rest is not counted
MIN_ROWS = 3
_TOKEN = re.compile(f"[{SPACELESS}]|[^\\W_{SPACELESS}]+(?:['\u2019][^\\W_{SPACELESS}]+)*")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_HAN = re.compile("([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)")


def document_terms(
    texts: Sequence[str], most: int = MAX_TERMS, min_rows: int = MIN_ROWS
) -> tuple["csr_matrix", list[str]]:
    """Which of the `most` most widespread words and pairs of words each text holds.

    Gives a matrix (n, t) int32 of 0 and 1 and its t terms, lower case. Chinese is cut into words (jieba, by rjieba),
    other scripts without spaces are counted by pairs of neighboring characters. A term must stand in `min_rows` texts;
    of a text the first 20,000 characters count.
    """
    from scipy.sparse import csr_matrix

    tokens = [_tokens(text[:MAX_CHARACTERS].lower()) for text in texts]
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    document = np.repeat(np.arange(len(texts)), lengths)
    codes, words = pd.factorize(np.array(list(chain.from_iterable(tokens)), dtype=object))
    spaceless = np.fromiter((bool(_SPACELESS.match(word)) for word in words), dtype=bool, count=len(words))
    whole = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) > 1
    single = _frequent_terms(document, codes, len(texts), min_rows, ~spaceless | whole)
    first, second = _pairs(document, codes, spaceless)
    # a pair of kinds, one with spaces and one without, or a word and a lone character, is no phrase
    kind = spaceless * 2 + (spaceless & whole)
    same = kind[first[1]] == kind[second]
    pair_codes, pairs = pd.factorize(first[1][same] * np.int64(len(words) + 1) + second[same])
    double = _frequent_terms(first[0][same], pair_codes, len(texts), min_rows, np.ones(len(pairs), dtype=bool))
    names = [str(words[i]) for i in single[2]] + [_pair_name(words, pairs[i], spaceless) for i in double[2]]
    rows = np.concatenate([single[0], double[0]])
    columns = np.concatenate([single[1], double[1] + len(single[2])])
    matrix = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(texts), len(names)))
    widest = np.sort(np.argsort(-np.bincount(columns, minlength=len(names)), kind="stable")[:most])
    return matrix[:, widest], [names[i] for i in widest]


def _tokens(text: str) -> list[str]:
    """Words, Chinese ones as jieba cuts them; of other scripts without spaces each character."""
    if not _HAN.search(text):
        return _TOKEN.findall(text)
    import rjieba

    found: list[str] = []
    for part in _HAN.split(text):  # runs of Chinese stand at the odd places
        if _HAN.fullmatch(part):
            found += rjieba.cut(part)
        else:
            found += _TOKEN.findall(part)
    return found


def _pairs(
    document: np.ndarray, codes: np.ndarray, spaceless: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """(document, first code), second code of each two tokens that follow each other in one text."""
    together = np.flatnonzero(document[:-1] == document[1:])
    return (document[together], codes[together]), codes[together + 1]


def _frequent_terms(
    document: np.ndarray, codes: np.ndarray, count: int, min_rows: int, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each (document, term) once, of the terms allowed that stand in enough documents, and those terms' old codes."""
    at = pd.unique(codes.astype(np.int64) * max(count, 1) + document)
    term, row = np.divmod(at, max(count, 1))
    kept = np.flatnonzero(allowed & (np.bincount(term, minlength=len(allowed)) >= min_rows))
    renumbered = np.full(len(allowed), -1)
    renumbered[kept] = np.arange(len(kept))
    inside = renumbered[term] >= 0
    return row[inside], renumbered[term[inside]], kept


def _pair_name(words: np.ndarray, pair: int, spaceless: np.ndarray) -> str:
    first, second = divmod(int(pair), len(words) + 1)
    return f"{words[first]}{'' if spaceless[first] else ' '}{words[second]}"


STORE_FROM_ROWS = 20_000  # rows from which counting terms takes seconds


TERMS_VERSION = 1


@lru_cache(maxsize=2)
def load_terms(corpus: CorpusRef) -> tuple[Any, list[str]]:
    """Which words and pairs of words each text holds: document_terms of the corpus, kept."""
    texts = load_corpus(corpus).texts
    return _stored_terms(corpus, texts) if len(texts) >= STORE_FROM_ROWS else document_terms(texts)


def _stored_terms(corpus: CorpusRef, texts: list[str]) -> tuple[Any, list[str]]:
    """Those of a large corpus, counted once for all visits and workers."""
    from scipy.sparse import csr_matrix

    workspace, inputs = Workspace(corpus.folder), {"terms": TERMS_VERSION}
    stored = workspace.load("terms", corpus.digest, inputs)
    if stored is None:
        matrix, vocabulary = document_terms(texts)
        workspace.save("terms", corpus.digest, inputs, {"indices": matrix.indices, "indptr": matrix.indptr}, {
            "vocabulary": vocabulary
        })  # fmt: skip
        return matrix, vocabulary
    indices, indptr, words = stored.arrays["indices"], stored.arrays["indptr"], stored.facts["vocabulary"]
    shape = (len(texts), len(words))
    return csr_matrix((np.ones(len(indices), dtype=np.int32), np.array(indices), np.array(indptr)), shape=shape), words
