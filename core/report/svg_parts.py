"""What pictures of a report are drawn with: SVG without scripts, which prints sharply and is seen without a library."""

import html
from collections.abc import Callable, Sequence
from math import ceil, floor, log10

from core.palette import GREY
from core.text import clean_line

WIDTH = 760
INK, LINE = "#1f2430", "#d8dbe2"
Scale = Callable[[float], float]


def linear(low: float, high: float, start: float, end: float) -> tuple[Scale, list[float]]:
    """Where a value is drawn, and some 6 round values between low and high."""
    rough = (high - low) / 7
    power = 10 ** floor(log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    ticks = [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
    return lambda value: start + (value - low) / (high - low) * (end - start), ticks


def logarithmic(low: float, high: float, start: float, end: float) -> tuple[Scale, list[float]]:
    """The same on a logarithmic axis, both above 0: 1, 2 and 5 times powers of ten, powers alone where many."""
    first, last = log10(low), log10(high)
    steps = (1, 2, 5) if last - first < 2.5 else (1,)
    ticks = [step * 10.0**power for power in range(floor(first), ceil(last) + 1) for step in steps]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return lambda value: start + (log10(value) - first) / (last - first) * (end - start), inside


def vertical(x: float, top: float, bottom: float, label: str) -> str:
    """A line of the grid with its number below."""
    return stroke(x, top, x, bottom, LINE, 1) + text(x, bottom + 16, label, "middle", 11)


def dashed(x: float, top: float, bottom: float) -> str:
    return stroke(x, top, x, bottom, GREY, 1.5).replace("/>", ' stroke-dasharray="4 3"/>')


def stroke(x1: float, y1: float, x2: float, y2: float, color: str, width: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{color}" stroke-width="{width}"/>'


def path(points: Sequence[tuple[float, float]], color: str, width: float = 2, fill: bool = False) -> str:
    """A line through points, or the area they surround, faint."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if fill:
        return f'<polygon points="{places}" fill="{color}" fill-opacity="0.16"/>'
    return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def text(x: float, y: float, words: str, anchor: str, size: int = 12, color: str = INK) -> str:
    """Any words, escaped."""
    safe = html.escape(clean_line(words))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{safe}</text>'


def turned(x: float, y: float, words: str) -> str:
    """The same, read from below, as an axis' name is."""
    return f'<g transform="rotate(-90 {x:.0f} {y:.0f})">{text(x, y, words, "middle")}</g>'


def svg(height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
