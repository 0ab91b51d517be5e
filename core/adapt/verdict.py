"""Whether an adapter helps, in plain words, by its held-out gain, its interval and the shuffled-label control."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.adapt.comparison import Gain
from core.adapt.report import Report

Answer = Literal["helps", "does not help", "can't tell"]
NEGLIGIBLE = 0.01  # a gain whose interval ends below is none


@dataclass(frozen=True)
class Verdict:
    """answer, and the reason in a sentence. caution: on labels or rows that were not trained on, or ""."""

    answer: Answer
    reason: str
    caution: str = ""


def verdict(report: Report) -> Verdict:
    gain, control = report.seen, report.control
    change = f"{gain.metric} changes from {gain.base.value:z.3f} to {gain.adapted.value:z.3f}, {_difference(gain)}"
    if not report.epochs:
        reason = "Training did not raise the validation score by more than its standard error; the base is as good."
        return Verdict("does not help", reason)
    if gain.is_worse:
        return Verdict("does not help", f"On held-out examples {change}: it makes them worse.")
    if gain.is_significant and control is not None and control.is_significant and _overlap(gain, control):
        reason = f"{change}; but training on shuffled labels gains about as much ({control.difference.value:+z.3f})."
        return Verdict("can't tell", reason[0].upper() + reason[1:])
    if gain.is_significant:
        return Verdict("helps", f"On held-out examples {change}.", _caution(report))
    if gain.difference.high < NEGLIGIBLE:
        return Verdict("does not help", f"On held-out examples {change}: any gain is below {NEGLIGIBLE}.")
    smallest = (
        f"so few held-out examples show only gains from {gain.minimum_detectable:z.3f} on with 80% power"
        if np.isfinite(gain.minimum_detectable) else "the held-out examples are too few to show any gain"
    )  # fmt: skip
    return Verdict("can't tell", f"On held-out examples {change}; {smallest}.")


def _difference(gain: Gain) -> str:
    value, low, high = gain.difference
    return f"{value:+z.3f} (95% interval {low:+z.3f} to {high:+z.3f})"


def _overlap(gain: Gain, control: Gain) -> bool:
    one, other = gain.difference, control.difference
    return bool(other.high >= one.low)


def _caution(report: Report) -> str:
    unseen = report.unseen
    if unseen is None:
        return ""
    value, what = unseen.difference.value, "labels" if unseen.metric == "MAP@R" else "relevant rows"
    if unseen.is_worse:
        return f"It makes {what} that it was not trained on worse ({value:+z.3f}): use it for known {what}."
    if unseen.is_significant:
        return f"{what.capitalize()} that it was not trained on gain, too ({value:+z.3f})."
    return f"No significant change for {what} that it was not trained on."
