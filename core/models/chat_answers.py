"""TODO docstring."""

import json
import re
from collections.abc import Callable, Mapping

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)


class Unusable(Exception):
    """What is wrong with a model's answer, in a few words."""


def read_numbered(answer: str, key: str, count: int, tidy: Callable[[object], str]) -> dict[int, str]:
    """What a model gave for each number from 1, by place from 0, tidied; fewer than `count` where some come out empty.

    The answer must be one JSON object; a model's thoughts before it and a code fence around it are taken off. Raises
    Unusable where nothing is left.
    """
    plain = _THOUGHT.sub("", answer)
    fenced = _FENCE.match(plain)
    try:
        value = json.loads(fenced.group(1) if fenced else plain)
    except (ValueError, RecursionError):
        raise Unusable("no JSON" if answer.strip() else "nothing") from None
    given = value.get(key, value) if isinstance(value, dict) else None
    if not isinstance(given, Mapping):
        raise Unusable(f"JSON without {key}")
    found = {place: tidy(given.get(str(place + 1))) for place in range(count)}
    found = {place: text for place, text in found.items() if text}
    if not found:
        raise Unusable(f"JSON without {key} that can be used")
    return found
