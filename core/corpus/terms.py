"""Document-term matrices of words, phrases and CJK terms, and which terms are suitable as names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.corpus.keyword import SPACELESS
from core.corpus.loaders import load_corpus
from core.results import Result
from core.types import CorpusRef, Progress

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_TERMS = 20_000
MAX_CHARACTERS = 20_000  # of one text; the rest is not counted
MIN_ROWS = 3
_TOKEN = re.compile(f"[{SPACELESS}]|[^\\W_{SPACELESS}]+(?:['\u2019][^\\W_{SPACELESS}]+)*")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_HAN = re.compile("([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)")
STORE_FROM_ROWS = 20_000  # rows from which counting terms takes seconds
ROWS_PER_SECOND = 10_000
STEM_SHARE = 0.6  # of the longer word: common prefix of two words that count as forms of one
STEM = 4  # minimum letters of that prefix
MARKUP = frozenset({"amp", "br", "com", "gt", "href", "http", "https", "lt", "nbsp", "quot", "www"})
NOUNS = frozenset({"bill", "cry", "detail", "fire", "interest", "mill", "system"})
NEGATIONS = frozenset({"no", "not", "never", "without"})
CONTRACTED = frozenset({"t", "m", "d", "ll", "ve", "re"})
# words that are rarely the topic of a text
_ENGLISH = """bit did didn does doesn doing don getting going good got great just like little lot make makes making many
    need people really said say says thing things told try trying use used using want wanted wants way years"""
_CHINESE = """不会 不能 不过 东西 之前 之后 今天 以前 以后 但是 可以 可能 因为 如果 已经 应该 开始 怎么 感觉 所以 所有
    时间 下来 出来 起来 明天 昨天 最后 比较 然后 现在 直接 真是 知道 结果 自己 虽然 觉得 这样 那么 非常 时候"""
FILLERS = frozenset(f"{_ENGLISH} {_CHINESE}".split())
# characters of Chinese grammar, and pairs of hiragana, which are mostly grammar, too
_GRAMMAR = re.compile("[的了是我你他她它们这那在也就都很和有还吗呢吧啊着把被给到说一个没得又才]|^[\u3040-\u309f]{2}$")


@dataclass(frozen=True)
class TermsQuery:
    """The terms of a corpus."""

    corpus: CorpusRef


@dataclass(frozen=True, eq=False)
class StoredTerms:
    """The matrix of document_terms in compressed sparse rows (int32), all its values 1, and its vocabulary."""

    indices: np.ndarray
    indptr: np.ndarray
    vocabulary: list[str]


def _compute_terms(query: TermsQuery, progress: Progress) -> StoredTerms:
    matrix, vocabulary = document_terms(load_corpus(query.corpus).texts)
    return StoredTerms(matrix.indices, matrix.indptr, vocabulary)


TERMS = Result(
    "terms", 2, TermsQuery, StoredTerms, inputs=lambda query: {}, compute=_compute_terms, stage="Counting terms",
    seconds=lambda query: len(load_corpus(query.corpus)) / ROWS_PER_SECOND,
)  # fmt: skip


@lru_cache(maxsize=2)
def load_terms(corpus: CorpusRef) -> tuple["csr_matrix", list[str]]:
    """document_terms of the corpus; stored for large corpora."""
    from scipy.sparse import csr_matrix

    texts = load_corpus(corpus).texts
    if len(texts) < STORE_FROM_ROWS:
        return document_terms(texts)
    stored = TERMS.get_or_compute(TermsQuery(corpus))
    shape = (len(texts), len(stored.vocabulary))
    ones = np.ones(len(stored.indices), dtype=np.int32)
    return csr_matrix((ones, np.array(stored.indices), np.array(stored.indptr)), shape=shape), stored.vocabulary


def document_terms(
    texts: Sequence[str], max_terms: int = MAX_TERMS, min_rows: int = MIN_ROWS
) -> tuple["csr_matrix", list[str]]:
    """Which of the `max_terms` most frequent words and pairs of words each text contains.

    Returns a matrix (n, t) int32 of 0 and 1 and its t terms, lower case. Chinese is cut into words (jieba, by rjieba),
    other scripts without spaces are counted by pairs of neighboring characters. A term must occur in `min_rows` texts;
    of a text the first 20,000 characters count.
    """
    from scipy.sparse import csr_matrix

    tokens = [text_words(text[:MAX_CHARACTERS].lower()) for text in texts]
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    document = np.repeat(np.arange(len(texts)), lengths)
    codes, vocabulary = pd.factorize(np.array(list(chain.from_iterable(tokens)), dtype=object))
    spaceless = np.fromiter((bool(_SPACELESS.match(word)) for word in vocabulary), dtype=bool, count=len(vocabulary))
    multiple = np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary)) > 1
    single = _frequent_terms(document, codes, len(texts), min_rows, ~spaceless | multiple)
    pair_start = np.flatnonzero(document[:-1] == document[1:])  # consecutive tokens of one text
    first, second = codes[pair_start], codes[pair_start + 1]
    # a pair of scripts, with and without spaces, or a word and a single character, is no phrase
    kind = spaceless * 2 + (spaceless & multiple)
    same = kind[first] == kind[second]
    pair_codes, pairs = pd.factorize(first[same] * np.int64(len(vocabulary) + 1) + second[same])
    all_pairs = np.ones(len(pairs), dtype=bool)
    double = _frequent_terms(document[pair_start][same], pair_codes, len(texts), min_rows, all_pairs)
    names = [str(vocabulary[i]) for i in single[2]] + [_pair_name(vocabulary, pairs[i], spaceless) for i in double[2]]
    rows = np.concatenate([single[0], double[0]])
    columns = np.concatenate([single[1], double[1] + len(single[2])])
    matrix = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(texts), len(names)))
    widest = np.sort(np.argsort(-np.bincount(columns, minlength=len(names)), kind="stable")[:max_terms])
    return matrix[:, widest], [names[i] for i in widest]


def content_words(text: str) -> list[str]:
    """The distinct words of a text that are about content (see `is_informative`) or numbers, in lower case."""
    return [word for word in dict.fromkeys(text_words(text.lower())) if word.isnumeric() or is_informative(word)]


def text_words(text: str) -> list[str]:
    """Words, Chinese ones as jieba cuts them; of other scripts without spaces each character."""
    if not _HAN.search(text):
        return _TOKEN.findall(text)
    import rjieba

    parts = _HAN.split(text)  # every second part is Chinese
    return [token for i, part in enumerate(parts) for token in (rjieba.cut(part) if i % 2 else _TOKEN.findall(part))]


def _frequent_terms(
    document: np.ndarray, codes: np.ndarray, count: int, min_rows: int, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unique (document, term) pairs of allowed terms in at least `min_rows` documents, and those terms' old codes."""
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


def is_name(term: str) -> bool:
    """Whether a term of document_terms can name something: no numbers, no words of English grammar in it; a negation
    may begin a phrase. Pairs of Chinese characters with one of grammar can't, either."""
    if _SPACELESS.match(term):
        return not term.isnumeric() and term not in FILLERS and not _GRAMMAR.search(term)
    parts = term.split(" ")
    if len(parts) > 1 and parts[0] in NEGATIONS:
        parts = parts[1:]
    return not any(word.isnumeric() or len(word) < 2 or _is_grammar(word) for word in parts)


def is_informative(term: str) -> bool:
    """Whether a term is about content: one that can name something, or a negation."""
    return term in NEGATIONS or is_name(term)


def _is_grammar(word: str) -> bool:
    """A stop word or a contraction: don't, it's."""
    stem, _, ending = word.replace("\u2019", "'").partition("'")
    return word in stop_words() or ending in CONTRACTED or (ending == "s" and stem in stop_words())


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """scikit-learn's English ones, less the nouns that slipped in (Nothman, Qin and Yurchak, 2018), with fillers."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) - NOUNS | MARKUP | FILLERS


def is_redundant(first: str, second: str) -> bool:
    """Whether one term contains the other, or has another form of one of its words (verify, verified); for pairs of
    characters, whether they share one."""
    if _SPACELESS.match(first):
        return bool(set(first) & set(second))
    forms = (_same_stem(one, other) for one in first.split(" ") for other in second.split(" "))
    return first in second or second in first or any(forms)


def _same_stem(first: str, second: str) -> bool:
    pairs = zip(first, second, strict=False)
    beginning = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return beginning >= max(STEM, STEM_SHARE * max(len(first), len(second)))
