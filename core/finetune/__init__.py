"""Fine-tuning of local sentence-transformers on labels, scored pairs or judged queries. Runs without Streamlit.

Names are loaded on first use, as in `core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.finetune.settings import Settings
    from core.finetune.training import train

_HOMES = {"Settings": "settings", "train": "training"}
__all__ = ["Settings", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.finetune' has no attribute {name!r}")
    return getattr(import_module(f"core.finetune.{_HOMES[name]}"), name)
