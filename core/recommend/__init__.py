"""Recommendations from vectors and histories, their baselines and their evaluation. Runs without Streamlit.

Names are loaded on first use, as in `core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.recommend.evaluation import compare, evaluate
    from core.recommend.histories import as_histories, read_histories
    from core.recommend.items import similar
    from core.recommend.profiles import for_users

_HOMES = {
    "as_histories": "histories",
    "compare": "evaluation",
    "evaluate": "evaluation",
    "for_users": "profiles",
    "read_histories": "histories",
    "similar": "items",
}
__all__ = ["as_histories", "compare", "evaluate", "for_users", "read_histories", "similar"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.recommend' has no attribute {name!r}")
    return getattr(import_module(f"core.recommend.{_HOMES[name]}"), name)
