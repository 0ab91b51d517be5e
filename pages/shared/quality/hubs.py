"""Hubness: texts that are in very many lists, and what two repairs gain."""

import pandas as pd
import streamlit as st

from core.palette import COLORS, GREY
from core.quality import service as answers
from core.quality import summaries as words
from core.quality.charts import group_bars, mark
from core.quality.hub_repair import REPAIRS, SPREAD_TEXTS
from core.stats.resampling import RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked, Found

PAINTS = (GREY, COLORS[0], COLORS[1])
REPAIR_HELP = (
    "CSLS (Conneau et al. 2018) takes off each text's mean cosine to its own neighbors, so that texts near to "
    "everything count less. Mutual proximity (Schnitzer et al. 2012) asks how surprising the nearness is from both "
    "texts' side."
)


def show(asked: Asked) -> None:
    st.caption(
        "Does the same text answer everything? Each text lists its 10 nearest; hubs are in far more lists than others. "
        "Two ways of rescaling cosines repair that without another model: what would they gain here?"
    )
    column = common.label_column(asked, "Whose values tell whether a nearest text is the right kind.")
    found = common.each(asked, answers.hubness, column)
    if not found:
        return
    series = [
        (words.REPAIR_NAMES[repair], paint, [one.result.rankings[repair].skewness for one in found])
        for repair, paint in zip(REPAIRS, PAINTS, strict=True)
    ]
    names = [one.name for one in found]
    figure = group_bars(names, series, "skewness of how often listed", session.theme(), ".2f")
    common.chart(mark(figure, y=found[0].result.chance), "quality_hub_bars", "Hubness before and after two repairs")
    common.says(words.describe_hubness(common.named(found)))
    st.markdown("**Before and after repair**", help=REPAIR_HELP)
    _table(asked, found)
    one = found[0].result
    others = "all others" if one.texts <= SPREAD_TEXTS else f"{SPREAD_TEXTS:,} others drawn with seed 0"
    judged = f" P@1: over the {one.labeled_texts:,} texts whose nearest has a label; its gain is paired, with 95% intervals by "
    judged += f"bootstrap over texts, {RESAMPLES:,} resamples." if one.labeled_texts else ""
    st.caption(
        f"Over all {one.texts:,} different texts; skewness is 0 for even lists, {one.chance:.2f} (dotted) for random "
        f"ones, lower is better. Repairs rank anew the {one.candidates} nearest that are kept of each text, so what "
        f"lies beyond them can't come in; mutual proximity takes each text's cosines to {others} as normal."
        f"{judged if one.labeled_texts else ''}"
    )
    _hubs(asked, found)


def _table(asked: Asked, found: list[Found]) -> None:
    rows = []
    for one in found:
        for repair in REPAIRS:
            line = one.result.rankings[repair]
            row = {"contender": one.name, "repair": words.REPAIR_NAMES[repair], "skewness": line.skewness}
            row |= {"unfair": line.robin_hood, "never": line.anti_hubs}
            if line.precision is not None:
                row["right"] = line.precision.value
                row["gain"] = (
                    "" if repair == "none" else words.with_interval(line.gain, lambda value: f"{100 * value:+.1f}")
                )
            rows.append(row)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "contender": text("Contender", width="medium"),
        "repair": text("Ranking"),
        "skewness": number("Skewness", format="%.2f", help="Of the number of lists a text is in. Lower: more even."),
        "unfair": number("Robin Hood", format="percent", help="Share of places in lists that would have to be given to "
                         "other texts for all to be listed equally often. Lower: more even."),
        "never": number("In no list", format="percent", help="Texts that are nobody's neighbor (anti-hubs)."),
        "right": number("P@1 by label", format="percent", help="How often the nearest text has the same label."),
        "gain": text("Gain in points", help="P@1 less that without repair, in points, with its 95% interval."),
    }  # fmt: skip
    common.table(pd.DataFrame(rows), "quality_hub_table", asked, columns, "Hubness and its repair by contender")


def _hubs(asked: Asked, found: list[Found]) -> None:
    by_name = {one.name: one for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Hubs under", list(by_name), key="quality_hubs_of", width=320, persist_state="session",
            help="The texts that are in most lists under this contender.",
        )  # fmt: skip
    hubs = by_name.get(str(name), found[0]).result.hubs
    frame = hubs.assign(row=hubs.index + 1)[["row", "none", "csls", "mutual", "text"]]
    number = st.column_config.NumberColumn
    columns = {
        "row": number("Row", format="localized", width="small"),
        "none": number(
            "In lists", format="localized", help="How many texts have it among their 10 nearest; 10 is even."
        ),
        "csls": number("CSLS", format="localized", help="The same after CSLS."),
        "mutual": number("Mutual prox.", format="localized", help="The same after mutual proximity."),
        "text": st.column_config.TextColumn("Text", width="large"),
    }
    common.table(frame, "quality_hub_list", asked, columns, "Texts most often listed")
