"""Query by query: what one contender gets right where another does not."""

from typing import Any

import streamlit as st

from core.scoreboard import per_query as answers
from core.scoreboard.per_query import QueryLook, QueryTable, Which, query_detail
from core.scoreboard.service import Board, ScoreboardQuery
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import plain

NEARNESS = "How near the pair's rank by cosine is to its rank by given score (1: the same)"
WHICH: dict[Which, str] = {"both": "Any difference", "first": "First better", "second": "Second better"}


def show(asked: ScoreboardQuery, board: Board) -> None:
    """Two contenders chosen, the queries on which they differ most, and their nearest rows under both."""
    if len(board.places) < 2:
        st.info("This needs two contenders with a score.", icon=":material/info:")
        return
    look = _look(asked, board)
    seen = session.ask_once(answers.query_table, asked, look)
    if seen is None:
        st.info(f"{plain(board.label)} has no score for each query: choose another metric.", icon=":material/info:")
        return
    one, other = (plain(asked.contenders[place].label) for place in (look.first, look.second))
    st.markdown(
        f"{one} is better on **{seen.first:,}** and {other} on **{seen.second:,}** of {seen.total:,} "
        f"{'pairs' if asked.task.kind == 'pairs' else 'queries'}; they are equal on {seen.equal:,}."
    )
    _table(asked, look, seen, board.label)


def _look(asked: ScoreboardQuery, board: Board) -> QueryLook:
    names = {place: asked.contenders[place].label for place in board.places}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox(
            "First", list(names), key="score_first", format_func=lambda place: names.get(place, ""), width=280,
            help="The contender whose score stands first.",
        )  # fmt: skip
        others = [place for place in names if place != first]
        second = st.selectbox(
            "Second", others, key="score_second", format_func=lambda place: names.get(place, ""), width=280,
            help="The contender it is set against.",
        )  # fmt: skip
        which = st.segmented_control(
            "Show", list(WHICH), key="score_which", format_func=lambda each: WHICH[each], default="both", required=True,
            persist_state="session", help="Queries on which either is better, or only one of the two.",
        )  # fmt: skip
    return QueryLook(int(first), int(second), which or "both")


def _table(asked: ScoreboardQuery, look: QueryLook, seen: QueryTable, metric: str) -> None:
    """The list; the row chosen in it is shown below, with what both contenders rank first."""
    if not len(seen.table):
        st.info("There is no such query.", icon=":material/done_all:")
        return
    of_pairs = asked.task.kind == "pairs"
    event: Any = st.dataframe(
        seen.table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(seen.table), 420),
        lazy=False,
        key="score_pairs_seen" if of_pairs else "score_queries",
        on_select="ignore" if of_pairs else "rerun",
        selection_mode="single-row",
        alt="Queries on which the two differ",
        column_config=_columns(NEARNESS if of_pairs else metric, of_pairs),
    )
    more = "" if of_pairs else " Choose a row at its left edge to see what each contender ranks first for it."
    st.caption(f"The largest differences first, {len(seen.table):,} shown, copies of a text once.{more}")
    csv_button("Download these (CSV)", seen.table, "queries.csv", key="score_queries_file", help="This table.")
    rows = [] if of_pairs or not event else event["selection"]["rows"]
    if rows and rows[0] < len(seen.table):
        _detail(asked, look, int(seen.table.index[rows[0]]))


def _columns(score: str, of_pairs: bool) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "query": text("First text", width=230) if of_pairs else text("Query", width="large"),
        "label": text("Label", width=130),
        "other": text("Second text", width=230),
        "given": number("Given", format="%.2f", help="The pair's score as it was given."),
        "answer": text("To be found", width="medium", help="The first text that answers it."),
        "first": number("First", format="%.3f", help=f"{score}, of the first contender."),
        "second": number("Second", format="%.3f", help=f"{score}, of the second contender."),
        "difference": number("Difference", format="%.3f", help="First minus second."),
    }


def _detail(asked: ScoreboardQuery, look: QueryLook, query: int) -> None:
    """The first rows for a query under both contenders, side by side."""
    found = session.ask_once(query_detail, asked, look, query)
    st.markdown(f"**{plain(found.text)}**" + (f" · {plain(found.label)}" if found.label else ""))
    for column, place, table in zip(st.columns(2), (look.first, look.second), found.nearest, strict=True):
        column.markdown(plain(asked.contenders[place].label))
        column.dataframe(
            table,
            hide_index=True,
            width="stretch",
            lazy=False,
            alt="Nearest rows",
            column_config={
                "right": st.column_config.CheckboxColumn(
                    "Right", width=50, help="Has the query's label, or is what was to be found."
                ),
                "cosine": st.column_config.NumberColumn("Cosine", format="%.3f", width=70),
                "label": st.column_config.TextColumn("Label", width=110),
                "text": st.column_config.TextColumn("Text", width="medium"),
            },
        )
