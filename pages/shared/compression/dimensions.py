"""Compression: recall and quality over fewer dimensions, and over the ways to store vectors."""

import pandas as pd
import streamlit as st

from core.compression import service
from core.compression.charts import quantization_figure, size_figure
from core.compression.dimensions import METHOD_NAMES, Curve, elbow_size, smallest_sufficient
from core.compression.quantization import MIN_PQ_TEXTS
from core.compression.service import CompressedContender, DimensionView, LabelQuality, QuantizationView
from core.compression.summaries import points, quality_summary, quantization_summary, recall_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from core.text import common_decimals
from pages.shared import session
from pages.shared.compression.select_contender import MEASURES, compression_ready, sample_caption, select_quality
from pages.shared.downloads import csv_button
from pages.shared.tables import number, percentage, show_table, text
from pages.shared.text import plain

LOSSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
LOSS_HELP = (
    "A size is enough if it, and every larger one, loses no more than this at the lower end of the 95% interval of its "
    "difference to the full vectors. Points are percentage points."
)


def show_dimensions(compressed: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "How many dimensions are needed? Models trained for it (Matryoshka) put the most important first; others can "
        "be shortened as well, after a rotation (PCA)."
    )
    if not compression_ready(compressed, info, ("dimensions",)):
        return
    quality = select_quality(compressed)
    view = session.ask_once(service.dimension_view, compressed, quality)
    left, right = st.columns(2, gap="large")
    with left:
        help_ = "The share of the ten nearest texts by the full vectors that are still found."
        st.markdown("**Recall@10**", help=help_)
        loss = _loss_slider("compress_neighbors", 0.2, "Acceptable loss of recall")
        _show_curves(view.recall, loss, "recall@10", "compress_kept", "Recall by dimensions")
        st.markdown(plain(recall_summary(view.recall, loss)))
    with right:
        _show_quality_curves(view, quality)
    st.caption(
        f"{sample_caption(view.sample)}; each query and its copies excluded, cosine in the model's own space. Bands: "
        f"95% by {RESAMPLES:,} bootstrap resamples of the queries; for random projection the range of five seeds. "
        "Ring: the elbow of the first dimensions, the size farthest above a straight line from the smallest to the "
        "full one (Kneedle). Dashed: the smallest size that is enough. PCA is fitted on these rows, which favors it "
        "where rows are few. Higher is better."
    )
    help_ = "One line per method and size, with intervals."
    csv_button("Download (CSV)", curve_table(view), "dimensions.csv", help_, "compress_sizes_file")


def _show_curves(curves: tuple[Curve, ...], loss: float, title: str, key: str, alt: str) -> None:
    figure = size_figure(curves, smallest_sufficient(curves[0], loss), elbow_size(curves[0]), title, session.theme())
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def _show_quality_curves(view: DimensionView, quality: LabelQuality) -> None:
    st.markdown("**Quality**", help="How well the nearest texts predict a text's label.")
    column = plain(quality.column)
    if not view.quality:
        reason = f"The labels of {column} can't be used" if quality.column else "No labels are selected"
        needed = "two labels are needed, at least one of them on two distinct texts."
        st.info(f"{reason}: {needed}", icon=":material/label_off:")
        return
    loss = _loss_slider("compress_loss", 0.01, "Acceptable loss of quality")
    _show_curves(view.quality, loss, MEASURES[quality.measure], "compress_quality", "Quality by dimensions")
    st.markdown(plain(quality_summary(view.quality, loss, quality.measure)))
    labeled, chance = f"{view.sample.labeled:,} queries have one", f"{view.sample.chance:.1%}"
    st.caption(f"Labels of {column}: {labeled}. Baseline (most frequent label): {chance}.")


def _loss_slider(key: str, default: float, label: str) -> float:
    return st.select_slider(
        label, LOSSES, default, key=key, persist_state="session", format_func=points, help=LOSS_HELP
    )


def curve_table(view: DimensionView) -> pd.DataFrame:
    lines = [
        (name, METHOD_NAMES[curve.method], *line)
        for name, curves in (("recall@10", view.recall), ("quality", view.quality))
        for curve in curves
        for line in zip(curve.sizes, curve.values, curve.low, curve.high, strict=True)
    ]
    return pd.DataFrame(lines, columns=["measure", "method", "dimensions", "value", "low", "high"])


NAME_HELP = (
    "PQ: product quantization, with its bytes per vector. Rescored: so many times more candidates are found by their "
    "signs, then ordered by float32 vectors, which are stored as well."
)
ORDER_HELP = "Kendall's tau-b of the exact 100 nearest: 1 the same order, 0 unrelated. Higher is better."
VIEWS = {"recall": "Recall@10", "rank_correlation": "Rank correlation", "quality": "Quality by label"}
AXES = {
    "recall": "recall@10 against exact search",
    "rank_correlation": "Kendall's tau of the 100 nearest",
    "quality": "quality by label",
}


def show_quantization(compressed: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "How many bits does each number need? What counts is which neighbors are found and in what order, not how "
        "close the stored numbers are to the original ones."
    )
    if not compression_ready(compressed, info, ("quantization",)):
        return
    quality = select_quality(compressed)
    view = session.ask_once(service.quantization_view, compressed, quality)
    views, help_ = [name for name in VIEWS if name in view.table], "The measure drawn; the table has all."
    column = st.segmented_control(
        "View", views, key="compress_sight", format_func=VIEWS.__getitem__, default="recall", required=True, help=help_
    )
    column = column if column in views else "recall"
    figure = quantization_figure(view.table, column, AXES[column], session.theme())
    st.plotly_chart(figure, key="compress_bits", config={"displayModeBar": False}, alt=f"{VIEWS[column]} by bytes")
    st.markdown(plain(quantization_summary(view.table)))
    _show_quantization_table(view)
    st.caption(_quantization_method(view, quality.column))


def _show_quantization_table(view: QuantizationView) -> None:
    milliseconds = f"%.{common_decimals(view.table['p50'], least=3)}f"
    columns = {
        "name": text("Data type", help=NAME_HELP),
        "bytes": number("Bytes", format="localized", help="Of one vector, for the search itself."),
        "factor": number("Compression", format="%.3g×", help="Times smaller than float32."),
        "recall": percentage("Recall@10", help="Against exact search. Higher is better."),
        "rank_correlation": number("Rank correlation", format="%.3f", help=ORDER_HELP),
        "quality": percentage("Quality", help="By the selected labels. Higher is better."),
        "p50": number("ms (p50)", format=milliseconds, help="Median time of single queries."),
        "p95": number("ms (p95)", format=milliseconds, help="95th percentile of the time of single queries."),
    }
    table = view.table[[column for column in columns if column in view.table]]
    show_table(table, "Quantizations", columns, key="compress_bits_table", max_height=600)
    help_ = "All columns, with the 95% intervals."
    csv_button("Download (CSV)", view.table, "quantization.csv", help_, "compress_bits_file")


def _quantization_method(view: QuantizationView, column: str) -> str:
    sample = view.sample
    labels = f" Quality by {plain(column)}: {sample.labeled:,} queries with a label." if sample.labeled else ""
    if view.table["name"].str.startswith("PQ").any():
        pq = " Product quantization is trained on up to 10,000 of these rows."
    elif sample.searched < MIN_PQ_TEXTS:
        pq = f" Product quantization is left out: training it needs {MIN_PQ_TEXTS:,} distinct texts."
    else:
        pq = f" Product quantization is left out: {sample.width} dimensions are too few to split."
    return (
        f"{sample_caption(sample)}; each query and its copies excluded.{labels} Intervals: 95%, {RESAMPLES:,} "
        "bootstrap resamples of the queries. Searched row by row with FAISS; time of single queries on one thread of "
        f"this machine. Hollow points store float32 vectors as well, for rescoring.{pq}"
    )
