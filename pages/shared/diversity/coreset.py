"""Coreset: k rows that represent the rest, and how coverage grows with k."""

from functools import partial
from typing import Any

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.diversity.charts import coverage_figure
from core.diversity.service import (
    CURVE_LENGTH,
    MAX_CORESET,
    METHODS,
    Coreset,
    CoresetQuery,
    CoverageCurves,
    Method,
    coreset,
    coreset_file,
    coreset_rows,
    coverage_curves,
    suggest_cosine,
)
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.selections.save_form import show_save_selection
from pages.shared.tables import ROW_COLUMN, percentage, show_table, with_row_numbers
from pages.shared.text import count, file_stem

METHOD_TITLES: dict[Method, str] = {
    "facility location": "Representative (facility location)",
    "k-center": "Spread out (k-center)",
    "random": "Random",
}
SIZE_KEY = "coreset_size"


def show_coreset(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole section."""
    corpus = session.corpus_ref(info)
    suggested_cosine = session.ask_once(suggest_cosine, corpus, model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method, k, cosine = _select_coreset(info, suggested_cosine)
    query = CoresetQuery(corpus, model, method, k, cosine)
    with st.spinner("Selecting rows"):
        curves = session.ask_once(coverage_curves, corpus, model, cosine)
        result = session.ask_once(coreset, query)
    left, right = st.columns(2, gap="large")
    for column, title, field, number in (
        (left, "rows covered", "shares", ".0%"),
        (right, "max. distance (1 - cosine)", "max_distances", ".2f"),
    ):
        lines = list(getattr(curves, field).items())
        column.plotly_chart(
            coverage_figure(lines, k, title, session.theme(), number),
            key=f"coverage_{field}",
            alt=f"{title} by number of rows selected",
        )
    st.caption(_describe_curves(curves, cosine))
    show_coreset_rows(result, query, info)


def _select_coreset(info: CorpusInfo, suggested_cosine: float) -> tuple[Method, int, float]:
    """Method, number of rows, and the cosine from which on a row counts as covered."""
    method = st.selectbox(
        "Selection method", METHODS, key="coreset_method", bind="query-params",
        format_func=lambda name: METHOD_TITLES[name], width=260,
        help="Representative: most similar to all others; to label. Spread out: each is farthest from those before.",
    )  # fmt: skip
    max_rows = max(1, min(MAX_CORESET, info.rows))
    session.widget_default(SIZE_KEY, min(20, max_rows))
    if session.widget_value(SIZE_KEY) > max_rows:
        session.set_widget(SIZE_KEY, max_rows)
    k = st.number_input(
        "Number of rows (k)", 1, max_rows, key=SIZE_KEY, bind="query-params", width=160, help="Size of the coreset."
    )
    cosine = st.slider(
        "Min. cosine to be covered", 0.05, 0.95, suggested_cosine, 0.01, key=f"coreset_cosine_{info.digest}", width=320,
        help="Suggested: what 1% of random pairs exceed, or the median cosine to the tenth neighbor if that is lower.",
    )  # fmt: skip
    return method or METHODS[0], int(k), float(cosine)


def _describe_curves(curves: CoverageCurves, cosine: float) -> str:
    halves = []
    for method, shares in curves.shares.items():
        half = next((rows for rows, share in enumerate(shares, 1) if share >= 0.5), None)
        halves.append(f"{method} covers half with {half:,}" if half else f"{method} does not reach half")
    sampled = "" if curves.evaluated == curves.total else f"{curves.evaluated:,} of "
    return (
        f"Measured on {sampled}{curves.total:,} rows (seed 0). Covered: cosine of at least {cosine:z.2f}. With up to "
        f"{CURVE_LENGTH} rows, {', '.join(halves)}. Higher is better on the left, lower on the right."
    )


def show_coreset_rows(result: Coreset, query: CoresetQuery, info: CorpusInfo) -> None:
    """The methods compared, and the rows of the coreset with download and saving."""
    columns: dict[str, Any] = {
        "method": TextColumn("Method", help="The selected one comes first."),
        "covered": percentage("Covered", "Share of the rows that are covered."),
        "mean cosine": NumberColumn("Mean cosine", format="%.3f", help="To the nearest selected row."),
        "max distance": NumberColumn("Max. distance", format="%.3f", help="1 - cosine of the farthest row."),
        "candidates": NumberColumn("Selected from", format="localized", help="A sample (seed 0) if not all rows."),
    }
    show_table(result.methods, "The methods compared", columns)
    if result.evaluated < result.total:
        st.caption(f"Evaluated on {result.evaluated:,} of {result.total:,} rows (seed 0).")
    st.markdown(f"**Coreset of {count(len(result.table), 'row')}**, in order of selection")
    if len(result.table) < query.k:
        st.caption("The corpus has no more different texts.")
    columns = {
        "text": TextColumn("Text", width="large"),
        "represents": NumberColumn("Represents", format="localized", help="Rows nearest to this selected one."),
        "Row": ROW_COLUMN,
    }
    table = with_row_numbers(result.table[["text", "represents"]], 2)
    show_table(table, "The rows of the coreset", columns, max_height=400)
    with st.container(horizontal=True):
        csv_button(
            "Download (CSV)",
            partial(session.manager().ask, coreset_file, query),  # bound now: it runs outside of the page
            f"{file_stem(info.name)}-{query.k}-rows.csv",
            key="coreset_file",
            help="The selected rows in order with full texts and all their columns.",
        )
        rows = partial(session.ask, coreset_rows, query)
        show_save_selection(info, "coreset", rows, len(result.table), f"Coreset of {query.k} by {query.method}")
