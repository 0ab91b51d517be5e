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
from pages.shared.quality.common import (
    ContenderResult,
    QualitySelection,
    contender_column,
    measure_each,
    named,
    select_contender,
    select_label_column,
    show_finding,
    show_quality_chart,
    show_quality_table,
)

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
    column = select_label_column(selection, "Defines P@1: whether the nearest neighbor has the same label.")
    results = measure_each(selection, service.hubness, column)
    if not results:
        return
    hubness = results[0].result
    series = [
        (REPAIR_NAMES[repair], color, [item.result.rankings[repair].skewness for item in results])
        for repair, color in zip(REPAIRS, BAR_COLORS, strict=True)
    ]
    figure = group_bars([item.name for item in results], series, "k-occurrence skewness", session.theme(), ".2f")
    show_quality_chart(mark(figure, y=hubness.chance), "quality_hub_bars", "Hubness before and after rescaling")
    show_finding(describe_hubness(named(results)))
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
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "contender": contender_column(),
        "repair": text("Ranking"),
        "skewness": number("Skewness", format="%.2f", help="Of k-occurrence, the number of lists a text is in. Lower: "
                           "more uniform."),
        "robin_hood": number("Robin Hood index", format="percent", help="Share of list entries that would have to be "
                             "moved for all texts to be listed equally often. Lower: more uniform."),
        "anti_hubs": number("Anti-hubs", format="percent", help="Texts in no list."),
        "precision": number("P@1 by label", format="percent", help="How often the top hit has the same label."),
        "gain": text("P@1 gain (points)", help="Difference to the cosine ranking, with 95% interval."),
    }  # fmt: skip
    show_quality_table(pd.DataFrame(rows), "quality_hub_table", selection, columns, "Hubness by contender and method")


def _show_hubs(selection: QualitySelection, results: list[ContenderResult]) -> None:
    item = select_contender(results, "Hubs of", "quality_hubs_of", "The texts with the highest k-occurrence.")
    hubs = item.result.hubs
    frame = hubs.assign(row=hubs.index + 1)[["row", "none", "csls", "mutual", "text"]]
    number = st.column_config.NumberColumn
    columns = {
        "row": number("Row", format="localized", width="small"),
        "none": number("k-occurrence", format="localized", help="Number of texts that have it among their 10 nearest "
                       "neighbors; 10 on average."),
        "csls": number("CSLS", format="localized", help="k-occurrence with CSLS."),
        "mutual": number("Mutual proximity", format="localized", help="k-occurrence with mutual proximity."),
        "text": st.column_config.TextColumn("Text", width="large"),
    }  # fmt: skip
    show_quality_table(frame, "quality_hub_list", selection, columns, "Texts with the highest k-occurrence")
