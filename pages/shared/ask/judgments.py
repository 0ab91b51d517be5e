"""Relevance judgments of this corpus, and a language model as judge."""

from core.store import CorpusInfo
from pages.shared import messages


def show_judgments(info: CorpusInfo) -> None:
    messages.show_not_embedded(f"{info.name} has not been embedded yet.")
