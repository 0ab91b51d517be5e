"""The capacity planner: memory and time of each way to serve the vectors, at a number of rows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.compression import service
from core.compression.charts import format_bytes, plan_figure
from core.compression.planner import Option, Plan, plan
from core.compression.service import CompressedContender, LabelQuality
from core.compression.summaries import FEW_ROWS
from core.store import CorpusInfo
from core.text import format_milliseconds
from pages.shared import session
from pages.shared.compression.index import target_recall_slider
from pages.shared.compression.select_contender import compression_ready
from pages.shared.downloads import csv_button
from pages.shared.tables import number, percentage, show_table

MIN_ROWS, MAX_ROWS = 1_000, 100_000_000
DEFAULT_ROWS = 1_000_000
DISK_HELP = (
    "float32 vectors that only rescoring reads, a few per query; they may be on disk. The time was measured with them "
    "in memory."
)
DRAWN_ROWS = [int(value) for value in np.round(np.logspace(3, 8, 26))]


def show_capacity_planner(compressed: CompressedContender, info: CorpusInfo) -> None:
    st.caption("How much memory and time would more rows need?")
    if not compression_ready(compressed, info, ("quantization", "indexes")):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rows = _rows_input(info)
        with st.container(width=420):
            target = target_recall_slider()
    width = session.ask_once(service.quantization_view, compressed, LabelQuality()).sample.width
    options = session.ask_once(service.plan_options, compressed, target)
    plans = [plan(option, rows, width) for option in options]
    drawn = [(count, [plan(option, count, width) for option in options]) for count in DRAWN_ROWS]
    charts = (("Memory", "memory", "Memory by rows"), ("Query time (extrapolated)", "ms", "Milliseconds by rows"))
    for column, (title, measure, alt) in zip(st.columns(2, gap="large"), charts, strict=True):
        with column:
            st.markdown(f"**{title}**")
            figure = plan_figure(drawn, rows, measure, session.theme())
            st.plotly_chart(figure, key=f"compress_{measure}", config={"displayModeBar": False}, alt=alt)
    st.markdown(plan_summary(plans, rows, target))
    _show_plan_table(plans)
    st.caption(_plan_method(options, rows, width))


def _plan_method(options: Sequence[Option], rows: int, width: int) -> str:
    measured = options[0].rows
    rough = " With so few rows, times are mostly fixed costs per call: a rough guide." if measured < FEW_ROWS else ""
    return (
        f"At {rows:,} rows of {width:,} dimensions. Memory is calculated: what FAISS stores for vectors, codes, links "
        f"and lists. Times of single queries are extrapolated from {measured:,} rows measured here on one thread: "
        "linear in the rows for row-by-row search (rescoring is constant), logarithmic for HNSW, with the square root "
        f"for IVF.{rough} An index larger than the processor's caches may be a few times slower, and recall falls "
        "somewhat with many more rows: measure again before you rely on it."
    )


def _rows_input(info: CorpusInfo) -> int:
    default, help_ = max(DEFAULT_ROWS, min(info.rows, MAX_ROWS)), "How many vectors the index is planned for."
    return st.number_input(
        "Rows", MIN_ROWS, MAX_ROWS, default, 10_000, key="compress_rows", bind="query-params", width=220, help=help_
    )


def plan_summary(plans: Sequence[Plan], rows: int, target: float) -> str:
    """The smallest and the fastest option with the target recall, at this many rows."""
    exact, sufficient = plans[0], [plan for plan in plans if plan.option.recall >= target - 1e-9]
    smallest, fastest = min(sufficient, key=lambda plan: plan.memory), min(sufficient, key=lambda plan: plan.ms)
    text = f"At {rows:,} rows, exact search over float32 needs **{format_bytes(exact.memory)}** and about "
    text += f"{format_milliseconds(exact.ms)} per query."
    if smallest.option == exact.option:
        return text
    rescoring = f" (and {format_bytes(smallest.disk)} on disk, for rescoring)" if smallest.disk else ""
    text += (
        f" Smallest with a recall of at least {target:.1%}: **{smallest.option.name.lower()}**, "
        f"{format_bytes(smallest.memory)}{rescoring}, about {format_milliseconds(smallest.ms)}"
    )
    if fastest.option in (smallest.option, exact.option):
        return f"{text}."
    time, memory = format_milliseconds(fastest.ms), format_bytes(fastest.memory)
    return f"{text}; fastest: **{fastest.option.name}**, about {time} with {memory}."


def _show_plan_table(plans: Sequence[Plan]) -> None:
    rows = [
        (plan.option.name, plan.memory / 1e9, plan.disk / 1e9, plan.ms, plan.option.recall, plan.option.rows)
        for plan in plans
    ]
    columns = {
        "Option": "Option",
        "Memory (GB)": number(format="%.3g", help="What the search needs in memory, in 10^9 bytes."),
        "Disk (GB)": number(format="%.3g", help=DISK_HELP),
        "Estimated ms": number(format="%.3g", help="Median of single queries on one thread, extrapolated."),
        "Measured recall": percentage(help="Recall@10 against exact search, as measured here."),
        "Measured rows": number(format="localized", help="Rows that were searched when it was measured."),
    }
    table = pd.DataFrame(rows, columns=list(columns))
    show_table(table, "Capacity plan", columns, key="compress_plan_table", max_height=600)
    csv_button("Download (CSV)", table, "plan.csv", "One line per option.", "compress_plan_file")
