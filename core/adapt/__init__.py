"""Adapters: linear maps trained on frozen vectors, with their gain on held-out rows. Runs without Streamlit.

Names are loaded on first use, as in `core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.adapt.fitting import Settings
    from core.adapt.storage import export_code, load, save, to_bytes
    from core.adapt.training import check, train

_HOMES = {
    "Settings": "fitting",
    "check": "training",
    "export_code": "storage",
    "load": "storage",
    "save": "storage",
    "to_bytes": "storage",
    "train": "training",
}
__all__ = ["Settings", "check", "export_code", "load", "save", "to_bytes", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.adapt' has no attribute {name!r}")
    return getattr(import_module(f"core.adapt.{_HOMES[name]}"), name)
