"""Length bias: correlation of text length with similarity and k-occurrence."""

import pandas as pd
import streamlit as st

from core.quality import service
from core.quality.charts import Line, line_figure, log_ticks
from core.quality.length_bias import Measure
from core.quality.summaries import describe_length_bias, with_interval
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import text

MEASURES: dict[Measure, str] = {
    "all_texts": "cosine to all other texts",
    "neighbors": "cosine to the 10 nearest",
    "occurrences": "k-occurrence",
}


def show_length_bias(selection: QualitySelection) -> None:
    st.caption(
        "Are long texts retrieved more often because of their length? Correlation is a hint, not proof: long texts may "
        "also differ in content."
    )
    measure = _select_measure()
    results = common.measure_each(selection, service.length_bias)
    if not results:
        return
    lines = [_length_line(item, measure) for item in results]
    figure = line_figure(
        lines, "length in characters (bin centers, log scale)", f"mean {MEASURES[measure]}", session.theme(),
        markers=True, x_axis=log_ticks([at for line in lines for at in line.x]),
    )  # fmt: skip
    st.plotly_chart(figure, key="quality_length_bins", alt=f"Mean {MEASURES[measure]} by text length")
    common.show_finding(describe_length_bias(common.named(results)))
    _show_correlations(selection, results)
    bias = results[0].result
    st.caption(
        f"Points: all {bias.total:,} unique texts in {len(bias.counts)} bins of about equal size; bands: two standard "
        f"errors. Spearman's rank correlation with length on {bias.texts:,} of {bias.total:,} texts (seed "
        f"{bias.seed}); 95% intervals by bootstrap over texts, {FEWER_RESAMPLES:,} resamples. 0: none, 1: perfect."
    )


def _select_measure() -> Measure:
    measure = st.segmented_control(
        "Metric", list(MEASURES), key="quality_length_by", persist_state="session", default="all_texts", required=True,
        format_func=lambda name: MEASURES[name].capitalize(),
        help="Mean cosine to all other texts: how central a text is. Mean cosine to its 10 nearest neighbors: local "
        "density. k-occurrence: in how many other texts' top-10 lists it is.",
    )  # fmt: skip
    return measure or "all_texts"


def _length_line(item: ContenderResult, measure: Measure) -> Line:
    bias = item.result
    centers = ((bias.edges[:-1] + bias.edges[1:]) / 2).clip(1)
    mean, error = bias.means[measure], 2 * bias.errors[measure]
    band = ((mean - error).tolist(), (mean + error).tolist())
    return Line(item.name, item.color_index, centers.tolist(), mean.tolist(), *band)


def _show_correlations(selection: QualitySelection, results: list[ContenderResult]) -> None:
    frame = pd.DataFrame({"contender": [item.name for item in results]})
    columns = {"contender": common.contender_column()}
    full = []
    for measure, name in MEASURES.items():
        estimates = [item.result.rho[measure] for item in results]
        frame[measure] = [with_interval(rho, "{:+.2f}".format) for rho in estimates]
        full += [(item.name, name, rho.value, rho.low, rho.high) for item, rho in zip(results, estimates, strict=True)]
        columns[measure] = text(f"Length ~ {name}", "Spearman's rho, 95% interval; positive: higher for longer texts.")
    file = pd.DataFrame(full, columns=["contender", "measure", "spearman", "low", "high"])
    common.show_quality_table(
        frame, "quality_length", selection, columns, "Correlations with length by contender", file
    )
