"""Pictures of lines and points over two axes, for a report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.palette import COLORS, GREY
from core.report.svg_parts import LINE, WIDTH, Scale, dashed, linear, logarithmic, path, stroke, svg, text, turned
from core.text import clean_line, truncate

LEFT, RIGHT, PLOT, ROW = 64, 16, 250, 20
NAME, SIGN = 46, 6.6  # signs of a name in the legend at most; pixels of a sign


@dataclass(frozen=True)
class Series:
    """A line of a picture. x, y: of its points; low, high: its band, none where they are empty. color: place in the
    palette, below 0 grey. joined: whether the points are joined; dots: whether they are drawn."""

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
    """words: what a tick is called. log: logarithmic. ticks: places of the ticks, round ones where there are none."""

    title: str
    words: Callable[[float], str] = "{:,.3g}".format
    log: bool = False
    ticks: Sequence[float] = ()


def percent(value: float) -> str:
    return f"{value:.0%}" if abs(100 * value - round(100 * value)) < 1e-6 else f"{value:.1%}"


def lines_svg(series: Sequence[Series], across: Axis, up: Axis, mark: float | None = None) -> str:
    """Lines with bands and points, a legend above; mark: a dashed line at a place on the axis across."""
    legend, top = _legend(series)
    bottom = top + PLOT
    x, x_ticks = _scale(across, [v for each in series for v in each.x] + ([] if mark is None else [mark]), LEFT + 10,
                        WIDTH - RIGHT - 14)  # fmt: skip
    y, y_ticks = _scale(up, [v for each in series for v in (*each.y, *each.low, *each.high)], bottom - 8, top + 8)
    parts = [*legend]
    for tick in y_ticks:
        parts.append(stroke(LEFT, y(tick), WIDTH - RIGHT, y(tick), LINE, 1))
        parts.append(text(LEFT - 8, y(tick) + 4, up.words(tick), "end", 11))
    parts += [text(x(tick), bottom + 16, across.words(tick), "middle", 11) for tick in x_ticks]
    parts.append(stroke(LEFT, bottom, WIDTH - RIGHT, bottom, LINE, 1))
    parts += [dashed(x(mark), top, bottom)] if mark is not None else []
    for each in series:
        parts += _drawn(each, x, y)
    parts.append(text((LEFT + WIDTH) / 2, bottom + 38, across.title, "middle"))
    parts.append(turned(14, (top + bottom) / 2, up.title))
    return svg(bottom + 48, parts)


def _drawn(series: Series, x: Scale, y: Scale) -> list[str]:
    points = [(x(one), y(other)) for one, other in zip(series.x, series.y, strict=True)]
    parts = []
    if series.low and series.joined:
        around = [*zip(series.x, series.low, strict=True), *reversed([*zip(series.x, series.high, strict=True)])]
        parts.append(path([(x(one), y(other)) for one, other in around], series.paint, fill=True))
    elif series.low:
        parts += [
            stroke(x(at), y(low), x(at), y(high), series.paint, 1.5)
            for at, low, high in zip(series.x, series.low, series.high, strict=True)
        ]
    if series.joined and len(points) > 1:
        parts.append(path(points, series.paint))
    if series.dots:
        parts += [f'<circle cx="{at:.1f}" cy="{to:.1f}" r="4" fill="{series.paint}"/>' for at, to in points]
    return parts


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> tuple[Scale, Sequence[float]]:
    low, high = min(values), max(values)
    if low == high:
        low, high = (low / 2, high * 2) if axis.log else (low - 0.5, high + 0.5)
    scale, ticks = (logarithmic if axis.log else linear)(low, high, start, end)
    return scale, axis.ticks or ticks


def _legend(series: Sequence[Series]) -> tuple[list[str], float]:
    """The names beside their colors, in as many rows as they need, and where the picture begins below them."""
    parts, at, row = [], 0.0, 0
    for each in series:
        name = truncate(clean_line(each.name), NAME)
        if not name:
            continue
        wide = 30 + SIGN * len(name)
        if at and LEFT + at + wide > WIDTH - RIGHT:
            at, row = 0.0, row + 1
        x, y = LEFT + at, 10 + ROW * row
        parts.append(f'<rect x="{x:.1f}" y="{y - 4:.1f}" width="12" height="8" fill="{each.paint}"/>')
        parts.append(text(x + 17, y + 4, name, "start", 11))
        at += wide
    return parts, ROW * (row + 1) + 6.0
