"""Colors that are distinguishable with any color vision, on a light and on a dark background.

The first six are of Okabe and Ito (2008), the others of Tol (2021), chosen so that any two differ by at least 10
(CIE 1976) to normal eyes and under simulated protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes,
2009), and every one by at least 2 to 1 in contrast from white and from the dark background.
"""

from typing import Literal

Theme = Literal["light", "dark"]

COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#AA3377", "#117733", "#999933", "#EE6677",
)  # fmt: skip
SYMBOLS = ("circle", "diamond")  # both are available in two and three dimensions
MAX_CATEGORIES = len(COLORS) * len(SYMBOLS)
GREY = "#8A8F98"
BACKGROUND = {"light": "#ffffff", "dark": "#0e1117"}
TEXT_COLOR = {"light": "#31333f", "dark": "#fafafa"}
# the ends of a scale that hardly contrast with the background are left out
SCALE_RANGE = {"light": (0.0, 0.92), "dark": (0.18, 1.0)}
SCALE_STEPS = 9


def category_style(position: int) -> tuple[str, str]:
    """Color and marker symbol of the category at a position below MOST_CATEGORIES; every pair is used once."""
    return COLORS[position % len(COLORS)], SYMBOLS[position // len(COLORS)]


def color_scale(name: str, theme: Theme) -> list[list[float | str]]:
    """A Plotly color scale ("viridis", "cividis") limited to the part that contrasts with the theme's background."""
    from plotly.colors import sample_colorscale

    low, high = SCALE_RANGE[theme]
    steps = [i / (SCALE_STEPS - 1) for i in range(SCALE_STEPS)]
    colors = sample_colorscale(name, [low + (high - low) * step for step in steps])
    return [[step, color] for step, color in zip(steps, colors, strict=True)]
