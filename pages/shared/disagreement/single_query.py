"""The same query under all contenders: a table of ranks, which contender alone found what, and how ranks change."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement import single_query
from core.disagreement.charts import bump_figure
from core.disagreement.overlap import RBO_P
from core.disagreement.results import ComparisonQuery
from core.disagreement.single_query import QueryRankings, SearchQuery, Secrets
from core.models.registry import capabilities
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement.controls import label_column_name
from pages.shared.downloads import csv_button
from pages.shared.tables import ROW_COLUMN, draw_frame, number, text
from pages.shared.text import count, file_stem, plain


def show_single_query(query: ComparisonQuery, info: CorpusInfo) -> None:
    search = _query_input(info)
    if search is None:
        st.info("Enter a query, or a row's number, to see what each contender finds.", icon=":material/search:")
        return
    secrets = _secrets(query)
    with st.spinner("Searching", show_time=False):
        rankings = session.ask(single_query.rank_by_contender, query, search, secrets, timeout=600)
    for name, reason in rankings.left_out:
        st.caption(f":material/block: {plain(name)} is left out: {plain(reason)}")
    names = [query.contenders[position].label for position in rankings.positions]
    if search.row >= 0:
        st.caption(f"Row {search.row + 1:,}: {plain(rankings.query)}")
    st.markdown(_agreement_sentence(rankings, names, search.k))
    _show_rank_table(rankings, names, search.k, label_column_name(info))
    data = partial(session.manager().ask, single_query.rankings_file, query, search, secrets)
    help_ = "All texts found, whole, with rank and cosine under each contender."
    csv_button("Download (CSV)", data, f"{file_stem(info.name)}-single-query.csv", help_, "disagree_query_file")
    _show_rank_changes(rankings, names, search.k)
    st.caption(
        f"Exact search by cosine over {count(rankings.total, 'text')}; copies of a text count as one. Ranks beyond "
        f"{search.k} are listed too, to show near misses. Rank-biased overlap with p = {RBO_P:g}, extrapolated (Webber "
        "2010): 1 is the same list."
    )


def _query_input(info: CorpusInfo) -> SearchQuery | None:
    help_ = "Embedded as a query by each contender's model, and shortened for variants with fewer dimensions."
    row_help = "Uses the row's vectors as the query; works for imported vectors too. A text takes precedence."
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Query", key="disagree_query", bind="query-params", max_chars=2_000, placeholder="Enter a text", help=help_
        )
        row = st.number_input(
            "or row", 1, info.rows, None, key="disagree_query_row", width=140, placeholder="number", help=row_help
        )
        k = st.number_input("Hits", 3, 50, 10, key="disagree_hits", width=110, persist_state="session")
    if text.strip():
        return SearchQuery(text.strip(), -1, int(k))
    return SearchQuery("", int(row) - 1, int(k)) if row is not None else None


def _secrets(query: ComparisonQuery) -> Secrets:
    """Keys of the services that embed the query, by `key_name`."""
    names = dict.fromkeys(capabilities(contender.model).key_name for contender in query.contenders)
    keys = ((name, session.named_key(name)) for name in names if name)
    return tuple((name, key) for name, key in keys if key)


def _agreement_sentence(rankings: QueryRankings, names: list[str], k: int) -> str:
    if len(names) < 2:
        return f"Only {plain(names[0])} can answer this query."
    size = min(k, rankings.total)
    shared = int((rankings.ranks <= k).all(axis=1).sum())
    rows, columns = np.triu_indices(len(names), k=1)
    similarity = rankings.similarity[rows, columns]
    lowest = int(np.nanargmin(similarity))
    return (
        f"Of {count(len(rankings.table), 'text')} found by any contender, **{shared} of {size}** are among the {size} "
        f"nearest under all {len(names)}. Least similar lists: {plain(names[rows[lowest]])} and "
        f"{plain(names[columns[lowest]])} (rank-biased overlap {similarity[lowest]:.2f})."
    )


def _show_rank_table(rankings: QueryRankings, names: list[str], k: int, label: str) -> None:
    ranks = [f"rank {position}" for position in range(len(names))]
    table = pd.DataFrame(rankings.ranks, columns=ranks, index=rankings.table.index).join(rankings.table)
    table["row"] = table.index + 1
    width, help_ = 120 if len(names) < 4 else 80, f"Rank; not among the hits beyond {k}."
    columns = {
        **{rank: number(name, width=width, help=help_) for rank, name in zip(ranks, names, strict=True)},
        "text": text("Text", width="large"),
        "only": text("Only under", width=130, help="Among the hits of one contender alone."),
        "label": text(label, width=110),
        "row": ROW_COLUMN,
    }
    table = table[[name for name in columns if name in table]]
    styled, alt = table.style.apply(partial(_rank_colors, k=k), subset=pd.Index(ranks)), "Ranks under each contender"
    height = min(38 + 35 * len(table), 460)
    draw_frame(styled, alt, columns, height=height)


def _rank_colors(ranks: "pd.Series[Any]", k: int) -> list[str]:
    return ["background-color: rgba(0,158,115,0.18)" if rank <= k else "opacity: 0.55" for rank in ranks]


def _show_rank_changes(rankings: QueryRankings, names: list[str], k: int) -> None:
    if len(names) < 2:
        return
    order = rankings.order
    ordered, texts = [names[position] for position in order], list(rankings.table["text"])
    figure = bump_figure(ordered, texts, rankings.ranks[:, order], k, session.theme())
    st.plotly_chart(figure, key="disagree_bump", alt="How each text's rank changes between contenders")
    st.caption("One line per text; hollow points are beyond the hits. Ordered by average-linkage clustering.")
