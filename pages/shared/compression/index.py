"""Indexes: recall against speed, and the setting that gives the wanted recall, ready to copy."""

import pandas as pd
import streamlit as st

from core.compression import service as answers
from core.compression.charts import recall_figure
from core.compression.recipe import Setting, index_code, quickest
from core.compression.service import Asked, IndexView
from core.compression.summaries import of_index
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression import select_contender as which
from pages.shared.compression import table as compress_table
from pages.shared.downloads import csv_button
from pages.shared.text import format_bytes, format_duration, plain

RECALLS = (0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)


def show(asked: Asked, info: CorpusInfo) -> None:
    st.caption(
        "An index looks at a part of the vectors only, so it answers sooner and may miss some. Right is more found, up "
        "is faster."
    )
    if not which.ready(asked, info, ("indexes",)):
        return
    view = session.ask_once(answers.index_view, asked)
    wanted = recall_wanted()
    best = quickest(view.settings, wanted)
    figure = recall_figure(view.table, best.name, wanted, session.theme())
    st.plotly_chart(figure, key="compress_sweep", config={"displayModeBar": False}, alt="Recall against speed")
    st.markdown(plain(of_index(view.settings, best, wanted, view.made.searched)))
    _code(view, best)
    _table(view)
    st.caption(
        f"{which.how(view.made)}; the queries are rows left out of the index. Recall@10: the share of the "
        f"exact ten nearest that are found, 95% interval by {RESAMPLES:,} bootstrap resamples of the queries. Speed: "
        "single queries on one thread of this machine, up to 150 a setting. HNSW: Malkov and Yashunin (2018), "
        "efConstruction 80; IVF: inverted lists by k-means. A setting is suggested where even the lower end of its "
        "interval has the wanted recall and it takes at most two thirds of exact search's time."
    )


def recall_wanted() -> float:
    """The recall a person wants, chosen on two parts of the page."""
    return st.select_slider(
        "Recall wanted",
        RECALLS,
        0.95,
        key="compress_recall",
        bind="query-params",
        format_func=lambda share: f"{share:.1%}".replace(".0%", "%"),
        help="Which share of the true ten nearest a search must find on average.",
    )


def _code(view: IndexView, best: Setting) -> None:
    st.markdown(f"**{best.name}, ready to copy**")
    st.code(index_code(best, view.made.width), language="python")


def _table(view: IndexView) -> None:
    table = view.table
    shown = pd.DataFrame(
        {
            "index": table["name"],
            "recall": table["recall"],
            "ms, p50": table["p50"],
            "ms, p95": table["p95"],
            "queries a second": table["rate"].round().astype(int),
            "built in": [format_duration(second) if second >= 10 else f"{second:.2f} s" for second in table["seconds"]],
            "memory": [format_bytes(byte) for byte in table["bytes"]],
        }
    )
    number = st.column_config.NumberColumn
    compress_table.show(
        shown,
        "compress_index_table",
        "Settings of the indexes",
        {
            "recall": number(format="%.4f", help="Share of the exact ten nearest found. Higher is better."),
            "ms, p50": number(format="%.3f", help="Half of the single queries took at most so many milliseconds."),
            "ms, p95": number(format="%.3f", help="95% of the single queries took at most so many milliseconds."),
            "queries a second": number(format="localized", help="One after another, on one thread."),
        },
        320,
    )
    words = "One line a setting, with intervals."
    csv_button("All settings (CSV)", table, "indexes.csv", words, "compress_index_file")
