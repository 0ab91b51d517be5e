"""Scores in a report: scoreboard, costs, pairwise tests, all metrics, and neighbor overlap, as tables and figures."""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from core.report.document import Block, Figure, Heading, Paragraph, Table, table
from core.report.facts import Facts
from core.report.svg import Mark, heat_svg, interval_svg, pareto_svg
from core.scoreboard.cost import Cost, on_frontier
from core.scoreboard.service import Board
from core.scoreboard.types import METRICS
from core.scoreboard.verdict import describe_unmeasured, format_minimum, format_points
from core.stats.proportions import rounded_percentages
from core.text import common_decimals

SCORES = ("Rank", "Contender", "Score", "95% interval", "Best in", "Price per 1M tokens", "s / 1,000 texts",
          "ms / query")  # fmt: skip
COSTS = ("Dimensions", "Bytes", "s / 1,000 texts", "ms / query", "p95", "Price per 1M tokens", "Price per 1M texts",
         "Tokens per text", "Truncated")  # fmt: skip
AXES = {"usd_per_million": "US dollars per million texts", "seconds_per_1000": "seconds to embed 1,000 texts",
        "bytes_per_vector": "bytes per vector"}  # fmt: skip


def scoreboard_blocks(facts: Facts, board: Board) -> list[Block]:
    """Scores with the main costs of each contender, and the chart of their intervals."""
    note = (
        f"Score: {board.label}, higher is better. Contenders that share a letter do not differ significantly. Best in: "
        "share of bootstrap resamples in which the contender is best; not the probability that it is. ms / query: "
        "median time to embed a query and search exactly."
    )
    costs, scores = _cost_cells(facts), score_table(facts, board).rows
    rows = [
        (*row, *(costs[index][name] for name in SCORES[5:])) for row, index in zip(scores, board.order, strict=True)
    ]
    unmeasured = describe_unmeasured([contender.label for contender in facts.contenders], facts.costs)
    marks = _marks(facts, board)
    caption = f"{board.label} of each contender with its 95% interval; {marks[0].name} is highest."
    svg = interval_svg(marks, f"{board.label}, higher is better", board.comparison.chance)
    return [
        Heading("Scoreboard"), table(SCORES, rows, SCORES[:2]), Figure(svg, caption), Paragraph(caption, "note"),
        Paragraph(" ".join([note, *unmeasured]), "note"),
    ]  # fmt: skip


def score_table(facts: Facts, board: Board) -> Table:
    lines = board.comparison.lines
    shares = rounded_percentages([line.share_best for line in lines], 0)
    rows = [
        (f"{rank} {line.group}", facts.label_of(line.name), f"{line.mean:.3f}",
         _interval(line.low, line.high, "{:z.3f}".format), f"{share:.0f}%")
        for rank, (line, share) in enumerate(zip(lines, shares, strict=True), start=1)
    ]  # fmt: skip
    return table(("Rank", "Contender", board.label, *SCORES[3:5]), rows, SCORES[:2])


def cost_blocks(facts: Facts, board: Board) -> list[Block]:
    """All costs, and the scores over the first cost that differs among the contenders."""
    costs = _cost_cells(facts)
    rows = [(facts.contenders[index].label, *costs[index].values()) for index in board.order]
    legend = (
        "Bytes: of one vector. s / 1,000 texts: seconds to embed 1,000 texts of this corpus. ms / query: time to "
        f"embed a query and search exactly, median and 95th percentile. {_timing(facts)}Price: in US dollars, the list "
        "price per million tokens, and that of a million texts as long as these. Truncated: share of the tokens beyond "
        "the model's maximum length."
    )
    blocks: list[Block] = [
        Heading("Costs and speed"),
        table(("Contender", *COSTS), rows, ("Contender",)),
        Paragraph(legend, "note"),
    ]
    for axis, title in AXES.items():
        marks = _marks(facts, board, axis)
        if len({mark.cost for mark in marks if mark.cost is not None}) > 1:
            best = [mark.name for mark in marks if mark.cost is not None and not mark.faded]
            caption = f"{board.label} over {title}. On the Pareto front: {', '.join(best)}."
            blocks.append(Figure(pareto_svg(marks, board.label, f"{title}, lower is better"), caption))
            blocks.append(Paragraph(f"{caption} Grey: dominated. Numbers are ranks.", "note"))
            break
    return blocks


def _timing(facts: Facts) -> str:
    """How times were measured; "" where none were."""
    measured = [cost.speed for cost in facts.costs if cost.speed.basis == "measured"]
    if not measured:
        return ""
    texts = max(speed.texts for speed in measured)
    return (
        f"Measured on this machine ({measured[0].cpus} CPUs) over up to {texts:,} texts and {measured[0].queries} "
        "queries, nothing cached. "
    )


def _cost_cells(facts: Facts) -> list[dict[str, str]]:
    """The formatted costs of each contender, by column."""
    speeds = [cost.speed for cost in facts.costs]
    times = [[getattr(speed, name) for speed in speeds] for name in ("seconds_per_1000", "p50_ms", "p95_ms")]
    decimals = [common_decimals(column) for column in times]
    return [dict(zip(COSTS, _format_costs(cost, decimals), strict=True)) for cost in facts.costs]


def _format_costs(cost: Cost, decimals: Sequence[int]) -> tuple[str, ...]:
    speed, unmeasured = cost.speed, "no model" if cost.speed.basis == "none" else "not measured"
    return (
        f"{cost.dimensions:,}", f"{cost.bytes_per_vector:,}",
        _number(speed.seconds_per_1000, decimals[0], unmeasured), _number(speed.p50_ms, decimals[1], unmeasured),
        _number(speed.p95_ms, decimals[2], unmeasured),
        _price(cost.usd_per_million_tokens), _price(cost.usd_per_million),
        _number(cost.tokens_per_text, 1), "unknown" if cost.truncated_share is None else f"{cost.truncated_share:.1%}",
    )  # fmt: skip


def _price(usd: float | None) -> str:
    return "unknown" if usd is None else f"${usd:,.2f}" if usd else "free"


def _number(value: float | None, decimals: int, missing: str = "unknown") -> str:
    return missing if value is None else f"{value:,.{decimals}f}"


def _interval(low: float, high: float, form: Callable[[float], str]) -> str:
    """The interval of a single query is unknown."""
    return f"{form(low)} to {form(high)}" if isfinite(low + high) else "unknown"


def _marks(facts: Facts, board: Board, axis: str = "") -> list[Mark]:
    lines, costs = board.comparison.lines, [_cost_on_axis(facts.costs[index], axis) for index in board.order]
    # None becomes NaN
    efficient = on_frontier(np.array(costs, dtype=np.float64), np.array([line.mean for line in lines]))
    return [
        Mark(facts.contenders[index].label, line.mean, line.low, line.high, index, cost, bool(axis) and not good)
        for line, index, cost, good in zip(lines, board.order, costs, efficient, strict=True)
    ]


def _cost_on_axis(cost: Cost, axis: str) -> float | None:
    value = getattr(cost.speed if axis == "seconds_per_1000" else cost, axis, None) if axis else None
    return None if value is None else float(value)


def pairs_blocks(facts: Facts, board: Board) -> list[Block]:
    comparison = board.comparison
    if not comparison.pairs:
        return []
    rows = [
        (
            f"{facts.label_of(pair.first)} − {facts.label_of(pair.second)}", format_points(pair.difference),
            _interval(pair.low, pair.high, format_points), f"{pair.p_value_holm:.4f}",
            "yes" if pair.is_significant else "no", format_minimum(100 * minimum),
        )
        for pair, minimum in ((pair, pair.minimum_detectable_difference) for pair in comparison.pairs)
    ]  # fmt: skip
    columns = ("Pair", "Points", "95% interval", "p (Holm)", "Significant", "Minimum detectable difference")
    note = (
        f"{comparison.method} Minimum detectable difference: in points, significant after correction in 80% of samples "
        f"of {comparison.queries:,} {comparison.unit}."
    )
    return [Heading("Pairwise"), table(columns, rows, ("Pair", "Significant")), Paragraph(note, "note")]


def metrics_blocks(facts: Facts) -> list[Block]:
    if len(facts.metrics) < 2:
        return []
    columns = ("Metric", *(contender.label for contender in facts.contenders))
    rows = [(METRICS[name].label, *(_number(value, 3) for value in values)) for name, values in facts.metrics.items()]
    note = " ".join(f"{METRICS[name].label}: {METRICS[name].help}" for name in facts.metrics)
    return [Heading("All metrics of this task"), table(columns, rows, ("Metric",)), Paragraph(note, "note")]


def overlap_blocks(facts: Facts) -> list[Block]:
    """The heat map of shared neighbors, similar contenders next to each other."""
    overlap = facts.overlap
    if overlap is None:
        return []
    order = list(overlap.order)
    names, values = [facts.contenders[index].label for index in order], overlap.values[np.ix_(order, order)]
    rows = [(name, *(f"{value:.2f}" for value in line)) for name, line in zip(names, values, strict=True)]
    pairs = [(values[i, j], names[i], names[j]) for i in range(len(order)) for j in range(i)]
    highest, lowest = max(pairs), min(pairs)
    summary = f"{highest[2]} and {highest[1]} share {highest[0]:.0%} of a text's {overlap.k} nearest neighbors"
    summary += f"; {lowest[2]} and {lowest[1]} share the fewest, {lowest[0]:.0%}." if len(pairs) > 1 else "."
    note = (
        f"Share of a text's {overlap.k} nearest neighbors under one contender that are also among those of the other, "
        f"over {overlap.texts:,} distinct texts; chance level {overlap.chance:z.4f}. Contenders with low overlap are "
        "not interchangeable, even with equal scores."
    )
    figure = Figure(heat_svg(names, values), "Shares of neighbors in common.", table(("", *names), rows, ("",)))
    return [Heading("Neighbor overlap"), figure, Paragraph(summary), Paragraph(note, "note")]
