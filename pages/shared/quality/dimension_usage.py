"""Dimension usage and hubness: dimensions that an embedding uses, and texts near too many others."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.palette import COLORS, GREY
from core.quality import service
from core.quality.charts import Line, group_bars, line_figure, log_ticks, mark
from core.quality.dimension_usage import EPSILON, Measure
from core.quality.hub_repair import REPAIRS, SPREAD_TEXTS
from core.quality.summaries import (
    REPAIR_NAMES,
    describe_dimension_usage,
    describe_hubness,
    format_number,
    with_interval,
)
from core.stats.resampling import FEWER_RESAMPLES, RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import ROW_COLUMN, number, percentage, text

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
    config = {"measure": text("Measure", width=215, pinned=True)}
    file = pd.DataFrame(full, columns=["contender", "measure", "centered", "value", "low", "high"])
    common.show_quality_table(pd.DataFrame(columns), "quality_dimensions", selection, config, "Dimension usage", file)


def _format(measure: Measure) -> Callable[[float], str]:
    if measure == "first_share":
        return common.one_decimal
    return "{:z.3f}".format if measure in ("isoscore", "mean_cosine") else format_number


BAR_COLORS = (GREY, COLORS[0], COLORS[1])
REPAIR_HELP = (
    "CSLS (Conneau et al. 2018) subtracts each text's mean cosine to its nearest neighbors, so that hubs count less. "
    "Mutual proximity (Schnitzer et al. 2012) is the probability that both texts are closer to each other than to a "
    "random text."
)


def show_hubness(selection: QualitySelection) -> None:
    st.caption(
        "Hubs are texts in the 10 nearest neighbors of far more texts than average. Two ways of rescaling cosines "
        "reduce hubness without another model: what is their effect here?"
    )
    column = common.select_label_column(selection, "Defines P@1: whether the nearest neighbor has the same label.")
    results = common.measure_each(selection, service.hubness, column)
    if not results:
        return
    hubness = results[0].result
    series = [
        (REPAIR_NAMES[repair], color, [item.result.rankings[repair].skewness for item in results])
        for repair, color in zip(REPAIRS, BAR_COLORS, strict=True)
    ]
    figure = group_bars([item.name for item in results], series, "k-occurrence skewness", session.theme(), ".2f")
    st.plotly_chart(mark(figure, y=hubness.chance), key="quality_hub_bars", alt="Hubness before and after rescaling")
    common.show_finding(describe_hubness(common.named(results)))
    st.markdown("**Before and after rescaling**", help=REPAIR_HELP)
    _show_rankings(selection, results)
    others = "all others" if hubness.texts <= SPREAD_TEXTS else f"a sample of {SPREAD_TEXTS:,} others (seed 0)"
    precision = (
        f" P@1: on the {hubness.labeled_texts:,} texts whose nearest neighbor has a label; gains are paired, 95% "
        f"intervals by bootstrap over texts, {RESAMPLES:,} resamples."
    )
    st.caption(
        f"On all {hubness.texts:,} unique texts. Skewness is 0 for uniform lists and {hubness.chance:.2f} (dotted) for "
        f"random ones; lower is better. Rescaling re-ranks the {hubness.candidates} nearest stored neighbors of each "
        f"text; mutual proximity models each text's cosines to {others} as normal."
        + (precision if hubness.labeled_texts else "")
    )
    _show_hubs(selection, results)


def _show_rankings(selection: QualitySelection, results: list[ContenderResult]) -> None:
    rows = []
    for item in results:
        for repair, ranking in item.result.rankings.items():
            row = {"contender": item.name, "repair": REPAIR_NAMES[repair], "skewness": ranking.skewness}
            row |= {"robin_hood": ranking.robin_hood, "anti_hubs": ranking.anti_hubs}
            if ranking.precision is not None:
                gain = with_interval(ranking.gain, lambda value: f"{100 * value:+z.1f}") if repair != "none" else ""
                row |= {"precision": ranking.precision.value, "gain": gain}
            rows.append(row)
    columns = {
        "contender": common.contender_column(),
        "repair": text("Ranking"),
        "skewness": number("Skewness", "%.2f", "Of k-occurrence, the number of lists a text is in; lower is better."),
        "robin_hood": percentage("Robin Hood index", "Share of list entries to move until all texts are equal."),
        "anti_hubs": percentage("Anti-hubs", "Texts in nobody's list."),
        "precision": percentage("P@1 by label", "How often the top hit has the same label."),
        "gain": text("P@1 gain (points)", "Difference to the cosine ranking, with 95% interval."),
    }
    common.show_quality_table(
        pd.DataFrame(rows), "quality_hub_table", selection, columns, "Hubness by contender and repair"
    )


def _show_hubs(selection: QualitySelection, results: list[ContenderResult]) -> None:
    item = common.select_contender(results, "Hubs of", "quality_hubs_of", "The texts with the highest k-occurrence.")
    hubs = item.result.hubs
    frame = hubs.assign(row=hubs.index + 1)[["row", "none", "csls", "mutual", "text"]]
    columns = {
        "row": ROW_COLUMN,
        "none": number("k-occurrence", "localized", "Texts that have it among their 10 nearest; 10 on average."),
        "csls": number("CSLS", "localized", "k-occurrence with CSLS."),
        "mutual": number("Mutual proximity", "localized", "k-occurrence with mutual proximity."),
        "text": text("Text", width="large"),
    }
    common.show_quality_table(frame, "quality_hub_list", selection, columns, "Texts with the highest k-occurrence")
