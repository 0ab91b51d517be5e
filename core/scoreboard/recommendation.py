"""Which contender to use: the best one, or the cheapest of those that do not differ significantly from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from core.scoreboard.comparison import Comparison
from core.scoreboard.cost import Cost
from core.scoreboard.verdict import VerdictWriter, time_ratio
from core.text import common_decimals


@dataclass(frozen=True)
class Choice:
    """key: of the recommended contender, "" where none can be. reason: a sentence without its name."""

    key: str
    reason: str


def choose(comparison: Comparison, costs: Mapping[str, Cost]) -> Choice:
    """The best contender; where others do not differ significantly from it, the cheapest of them. None where no
    contender beats chance, or where so few queries can show no difference. costs: by key, as far as known."""
    tied, top = comparison.tied(), comparison.lines[0].name
    writer, detectable = VerdictWriter(comparison, {}, {}), comparison.minimum_detectable_pair()
    if writer.chance():
        return Choice("", "no contender is significantly better than chance.")
    if len(comparison.lines) == 1:
        return Choice(top, "the only contender that was scored.")
    if len(tied) == 1:
        return Choice(top, "it scores significantly higher than every other contender.")
    if detectable is not None and not isfinite(detectable.minimum_detectable_difference):
        return Choice("", f"{writer.sample} can't show a significant difference.")
    cheapest = top
    for name in tied[1:]:
        cheapest = name if _is_cheaper(costs.get(name), costs.get(cheapest)) else cheapest
    if cheapest == top:
        return Choice(top, "it scores highest, and no contender that is not significantly lower is cheaper.")
    difference = writer.difference(comparison.pair(top, cheapest))
    return Choice(cheapest, f"it is cheaper, and its score is not significantly lower than the highest ({difference}).")


def _is_cheaper(one: Cost | None, two: Cost | None) -> bool:
    """By price, else by embedding time, else by bytes; False where a price is unknown."""
    if one is None or two is None or one.usd_per_million is None or two.usd_per_million is None:
        return False
    if one.usd_per_million != two.usd_per_million:
        return one.usd_per_million < two.usd_per_million
    if (ratio := time_ratio(one, two)) != 1:
        return ratio < 1
    return one.bytes_per_vector < two.bytes_per_vector


def rival(comparison: Comparison, key: str) -> str:
    """Whom to compare a contender with: the best one, or the second best for the best one itself; "" for none."""
    return next((line.name for line in comparison.lines if line.name != key), "")


def describe_cost(cost: Cost) -> str:
    """Price, times and size of one contender, in a sentence."""
    speed, parts = cost.speed, []
    if cost.usd_per_million_tokens is None:
        parts.append("price unknown")
    else:
        price = f"${cost.usd_per_million_tokens:,.2f} per 1M tokens"
        parts.append(price if cost.usd_per_million_tokens else "free (runs locally)")
    if cost.usd_per_million:
        parts.append(f"${cost.usd_per_million:,.2f} per 1M texts of this length")
    for value, unit in ((speed.seconds_per_1000, "s per 1,000 texts"), (speed.p50_ms, "ms per query (median)")):
        if value is not None:
            parts.append(f"{value:,.{common_decimals([value])}f} {unit}")
    parts.append(f"{cost.bytes_per_vector:,} bytes per vector")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
