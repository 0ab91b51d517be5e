"""Pictures of a report as SVG without scripts: they print sharply and need no library to be seen."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from core.charts.palette import COLORS, GREY
from core.charts.text import clean, cut

WIDTH, NAME, ROW = 760, 44, 34
_INK, _LINE = "#1f2430", "#d8dbe2"


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
    ends = [value for mark in marks for value in (mark.low, mark.high, mark.x)]
    span = (max(ends) - min(ends)) or 0.1
    near = chance is not None and min(ends) - span <= chance <= max(ends) + span
    if near and chance is not None:
        ends.append(chance)
    left, top, bottom = 270, 14, 44
    height = top + ROW * len(marks) + bottom
    place, ticks = _linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, left, WIDTH - 24)
    parts = [_vertical(place(tick), top, height - bottom, f"{tick:.3g}") for tick in ticks]
    if near and chance is not None:
        parts.append(
            _dashed(place(chance), top, height - bottom) + _text(place(chance), top - 2, "chance", "middle", 11)
        )
    for row, mark in enumerate(marks):
        y, color = top + ROW * (row + 0.5), COLORS[mark.color % len(COLORS)]
        parts.append(_text(left - 12, y + 4, cut(clean(mark.name), NAME), "end"))
        parts.append(_stroke(place(mark.low), y, place(mark.high), y, color, 2.5))
        parts.append(f'<circle cx="{place(mark.x):.1f}" cy="{y:.1f}" r="5.5" fill="{color}"/>')
    parts.append(_text((left + WIDTH) / 2, height - 6, title, "middle"))
    return _svg(height, parts)


def pareto_svg(marks: Sequence[Mark], title: str, cost_title: str) -> str:
    """Scores over cost, each with its interval and the number of its place; grey where another is as good and cheaper.
    The cost is drawn on a logarithmic axis where it spans tenfold."""
    known = [mark for mark in marks if mark.cost is not None]
    costs = [float(mark.cost) for mark in known if mark.cost is not None]
    ends = [value for mark in known for value in (mark.low, mark.high, mark.x)]
    span, height, left, bottom = (max(ends) - min(ends)) or 0.1, 340, 70, 290
    y, y_ticks = _linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, bottom, 14)
    tenfold = min(costs) > 0 and max(costs) >= 10 * min(costs)
    wide = (max(costs) - min(costs)) or max(costs) or 1.0
    x, x_ticks = (
        _logarithmic(min(costs), max(costs), left + 30, WIDTH - 40)
        if tenfold
        else _linear(max(0, min(costs) - 0.1 * wide), max(costs) + 0.1 * wide, left + 10, WIDTH - 30)
    )
    parts = [_vertical(x(tick), 14, bottom, f"{tick:,.6g}") for tick in x_ticks]
    for tick in y_ticks:
        parts.append(_stroke(left, y(tick), WIDTH - 10, y(tick), _LINE, 1))
        parts.append(_text(left - 8, y(tick) + 4, f"{tick:.3g}", "end", 11))
    for mark, cost in zip(known, costs, strict=True):
        color = GREY if mark.faded else COLORS[mark.color % len(COLORS)]
        parts.append(_stroke(x(cost), y(mark.low), x(cost), y(mark.high), color, 1.5))
        parts.append(f'<circle cx="{x(cost):.1f}" cy="{y(mark.x):.1f}" r="9" fill="{color}"/>')
        number = str(marks.index(mark) + 1)
        parts.append(_text(x(cost), y(mark.x) + 4, number, "middle", 11, "#ffffff"))
    parts.append(_text((left + WIDTH) / 2, height - 8, cost_title, "middle"))
    parts.append(f'<g transform="rotate(-90 14 {bottom / 2:.0f})">{_text(14, bottom / 2, title, "middle")}</g>')
    return _svg(height, parts)


def _linear(low: float, high: float, start: float, end: float) -> tuple[Callable[[float], float], list[float]]:
    """Where a value is drawn, and some 5 round values between low and high."""
    rough = (high - low) / 5
    power = 10 ** floor(log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    ticks = [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
    return lambda value: start + (value - low) / (high - low) * (end - start), ticks


def _logarithmic(low: float, high: float, start: float, end: float) -> tuple[Callable[[float], float], list[float]]:
    first, last = log10(low), log10(high)
    steps = (1, 2, 5) if last - first < 2.5 else (1,)
    ticks = [each * 10.0**power for power in range(floor(first), ceil(last) + 1) for each in steps]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return lambda value: start + (log10(value) - first) / (last - first) * (end - start), inside


def _vertical(x: float, top: float, bottom: float, label: str) -> str:
    return _stroke(x, top, x, bottom, _LINE, 1) + _text(x, bottom + 16, label, "middle", 11)


def _dashed(x: float, top: float, bottom: float) -> str:
    return _stroke(x, top, x, bottom, GREY, 1.5).replace("/>", ' stroke-dasharray="4 3"/>')


def _stroke(x1: float, y1: float, x2: float, y2: float, color: str, width: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{color}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, color: str = _INK) -> str:
    safe = html.escape(clean(text))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{safe}</text>'


def _svg(height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
