"""Quantization: recall, rank correlation, size and speed of each way to store vectors."""

import streamlit as st

from core.compression import service
from core.compression.charts import quantization_figure
from core.compression.quantization import MIN_PQ_TEXTS
from core.compression.service import CompressedContender, QuantizationView
from core.compression.summaries import quantization_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression.select_contender import compression_ready, sample_caption, select_quality
from pages.shared.downloads import csv_button
from pages.shared.tables import number, show_table, text
from pages.shared.text import plain

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
    columns = {
        "name": text("Data type", help=NAME_HELP),
        "bytes": number("Bytes", format="localized", help="Of one vector, for the search itself."),
        "factor": number("Compression", format="%.3g×", help="Times smaller than float32."),
        "recall": number("Recall@10", format="percent", help="Against exact search. Higher is better."),
        "rank_correlation": number("Rank correlation", format="%.3f", help=ORDER_HELP),
        "quality": number("Quality", format="percent", help="By the selected labels. Higher is better."),
        "p50": number("ms (p50)", format="%.3f", help="Median time of single queries."),
        "p95": number("ms (p95)", format="%.3f", help="95th percentile of the time of single queries."),
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
