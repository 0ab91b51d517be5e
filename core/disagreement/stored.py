"""What is kept of comparisons: by which inputs it is named, and how it is read again."""

from dataclasses import asdict
from functools import lru_cache

import numpy as np

from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.disagreement.geometry import pair_cosines, sampled_pairs, sampled_rows
from core.disagreement.overlap import Overlap
from core.disagreement.texts import TextFacts
from core.errors import StorageError
from core.store import Stored, Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender, contender_rows, graph_inputs

KIND = "disagreement"
EXPLAINED = 20_000  # texts that are looked at for what explains disagreement


def pairs_of(contenders: tuple[Contender, ...]) -> list[tuple[Contender, Contender]]:
    """Each two of them, in their order."""
    return [(one, other) for at, one in enumerate(contenders) for other in contenders[at + 1 :]]


@lru_cache(maxsize=2)
def text_codes(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64, read-only: codes of identical texts, in order of appearance."""
    codes = distinct_texts(load_corpus(corpus).texts)[0].astype(np.int64)
    codes.setflags(write=False)
    return codes


@lru_cache(maxsize=2)
def explained_rows(corpus: CorpusRef) -> np.ndarray:
    """Row ids, sorted: the first rows of a seeded sample of at most 20,000 texts."""
    return sampled_rows(text_codes(corpus), EXPLAINED)


@lru_cache(maxsize=10)
def pair_cosines_of(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(m,) float32 cosines of `text_pairs`."""
    return pair_cosines(contender_rows(corpus, contender), *text_pairs(corpus).T)


@lru_cache(maxsize=2)
def text_pairs(corpus: CorpusRef) -> np.ndarray:
    """(m, 2) row ids: a seeded sample of pairs of texts, the same for every contender."""
    first = np.unique(text_codes(corpus), return_index=True)[1]
    return np.column_stack(sampled_pairs(np.sort(first)))


def kept_overlap(corpus: CorpusRef, first: Contender, second: Contender) -> Overlap:
    """What two contenders share. Raises StorageError where they have not been compared."""
    stored = kept_pair(corpus, first, second)
    return Overlap(tuple(stored.facts["depths"]), **stored.arrays)


def kept_pair(corpus: CorpusRef, first: Contender, second: Contender) -> Stored:
    """The kept comparison of two contenders: arrays as Overlap, facts with CKA and RSA. Raises StorageError."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, pair_inputs(first, second))
    if stored is None:
        raise StorageError(
            f"{first.label} and {second.label} have not been compared.", "Open Disagreement and start the comparison."
        )
    return stored


def has_pair(corpus: CorpusRef, first: Contender, second: Contender) -> bool:
    """Whether two contenders have been compared."""
    return Workspace(corpus.folder).load(KIND, corpus.digest, pair_inputs(first, second)) is not None


def kept_facts(corpus: CorpusRef) -> TextFacts:
    """Facts of the texts at `explained_rows`. Raises StorageError where they have not been looked at."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, text_inputs())
    if stored is None:
        raise StorageError("The texts have not been looked at.", "Open Disagreement and start the comparison.")
    return TextFacts(**stored.arrays, languages=tuple(stored.facts["languages"]))


def kept_cuts(corpus: CorpusRef, model: ModelSpec) -> np.ndarray | None:
    """(m,) bool: which of these texts a model cuts off; None where it has no window or can't be asked."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, cut_inputs(model))
    return np.asarray(stored.arrays["over"]) if stored and "over" in stored.arrays else None


def pair_inputs(first: Contender, second: Contender) -> dict[str, object]:
    """What names the comparison of two contenders, in whichever order; raise the version when its values change."""
    one, other = sorted((first, second), key=lambda each: each.key)
    return {"first": graph_inputs(one), "second": graph_inputs(other), "pair": 3}


def text_inputs() -> dict[str, object]:
    """What names the facts of the texts."""
    return {"texts": EXPLAINED, "seed": 0, "version": 1}


def cut_inputs(model: ModelSpec) -> dict[str, object]:
    """What names which texts a model cuts off."""
    return {"cut": asdict(model) | {"languages": list(model.languages)}, "texts": EXPLAINED, "seed": 0, "version": 1}
