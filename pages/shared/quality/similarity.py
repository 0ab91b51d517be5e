"""Similarity of unrelated, same-label and neighboring texts, and its correlation with text length."""

import pandas as pd
import streamlit as st

from core.quality import service
from core.quality.charts import Line, distribution_figure, line_figure, log_ticks
from core.quality.length_bias import Measure
from core.quality.similarity import PairKind
from core.quality.summaries import describe_length_bias, describe_similarity, with_interval
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import number, text

KINDS: dict[PairKind, str] = {
    "random": "Random pairs",
    "label": "Same label",
    "tenth": "10th neighbor",
    "first": "1st neighbor",
}
METRICS = {"cosine": ("Cosine", -1.0, 1.0), "euclidean": ("Euclidean distance", 0.0, 2.0)}


def show_similarity(selection: QualitySelection) -> None:
    st.caption(
        "Similarity of unrelated, same-label and neighboring texts: the less the gray distribution overlaps the "
        "others, the more informative the cosine. Cosines of different models are not directly comparable: see "
        "Calibration."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = common.select_label_column(selection, "Defines same-label pairs.")
        metric = _select_metric()
    results = common.measure_each(selection, service.similarity, column)
    if not results:
        return
    title, low, high = METRICS[metric]
    kinds = [(name, [getattr(item.result, metric).get(kind) for item in results]) for kind, name in KINDS.items()]
    kinds = [(name, shares) for name, shares in kinds if any(share is not None for share in shares)]
    figure = distribution_figure([item.name for item in results], kinds, low, high, title, session.theme())
    st.plotly_chart(figure, key="quality_pairs", alt=f"{title} of random, same-label and neighbor pairs by contender")
    common.show_finding(describe_similarity(common.named(results)))
    _show_similarity_table(selection, results)
    result = results[0].result
    pairs = ", ".join(f"{result.pairs[kind]:,} {name.lower()}" for kind, name in KINDS.items() if kind in result.pairs)
    st.caption(
        f"Pairs sampled: {pairs}; of {result.texts:,} unique texts, seed {result.seed}, the same for every contender. "
        f"95% intervals: bootstrap over texts, {FEWER_RESAMPLES:,} resamples."
    )


def _select_metric() -> str:
    metric = st.segmented_control(
        "Metric", list(METRICS), key="quality_scale", persist_state="session", default="cosine", required=True,
        format_func=lambda name: METRICS[name][0],
        help="Vectors have length 1, so Euclidean distance = √(2 - 2 · cosine): the same ranking on another scale.",
    )  # fmt: skip
    return str(metric or "cosine")


def _show_similarity_table(selection: QualitySelection, results: list[ContenderResult]) -> None:
    rows = []
    for item in results:
        similarity, above = item.result, item.result.above
        medians = {kind: similarity.medians.get(kind) for kind in ("random", "tenth", "first")}
        row = {"contender": item.name, **medians, "auc": with_interval(similarity.auc["first"], "{:z.3f}".format)}
        if any(other.result.above for other in results):
            row["label"] = with_interval(similarity.auc["label"], "{:z.3f}".format) if above else ""
            row["above"] = with_interval(above, common.one_decimal) if above else ""
        rows.append(row)
    above_help = "Share of same-label pairs above the 95th percentile of random pairs; 5% by chance. With 95% interval."
    auc = ", with 95% interval; 0.5: no difference, 1: always."
    columns = {
        "contender": common.contender_column(),
        "random": number("Random pair", "%.3f", "Median cosine of random pairs of texts.", 90),
        "tenth": number("10th neighbor", "%.3f", "Median cosine of a text and its 10th neighbor.", 95),
        "first": number("1st neighbor", "%.3f", "Median cosine of a text and its nearest neighbor.", 90),
        "auc": text("AUC: neighbor", f"P(a nearest neighbor is more similar than a random pair){auc}", 150),
        "label": text("AUC: same label", f"P(a same-label pair is more similar than a random pair){auc}", 150),
        "above": text("Same label above", above_help, 165),
    }
    common.show_quality_table(
        pd.DataFrame(rows), "quality_similarity", selection, columns, "Similarity of pairs by contender"
    )


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
        frame[measure] = [with_interval(rho, "{:+z.2f}".format) for rho in estimates]
        full += [(item.name, name, rho.value, rho.low, rho.high) for item, rho in zip(results, estimates, strict=True)]
        columns[measure] = text(f"Length ~ {name}", "Spearman's rho, 95% interval; positive: higher for longer texts.")
    file = pd.DataFrame(full, columns=["contender", "measure", "spearman", "low", "high"])
    common.show_quality_table(
        frame, "quality_length", selection, columns, "Correlations with length by contender", file
    )
