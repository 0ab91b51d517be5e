"""Passages for a question and an answer with citations."""

from core.store import CorpusInfo
from pages.shared import messages


def show_question(info: CorpusInfo) -> None:
    messages.show_not_embedded(f"{info.name} has not been embedded yet.")
