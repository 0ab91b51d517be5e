"""Indexes: recall against speed, and the fastest setting with the target recall, ready to copy."""

import streamlit as st

from core.compression import service
from core.compression.charts import recall_figure
from core.compression.index_sweep import fastest_setting, index_code
from core.compression.service import CompressedContender, IndexView
from core.compression.summaries import index_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from core.text import common_decimals
from pages.shared import session
from pages.shared.compression.select_contender import compression_ready, sample_caption
from pages.shared.downloads import csv_button
from pages.shared.tables import number, show_table
from pages.shared.text import format_bytes, format_duration, plain

RECALLS = (0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)


def show_index(compressed: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "An approximate index searches only part of the vectors: faster, but it may miss some neighbors. Up and to the "
        "right is better."
    )
    if not compression_ready(compressed, info, ("indexes",)):
        return
    view = session.ask_once(service.index_view, compressed)
    target = target_recall_slider()
    best = fastest_setting(view.settings, target)
    figure = recall_figure(view.table, best.name, target, session.theme())
    st.plotly_chart(figure, key="compress_sweep", config={"displayModeBar": False}, alt="Recall against speed")
    st.markdown(plain(index_summary(view.settings, best, target, view.sample.searched)))
    st.markdown(f"**Code: {best.name}**")
    st.code(index_code(best, view.sample.width), language="python")
    _show_index_table(view)
    st.caption(
        f"{sample_caption(view.sample)}; the queries are rows left out of the index. Recall@10: the share of the exact "
        f"ten nearest that are found, 95% interval by {RESAMPLES:,} bootstrap resamples of the queries. Speed: single "
        "queries on one thread of this machine, up to 150 per setting. HNSW: Malkov and Yashunin (2018), "
        "efConstruction 80; IVF: inverted lists by k-means. A setting is suggested if the lower end of its interval "
        "reaches the target recall and it takes at most two thirds of exact search's time."
    )


def target_recall_slider() -> float:
    """The target recall, which two parts of the page share."""
    names = {share: f"{share * 100:g}%" for share in RECALLS}
    help_ = "The share of the exact ten nearest that a search must find on average."
    return st.select_slider(
        "Target recall",
        RECALLS,
        0.95,
        key="compress_recall",
        bind="query-params",
        format_func=names.__getitem__,
        help=help_,
    )


def _show_index_table(view: IndexView) -> None:
    milliseconds = f"%.{common_decimals(view.table['p50'], least=3)}f"
    table = view.table[["name", "recall", "p50", "p95"]].assign(
        rate=view.table["rate"].round().astype(int),
        seconds=[format_duration(value) if value >= 10 else f"{value:.2f} s" for value in view.table["seconds"]],
        memory=[format_bytes(value) for value in view.table["bytes"]],
    )
    columns = {
        "name": "Index",
        "recall": number("Recall@10", format="%.4f", help="Against exact search. Higher is better."),
        "p50": number("ms (p50)", format=milliseconds, help="Median time of single queries."),
        "p95": number("ms (p95)", format=milliseconds, help="95th percentile of the time of single queries."),
        "rate": number("Queries per second", format="localized", help="One after another, on one thread."),
        "seconds": "Build time",
        "memory": "Memory",
    }
    show_table(table, "Settings of the indexes", columns, key="compress_index_table", max_height=320)
    help_ = "One line per setting, with intervals."
    csv_button("Download (CSV)", view.table, "indexes.csv", help_, "compress_index_file")
