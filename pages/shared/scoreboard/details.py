"""Details of the scoreboard: tests of all pairs of contenders, and the queries on which two contenders differ."""

from typing import Any

import pandas as pd
import streamlit as st

from core.scoreboard.per_query import Better, ContenderPair, QueryTable, query_table, top_hits
from core.scoreboard.service import Board, ScoreboardQuery
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.tables import draw_frame, show_table
from pages.shared.text import plain

RANK_AGREEMENT = "1 minus the distance of the pair's ranks by cosine and by human score (1: same rank)"
BETTER: dict[Better, str] = {"both": "All differences", "first": "First better", "second": "Second better"}


def show_pairwise_differences(query: ScoreboardQuery, board: Board) -> None:
    """The table of pairs, with a sentence and its file."""
    if _is_single(board):
        return
    pairs = pair_table(query.contenders, board)
    st.markdown(describe_pairs(pairs["significant"]))
    alt, columns = "Differences of all pairs of contenders", _pair_columns(board.label)
    show_table(pairs.drop(columns="p_value"), alt, columns, key="score_pairs")
    st.caption(f"{plain(board.comparison.method)} Significant: corrected p below 0.05.")
    help_text = "This table, unrounded, with uncorrected p."
    csv_button("Export differences (CSV)", pairs, "differences.csv", key="score_pairs_file", help=help_text)


def pair_table(contenders: tuple[Contender, ...], board: Board) -> pd.DataFrame:
    """One row per pair, the higher score first; differences in units of the score."""
    comparison = board.comparison
    names = {line.name: contenders[index].label for line, index in zip(comparison.lines, board.order, strict=True)}
    fields = ["difference", "low", "high", "p_value_holm", "is_significant", "minimum_detectable_difference", "p_value"]
    rows = [
        [names[pair.first], names[pair.second], *(getattr(pair, name) for name in fields)] for pair in comparison.pairs
    ]
    return pd.DataFrame(rows, columns=["better", "worse", *fields]).rename(columns={"is_significant": "significant"})


def describe_pairs(significant: pd.Series) -> str:
    """How many pairs differ significantly."""
    differ, pairs = int(significant.sum()), len(significant)
    if pairs == 1:
        return f"The two contenders {'differ' if differ else 'do not differ'} significantly."
    return f"{differ} of {pairs} pairs of contenders {'differs' if differ == 1 else 'differ'} significantly."


def show_query_differences(query: ScoreboardQuery, board: Board) -> None:
    """Two contenders, the queries on which they differ most, and their top hits for one of them."""
    if _is_single(board):
        return
    pair = _select_contender_pair(query, board)
    queries = session.ask_once(query_table, query, pair)
    if queries is None:
        st.info(f"{plain(board.label)} has no score per query: select another metric.", icon=":material/info:")
        return
    first, second = (plain(query.contenders[index].label) for index in (pair.first, pair.second))
    unit = "pairs" if query.task.kind == "pairs" else "queries"
    st.markdown(
        f"Of {queries.total:,} {unit}, {first} is better on **{queries.first:,}** and {second} on "
        f"**{queries.second:,}**; {queries.equal:,} are equal."
    )
    _show_query_table(query, pair, queries, board.label)


def _is_single(board: Board) -> bool:
    """Whether there is nothing to compare, after showing so."""
    if len(board.order) < 2:
        st.info("This needs at least two contenders with a score.", icon=":material/info:")
    return len(board.order) < 2


def _pair_columns(metric: str) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "better": text("Better", help=f"The contender with the higher {metric}."),
        "worse": text("Worse", help=f"The contender with the lower {metric}."),
        "difference": number("Difference", format="%.3f", help="Better minus worse, in units of the score."),
        "low": number("95% CI low", format="%.3f", help="Confidence interval of the difference on the same queries."),
        "high": number("95% CI high", format="%.3f"),
        "p_value_holm": number("p (Holm)", format="%.4f", help="Corrected for the number of pairs."),
        "significant": st.column_config.CheckboxColumn("Significant", help="Corrected p below 0.05."),
        "minimum_detectable_difference": number(
            "Minimum detectable difference",
            format="%.4f",
            help="Smallest true difference that is significant, after correction for all pairs, in 80% of samples. "
            "Empty: none is with so few queries, or it is unknown.",
        ),
    }


def _select_contender_pair(query: ScoreboardQuery, board: Board) -> ContenderPair:
    names = {index: query.contenders[index].label for index in board.order}
    options: dict[str, Any] = {"format_func": lambda index: names.get(index, ""), "width": 280}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("First", list(names), key="score_first", help="A contender.", **options)
        others = [index for index in names if index != first]
        second = st.selectbox("Second", others, key="score_second", help="The contender to compare with.", **options)
        better = st.segmented_control(
            "Show", list(BETTER), key="score_which", format_func=lambda better: BETTER[better], default="both",
            required=True, persist_state="session", help="Queries on which either, or only one of the two, is better.",
        )  # fmt: skip
    return ContenderPair(int(first), int(second), better or "both")


def _show_query_table(query: ScoreboardQuery, pair: ContenderPair, queries: QueryTable, metric: str) -> None:
    """The list; the top hits of a selected row are shown below."""
    if not len(queries.table):
        st.info("No such queries.", icon=":material/done_all:")
        return
    is_pairs = query.task.kind == "pairs"
    key = "score_pairs_seen" if is_pairs else "score_queries"
    columns = _query_columns(RANK_AGREEMENT if is_pairs else metric, is_pairs)
    alt = "Queries on which the two differ"
    selected = show_table(
        queries.table, alt, columns, max_height=420, key=key, selection=None if is_pairs else "single-row"
    )
    hint = "" if is_pairs else " Select a row to see the top hits of both contenders."
    st.caption(f"Top {len(queries.table):,} by difference, duplicates once.{hint}")
    csv_button("Export queries (CSV)", queries.table, "queries.csv", key="score_queries_file", help="This table.")
    if selected:
        _show_top_hits(query, pair, int(queries.table.index[selected[0]]))


def _query_columns(score: str, is_pairs: bool) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "query": text("First text" if is_pairs else "Query", width="medium" if is_pairs else "large"),
        "label": text("Label", width="small"),
        "other": text("Second text", width="medium"),
        "score": number("Human score", format="%.2f", help="The rating of the pair in the data."),
        "answer": text("Relevant text", width="medium", help="The first text that is relevant to the query."),
        "first": number("First", format="%.3f", help=f"{score}, of the first contender."),
        "second": number("Second", format="%.3f", help=f"{score}, of the second contender."),
        "difference": number("Difference", format="%.3f", help="First minus second."),
    }


def _show_top_hits(query: ScoreboardQuery, pair: ContenderPair, number: int) -> None:
    """The first rows for a query under both contenders, side by side."""
    hits = session.ask_once(top_hits, query, pair, number)
    st.markdown(f"**{plain(hits.text)}**" + (f" · {plain(hits.label)}" if hits.label else ""))
    columns = {
        "relevant": st.column_config.CheckboxColumn("Relevant", help="Has the query's label, or is judged relevant."),
        "cosine": st.column_config.NumberColumn("Cosine", format="%.3f"),
        "label": st.column_config.TextColumn("Label", width="small"),
        "text": st.column_config.TextColumn("Text", width="medium"),
    }
    for column, index, table in zip(st.columns(2), (pair.first, pair.second), hits.tables, strict=True):
        with column:
            st.markdown(plain(query.contenders[index].label))
            draw_frame(table, "Top hits", columns)
