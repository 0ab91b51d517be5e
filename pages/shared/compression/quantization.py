"""Fewer bits: what each way to keep vectors finds, the order it keeps, its size and speed."""

import pandas as pd
import streamlit as st

from core.compression import service as answers
from core.compression.charts import bits_figure
from core.compression.quantization import MIN_PQ_TEXTS
from core.compression.service import BitsView, CompressedContender
from core.compression.summaries import quantization_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression import select_contender as which
from pages.shared.compression import table as compress_table
from pages.shared.downloads import csv_button
from pages.shared.text import plain

SIGHTS = {
    "kept": "Ten nearest kept",
    "order": "Order kept",
    "quality": "Quality by label",
}
TITLES = {"kept": "recall@10 against exact", "order": "Kendall's tau of the 100 nearest", "quality": "quality by label"}


def show(asked: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "How many bits does each number need? What counts is which neighbors are found and in what order, not how near "
        "the stored numbers are to the true ones."
    )
    if not which.ready(asked, info, ("bits",)):
        return
    quality = which.quality(asked)
    view = session.ask_once(answers.bits_view, asked, quality)
    sights = {name: words for name, words in SIGHTS.items() if name in view.table}
    sight = st.segmented_control(
        "Drawn",
        list(sights),
        key="compress_sight",
        format_func=lambda name: SIGHTS[name],
        default="kept",
        required=True,
        help="Which loss the picture shows over bytes a vector; the table has all.",
    )
    sight = sight if sight in sights else "kept"
    figure = bits_figure(view.table, sight, TITLES[sight], session.theme())
    st.plotly_chart(figure, key="compress_bits", config={"displayModeBar": False}, alt=f"{SIGHTS[sight]} by bytes")
    st.markdown(plain(quantization_summary(view.table)))
    _table(view)
    _how(view, quality.column)


def _table(view: BitsView) -> None:
    table = view.table
    shown = pd.DataFrame(
        {
            "kept in": table["name"],
            "bytes": table["bytes"],
            "times smaller": table["factor"],
            "ten nearest kept": table["kept"],
            "order kept": table["order"],
            **({"quality": table["quality"]} if "quality" in table else {}),
            "ms, p50": table["p50"],
            "ms, p95": table["p95"],
        }
    )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    compress_table.show(
        shown,
        "compress_bits_table",
        "Ways to keep vectors in fewer bits",
        {
            "kept in": text(help="PQ: product quantization, so many bytes a vector. Rescored: so many times more are "
                            "taken by their signs, then ordered by the float32 vectors, which are kept beside."),
            "bytes": number(format="localized", help="Of one vector, for the search itself."),
            "times smaller": number(format="%.3g", help="Than float32."),
            "ten nearest kept": number(format="percent", help="Recall@10 against exact search. Higher is better."),
            "order kept": number(format="%.3f", help="Kendall's tau-b of the exact 100 nearest: 1 the same order, "
                                 "0 none in common. Higher is better."),
            "quality": number(format="percent", help="By the labels chosen above. Higher is better."),
            "ms, p50": number(format="%.3f", help="Half of the single queries took at most so many milliseconds."),
            "ms, p95": number(format="%.3f", help="95% of the single queries took at most so many milliseconds."),
        },
    )  # fmt: skip
    words = "All columns, with the 95% intervals."
    csv_button("This table with intervals (CSV)", table, "bits.csv", words, "compress_bits_file")


def _how(view: BitsView, column: str) -> None:
    labels = (
        f" Quality by {plain(column)}: {view.sample.labeled:,} queries with a label." if view.sample.labeled else ""
    )
    pq = " Product quantization is left out: it needs 2,560 different texts to learn from."
    if view.sample.searched >= MIN_PQ_TEXTS:
        pq = f" Product quantization is left out: no number of parts cuts {view.sample.width:,} dimensions evenly."
    if view.table["name"].str.startswith("PQ").any():
        pq = " Product quantization's codes are learned from up to 10,000 of these rows."
    st.caption(
        f"{which.how(view.sample)}; each query and its copies left out.{labels} Intervals: 95%, {RESAMPLES:,} bootstrap "
        "resamples of the queries. Searched row by row with FAISS; milliseconds of single queries on one thread of "
        f"this machine. Hollow points keep float32 vectors beside, for rescoring.{pq}"
    )
