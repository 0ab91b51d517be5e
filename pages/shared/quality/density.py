"""Information density: how many of its dimensions an embedding uses."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.quality import service as answers
from core.quality import summaries as words
from core.quality.charts import Line, line_figure, log_ticks
from core.quality.dimension_usage import EPSILON, Measure
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked, Found

NAMES: dict[Measure, str] = {
    "effective_rank": "Effective rank",
    "rankme": "RankMe",
    "participation": "Participation ratio",
    "isoscore": "IsoScore",
    "first_share": "First component",
    "mean_cosine": "Mean random cosine",
}
SHARES = ("first_share",)
HELP = (
    "Effective rank (Roy and Vetterli 2007): exp of the entropy of the singular values' shares; how many directions "
    "are used if small ones count. RankMe (Garrido et al. 2023): the same on the rows as they are, with a tiny "
    "epsilon. Participation ratio: (sum of variances)² / sum of squared variances; how many equally strong directions "
    "would vary as much; it follows the strong ones. IsoScore (Rudman et al. 2022): the participation ratio put "
    "between 0 (one direction) and 1 (all alike). Intrinsic dimension by TwoNN (Facco et al. 2017): in how many "
    "directions texts vary close to each other, from distances to the first two neighbors; it reads low "
    "where it is above 10 or so. First component: its share of the variance. Mean random cosine: 0 where "
    "texts point all ways. No count of directions can exceed the number of texts."
)


def show(asked: Asked) -> None:
    st.caption(
        "How much room do the texts take up? A model of 1,000 dimensions may vary in 30 only; others are spare, and "
        "can often be cut. More is not better by itself: it depends on the texts."
    )
    found = common.each(asked, answers.dimension_usage)
    if not found:
        return
    lines = []
    for one in found:
        density = one.result.spectrum
        at = density.components.tolist()
        lines.append(Line(one.name, one.place, at, density.centered.tolist()))
        lines.append(Line(f"{one.name} as is", one.place, at, density.uncentered.tolist(), dash=2, legend=False))
    figure = line_figure(
        lines, "strongest components (log scale)", "share of the variance (dotted: not centered)", session.theme(),
        x_axis=log_ticks([at for line in lines for at in line.x]), y_axis={"tickformat": ".0%", "range": [0, 1.02]},
    )  # fmt: skip
    common.chart(figure, "quality_spectrum", "Cumulative share of the variance by number of components")
    common.says(words.describe_dimension_usage(common.named(found)))
    st.markdown("**Measures, before and after the mean is taken off**", help=HELP)
    _table(asked, found)
    one = found[0].result
    st.caption(
        f"Over {one.spectrum.texts:,} of {one.spectrum.total:,} different texts (seed {one.spectrum.seed}); in brackets "
        f"95% intervals by a jackknife that leaves out one of {one.spectrum.parts} random parts at a time. Effective "
        f"rank and RankMe: exp(−Σ p log p), with p the singular values' shares of their sum, for RankMe p + "
        f"{EPSILON:g}. Intrinsic dimension: over {one.intrinsic_texts:,} texts, from the kept neighbors without copies "
        f"and ties; its interval by bootstrap over texts, {FEWER_RESAMPLES:,} resamples. Centered: the mean of all "
        "texts is taken off every vector."
    )


def _table(asked: Asked, found: list[Found]) -> None:
    rows: dict[str, list[str]] = {"measure": ["Dimensions"]}
    names = [(measure, centered) for measure in NAMES for centered in (False, True) if _told(measure, centered)]
    rows["measure"] += [f"{NAMES[measure]}, {'centered' if flat else 'as is'}" for measure, flat in names]
    rows["measure"].append("Intrinsic dimension (TwoNN)")
    for one in found:
        measures = one.result.spectrum.measures
        cells = [f"{one.result.spectrum.dimensions:,}"]
        for measure, flat in names:
            cells.append(words.with_interval(measures[measure, flat], _format(measure)))
        rows[one.name] = [*cells, words.with_interval(one.result.intrinsic)]
    columns = {"measure": st.column_config.TextColumn("Measure", width="medium", pinned=True)}
    common.table(pd.DataFrame(rows), "quality_density", asked, columns, "Measures of density", _file(found))


def _told(measure: Measure, centered: bool) -> bool:
    return not (measure == "rankme" and centered)  # it is defined on the rows as they are


def _format(measure: Measure) -> Callable[[float], str]:
    if measure in SHARES:
        return words.percent
    return "{:z.3f}".format if measure in ("isoscore", "mean_cosine") else words.format_number


def _file(found: list[Found]) -> pd.DataFrame:
    """One line a contender and measure, numbers in full."""
    lines = []
    for one in found:
        for (measure, flat), value in one.result.spectrum.measures.items():
            if _told(measure, flat):
                lines.append((one.name, NAMES[measure], flat, value.value, value.low, value.high))
        value = one.result.intrinsic
        lines.append((one.name, "Intrinsic dimension (TwoNN)", False, value.value, value.low, value.high))
    return pd.DataFrame(lines, columns=["contender", "measure", "centered", "value", "low", "high"])
