"""Dimension usage: how many of its dimensions an embedding uses."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.quality import service
from core.quality.charts import Line, line_figure, log_ticks
from core.quality.dimension_usage import EPSILON, Measure
from core.quality.summaries import describe_dimension_usage, format_number, percent, with_interval
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import text

NAMES: dict[Measure, str] = {
    "effective_rank": "Effective rank",
    "rankme": "RankMe",
    "participation": "Participation ratio",
    "isoscore": "IsoScore",
    "first_share": "First component",
    "mean_cosine": "Mean random cosine",
}
ROWS = [
    (measure, centered)
    for measure in NAMES
    for centered in (False, True)
    if (measure, centered) != ("rankme", True)  # it is defined on uncentered rows
]
INTRINSIC = "Intrinsic dimension (TwoNN)"
HELP = (
    "Effective rank (Roy and Vetterli 2007): exp of the entropy of the normalized singular values. RankMe (Garrido et "
    "al. 2023): the same on uncentered rows, with a small epsilon. Participation ratio: (sum of variances)² / sum of "
    "squared variances; the number of equally strong directions with as much variance. IsoScore (Rudman et al. 2022): "
    "the participation ratio scaled from 0 (one direction) to 1 (isotropic). Intrinsic dimension by TwoNN (Facco et "
    "al. 2017): local dimension from the distances to the two nearest neighbors; underestimates above about 10. First "
    "component: its share of the variance. Mean random cosine: 0 in an isotropic space. None can exceed the number of "
    "texts."
)


def show_dimension_usage(selection: QualitySelection) -> None:
    st.caption(
        "How many dimensions carry variance? A model of 1,000 dimensions may effectively use 30; the rest can often be "
        "dropped. Higher is not better in itself: it depends on the texts."
    )
    results = common.measure_each(selection, service.dimension_usage)
    if not results:
        return
    lines = []
    for item in results:
        spectrum = item.result.spectrum
        at = spectrum.components.tolist()
        lines.append(Line(item.name, item.color_index, at, spectrum.centered.tolist()))
        uncentered = spectrum.uncentered.tolist()
        lines.append(Line(f"{item.name} uncentered", item.color_index, at, uncentered, dash=2, legend=False))
    figure = line_figure(
        lines, "principal components (log scale)", "cumulative variance (dotted: uncentered)", session.theme(),
        x_axis=log_ticks([at for line in lines for at in line.x]), y_axis={"tickformat": ".0%", "range": [0, 1.02]},
    )  # fmt: skip
    st.plotly_chart(figure, key="quality_spectrum", alt="Cumulative variance by number of principal components")
    common.show_finding(describe_dimension_usage(common.named(results)))
    st.markdown("**Measures, uncentered and centered**", help=HELP)
    _show_measures(selection, results)
    usage = results[0].result
    spectrum = usage.spectrum
    st.caption(
        f"On {spectrum.texts:,} of {spectrum.total:,} unique texts (seed {spectrum.seed}); 95% intervals, for other "
        f"samples of {spectrum.texts:,} texts, by jackknife over {spectrum.parts} random parts; without one, the "
        "figure is an estimate. Measures of the spectrum grow with the number of texts: compare equal numbers. "
        "Effective rank and RankMe: exp(−Σ p log p), p the normalized singular values, for RankMe "
        f"p + {EPSILON:g}. Intrinsic dimension: on {usage.intrinsic_texts:,} texts without duplicates and ties; "
        f"interval by bootstrap over texts, {FEWER_RESAMPLES:,} resamples. "
        "Centered: the mean vector is subtracted."
    )


def _show_measures(selection: QualitySelection, results: list[ContenderResult]) -> None:
    labels = [f"{NAMES[measure]}, {'centered' if centered else 'uncentered'}" for measure, centered in ROWS]
    columns = {"measure": ["Dimensions", *labels, INTRINSIC]}
    full = []
    for item in results:
        spectrum, intrinsic = item.result.spectrum, item.result.intrinsic
        values = [with_interval(spectrum.measures[row], _format(row[0])) for row in ROWS]
        columns[item.name] = [f"{spectrum.dimensions:,}", *values, with_interval(intrinsic)]
        estimates = [(NAMES[row[0]], row[1], spectrum.measures[row]) for row in ROWS] + [(INTRINSIC, False, intrinsic)]
        full += [(item.name, name, flag, value.value, value.low, value.high) for name, flag, value in estimates]
    config = {"measure": text("Measure", width="medium", pinned=True)}
    file = pd.DataFrame(full, columns=["contender", "measure", "centered", "value", "low", "high"])
    common.show_quality_table(pd.DataFrame(columns), "quality_dimensions", selection, config, "Dimension usage", file)


def _format(measure: Measure) -> Callable[[float], str]:
    if measure == "first_share":
        return percent
    return "{:z.3f}".format if measure in ("isoscore", "mean_cosine") else format_number
