"""Indexes: recall against speed, and the fastest setting with the target recall, ready to copy."""

import pandas as pd
import streamlit as st

from core.compression import service
from core.compression.charts import recall_figure
from core.compression.index_sweep import fastest_setting, index_code
from core.compression.service import CompressedContender, IndexView
from core.compression.summaries import index_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression.select_contender import compression_ready, sample_caption, show_compression_table
from pages.shared.downloads import csv_button
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
    return st.select_slider(
        "Target recall",
        RECALLS,
        0.95,
        key="compress_recall",
        bind="query-params",
        format_func=lambda share: f"{share:.1%}".replace(".0%", "%"),
        help="The share of the exact ten nearest that a search must find on average.",
    )


def _show_index_table(view: IndexView) -> None:
    settings, number = view.table, st.column_config.NumberColumn
    table = pd.DataFrame(
        {
            "Index": settings["name"],
            "Recall@10": settings["recall"],
            "ms (p50)": settings["p50"],
            "ms (p95)": settings["p95"],
            "Queries per second": settings["rate"].round().astype(int),
            "Build time": [
                format_duration(value) if value >= 10 else f"{value:.2f} s" for value in settings["seconds"]
            ],
            "Memory": [format_bytes(value) for value in settings["bytes"]],
        }
    )
    show_compression_table(
        table,
        "compress_index_table",
        "Settings of the indexes",
        {
            "Recall@10": number(format="%.4f", help="Against exact search. Higher is better."),
            "ms (p50)": number(format="%.3f", help="Median time of single queries."),
            "ms (p95)": number(format="%.3f", help="95th percentile of the time of single queries."),
            "Queries per second": number(format="localized", help="One after another, on one thread."),
        },
        320,
    )
    help_ = "One line per setting, with intervals."
    csv_button("Download (CSV)", settings, "indexes.csv", help_, "compress_index_file")
