"""Charts of a report as SVG, without scripts or libraries: lines, score intervals, a Pareto chart and a heat map."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

import numpy as np

from core.palette import COLORS, GREY
from core.text import clean_line, truncate

WIDTH = 760
INK, LINE = "#1f2430", "#d8dbe2"
Scale = Callable[[float], float]
MARK_NAME_LENGTH, MARK_HEIGHT = 44, 34
HEAT_LEFT, HEAT_TOP, HEAT_CELL, HEAT_NAME_LENGTH = 270, 26, 46, 44
HEAT_COLOR = (0, 114, 178)  # of a value of 1; white is 0
WHITE_TEXT_FROM = 0.55  # beyond, numbers are white
PLOT_LEFT, PLOT_RIGHT, PLOT_HEIGHT, LEGEND_HEIGHT = 64, 16, 250, 20
LEGEND_NAME_LENGTH, CHARACTER_WIDTH = 46, 6.6  # maximum characters of a name; pixels of a character


def linear(low: float, high: float, start: float, end: float) -> tuple[Scale, list[float]]:
    """A linear scale to pixels, and about 6 round ticks between low and high."""
    rough = (high - low) / 7
    power = 10 ** floor(log10(rough))
    step = next(step_size * power for step_size in (1, 2, 5, 10) if step_size * power >= rough)
    ticks = [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
    return lambda value: start + (value - low) / (high - low) * (end - start), ticks


def logarithmic(low: float, high: float, start: float, end: float) -> tuple[Scale, list[float]]:
    """A logarithmic scale, low and high above 0; ticks at 1, 2 and 5 times powers of ten, only powers where many."""
    first, last = log10(low), log10(high)
    steps = (1, 2, 5) if last - first < 2.5 else (1,)
    ticks = [step * 10.0**power for power in range(floor(first), ceil(last) + 1) for step in steps]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return lambda value: start + (log10(value) - first) / (last - first) * (end - start), inside


def vertical(x: float, top: float, bottom: float, label: str) -> str:
    """A grid line with its label below."""
    return stroke(x, top, x, bottom, LINE, 1) + text(x, bottom + 16, label, "middle", 11)


def horizontal(y: float, left: float, right: float, label: str) -> str:
    """A grid line with its label on the left."""
    return stroke(left, y, right, y, LINE, 1) + text(left - 8, y + 4, label, "end", 11)


def dot(x: float, y: float, radius: float, color: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{color}"/>'


def dashed(x: float, top: float, bottom: float) -> str:
    return stroke(x, top, x, bottom, GREY, 1.5).replace("/>", ' stroke-dasharray="4 3"/>')


def stroke(x1: float, y1: float, x2: float, y2: float, color: str, width: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{color}" stroke-width="{width}"/>'


def path(points: Sequence[tuple[float, float]], color: str, width: float = 2, fill: bool = False) -> str:
    """A line through points, or the faint area within them."""
    coordinates = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if fill:
        return f'<polygon points="{coordinates}" fill="{color}" fill-opacity="0.16"/>'
    return f'<polyline points="{coordinates}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def text(x: float, y: float, content: str, anchor: str, size: int = 12, color: str = INK) -> str:
    """Escaped."""
    safe = html.escape(clean_line(content))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{safe}</text>'


def rotated_text(x: float, y: float, content: str) -> str:
    """Text rotated by 90 degrees, for the vertical axis."""
    return f'<g transform="rotate(-90 {x:.0f} {y:.0f})">{text(x, y, content, "middle")}</g>'


def svg(height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


@dataclass(frozen=True)
class Mark:
    """A contender in a chart. x, low, high: its score and interval; cost: None where unknown. color: index in the
    palette; faded: drawn grey."""

    name: str
    x: float
    low: float
    high: float
    color: int
    cost: float | None = None
    faded: bool = False


def interval_svg(marks: Sequence[Mark], title: str, chance: float | None = None) -> str:
    """Dots with their intervals, the first at the top; chance: a dashed line, if it is close."""
    ends = _ends(marks)
    span = (max(ends) - min(ends)) or 0.1
    near = chance is not None and min(ends) - span <= chance <= max(ends) + span
    if near and chance is not None:
        ends.append(chance)
    left, top, bottom = 270, 14, 44
    height = top + MARK_HEIGHT * len(marks) + bottom
    x, ticks = linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, left, WIDTH - 24)
    parts = [vertical(x(tick), top, height - bottom, f"{tick:.3g}") for tick in ticks]
    if near and chance is not None:
        parts.append(dashed(x(chance), top, height - bottom) + text(x(chance), top - 2, "chance", "middle", 11))
    for row, mark in enumerate(marks):
        y, color = top + MARK_HEIGHT * (row + 0.5), COLORS[mark.color % len(COLORS)]
        parts.append(text(left - 12, y + 4, truncate(clean_line(mark.name), MARK_NAME_LENGTH), "end"))
        if isfinite(mark.low + mark.high):
            parts.append(stroke(x(mark.low), y, x(mark.high), y, color, 2.5))
        parts.append(dot(x(mark.x), y, 5.5, color))
    parts.append(text((left + WIDTH) / 2, height - 6, title, "middle"))
    return svg(height, parts)


def pareto_svg(marks: Sequence[Mark], title: str, cost_title: str) -> str:
    """Scores over cost with intervals and ranks; dominated contenders are grey. The cost axis is logarithmic where
    costs span a factor of ten."""
    priced = [mark for mark in marks if mark.cost is not None]
    costs = [float(mark.cost) for mark in priced if mark.cost is not None]
    ends = _ends(priced)
    span, height, left, bottom = (max(ends) - min(ends)) or 0.1, 340, 70, 290
    y, y_ticks = linear(min(ends) - 0.05 * span, max(ends) + 0.05 * span, bottom, 14)
    tenfold = min(costs) > 0 and max(costs) >= 10 * min(costs)
    wide = (max(costs) - min(costs)) or max(costs) or 1.0
    x, x_ticks = linear(max(0, min(costs) - 0.1 * wide), max(costs) + 0.1 * wide, left + 10, WIDTH - 30)
    if tenfold:
        x, x_ticks = logarithmic(min(costs), max(costs), left + 30, WIDTH - 40)
    parts = [vertical(x(tick), 14, bottom, f"{tick:,.6g}") for tick in x_ticks]
    parts += [horizontal(y(tick), left, WIDTH - 10, f"{tick:.3g}") for tick in y_ticks]
    # grey ones first, so that they hide no others
    for mark, cost in sorted(zip(priced, costs, strict=True), key=lambda pair: not pair[0].faded):
        color = GREY if mark.faded else COLORS[mark.color % len(COLORS)]
        if isfinite(mark.low + mark.high):
            parts.append(stroke(x(cost), y(mark.low), x(cost), y(mark.high), color, 1.5))
        parts.append(dot(x(cost), y(mark.x), 9, color))
        parts.append(text(x(cost), y(mark.x) + 4, str(marks.index(mark) + 1), "middle", 11, "#ffffff"))
    parts.append(text((left + WIDTH) / 2, height - 8, cost_title, "middle"))
    parts.append(rotated_text(14, bottom / 2, title))
    return svg(height, parts)


def _ends(marks: Sequence[Mark]) -> list[float]:
    """Scores and the finite ends of their intervals (unknown for a single query)."""
    return [value for mark in marks for value in (mark.low, mark.high, mark.x) if isfinite(value)]


def heat_svg(names: Sequence[str], values: np.ndarray) -> str:
    """values: (m, m) in [0, 1], written in the cells; rows are named, columns are numbered in the same order."""
    wide = min(HEAT_CELL * 1.6, (WIDTH - HEAT_LEFT - 10) / len(names))
    parts = []
    for row, name in enumerate(names):
        y = HEAT_TOP + HEAT_CELL * row
        label = f"{truncate(clean_line(name), HEAT_NAME_LENGTH)} · {row + 1}"
        parts.append(text(HEAT_LEFT - 12, y + HEAT_CELL / 2 + 4, label, "end"))
        parts.append(text(HEAT_LEFT + wide * (row + 0.5), HEAT_TOP - 8, str(row + 1), "middle"))
        parts += [_heat_cell(HEAT_LEFT + wide * at, y, wide, float(value)) for at, value in enumerate(values[row])]
    return svg(HEAT_TOP + HEAT_CELL * len(names) + 8, parts)


def _heat_cell(x: float, y: float, width: float, value: float) -> str:
    shade = value if np.isfinite(value) else 0.0
    color = "#" + "".join(f"{round(255 + (end - 255) * min(max(shade, 0), 1)):02x}" for end in HEAT_COLOR)
    size = f'width="{width - 1:.1f}" height="{HEAT_CELL - 1}"'
    box = f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{color}" stroke="{LINE}"/>'
    content = f"{value:.2f}" if np.isfinite(value) else "–"
    ink = "#ffffff" if shade > WHITE_TEXT_FROM else INK
    return box + text(x + width / 2, y + HEAT_CELL / 2 + 4, content, "middle", 12, ink)


@dataclass(frozen=True)
class Series:
    """A line of a chart. x, y: of its points; low, high: its band, none where empty. color: index in the palette, below
    0 grey. joined: draws the line; dots: draws the points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    color: int = 0
    joined: bool = True
    dots: bool = True

    @property
    def paint(self) -> str:
        return GREY if self.color < 0 else COLORS[self.color % len(COLORS)]


@dataclass(frozen=True)
class Axis:
    """tick_label: formats a tick. log: logarithmic. ticks: values of the ticks, round ones where empty."""

    title: str
    tick_label: Callable[[float], str] = "{:,.3g}".format
    log: bool = False
    ticks: Sequence[float] = ()


def percent(value: float) -> str:
    return f"{value:.0%}" if abs(100 * value - round(100 * value)) < 1e-6 else f"{value:.1%}"


def lines_svg(series: Sequence[Series], across: Axis, up: Axis, mark: float | None = None) -> str:
    """Lines with bands and points, a legend above; mark: a dashed vertical line at a value."""
    legend, top = _legend(series)
    bottom = top + PLOT_HEIGHT
    values = [value for line in series for value in line.x] + ([] if mark is None else [mark])
    x, x_ticks = _axis_scale(across, values, PLOT_LEFT + 10, WIDTH - PLOT_RIGHT - 14)
    values = [value for line in series for value in (*line.y, *line.low, *line.high)]
    y, y_ticks = _axis_scale(up, values, bottom - 8, top + 8)
    parts = [*legend, *(horizontal(y(tick), PLOT_LEFT, WIDTH - PLOT_RIGHT, up.tick_label(tick)) for tick in y_ticks)]
    parts += [text(x(tick), bottom + 16, across.tick_label(tick), "middle", 11) for tick in x_ticks]
    parts.append(stroke(PLOT_LEFT, bottom, WIDTH - PLOT_RIGHT, bottom, LINE, 1))
    parts += [dashed(x(mark), top, bottom)] if mark is not None else []
    for line in series:
        parts += _series_parts(line, x, y)
    parts.append(text((PLOT_LEFT + WIDTH) / 2, bottom + 38, across.title, "middle"))
    parts.append(rotated_text(14, (top + bottom) / 2, up.title))
    return svg(bottom + 48, parts)


def _series_parts(series: Series, x: Scale, y: Scale) -> list[str]:
    points = [(x(one), y(other)) for one, other in zip(series.x, series.y, strict=True)]
    parts = []
    if series.low and series.joined:
        around = [*zip(series.x, series.low, strict=True), *reversed([*zip(series.x, series.high, strict=True)])]
        parts.append(path([(x(one), y(other)) for one, other in around], series.paint, fill=True))
    elif series.low:
        bars = zip(series.x, series.low, series.high, strict=True)
        parts += [stroke(x(at), y(low), x(at), y(high), series.paint, 1.5) for at, low, high in bars]
    if series.joined and len(points) > 1:
        parts.append(path(points, series.paint))
    if series.dots:
        parts += [dot(*point, 4, series.paint) for point in points]
    return parts


def _axis_scale(axis: Axis, values: Sequence[float], start: float, end: float) -> tuple[Scale, Sequence[float]]:
    low, high = min(values), max(values)
    if low == high:
        low, high = (low / 2, high * 2) if axis.log else (low - 0.5, high + 0.5)
    scale, ticks = (logarithmic if axis.log else linear)(low, high, start, end)
    return scale, axis.ticks or ticks


def _legend(series: Sequence[Series]) -> tuple[list[str], float]:
    """The legend in as many rows as needed, and its height."""
    parts, at, row = [], 0.0, 0
    for line in series:
        name = truncate(clean_line(line.name), LEGEND_NAME_LENGTH)
        if not name:
            continue
        wide = 30 + CHARACTER_WIDTH * len(name)
        if at and PLOT_LEFT + at + wide > WIDTH - PLOT_RIGHT:
            at, row = 0.0, row + 1
        x, y = PLOT_LEFT + at, 10 + LEGEND_HEIGHT * row
        parts.append(f'<rect x="{x:.1f}" y="{y - 4:.1f}" width="12" height="8" fill="{line.paint}"/>')
        parts.append(text(x + 17, y + 4, name, "start", 11))
        at += wide
    return parts, LEGEND_HEIGHT * (row + 1) + 6.0
