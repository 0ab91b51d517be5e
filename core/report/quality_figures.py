"""Pictures of what the contenders' spaces are like, for a report."""

from collections.abc import Sequence

import numpy as np

from core.quality.robustness import NoiseRobustness
from core.quality.service import DimensionUsage
from core.quality.similarity import PairKind, Similarity
from core.report.blocks import Picture, table
from core.report.svg_lines import Axis, Series, lines_svg, percent

KINDS: dict[PairKind, tuple[str, int]] = {
    "random": ("random pairs", -1), "label": ("pairs of one label", 2), "tenth": ("tenth neighbors", 4),
    "first": ("nearest neighbors", 0),
}  # fmt: skip
TOGETHER = 8  # bins of the answer that are drawn as one


def cosines_picture(name: str, found: Similarity) -> Picture:
    """Shares of pairs over their cosine, a line a kind."""
    series = []
    for kind, (words, color) in KINDS.items():
        if kind in found.cosine:
            shares = found.cosine[kind].reshape(-1, TOGETHER).sum(axis=1)
            middle = -1 + 2 * (np.arange(len(shares)) + 0.5) / len(shares)
            some = np.flatnonzero(shares > 0)
            part = slice(max(some[0] - 1, 0), some[-1] + 2)
            drawn = middle[part].tolist(), shares[part].tolist()
            series.append(Series(words, *drawn, color=color, dots=False))
    rows = [(KINDS[kind][0], f"{value:.3f}", f"{found.pairs[kind]:,}") for kind, value in found.medians.items()]
    numbers = table((f"Under {name}", "Median cosine", "Pairs"), rows, (f"Under {name}",))
    title = f"cosine under {name}"
    return Picture(lines_svg(series, Axis(title), Axis("share of the pairs", percent)), f"shares by {title}", numbers)


def spectrum_picture(found: Sequence[tuple[str, int, DimensionUsage]]) -> Picture:
    """The share of the variance in the strongest components, the mean taken off, a line a contender."""
    series = [
        Series(name, density.components.tolist(), density.centered.tolist(), color=place, dots=False)
        for name, place, density in ((name, place, each.spectrum) for name, place, each in found)
    ]
    across = Axis("strongest components", "{:,.0f}".format, log=True)
    rows = [(name, *(f"{np.interp(count, each.x, each.y):.1%}" for count in (1, 10, 100)))
            for name, each in zip([name for name, _, _ in found], series, strict=True)]  # fmt: skip
    numbers = table(
        ("Share of the variance in the first", "1", "10", "100"), rows, ("Share of the variance in the first",)
    )
    svg = lines_svg(series, across, Axis("share of the variance", percent))
    return Picture(svg, "cumulative share of the variance by components", numbers)


def noise_picture(found: Sequence[tuple[str, int, NoiseRobustness]]) -> Picture:
    """The share of the ten nearest lost over the length of the noise, a line a contender with its band."""
    series = []
    for name, place, each in found:
        value, low, high = ([getattr(at, end) for at in each.churn] for end in ("value", "low", "high"))
        series.append(Series(name, each.sizes, value, low, high, place))
    sizes = found[0][2].sizes
    rows = [(f"{size:g}", *(f"{each.y[at]:.1%}" for each in series)) for at, size in enumerate(sizes)]
    across = Axis("length of the noise (a vector's is 1)", "{:g}".format)
    svg = lines_svg(series, across, Axis("ten nearest lost", percent))
    return Picture(svg, "neighbors lost by noise", table(("Noise", *(name for name, _, _ in found)), rows))
