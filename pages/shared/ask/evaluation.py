"""Retrieval pipelines compared on questions with known passages."""

from core.store import CorpusInfo
from pages.shared import messages


def show_retrieval_evaluation(info: CorpusInfo) -> None:
    messages.show_not_embedded(f"{info.name} has not been embedded yet.")
