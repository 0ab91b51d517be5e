"""Fewer bits: what each way to keep vectors finds, the order it keeps, its size and speed."""

import pandas as pd
import streamlit as st

from core.answers import compression as answers
from core.answers.compression import Asked, BitsView
from core.charts.compression import bits_figure
from core.export import table_bytes
from core.store import CorpusInfo
from pages.shared import compress_which, session
from pages.shared.text import plain

SURE = 0.95  # of the neighbors, at the lower end of the interval
SIGHTS = {
    "kept": "Ten nearest kept",
    "order": "Order kept",
    "quality": "Quality by label",
}
TITLES = {"kept": "recall@10 against exact", "order": "Kendall's tau of the 100 nearest", "quality": "quality by label"}


def show(asked: Asked, info: CorpusInfo) -> None:
    st.caption(
        "How many bits does each number need? What counts is which neighbors are found and in what order, not how near "
        "the stored numbers are to the true ones."
    )
    if not compress_which.ready(asked, info, ("bits",)):
        return
    quality = compress_which.quality(asked)
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
    st.markdown(sentence(view.table))
    _table(view)
    _how(view, quality.column)


def sentence(table: pd.DataFrame) -> str:
    """The smallest store that keeps 95% of the neighbors by itself, the smallest with rescoring, and signs alone."""
    good = table[table["kept_low"] >= SURE].sort_values("bytes", kind="stable")
    alone, rescored = good[good["beside"] == 0].iloc[0], good[good["beside"] > 0]
    signs = table[table["name"] == "binary"].iloc[0]
    said = f"The smallest that by itself surely keeps {SURE:.0%} of the ten nearest is **{alone['name']}**: "
    said += f"{alone['kept']:.1%} at {alone['bytes']:,} bytes a vector"
    said += f", {alone['factor']:.3g} times fewer than float32." if alone["factor"] > 1 else "."
    if len(rescored):
        best = rescored.iloc[0]
        said += (
            f" With the float32 vectors kept beside for rescoring, **{best['name']}** searches {best['bytes']:,} bytes "
            f"a vector and keeps {best['kept']:.1%}."
        )
    return said + (
        f" Signs alone (binary) keep {signs['kept']:.1%}, and order the exact 100 nearest with a tau of "
        f"{signs['order']:.2f} (1 is the same order, 0 none in common)."
    )


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
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=38 + 35 * len(shown),
        lazy=False,
        key="compress_bits_table",
        alt="Ways to keep vectors in fewer bits",
        column_config={
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
    st.download_button(
        "This table with intervals (CSV)",
        lambda: table_bytes(table, "csv"),
        "bits.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="compress_bits_file",
        help="All columns, with the 95% intervals.",
    )


def _how(view: BitsView, column: str) -> None:
    labels = f" Quality by {plain(column)}: {view.made.labeled:,} queries with a label." if view.made.labeled else ""
    pq = " Product quantization is left out: it needs 2,560 different texts to learn from."
    if view.table["name"].str.startswith("PQ").any():
        pq = " Product quantization's codes are learned from up to 10,000 of these rows."
    st.caption(
        f"{compress_which.how(view.made)}; each query and its copies left out.{labels} Intervals: 95%, 1,000 bootstrap "
        "resamples of the queries. Searched row by row with FAISS; milliseconds of single queries on one thread of "
        f"this machine. Hollow points keep float32 vectors beside, for rescoring.{pq}"
    )
