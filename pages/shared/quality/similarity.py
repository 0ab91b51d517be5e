"""Similarity of unrelated, same-label and neighboring texts."""

import pandas as pd
import streamlit as st

from core.quality import service
from core.quality.charts import distribution_figure
from core.quality.similarity import PairKind
from core.quality.summaries import describe_similarity, percent, with_interval
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
        row = {"contender": item.name, **medians, "auc": with_interval(similarity.auc["first"], "{:.3f}".format)}
        if any(other.result.above for other in results):
            row["label"] = with_interval(similarity.auc["label"], "{:.3f}".format) if above else ""
            row["above"] = with_interval(above, percent) if above else ""
        rows.append(row)
    auc = ", with 95% interval; 0.5: no difference, 1: always."
    columns = {
        "contender": common.contender_column(),
        "random": number("Random pair", "%.3f", "Median cosine of random pairs of texts."),
        "tenth": number("10th neighbor", "%.3f", "Median cosine of a text and its 10th neighbor."),
        "first": number("1st neighbor", "%.3f", "Median cosine of a text and its nearest neighbor."),
        "auc": text("AUC: neighbor vs. random", f"P(a nearest neighbor is more similar than a random pair){auc}"),
        "label": text("AUC: same label vs. random", f"P(a same-label pair is more similar than a random pair){auc}"),
        "above": text("Same label > 95th percentile", "Of random pairs; 5% by chance. With 95% interval."),
    }
    common.show_quality_table(
        pd.DataFrame(rows), "quality_similarity", selection, columns, "Similarity of pairs by contender"
    )
