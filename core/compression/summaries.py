"""What the pictures of compression say, in plain sentences worked out from the results; no markup."""

from collections.abc import Sequence

import pandas as pd

from core.compression.dimensions import Curve, elbow_size, smallest_sufficient
from core.compression.index_sweep import Setting
from core.compression.sample import Measure

TARGET_RECALL = 0.95  # of the neighbors, at the lower end of the interval
SMALL = 10_000  # rows below which exact search is as good as instant
MEASURES: dict[Measure, str] = {
    "vote": "of texts get their label by a vote of their ten nearest others",
    "share": "of the ten nearest others have the text's label",
    "first": "of texts have a nearest other with their label",
}


def recall_summary(curves: Sequence[Curve], lost: float) -> str:
    """What a quarter of the dimensions keeps by each method, and which size is enough. curves: truncation first."""
    first = curves[0]
    full = first.sizes[-1]
    size = min(first.sizes, key=lambda each: abs(each - full / 4))
    others = {curve.method: curve.values[curve.sizes.index(size)] for curve in curves[1:] if size in curve.sizes}
    said = f"The first {size:,} of {full:,} dimensions keep {first.values[first.sizes.index(size)]:.0%} of a text's "
    said += "ten nearest"
    if "pca" in others:
        said += f", as many principal components {others['pca']:.0%}"
    if "random" in others:
        said += f", random directions {others['random']:.0%}"
    return f"{said}. {size_summary(curves, lost)}"


def quality_summary(curves: Sequence[Curve], lost: float, measure: Measure) -> str:
    """The quality of the full vectors, and which size is enough."""
    first = curves[0]
    return f"With all {first.sizes[-1]:,} dimensions, {first.values[-1]:.1%} {MEASURES[measure]}. " + size_summary(
        curves, lost
    )


def size_summary(curves: Sequence[Curve], lost: float) -> str:
    """The smallest size that is surely enough, and where the elbow is."""
    bend = elbow_size(curves[0])
    elbow = (
        f"The curve's elbow is at {bend:,}: beyond it, more dimensions pay less."
        if bend
        else "The curve has no elbow: every doubling pays about as much or more."
    )
    return f"{_smallest_summary(curves, lost)} {elbow}"


def _smallest_summary(curves: Sequence[Curve], lost: float) -> str:
    first = curves[0]
    full, enough = first.sizes[-1], smallest_sufficient(first, lost)
    if enough is None or enough == full:
        said = f"No smaller number of first dimensions surely loses at most {points(lost)}"
    else:
        value, times = first.values[first.sizes.index(enough)], full / enough
        said = f"The first {enough:,} are enough to surely lose at most {points(lost)}: {value:.1%}, at {times:.3g} "
        said += "times fewer bytes"
    other = next((curve for curve in curves if curve.method == "pca"), None)
    size = smallest_sufficient(other, lost) if other else None
    if size is not None and size < (enough or full):
        said += f"; of principal components, {size:,} are enough"
    return said + "."


def points(share: float) -> str:
    """ "2 points" for 0.02."""
    return f"{share * 100:g} {'point' if share == 0.01 else 'points'}"


def quantization_summary(table: pd.DataFrame) -> str:
    """The smallest store that keeps 95% of the neighbors by itself, the smallest with rescoring, and signs alone.

    table: as core.compression.service.bits_view gives it.
    """
    good = table[table["kept_low"] >= TARGET_RECALL].sort_values("bytes", kind="stable")
    alone, rescored = good[good["beside"] == 0].iloc[0], good[good["beside"] > 0]
    signs = table[table["name"] == "binary"].iloc[0]
    said = f"The smallest that by itself surely keeps {TARGET_RECALL:.0%} of the ten nearest is {alone['name']}: "
    said += f"{alone['kept']:.1%} at {alone['bytes']:,} bytes a vector"
    said += f", {alone['factor']:.3g} times fewer than float32." if alone["factor"] > 1 else "."
    best = rescored.iloc[0] if len(rescored) else alone
    if best["bytes"] < alone["bytes"]:
        said += f" With the float32 vectors kept beside for rescoring, {best['name']} searches {best['bytes']:,} bytes "
        said += f"a vector and keeps {best['kept']:.1%}."
    return said + (
        f" Signs alone (binary) keep {signs['kept']:.1%}, and order the exact 100 nearest with a tau of "
        f"{signs['order']:.2f} (1 is the same order, 0 none in common)."
    )


def index_summary(settings: Sequence[Setting], best: Setting, wanted: float, searched: int) -> str:
    """Which setting serves for this wish. settings: exact search first; searched: rows in the index."""
    exact = settings[0]
    if best.kind == "exact":
        said = f"Exact search serves best: no index that surely finds {wanted:.1%} saves a third of its "
        said += f"{exact.p50:.2f} ms a query."
    else:
        said = (
            f"For {wanted:.1%} of the ten nearest, {best.name} is the quickest: recall {best.recall:.1%}, "
            f"{best.p50:.3f} ms a query, {exact.p50 / best.p50:.1f} times as fast as exact search ({exact.p50:.2f} ms)."
        )
    few = searched < SMALL and exact.p50 < 5
    return said + (" With so few rows exact search is instant; an index is not needed." if few else "")
