"""Pictures of what compression loses, for a report."""

from collections.abc import Sequence

import pandas as pd

from core.compression.dimensions import METHOD_NAMES, Curve, smallest_sufficient
from core.report.blocks import Picture, table
from core.report.svg_lines import Axis, Series, lines_svg, percent

COLORS = {"truncation": 0, "pca": 1, "random": -1}
KINDS = {"exact": "exact search", "hnsw": "HNSW", "ivf": "IVF"}


def curves_picture(curves: Sequence[Curve], what: str, lost: float) -> Picture:
    """A share kept over dimensions, a line a method with its band; dashed: the smallest size that loses no more."""
    series = [
        Series(METHOD_NAMES[curve.method], curve.sizes, curve.values, curve.low, curve.high, COLORS[curve.method])
        for curve in curves
    ]
    sizes = curves[0].sizes
    across = Axis("dimensions", "{:,.0f}".format, True, sizes)
    enough = smallest_sufficient(curves[0], lost)
    svg = lines_svg(series, across, Axis(what, percent), enough if enough and enough < sizes[-1] else None)
    rows = [
        (
            f"{size:,}",
            *(f"{curve.values[curve.sizes.index(size)]:.1%}" if size in curve.sizes else "" for curve in curves),
        )
        for size in sizes
    ]
    columns = ("Dimensions", *(METHOD_NAMES[curve.method] for curve in curves))
    return Picture(svg, f"{what} by dimensions, for {', '.join(columns[1:])}", table(columns, rows))


def bits_picture(stores: pd.DataFrame) -> Picture:
    """The share of the ten nearest kept over bytes a vector, a point a way to keep vectors. The table beside it has the
    numbers."""
    groups = stores["name"].str.split(",").str[0].str.replace("binary", "binary, also rescored", regex=False)
    series = []
    for place, group in enumerate(groups.unique()):
        part = stores[groups == group]
        x, y, low, high = (part[name].tolist() for name in ("bytes", "recall", "recall_low", "recall_high"))
        series.append(Series(str(group), x, y, low, high, place, joined=False))
    sizes = sorted({int(size) for size in stores["bytes"]})
    across = Axis("bytes a vector that is searched", "{:,.0f}".format, True, sizes)
    return Picture(lines_svg(series, across, Axis("ten nearest kept", percent)), "neighbors kept by bytes a vector")


def sweep_picture(settings: pd.DataFrame, wanted: float) -> Picture:
    """Queries a second over recall@10, a line an index; dashed: the wanted recall."""
    series = []
    for place, ((kind, build), part) in enumerate(settings.groupby(["kind", "build"], sort=False)):
        name = KINDS[str(kind)] + ("" if kind == "exact" else f", {build:,} {'links' if kind == 'hnsw' else 'lists'}")
        series.append(Series(name, part["recall"].tolist(), part["rate"].tolist(), color=place))
    svg = lines_svg(
        series, Axis("recall@10", "{:.2f}".format), Axis("queries a second", "{:,.0f}".format, True), wanted
    )
    rows = [
        (str(row["name"]), f"{row['recall']:.3f}", f"{row['rate']:,.0f}", f"{row['p50']:.3f}")
        for row in settings.to_dict("records")
    ]
    numbers = table(("Setting", "Recall@10", "Queries a second", "p50 ms"), rows, ("Setting",))
    return Picture(svg, "queries a second by recall, for each index", numbers)
