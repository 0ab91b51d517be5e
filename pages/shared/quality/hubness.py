"""Hubness: texts that are neighbors of too many others, before and after rescaling cosines."""

import pandas as pd
import streamlit as st

from core.palette import COLORS, GREY
from core.quality import service
from core.quality.charts import group_bars, mark
from core.quality.hub_repair import REPAIRS, SPREAD_TEXTS
from core.quality.summaries import REPAIR_NAMES, describe_hubness, with_interval
from core.stats.resampling import RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import ROW_COLUMN, number, text

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
                gain = with_interval(ranking.gain, lambda value: f"{100 * value:+.1f}") if repair != "none" else ""
                row |= {"precision": ranking.precision.value, "gain": gain}
            rows.append(row)
    columns = {
        "contender": common.contender_column(),
        "repair": text("Ranking"),
        "skewness": number("Skewness", "%.2f", "Of k-occurrence, the number of lists a text is in; lower is better."),
        "robin_hood": number("Robin Hood index", "percent", "Share of list entries to move until all texts are equal."),
        "anti_hubs": number("Anti-hubs", "percent", "Texts in nobody's list."),
        "precision": number("P@1 by label", "percent", "How often the top hit has the same label."),
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
