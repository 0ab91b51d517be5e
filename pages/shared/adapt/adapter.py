"""Adapter: a linear map of a model's vectors, trained on the labels of a column."""

from core.store import CorpusInfo
from pages.shared import messages, session
from pages.shared.text import plain


def show_adapter(info: CorpusInfo) -> None:
    if not session.workspace().models(info.digest):
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: there are no vectors to adapt.")
