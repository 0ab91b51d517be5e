"""The size planner: memory and time of each way to serve the vectors, at a number of rows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.compression import service as answers
from core.compression.charts import format_bytes, format_milliseconds, plan_figure
from core.compression.planner import Option, Plan, plan
from core.compression.service import CompressedContender, plan_options
from core.compression.summaries import SMALL
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression import index
from pages.shared.compression import select_contender as which
from pages.shared.compression import table as compress_table
from pages.shared.downloads import csv_button

FEWEST, MOST = 1_000, 100_000_000
PLANNED = 1_000_000  # rows at first
ROWS = [int(value) for value in np.round(np.logspace(3, 8, 26))]


def show(asked: CompressedContender, info: CorpusInfo) -> None:
    st.caption("What would more rows take, kept this way or that?")
    if not which.ready(asked, info, ("bits", "indexes")):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = _rows(info)
        with st.container(width=420):
            wanted = index.recall_wanted()
    state = session.ask(answers.state, asked)
    options = session.ask_once(plan_options, asked, wanted)
    plans = [plan(option, count, state.width) for option in options]
    _figures(options, count, state.width)
    st.markdown(sentence(plans, count, wanted))
    _table(plans)
    st.caption(
        f"At {count:,} rows of {state.width:,} dimensions. Memory is counted: what FAISS holds for vectors, codes, "
        f"links and lists. Milliseconds of single queries are extrapolated from {options[0].rows:,} rows measured here "
        "on one thread: with the rows for searches row by row (rescoring takes as long at any size), with their "
        f"logarithm for HNSW, with their root for IVF.{_rough(options[0].rows)} An index that outgrows the processor's "
        "caches may take a few times as long, and recall, as measured here, falls somewhat with many more rows: "
        "measure again before you rely on it."
    )


def _rough(rows: int) -> str:
    few = " Of so few rows, times are mostly what every call takes: read them as a rough guide."
    return few if rows < SMALL else ""


def _rows(info: CorpusInfo) -> int:
    return int(
        st.number_input(
            "Rows to plan for",
            FEWEST,
            MOST,
            max(PLANNED, min(info.rows, MOST)),
            key="compress_rows",
            step=10_000,
            bind="query-params",
            width=220,
            help="How many vectors the index is to hold, from 1,000 to 100,000,000.",
        )
    )


def sentence(plans: Sequence[Plan], count: int, wanted: float) -> str:
    """The leanest and the quickest way that has the wanted recall, at this many rows."""
    good = [plan for plan in plans if plan.option.recall >= wanted - 1e-9]
    lean, quick = min(good, key=lambda each: each.memory), min(good, key=lambda each: each.ms)
    exact = plans[0]
    said = (
        f"At {count:,} rows, exact search over float32 holds **{format_bytes(exact.memory)}** and takes about "
        f"{format_milliseconds(exact.ms)} a query."
    )
    if lean.option != exact.option:
        beside = f" (and {format_bytes(lean.disk)} beside, for rescoring)" if lean.disk else ""
        said += (
            f" With a recall of at least {wanted:.1%}, the leanest is **{lean.option.name.lower()}** with "
            f"{format_bytes(lean.memory)}{beside}, about {format_milliseconds(lean.ms)}"
        )
        said += (
            "." if quick.option in (lean.option, exact.option)
            else f"; the quickest is **{quick.option.name}**, about {format_milliseconds(quick.ms)} with "
            f"{format_bytes(quick.memory)}."
        )  # fmt: skip
    return said


def _figures(options: Sequence[Option], count: int, width: int) -> None:
    drawn = [(rows, [plan(option, rows, width) for option in options]) for rows in ROWS]
    left, right = st.columns(2, gap="large")
    config = {"displayModeBar": False}
    with left:
        st.markdown("**Memory**")
        figure = plan_figure(drawn, count, "memory", session.theme())
        st.plotly_chart(figure, key="compress_memory", config=config, alt="Memory by rows")
    with right:
        st.markdown("**Time of a query, extrapolated**")
        figure = plan_figure(drawn, count, "ms", session.theme())
        st.plotly_chart(figure, key="compress_ms", config=config, alt="Milliseconds by rows")


def _table(plans: Sequence[Plan]) -> None:
    table = pd.DataFrame(
        {
            "way": [plan.option.name for plan in plans],
            "memory (GB)": [plan.memory / 1e9 for plan in plans],
            "beside (GB)": [plan.disk / 1e9 for plan in plans],
            "about ms": [plan.ms for plan in plans],
            "recall here": [plan.option.recall for plan in plans],
            "measured at rows": [plan.option.rows for plan in plans],
        }
    )
    number = st.column_config.NumberColumn
    compress_table.show(
        table,
        "compress_plan_table",
        "What each way takes",
        {
            "memory (GB)": number(format="%.3g", help="What the search holds in memory, in 10^9 bytes."),
            "beside (GB)": number(
                format="%.3g",
                help="float32 vectors that only rescoring reads, a few a query; they may lie "
                "on disk. The time was measured with them in memory.",
            ),
            "about ms": number(format="%.3g", help="Half of the single queries on one thread, extrapolated."),
            "recall here": number(format="percent", help="Share of the exact ten nearest found, as measured here."),
            "measured at rows": number(format="localized", help="Rows that were searched when it was measured."),
        },
    )
    words = "One line a way to serve the vectors."
    csv_button("This plan (CSV)", table, "plan.csv", words, "compress_plan_file")
