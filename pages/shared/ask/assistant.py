"""An FAQ assistant: known answers, or refusal."""

from core.store import CorpusInfo
from pages.shared import messages


def show_assistant(info: CorpusInfo) -> None:
    messages.show_not_embedded(f"{info.name} has not been embedded yet.")
