"""Calls whose warnings say nothing a person could act on."""

import warnings
from collections.abc import Callable
from typing import Any


def quietly(call: Callable[..., Any], *arguments: Any) -> Any:
    """The call's result; warnings (iterations used up, fewer distinct points than groups) are dropped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments)
