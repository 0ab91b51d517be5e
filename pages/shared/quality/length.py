"""Length bias: whether long or short texts lie nearer to all others."""

import pandas as pd
import streamlit as st

from core.quality import service as answers
from core.quality import summaries as words
from core.quality.charts import Line, line_figure, log_ticks
from core.quality.length_bias import Measure
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked, Found

MEASURES: dict[Measure, str] = {
    "all_texts": "cosine to all others",
    "neighbors": "cosine to the 10 nearest",
    "occurrences": "times listed",
}


def show(asked: Asked) -> None:
    st.caption(
        "Are long texts found more often, or nearer to everything, for their length alone? Then a search favors them "
        "whatever it is asked. A correlation may also come from what long texts are about; it is a hint, not a proof."
    )
    measure = _measure()
    found = common.each(asked, answers.length_bias)
    if not found:
        return
    lines = [_line(one, measure) for one in found]
    figure = line_figure(
        lines, "length in characters, middle of each bin (log scale)", f"mean {MEASURES[measure]}", session.theme(),
        markers=True, x_axis=log_ticks([at for line in lines for at in line.x]),
    )  # fmt: skip
    common.chart(figure, "quality_length_bins", f"Mean {MEASURES[measure]} by length of the text")
    common.says(words.describe_length_bias(common.named(found)))
    _table(asked, found)
    one = found[0].result
    st.caption(
        f"Points: all {one.total:,} different texts in {len(one.counts)} bins of about as many each, bands two "
        f"standard errors. Spearman's rank correlation with length over {one.texts:,} of {one.total:,} texts (seed "
        f"{one.seed}), in brackets 95% intervals by bootstrap over texts, {FEWER_RESAMPLES:,} resamples; 0: none, "
        "1: always rising."
    )


def _measure() -> Measure:
    chosen = st.segmented_control(
        "Measured by", list(MEASURES), key="quality_length_by", persist_state="session", default="all_texts",
        format_func=lambda name: MEASURES[name].capitalize(), required=True,
        help="Mean cosine to all other texts: how central a text is. Mean cosine to its 10 nearest: how dense it is "
        "around it. Times listed: in how many other texts' top-10 it is.",
    )  # fmt: skip
    return chosen or "all_texts"


def _line(one: Found, measure: Measure) -> Line:
    bias = one.result
    middles = (bias.edges[:-1] + bias.edges[1:]) / 2
    mean, error = bias.means[measure], 2 * bias.errors[measure]
    return Line(
        one.name, one.place, middles.clip(1).tolist(), mean.tolist(), (mean - error).tolist(), (mean + error).tolist()
    )


def _table(asked: Asked, found: list[Found]) -> None:
    frame = pd.DataFrame({"contender": [one.name for one in found]})
    columns = {"contender": st.column_config.TextColumn("Contender", width="medium")}
    for measure, name in MEASURES.items():
        frame[measure] = [words.with_interval(one.result.rho[measure], "{:+.2f}".format) for one in found]
        columns[measure] = st.column_config.TextColumn(
            f"Length ~ {name}",
            help="Spearman's correlation with its 95% interval; above 0: longer texts have more of it.",
        )
    full = pd.DataFrame(
        [
            (one.name, name, *(getattr(one.result.rho[measure], part) for part in ("value", "low", "high")))
            for one in found
            for measure, name in MEASURES.items()
        ],
        columns=["contender", "measure", "spearman", "low", "high"],
    )
    common.table(frame, "quality_length", asked, columns, "Correlations with length by contender", full)
