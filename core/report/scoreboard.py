"""A report's tables: the scoreboard, every two contenders, all metrics, and how alike their neighbors are."""

from collections.abc import Callable
from math import isfinite

import numpy as np

from core.report.document import Block, Figure, Heading, Paragraph, Table, table
from core.report.facts import Facts
from core.report.svg import Mark, heat_svg, interval_svg, pareto_svg
from core.scoreboard.comparison import Pair
from core.scoreboard.cost import Cost, on_frontier
from core.scoreboard.service import Board
from core.scoreboard.types import METRICS
from core.scoreboard.verdict import points

SCORES = ("Rank", "Contender", "Score", "95% interval", "P(best)")
COSTS = ("Contender", "Dimensions", "Bytes", "s / 1,000", "p50 ms", "p95 ms", "Price / 1M", "Cut")
AXES = {
    "usd_per_million": "US dollars for a million such texts",
    "seconds_per_1000": "seconds to embed 1,000 texts here",
    "bytes_a_vector": "bytes a vector",
}


def label_of(facts: Facts, name: str) -> str:
    """A compared name's label."""
    return {contender.key: contender.label for contender in facts.contenders}[name]


def scoreboard_blocks(facts: Facts, board: Board) -> list[Block]:
    """The scores, and what each contender costs."""
    note = (
        f"Score: {board.label}, higher is better. Contenders that share a letter do not differ significantly. P(best): "
        "share of resamples in which it is best."
    )
    costs = [(facts.contenders[place].label, *_cost_cells(facts.costs[place])) for place in board.places]
    legend = (
        "Bytes: of one vector. s / 1,000: seconds to embed 1,000 texts of this corpus; p50, p95: milliseconds of a "
        "query (all as measured on the machine named below; unknown where they were not). Price: US dollars to embed a "
        "million texts as long as these. Cut: share of the text beyond the model's window."
    )
    return [
        Heading("Scoreboard"),
        Table(SCORES, short_table(facts, board).rows, frozenset(SCORES[2:])),
        Paragraph(note, "note"),
        Heading("What they cost", 3),
        table(COSTS, costs, ("Contender",)),
        Paragraph(legend, "note"),
    ]


def _cost_cells(cost: Cost) -> tuple[str, ...]:
    speed = cost.speed
    price = "unknown" if cost.usd_per_million is None else f"${cost.usd_per_million:,.2f}"
    return (
        f"{cost.dimensions:,}", f"{cost.bytes_a_vector:,}", _number(speed.seconds_per_1000, 2),
        _number(speed.p50_ms, 1), _number(speed.p95_ms, 1), "free" if cost.usd_per_million == 0 else price,
        "unknown" if cost.unseen_share is None else f"{cost.unseen_share:.1%}",
    )  # fmt: skip


def _number(value: float | None, decimals: int) -> str:
    return "unknown" if value is None else f"{value:,.{decimals}f}"


def _interval(low: float, high: float, words: Callable[[float], str]) -> str:
    """Of a single query nothing is known."""
    return f"{words(low)} to {words(high)}" if isfinite(low + high) else "unknown"


def pairs_blocks(facts: Facts, board: Board) -> list[Block]:
    found = board.comparison
    if not found.pairs:
        return []
    rows = [
        (
            f"{label_of(facts, pair.first)} − {label_of(facts, pair.second)}", points(pair.difference),
            _interval(pair.low, pair.high, points), f"{pair.p_value_holm:.4f}", "yes" if pair.is_significant else "no",
            _detectable(pair),
        )
        for pair in found.pairs
    ]  # fmt: skip
    columns = ("Pair", "Points", "95% interval", "p (Holm)", "Significant", "Minimum detectable difference")
    note = (
        f"{found.method} Minimum detectable difference: in points, what this many {found.unit} would show in 80% of "
        "samples."
    )
    return [Heading("Every two"), table(columns, rows, ("Pair", "Significant")), Paragraph(note, "note")]


def _detectable(pair: Pair) -> str:
    difference = pair.minimum_detectable_difference
    return points(difference) if isfinite(difference) else "unknown"


def metrics_blocks(facts: Facts) -> list[Block]:
    if len(facts.metrics) < 2:
        return []
    columns = ("Metric", *(contender.label for contender in facts.contenders))
    rows = [
        (METRICS[name].label, *("unknown" if value is None else f"{value:.3f}" for value in values))
        for name, values in facts.metrics.items()
    ]
    words = " ".join(f"{METRICS[name].label}: {METRICS[name].help}" for name in facts.metrics)
    return [Heading("All metrics of this task"), table(columns, rows, ("Metric",)), Paragraph(words, "note")]


def short_table(facts: Facts, board: Board) -> Table:
    rows = [
        (f"{at} {line.group}", label_of(facts, line.name), f"{line.mean:.3f}",
         _interval(line.low, line.high, "{:.3f}".format), f"{line.share_best:.0%}")
        for at, line in enumerate(board.comparison.lines, start=1)
    ]  # fmt: skip
    return table(("Rank", "Contender", board.label, "95% interval", "P(best)"), rows, ("Rank", "Contender"))


def overlap_blocks(facts: Facts) -> list[Block]:
    """The heat map of shared neighbors, what is alike side by side."""
    found = facts.overlap
    if found is None:
        return []
    order = list(found.order)
    names, values = [facts.contenders[place].label for place in order], found.values[np.ix_(order, order)]
    rows = [(name, *(f"{value:.2f}" for value in each)) for name, each in zip(names, values, strict=True)]
    apart = [(values[i, j], names[i], names[j]) for i in range(len(order)) for j in range(i)]
    most, least = max(apart), min(apart)
    said = f"{most[2]} and {most[1]} share {most[0]:.0%} of a text's {found.k} nearest others"
    said += f"; {least[2]} and {least[1]} share the fewest, {least[0]:.0%}." if len(apart) > 1 else "."
    words = (
        f"Of a text's {found.k} nearest others by one contender, the share that are among those of the other, over "
        f"{found.texts:,} different texts; chance is {found.chance:.4f}. Where two see other neighbors, they are not "
        "interchangeable, even at equal scores."
    )
    picture = Figure(heat_svg(names, values), "Shares of neighbors in common.", table(("", *names), rows, ("",)))
    return [Heading("How alike their neighbors are"), picture, Paragraph(said), Paragraph(words, "note")]


def score_figures(facts: Facts, board: Board) -> list[Block]:
    """Scores with intervals, and scores against the first cost that differs among the contenders."""
    marks = _marks(facts, board)
    words = f"{board.label} of each contender with its 95% interval; {marks[0].name} is highest."
    title = f"{board.label}, higher is better"
    picture = Figure(interval_svg(marks, title, board.comparison.chance), words)
    blocks: list[Block] = [picture, Paragraph(words, "note")]
    for axis, title in AXES.items():
        marks = _marks(facts, board, axis)
        if len({mark.cost for mark in marks if mark.cost is not None}) > 1:
            best = [mark.name for mark in marks if mark.cost is not None and not mark.faded]
            words = f"{board.label} against {title}. Worth their cost: {', '.join(best)}."
            blocks.append(Figure(pareto_svg(marks, board.label, f"{title}, lower is better"), words))
            blocks.append(Paragraph(f"{words} Grey: another is as good and costs less. Numbers are ranks.", "note"))
            break
    return blocks


def _marks(facts: Facts, board: Board, axis: str = "") -> list[Mark]:
    lines, costs = board.comparison.lines, [_axis(facts.costs[place], axis) for place in board.places]
    best = on_frontier(
        np.array([np.nan if cost is None else cost for cost in costs]), np.array([line.mean for line in lines])
    )
    return [
        Mark(facts.contenders[place].label, line.mean, line.low, line.high, place, cost, bool(axis) and not good)
        for line, place, cost, good in zip(lines, board.places, costs, best, strict=True)
    ]


def _axis(cost: Cost, axis: str) -> float | None:
    value = getattr(cost.speed if axis == "seconds_per_1000" else cost, axis, None) if axis else None
    return None if value is None else float(value)
