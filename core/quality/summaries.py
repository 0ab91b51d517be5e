"""What the Quality page's pictures say, in plain sentences worked out from the results; names as given, no markup."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from core.quality.hub_repair import Repair
from core.quality.length_bias import LengthBias
from core.quality.noise import Noise
from core.quality.robustness import Wording
from core.quality.service import Fullness, HubGain
from core.quality.similarity import HIGH, Similarity
from core.stats.interval import Interval

T = TypeVar("T")
Named = Sequence[tuple[str, T]]
BY_CHANCE = 1 - HIGH / 100  # of same-label pairs above the random pairs' 95th percentile
NOUNS = {
    "typos": "mistyping",
    "stop_words": "leaving out stop words",
    "paraphrase": "a paraphrase",
    "case": "writing in capitals",
}
REPAIR_NAMES: dict[Repair, str] = {"none": "As they are", "csls": "CSLS", "mutual": "Mutual proximity"}


def share(value: float, digits: int | None = None) -> str:
    """0.123 as "12%", shares near 0 or 1 with as many digits as they need: "99.97%"."""
    if not np.isfinite(value):
        return "unknown"
    return "0%" if value == 0 else "100%" if value == 1 else f"{100 * value:.{digits or _digits(value)}f}%"


def _digits(value: float) -> int:
    """How many digits of a percentage tell a share from 0 and from 1."""
    digits = next((d for d in range(5) if round(100 * value, d) not in (0, 100)), 4)
    return max(digits, 1 if 0 < value < 0.095 or 0.905 < value < 1 else 0)


def number(value: float) -> str:
    """Three digits or so: 0.123, 12.3, 1,234."""
    if not np.isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def between(found: Interval[float], words: Callable[[float], str] = number) -> str:
    """ "12.3 (11.9 to 12.7)"; the value alone where the interval has no width or is not known."""
    if words is share and np.isfinite(found.low):
        words = partial(share, digits=_alike(found))
    if not np.isfinite(found.low) or words(found.low) == words(found.value) == words(found.high):
        return words(found.value)
    return f"{words(found.value)} ({words(found.low)} to {words(found.high)})"


def _alike(found: Interval[float]) -> int | None:
    """The digits that the value and the ends of its interval are said with alike."""
    return max((_digits(each) for each in (found.value, found.low, found.high) if 0 < each < 1), default=None)


def of_similarity(found: Named[Similarity]) -> str:
    best, worst = _ends(found, lambda each: each.above.value if each.above else each.auc["first"].value)
    name, one = best
    if one.above is None:
        text = (
            f"Under {name} a nearest text is nearer than a random pair {share(one.auc['first'].value)} of the time "
            f"(median cosine {one.medians['first']:.2f} against {one.medians['random']:.2f})"
        )
        return text + _least(best, worst, lambda each: share(each.auc["first"].value)) + "."
    if not any(each.above and each.above.low > BY_CHANCE for _, each in found):
        return (
            f"The label hardly shows in these cosines: even under {name} only {between(one.above, share)} of the pairs "
            f"with the same label are nearer than 95% of random pairs (above {one.threshold:.2f}), where 5% would be "
            "by chance."
        )
    text = (
        f"Under {name} {share(one.above.value)} of the pairs with the same label are nearer than 95% of random pairs "
        f"(above {one.threshold:.2f}), where 5% would be by chance"
    )
    return text + _least(best, worst, lambda each: share(each.above.value) if each.above else "") + "."


def of_fullness(found: Named[Fullness]) -> str:
    def used(each: Fullness) -> float:
        return each.density.measures["participation", True].value

    best, worst = _ends(found, used)
    name, one = best
    before = one.density.measures["mean_cosine", False].value
    much = "hardly point" if before < 0.1 else "point somewhat" if before < 0.4 else "clearly point"
    spread = f"random pairs {much} the same way"
    text = (
        f"{name} has {one.density.dimensions:,} dimensions and varies as {used(one):,.0f} equally used ones would; "
        f"close to each other its texts vary in about {one.intrinsic.value:,.0f}, and {spread} (mean cosine "
        f"{before:.2f})"
    )
    if worst[0] == name:
        return text + "."
    used_there, there = used(worst[1]), worst[1].density.dimensions
    return f"{text}. {worst[0]} varies as {used_there:,.0f} of its {there:,} would."


def of_noise(found: Named[Noise], size: float = 0.3) -> str:
    def lost(each: Noise) -> float:
        return each.churn[each.sizes.index(size)].value

    steady, shaky = _ends(found, lambda each: -lost(each))
    name, one = steady
    text = (
        f"Noise {size:g} times as long as the vector costs a text under {name} {share(lost(one))} of its 10 nearest, "
        f"though its cosine stays at {one.cosine[one.sizes.index(size)].value:.2f}"
    )
    return text + _least(steady, shaky, lambda each: share(lost(each))) + "."


def of_wording(found: Named[Wording], labels: dict[str, str], turned: Sequence[str], open_: Sequence[str]) -> str:
    """What harms most though the meaning stays, and a turned meaning that moves a text less than typos do. turned,
    open_: probes that turn the meaning, and that may. Of more than three contenders, those harmed most."""
    told = []
    for name, each in found:
        harmless = [line for line in each.lines if line.probe not in (*turned, *open_)]
        if not harmless:
            continue
        worst = max(harmless, key=lambda line: line.churn_mean.value)
        noun = NOUNS.get(worst.probe, labels[worst.probe].lower())
        text = f"under {name} {noun} costs most ({share(worst.churn_mean.value)} of the 10 nearest lost)"
        typos = each.line("typos")
        unseen = [line for line in each.lines if line.probe in turned and typos and line.drop.value < typos.drop.value]
        if unseen and typos:
            least = min(unseen, key=lambda line: line.drop.value)
            text += (
                f", and {labels[least.probe].lower()} moves a text less than typos do (drop {number(least.drop.value)}"
            )
            text += f" against {number(typos.drop.value)})"
        told.append((worst.churn_mean.value, text))
    told = sorted(told, key=lambda each: -each[0])[:3] if len(told) > 3 else told
    text = "; ".join(each for _, each in told)
    return text[:1].upper() + text[1:] + "." if text else "No text could be changed."


def of_hubs(found: Named[HubGain]) -> str:
    worst, _ = _ends(found, lambda each: each.lines["none"].skewness)
    name, one = worst
    best: Repair = min(("csls", "mutual"), key=lambda repair: one.lines[repair].skewness)
    before, after = one.lines["none"].skewness, one.lines[best].skewness
    text = f"{name} has the most uneven lists" if len(found) > 1 else f"{name}'s lists"
    text += f" (skewness {before:.2f}, {one.chance:.2f} by chance)" if len(found) > 1 else (
        f" have a skewness of {before:.2f} ({one.chance:.2f} by chance)"
    )  # fmt: skip
    change = "brings that down to" if after < before else "does not help:"
    text += f"; {'CSLS' if best == 'csls' else 'mutual proximity'} {change} {after:.2f}"
    gain = one.lines[best].gain
    if gain is not None:
        points, way = abs(100 * gain.value), "more" if gain.value >= 0 else "less"
        sure = "" if gain.low > 0 or gain.high < 0 else ", so it may be chance"
        text += (
            f", and the nearest text has the same label {points:.1f} points {way} often (95%: {100 * gain.low:+.1f} to "
            f"{100 * gain.high:+.1f}{sure})"
        )
    return text + "."


def of_length(found: Named[LengthBias]) -> str:
    strong, _ = _ends(found, lambda each: abs(each.rho["everyone"].value))
    name, one = strong
    rho, listed = one.rho["everyone"], one.rho["listed"]
    if rho.low <= 0 <= rho.high:
        return f"No contender's cosines to all other texts clearly rise or fall with length ({name}: {_rho(rho)})."
    far = "nearer to" if rho.value > 0 else "farther from"
    much = "slightly" if abs(rho.value) < 0.1 else "somewhat" if abs(rho.value) < 0.3 else "clearly"
    often = "more" if listed.value > 0 else "fewer"
    end = f"and are in {often} top-10 lists ({_rho(listed)})" if listed.low * listed.high > 0 else (
        f"while being listed about as often ({_rho(listed)})"
    )  # fmt: skip
    return f"Under {name} longer texts lie {much} {far} all others ({_rho(rho)}) {end}."


def _rho(found: Interval[float]) -> str:
    return f"Spearman {found.value:+.2f}, {found.low:+.2f} to {found.high:+.2f}"


def _ends(found: Named[T], value: Callable[[T], float]) -> tuple[tuple[str, T], tuple[str, T]]:
    """The contenders of the highest and of the lowest value; unknown ones last."""
    known = sorted(found, key=lambda each: -np.nan_to_num(value(each[1]), nan=-np.inf))
    return known[0], known[-1]


def _least(best: tuple[str, T], worst: tuple[str, T], words: Callable[[T], str]) -> str:
    return "" if best[0] == worst[0] else f"; under {worst[0]} it is {words(worst[1])}"
