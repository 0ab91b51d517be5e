"""Near-duplicates by wording as a stored result."""

from dataclasses import dataclass

from core.corpus.loaders import load_corpus
from core.duplicates.minhash import TextLinks, Unit, text_links
from core.results import Result
from core.types import CorpusRef

FLOOR = 0.5  # Jaccard similarity below which pairs are not searched for
CHARACTERS_PER_SECOND = 300_000


@dataclass(frozen=True)
class TextQuery:
    """Near-duplicates by wording, in runs of characters or of words."""

    corpus: CorpusRef
    unit: Unit


TEXT_DUPLICATES = Result(
    "text_duplicates", 2, TextQuery, TextLinks, inputs=lambda query: {"unit": query.unit, "floor": FLOOR},
    compute=lambda query, progress: text_links(load_corpus(query.corpus).texts, query.unit, FLOOR, progress=progress),
    seconds=lambda query: sum(map(len, load_corpus(query.corpus).texts)) / CHARACTERS_PER_SECOND,
    stage="Comparing the wording", unit="texts", absence="The wording of these texts has not been compared yet.",
    remedy="Compare them on the Anomalies page.",
)  # fmt: skip
