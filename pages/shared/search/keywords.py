"""The keyword index that keyword and hybrid searches need."""

from collections.abc import Sequence

from core.corpus.keyword_index import KEYWORD_INDEX, KeywordQuery
from core.results import Step
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.result_view import ready_all


def keyword_index_ready(corpora: Sequence[CorpusInfo]) -> bool:
    """Whether the keyword indexes are stored, or could be built at once; else shows progress or offers to start."""
    steps = [Step(KEYWORD_INDEX, KeywordQuery(session.corpus_ref(info).source)) for info in corpora]
    return ready_all(
        steps,
        headline="Keyword search needs an index of this corpus.",
        description="It lists where each word occurs, so that no query reads all texts. It is built once.",
        titles=[f"Keyword index of {info.name}" for info in corpora],
        button="Build the index",
    )
