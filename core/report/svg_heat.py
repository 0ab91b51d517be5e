"""A table of shares as a heat map, for a report."""

from collections.abc import Sequence

import numpy as np

from core.report.svg_parts import INK, WIDTH, svg, text
from core.text import clean_line, truncate

LEFT, TOP, CELL, NAME = 270, 26, 46, 44
FULL = (0, 114, 178)  # of a value of 1; white is 0
PALE = 0.55  # beyond, numbers are white


def heat_svg(names: Sequence[str], values: np.ndarray) -> str:
    """values: (m, m) in [0, 1], written in the cells; rows are named, columns numbered in the same order."""
    wide = min(CELL * 1.6, (WIDTH - LEFT - 10) / len(names))
    parts = []
    for row, name in enumerate(names):
        y = TOP + CELL * row
        parts.append(text(LEFT - 12, y + CELL / 2 + 4, f"{truncate(clean_line(name), NAME)} · {row + 1}", "end"))
        parts.append(text(LEFT + wide * (row + 0.5), TOP - 8, str(row + 1), "middle"))
        parts += [_cell(LEFT + wide * column, y, wide, float(value)) for column, value in enumerate(values[row])]
    return svg(TOP + CELL * len(names) + 8, parts)


def _cell(x: float, y: float, wide: float, value: float) -> str:
    known = value if np.isfinite(value) else 0.0
    color = "#" + "".join(f"{round(255 + (end - 255) * min(max(known, 0), 1)):02x}" for end in FULL)
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" height="{CELL - 1}" fill="{color}" stroke="#d8dbe2"/>'
    words = f"{value:.2f}" if np.isfinite(value) else "–"
    return box + text(x + wide / 2, y + CELL / 2 + 4, words, "middle", 12, "#ffffff" if known > PALE else INK)
