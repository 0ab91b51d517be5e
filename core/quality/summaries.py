"""The findings of the Quality page in sentences: subject, result, uncertainty. Names are inserted as they are."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from core.quality.hub_repair import Repair
from core.quality.length_bias import LengthBias
from core.quality.robustness import EditRobustness, NoiseRobustness
from core.quality.service import DimensionUsage, Hubness
from core.quality.similarity import PERCENTILE, Similarity
from core.stats.interval import Interval

T = TypeVar("T")
Named = Sequence[tuple[str, T]]  # contenders' names and results
CHANCE = 1 - PERCENTILE / 100  # same-label pairs above the random pairs' 95th percentile, by chance
MAX_NAMED = 3  # contenders in a sentence on edits
EDIT_NOUNS = {"typos": "typos", "stop_words": "removing stop words", "paraphrase": "a paraphrase", "case": "upper case"}
REPAIR_NAMES: dict[Repair, str] = {"none": "Cosine", "csls": "CSLS", "mutual": "Mutual proximity"}


def percent(value: float, digits: int | None = None) -> str:
    """0.123 as "12%", shares near 0 or 1 with as many digits as they need: "99.97%"."""
    if not np.isfinite(value):
        return "unknown"
    return "0%" if value == 0 else "100%" if value == 1 else f"{100 * value:.{digits or _digits(value)}f}%"


def _digits(value: float) -> int:
    """How many digits of a percentage distinguish a share from 0 and from 1."""
    digits = next((d for d in range(5) if round(100 * value, d) not in (0, 100)), 4)
    return max(digits, 1 if 0 < value < 0.095 or 0.905 < value < 1 else 0)


def format_number(value: float) -> str:
    """About three digits: 0.123, 12.3, 1,234."""
    if not np.isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def with_interval(estimate: Interval[float], form: Callable[[float], str] = format_number) -> str:
    """ "12.3 (11.9 to 12.7)"; the value without an interval that has no width or is unknown."""
    if form is percent and np.isfinite(estimate.low):
        form = partial(percent, digits=_common_digits(estimate))
    value, low, high = form(estimate.value), form(estimate.low), form(estimate.high)
    return value if not np.isfinite(estimate.low) or low == value == high else f"{value} ({low} to {high})"


def _common_digits(estimate: Interval[float]) -> int | None:
    """Enough digits for the value and both ends."""
    shares = (estimate.value, estimate.low, estimate.high)
    return max((_digits(share) for share in shares if 0 < share < 1), default=None)


def describe_similarity(results: Named[Similarity]) -> str:
    def separation(result: Similarity) -> float:
        return result.above.value if result.above else result.auc["first"].value

    best, worst = _best_and_worst(results, separation)
    name, result = best
    compared = _compared(best, worst, lambda other: percent(separation(other)))
    if result.above is None:
        return (
            f"Under {name}, a nearest neighbor is more similar than a random pair in "
            f"{percent(result.auc['first'].value)} of cases (median cosine {result.medians['first']:z.2f} vs. "
            f"{result.medians['random']:z.2f}){compared}."
        )
    if not any(other.above and other.above.low > CHANCE for _, other in results):
        return (
            f"These labels are hardly reflected in the cosines: even under {name}, only "
            f"{with_interval(result.above, percent)} of same-label pairs are more similar than 95% of random pairs "
            f"(cosine above {result.threshold:z.2f}); 5% is expected by chance."
        )
    return (
        f"Under {name}, {percent(result.above.value)} of same-label pairs are more similar than 95% of random pairs "
        f"(cosine above {result.threshold:z.2f}; 5% expected by chance){compared}."
    )


def describe_dimension_usage(results: Named[DimensionUsage]) -> str:
    def effective(result: DimensionUsage) -> float:
        return result.spectrum.measures["participation", True].value

    (name, result), (last_name, last) = _best_and_worst(results, effective)
    cosine = result.spectrum.measures["mean_cosine", False].value
    level = "close to 0" if cosine < 0.1 else "moderate" if cosine < 0.4 else "high"
    text = (
        f"{name} uses about {effective(result):,.0f} of its {result.spectrum.dimensions:,} dimensions effectively "
        f"(participation ratio); its intrinsic dimension is about {result.intrinsic.value:,.0f}, and the mean cosine "
        f"of random pairs is {level} ({cosine:z.2f})."
    )
    if last_name == name:
        return text
    return f"{text} {last_name} uses about {effective(last):,.0f} of {last.spectrum.dimensions:,}."


def describe_noise(results: Named[NoiseRobustness], size: float = 0.3) -> str:
    def lost(result: NoiseRobustness) -> float:
        return result.churn[result.sizes.index(size)].value

    best, worst = _best_and_worst(results, lambda result: -lost(result))
    name, result = best
    compared = _compared(best, worst, lambda other: percent(lost(other)))
    return (
        f"Under {name}, noise of length {size:g} replaces {percent(lost(result))} of a text's 10 nearest neighbors, at "
        f"a median cosine of {result.cosine[result.sizes.index(size)].value:z.2f} to the original{compared}."
    )


def describe_edits(
    results: Named[EditRobustness], labels: dict[str, str], changing: Sequence[str], ambiguous: Sequence[str]
) -> str:
    """The edit that costs most though it keeps the meaning, and edits that change the meaning but move a text less than
    typos. changing, ambiguous: edits that change the meaning, and that may. At most the three most affected contenders.
    """
    sentences = []
    for name, result in results:
        neutral = [probe for probe in result.probes if probe.probe not in (*changing, *ambiguous)]
        if neutral:
            worst = max(neutral, key=lambda probe: probe.churn_mean.value)
            noun = EDIT_NOUNS.get(worst.probe, labels[worst.probe].lower())
            text = f"Under {name}, {noun} cost{'' if noun == 'typos' else 's'} most "
            text += f"({percent(worst.churn_mean.value)} of the 10 nearest neighbors lost)"
            sentences.append((worst.churn_mean.value, f"{text}{_insensitive(result, labels, changing)}."))
    if len(sentences) > MAX_NAMED:
        sentences = sorted(sentences, key=lambda pair: -pair[0])[:MAX_NAMED]
    return " ".join(text for _, text in sentences) or "No text could be edited."


def _insensitive(result: EditRobustness, labels: dict[str, str], changing: Sequence[str]) -> str:
    """The edit that changes the meaning but moves a text least, where typos move it more."""
    typos = result.probe("typos")
    if typos is None:
        return ""
    below = [probe for probe in result.probes if probe.probe in changing and probe.drop.value < typos.drop.value]
    if not below:
        return ""
    smallest = min(below, key=lambda probe: probe.drop.value)
    return (
        f"; {labels[smallest.probe].lower()} changes a vector less than typos do (cosine drop "
        f"{format_number(smallest.drop.value)} vs. {format_number(typos.drop.value)})"
    )


def describe_hubness(results: Named[Hubness]) -> str:
    (name, result), _ = _best_and_worst(results, lambda hubness: hubness.rankings["none"].skewness)
    best: Repair = min(("csls", "mutual"), key=lambda repair: result.rankings[repair].skewness)
    before, after, gain = result.rankings["none"].skewness, result.rankings[best].skewness, result.rankings[best].gain
    strongest = " has the strongest hubness:" if len(results) > 1 else ":"
    text = f"{name}{strongest} k-occurrence skewness {before:z.2f} ({result.chance:z.2f} by chance). "
    text += f"{REPAIR_NAMES[best]} {'reduces it to' if after < before else 'does not reduce it:'} {after:.2f}"
    if gain is None:
        return f"{text}."
    note = "" if gain.low > 0 or gain.high < 0 else ", not significant"
    interval = f"95% interval {100 * gain.low:+z.1f} to {100 * gain.high:+z.1f}{note}"
    return f"{text} and changes P@1 by label by {100 * gain.value:+z.1f} points ({interval})."


def describe_length_bias(results: Named[LengthBias]) -> str:
    (name, result), _ = _best_and_worst(results, lambda bias: abs(bias.rho["all_texts"].value))
    rho, occurrences = result.rho["all_texts"], result.rho["occurrences"]
    if rho.low <= 0 <= rho.high:
        return f"No contender shows a significant correlation of length with mean similarity ({name}: {_rho(rho)})."
    size = "slightly" if abs(rho.value) < 0.1 else "moderately" if abs(rho.value) < 0.3 else "strongly"
    direction = "positively" if rho.value > 0 else "negatively"
    text = f"Under {name}, length correlates {size} {direction} with the mean cosine to all other texts ({_rho(rho)})"
    if occurrences.low * occurrences.high <= 0:
        return f"{text}, but not significantly with k-occurrence ({_rho(occurrences)})."
    more = "more" if occurrences.value > 0 else "fewer"
    return f"{text}; longer texts are in {more} top-10 lists ({_rho(occurrences)})."


def _rho(estimate: Interval[float]) -> str:
    return f"Spearman {estimate.value:+z.2f}, {estimate.low:+z.2f} to {estimate.high:+z.2f}"


def _best_and_worst(results: Named[T], value: Callable[[T], float]) -> tuple[tuple[str, T], tuple[str, T]]:
    """The contenders of the highest and of the lowest value; unknown ones last."""
    ranked = sorted(results, key=lambda pair: -np.nan_to_num(value(pair[1]), nan=-np.inf))
    return ranked[0], ranked[-1]


def _compared(best: tuple[str, T], worst: tuple[str, T], form: Callable[[T], str]) -> str:
    return "" if best[0] == worst[0] else f"; under {worst[0]}: {form(worst[1])}"
