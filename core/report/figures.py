"""A report's pictures of the scoreboard."""

import numpy as np

from core.report.blocks import Block, Paragraph, Picture
from core.report.facts import Facts
from core.report.svg import Mark, interval_svg, pareto_svg
from core.scoreboard.cost import Cost, on_frontier
from core.scoreboard.service import Board

AXES = {
    "usd_per_million": "US dollars for a million such texts",
    "seconds_per_1000": "seconds to embed 1,000 texts here",
    "bytes_per_vector": "bytes a vector",
}


def picture_blocks(facts: Facts, board: Board) -> list[Block]:
    """Scores with intervals, and scores against the first cost that differs among the contenders."""
    marks = _marks(facts, board)
    words = f"{board.label} of each contender with its 95% interval; {marks[0].name} is highest."
    title = f"{board.label}, higher is better"
    picture = Picture(interval_svg(marks, title, board.comparison.chance), words)
    blocks: list[Block] = [picture, Paragraph(words, "note")]
    for axis, title in AXES.items():
        marks = _marks(facts, board, axis)
        if len({mark.cost for mark in marks if mark.cost is not None}) > 1:
            best = [mark.name for mark in marks if mark.cost is not None and not mark.faded]
            words = f"{board.label} against {title}. Worth their cost: {', '.join(best)}."
            blocks.append(Picture(pareto_svg(marks, board.label, f"{title}, lower is better"), words))
            blocks.append(Paragraph(f"{words} Grey: another is as good and costs less. Numbers are ranks.", "note"))
            break
    return blocks


def _marks(facts: Facts, board: Board, axis: str = "") -> list[Mark]:
    lines, costs = board.comparison.lines, [_axis(facts.costs[place], axis) for place in board.order]
    best = on_frontier(
        np.array([np.nan if cost is None else cost for cost in costs]), np.array([line.mean for line in lines])
    )
    return [
        Mark(facts.contenders[place].label, line.mean, line.low, line.high, place, cost, bool(axis) and not good)
        for line, place, cost, good in zip(lines, board.order, costs, best, strict=True)
    ]


def _axis(cost: Cost, axis: str) -> float | None:
    value = getattr(cost.speed if axis == "seconds_per_1000" else cost, axis, None) if axis else None
    return None if value is None else float(value)
