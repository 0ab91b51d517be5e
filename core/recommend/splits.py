"""Which events are held out to judge recommendations, always the latest of a user or of all."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import InputError
from core.recommend.histories import Histories

SplitMethod = Literal["leave_one_out", "last_n", "date"]


@dataclass(frozen=True, eq=False)
class Split:
    """Both parts have all users. description: how events were split, in a sentence."""

    train: Histories
    held_out: Histories
    description: str


def split_histories(
    histories: Histories, method: SplitMethod = "leave_one_out", n: int = 1, date: str | None = None
) -> Split:
    """leave_one_out: the last liked event of each user. last_n: the last n. date: all events from a date on.

    By leave_one_out and last_n, a user's training events may be later than another one's held-out events, so that
    popularity knows a little of the future; a date has no such leak. By these two, a user keeps at least one liked
    event. Raises InputError for a date without times, or one that leaves a part empty.
    """
    if method == "date":
        return _split_by_date(histories, date)
    count = 1 if method == "leave_one_out" else n
    if count < 1 or method not in ("leave_one_out", "last_n"):
        raise InputError(f"There is no split {method!r} of {n}.", "Choose leave_one_out, last_n (n >= 1) or date.")
    order = "time" if histories.times is not None else "the order of rows"
    last = "The last liked event" if count == 1 else f"The last {count} liked events"
    is_held_out = _later_than_train(histories, count)
    return _parts(histories, is_held_out, f"{last} of each user, by {order}.")


def _later_than_train(histories: Histories, count: int) -> np.ndarray:
    """(m,) bool: the last `count` liked events of users with more of them, and what came between or after them."""
    mask = np.zeros(len(histories.rows), bool)
    for user in range(len(histories)):
        events = histories.events(user)
        liked = np.flatnonzero(histories.is_liked[events]) + events.start
        if len(liked) > count:
            mask[liked[-count] : events.stop] = True
    return mask


def _split_by_date(histories: Histories, date: str | None) -> Split:
    if histories.times is None or date is None:
        raise InputError("A split by date needs times and a date.", "Give the time column, or hold out last events.")
    try:
        start = pd.Timestamp(date)
    except ValueError as error:
        raise InputError(f"{date!r} is not a date.", "Write it as 2026-11-30.") from error
    start = start.tz_convert("UTC").tz_localize(None) if start.tz is not None else start
    is_held_out = histories.times >= start.timestamp()
    if is_held_out.all() or not is_held_out.any():
        part = "before" if is_held_out.all() else "from"
        raise InputError(f"There are no events {part} {start:%Y-%m-%d}.", "Choose a date within the histories.")
    return _parts(histories, is_held_out, f"Events from {start:%Y-%m-%d} on.")


def _parts(histories: Histories, is_held_out: np.ndarray, description: str) -> Split:
    return Split(histories.select(~is_held_out), histories.select(is_held_out), description)
