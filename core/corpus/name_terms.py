"""Which terms can name something, and which two say the same."""

import re
from functools import lru_cache
from itertools import takewhile

from core.corpus.keyword import SPACELESS

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
_SPACELESS = re.compile(f"[{SPACELESS}]")


def is_name(term: str) -> bool:
    """Whether a term of document_terms can name something: no numbers, no words of English grammar in it.

    A negation may begin a phrase. Pairs of Chinese characters with one of grammar say little, too.
    """
    if _SPACELESS.match(term):
        return not term.isnumeric() and term not in FILLERS and not _GRAMMAR.search(term)
    words = term.split(" ")
    if len(words) > 1 and words[0] in NEGATIONS:
        words = words[1:]
    return not any(word.isnumeric() or len(word) < 2 or _is_grammar(word) for word in words)


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
    if _SPACELESS.match(first):
        return bool(set(first) & set(second))
    forms = (_same_stem(one, other) for one in first.split(" ") for other in second.split(" "))
    return first in second or second in first or any(forms)


def _same_stem(first: str, second: str) -> bool:
    pairs = zip(first, second, strict=False)
    beginning = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return beginning >= max(STEM, STEM_SHARE * max(len(first), len(second)))
