"""A report's pictures of the scoreboard: scores with intervals, and scores against costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from core.palette import COLORS, GREY
from core.report.svg_parts import LINE, WIDTH, dashed, linear, logarithmic, stroke, svg, text, turned, vertical
from core.text import clean_line, truncate

NAME, ROW = 44, 34


@dataclass(frozen=True)
class Mark:
    """A contender in a picture. x, low, high: its score and interval; cost: what it is set against, None unknown.
    color: place of its color; faded: drawn grey."""

    name: str
    x: float
    low: float
    high: float
    color: int
    cost: float | None = None
    faded: bool = False


def interval_svg(marks: Sequence[Mark], title: str, chance: float | None = None) -> str:
    """Dots with their intervals, the first at the top; chance: a dashed line, where it is near."""
    ends = _ends(marks)
    span = (max(ends) - min(ends)) or 0.1
    near = chance is not None and min(ends) - span <= chance <= max(ends) + span
    if near and chance is not None:
        ends.append(chance)
    left, top, bottom = 270, 14, 44
    height = top + ROW * len(marks) + bottom
    place, ticks = linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, left, WIDTH - 24)
    parts = [vertical(place(tick), top, height - bottom, f"{tick:.3g}") for tick in ticks]
    if near and chance is not None:
        parts.append(dashed(place(chance), top, height - bottom) + text(place(chance), top - 2, "chance", "middle", 11))
    for row, mark in enumerate(marks):
        y, color = top + ROW * (row + 0.5), COLORS[mark.color % len(COLORS)]
        parts.append(text(left - 12, y + 4, truncate(clean_line(mark.name), NAME), "end"))
        if isfinite(mark.low + mark.high):
            parts.append(stroke(place(mark.low), y, place(mark.high), y, color, 2.5))
        parts.append(f'<circle cx="{place(mark.x):.1f}" cy="{y:.1f}" r="5.5" fill="{color}"/>')
    parts.append(text((left + WIDTH) / 2, height - 6, title, "middle"))
    return svg(height, parts)


def pareto_svg(marks: Sequence[Mark], title: str, cost_title: str) -> str:
    """Scores over cost, each with its interval and the number of its place; grey where another is as good and cheaper.
    The cost is drawn on a logarithmic axis where it spans tenfold."""
    known = [mark for mark in marks if mark.cost is not None]
    costs = [float(mark.cost) for mark in known if mark.cost is not None]
    ends = _ends(known)
    span, height, left, bottom = (max(ends) - min(ends)) or 0.1, 340, 70, 290
    y, y_ticks = linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, bottom, 14)
    tenfold = min(costs) > 0 and max(costs) >= 10 * min(costs)
    wide = (max(costs) - min(costs)) or max(costs) or 1.0
    x, x_ticks = (
        logarithmic(min(costs), max(costs), left + 30, WIDTH - 40)
        if tenfold
        else linear(max(0, min(costs) - 0.1 * wide), max(costs) + 0.1 * wide, left + 10, WIDTH - 30)
    )
    parts = [vertical(x(tick), 14, bottom, f"{tick:,.6g}") for tick in x_ticks]
    for tick in y_ticks:
        parts.append(stroke(left, y(tick), WIDTH - 10, y(tick), LINE, 1))
        parts.append(text(left - 8, y(tick) + 4, f"{tick:.3g}", "end", 11))
    # grey ones first, so that they hide none of the others
    for mark, cost in sorted(zip(known, costs, strict=True), key=lambda each: not each[0].faded):
        color = GREY if mark.faded else COLORS[mark.color % len(COLORS)]
        if isfinite(mark.low + mark.high):
            parts.append(stroke(x(cost), y(mark.low), x(cost), y(mark.high), color, 1.5))
        parts.append(f'<circle cx="{x(cost):.1f}" cy="{y(mark.x):.1f}" r="9" fill="{color}"/>')
        number = str(marks.index(mark) + 1)
        parts.append(text(x(cost), y(mark.x) + 4, number, "middle", 11, "#ffffff"))
    parts.append(text((left + WIDTH) / 2, height - 8, cost_title, "middle"))
    parts.append(turned(14, bottom / 2, title))
    return svg(height, parts)


def _ends(marks: Sequence[Mark]) -> list[float]:
    """Scores and what is known of their intervals: of a single query nothing is."""
    return [value for mark in marks for value in (mark.low, mark.high, mark.x) if isfinite(value)]
