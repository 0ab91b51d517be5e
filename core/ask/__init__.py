"""Questions to a corpus: passages, answers with citations, an FAQ with calibrated refusal. Runs without Streamlit.

Names are loaded on first use, as in `core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.ask.answers import answer, stream
    from core.ask.assistant import faq
    from core.ask.chunk_sizes import compare_chunk_sizes
    from core.ask.evaluation import evaluate
    from core.ask.prompts import Prompt
    from core.ask.refusal import calibrate_refusal
    from core.ask.retrieval import open_retriever
    from core.ask.storage import load_faq, save_faq

_HOMES = {
    "Prompt": "prompts",
    "answer": "answers",
    "calibrate_refusal": "refusal",
    "compare_chunk_sizes": "chunk_sizes",
    "evaluate": "evaluation",
    "faq": "assistant",
    "load_faq": "storage",
    "open_retriever": "retrieval",
    "save_faq": "storage",
    "stream": "answers",
}
__all__ = [
    "Prompt", "answer", "calibrate_refusal", "compare_chunk_sizes", "evaluate", "faq", "load_faq", "open_retriever",
    "save_faq", "stream",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.ask' has no attribute {name!r}")
    return getattr(import_module(f"core.ask.{_HOMES[name]}"), name)
