"""What the pictures of compression show, in plain sentences computed from the results; no markup."""

from collections.abc import Sequence

import pandas as pd

from core.compression.dimensions import Curve, elbow_size, smallest_sufficient
from core.compression.index_sweep import Setting
from core.compression.sample import LabelMeasure
from core.text import format_milliseconds

TARGET_RECALL = 0.95  # at the lower end of the interval
FEW_ROWS = 10_000  # below which exact search is as good as instant
MEASURES: dict[LabelMeasure, str] = {
    "vote": "of texts get their label by a vote of their ten nearest others",
    "share": "of the ten nearest others have the text's label",
    "first": "of texts have a nearest other with their label",
}


def recall_summary(curves: Sequence[Curve], max_loss: float) -> str:
    """The recall of each method with a quarter of the dimensions, and which size is enough. curves: truncation
    first."""
    first = curves[0]
    full = first.sizes[-1]
    size = min(first.sizes, key=lambda size: abs(size - full / 4))
    values = {curve.method: curve.values[curve.sizes.index(size)] for curve in curves if size in curve.sizes}
    text = f"The first {size:,} of {full:,} dimensions have a recall@10 of {values[first.method]:.0%}"
    if "pca" in values:
        text += f", the first {size:,} PCA components {values['pca']:.0%}"
    if "random" in values:
        text += f", random projection {values['random']:.0%}"
    return f"{text}. {size_summary(curves, max_loss)}"


def quality_summary(curves: Sequence[Curve], max_loss: float, measure: LabelMeasure) -> str:
    """The quality of the full vectors, and which size is enough."""
    first = curves[0]
    full = f"With all {first.sizes[-1]:,} dimensions, {first.values[-1]:.1%} {MEASURES[measure]}."
    return f"{full} {size_summary(curves, max_loss)}"


def size_summary(curves: Sequence[Curve], max_loss: float) -> str:
    """The smallest size that loses no more, and where the elbow is."""
    size = elbow_size(curves[0])
    elbow = f"Elbow at {size:,}: beyond it, more dimensions help less." if size else ""
    return f"{_smallest_summary(curves, max_loss)} {elbow or 'No elbow: each doubling helps at least as much.'}"


def _smallest_summary(curves: Sequence[Curve], max_loss: float) -> str:
    first = curves[0]
    full, smallest = first.sizes[-1], smallest_sufficient(first, max_loss)
    limit = f"no more than {points(max_loss)} with 95% confidence"
    if smallest is None or smallest == full:
        text = f"No smaller number of first dimensions loses {limit}"
    else:
        value = first.values[first.sizes.index(smallest)]
        text = f"The first {smallest:,} lose {limit}: {value:.1%}, with {full / smallest:.3g} times fewer bytes"
    pca = next((curve for curve in curves if curve.method == "pca"), None)
    size = smallest_sufficient(pca, max_loss) if pca else None
    if size is not None and size < (smallest or full):
        text += f"; the first {size:,} PCA components do" + ("" if smallest in (None, full) else " as well")
    return f"{text}."


def points(share: float) -> str:
    """ "2 points" for 0.02."""
    return f"{share * 100:g} {'point' if share == 0.01 else 'points'}"


def quantization_summary(table: pd.DataFrame) -> str:
    """The smallest with a recall of 95%, without and with rescoring, and binary; table: of a `quantization_view`."""
    sufficient = table[table["recall_low"] >= TARGET_RECALL].sort_values("bytes", kind="stable")
    is_rescored = sufficient["rescoring_bytes"] > 0
    smallest, rescored = sufficient[~is_rescored].iloc[0], sufficient[is_rescored]
    text = f"Smallest with a recall@10 of at least {TARGET_RECALL:.0%}: {smallest['name']}, {smallest['recall']:.1%}"
    text += f" at {smallest['bytes']:,} bytes per vector"
    text += f", {smallest['factor']:.3g} times fewer than float32." if smallest["factor"] > 1 else "."
    best = rescored.iloc[0] if len(rescored) else smallest
    if best["bytes"] < smallest["bytes"]:
        text += f" With float32 vectors stored for rescoring, {best['name']} searches {best['bytes']:,} bytes per "
        text += f"vector with a recall of {best['recall']:.1%}."
    binary = table[table["name"] == "binary"].iloc[0]
    return text + (
        f" Binary alone: recall {binary['recall']:.1%}, rank correlation of the exact 100 nearest (Kendall's tau) "
        f"{binary['rank_correlation']:z.2f}."
    )


def index_summary(settings: Sequence[Setting], best: Setting, target: float, searched: int) -> str:
    """The fastest setting with the target recall. settings: exact search first; searched: rows in the index."""
    exact = settings[0]
    if best.kind == "exact":
        text = f"Exact search is best: no index with a recall of {target:.1%} saves a third of its "
        text += f"{format_milliseconds(exact.p50)} per query."
    else:
        text = (
            f"Fastest with a recall of at least {target:.1%}: {best.name}, recall {best.recall:.1%}, "
            f"{format_milliseconds(best.p50)} per query, {exact.p50 / best.p50:.1f} times as fast as exact "
            f"search ({format_milliseconds(exact.p50)})."
        )
    is_instant = searched < FEW_ROWS and exact.p50 < 5
    return text + (" With so few rows exact search is instant; an index is not needed." if is_instant else "")
