"""Which words stand in which texts, counted once and kept for every selection."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, takewhile
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
    texts: Sequence[str], max_terms: int = MAX_TERMS, min_rows: int = MIN_ROWS
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
    codes, vocabulary = pd.factorize(np.array(list(chain.from_iterable(tokens)), dtype=object))
    spaceless = np.fromiter((bool(_SPACELESS.match(word)) for word in vocabulary), dtype=bool, count=len(vocabulary))
    multiple = np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary)) > 1
    single = _frequent_terms(document, codes, len(texts), min_rows, ~spaceless | multiple)
    first, second = _pairs(document, codes, spaceless)
    # a pair of kinds, one with spaces and one without, or a word and a lone character, is no phrase
    kind = spaceless * 2 + (spaceless & multiple)
    same = kind[first[1]] == kind[second]
    pair_codes, pairs = pd.factorize(first[1][same] * np.int64(len(vocabulary) + 1) + second[same])
    double = _frequent_terms(first[0][same], pair_codes, len(texts), min_rows, np.ones(len(pairs), dtype=bool))
    names = [str(vocabulary[i]) for i in single[2]] + [_pair_name(vocabulary, pairs[i], spaceless) for i in double[2]]
    rows = np.concatenate([single[0], double[0]])
    columns = np.concatenate([single[1], double[1] + len(single[2])])
    matrix = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(texts), len(names)))
    widest = np.sort(np.argsort(-np.bincount(columns, minlength=len(names)), kind="stable")[:max_terms])
    return matrix[:, widest], [names[i] for i in widest]


def _tokens(text: str) -> list[str]:
    """Words, Chinese ones as jieba cuts them; of other scripts without spaces each character."""
    if not _HAN.search(text):
        return _TOKEN.findall(text)
    import rjieba

    tokens: list[str] = []
    for part in _HAN.split(text):  # runs of Chinese stand at the odd places
        if _HAN.fullmatch(part):
            tokens += rjieba.cut(part)
        else:
            tokens += _TOKEN.findall(part)
    return tokens


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
    frequent = np.flatnonzero(allowed & (np.bincount(term, minlength=len(allowed)) >= min_rows))
    renumbered = np.full(len(allowed), -1)
    renumbered[frequent] = np.arange(len(frequent))
    inside = renumbered[term] >= 0
    return row[inside], renumbered[term[inside]], frequent


def _pair_name(vocabulary: np.ndarray, pair: int, spaceless: np.ndarray) -> str:
    first, second = divmod(int(pair), len(vocabulary) + 1)
    return f"{vocabulary[first]}{'' if spaceless[first] else ' '}{vocabulary[second]}"


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
    indices, indptr, terms = stored.arrays["indices"], stored.arrays["indptr"], stored.facts["vocabulary"]
    shape = (len(texts), len(terms))
    return csr_matrix((np.ones(len(indices), dtype=np.int32), np.array(indices), np.array(indptr)), shape=shape), terms


STEM_SHARE = 0.6  # of the longer word that two words must begin with alike to count as forms of one
STEM = 4  # letters at least
MARKUP = frozenset({"amp", "br", "com", "gt", "href", "http", "https", "lt", "nbsp", "quot", "www"})
NOUNS = frozenset({"bill", "cry", "detail", "fire", "interest", "mill", "system"})
NEGATIONS = frozenset({"no", "not", "never", "without"})
CONTRACTED = frozenset({"t", "m", "d", "ll", "ve", "re"})
# words that say little of what a text is about
_ENGLISH = """bit did didn does doesn doing don getting going good got great just like little lot make makes making many
    need people really said say says thing things told try trying use used using want wanted wants way years"""
_CHINESE = """不会 不能 不过 东西 之前 之后 今天 以前 以后 但是 可以 可能 因为 如果 已经 应该 开始 怎么 感觉 所以 所有
    时间 下来 出来 起来 明天 昨天 最后 比较 然后 现在 直接 真是 知道 结果 自己 虽然 觉得 这样 那么 非常 时候"""
FILLERS = frozenset(f"{_ENGLISH} {_CHINESE}".split())
# characters of Chinese grammar, and pairs of hiragana, which are mostly grammar, too
_GRAMMAR = re.compile("[的了是我你他她它们这那在也就都很和有还吗呢吧啊着把被给到说一个没得又才]|^[\u3040-\u309f]{2}$")
_SPACELESS_NAME_TERMS = re.compile(f"[{SPACELESS}]")


def is_name(term: str) -> bool:
    """Whether a term of document_terms can name something: no numbers, no words of English grammar in it.

    A negation may begin a phrase. Pairs of Chinese characters with one of grammar say little, too.
    """
    if _SPACELESS_NAME_TERMS.match(term):
        return not term.isnumeric() and term not in FILLERS and not _GRAMMAR.search(term)
    parts = term.split(" ")
    if len(parts) > 1 and parts[0] in NEGATIONS:
        parts = parts[1:]
    return not any(word.isnumeric() or len(word) < 2 or _is_grammar(word) for word in parts)


def is_informative(term: str) -> bool:
    """Whether a term says something of what texts are about: one that can name something, or a negation."""
    return term in NEGATIONS or is_name(term)


def _is_grammar(word: str) -> bool:
    """A stop word, or one contracted: don't, it's."""
    stem, _, ending = word.replace("\u2019", "'").partition("'")
    return word in stop_words() or ending in CONTRACTED or (ending == "s" and stem in stop_words())


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """scikit-learn's English ones, less the nouns that slipped in (Nothman, Qin and Yurchak, 2018), with fillers."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) - NOUNS | MARKUP | FILLERS


def is_redundant(first: str, second: str) -> bool:
    """Whether one term stands within the other, or a word of one is a form of the other's (verify, verified); of pairs
    of characters, whether they share one."""
    if _SPACELESS_NAME_TERMS.match(first):
        return bool(set(first) & set(second))
    forms = (_same_stem(one, other) for one in first.split(" ") for other in second.split(" "))
    return first in second or second in first or any(forms)


def _same_stem(first: str, second: str) -> bool:
    pairs = zip(first, second, strict=False)
    beginning = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return beginning >= max(STEM, STEM_SHARE * max(len(first), len(second)))
