"""Every two contenders compared: difference, interval, p, and whether they are told apart."""

from typing import Any

import pandas as pd
import streamlit as st

from core.answers.scoreboard.board import Asked, Board
from core.contenders import Contender
from pages.shared.downloads import csv_button
from pages.shared.text import plain


def show(asked: Asked, board: Board) -> None:
    """The table of pairs, with a sentence and its file."""
    found = board.comparison
    if not found.pairs:
        st.info("Differences need at least two contenders with a score.", icon=":material/info:")
        return
    table = pair_table(asked.contenders, board)
    st.markdown(pairs_words(table))
    st.dataframe(
        table.drop(columns=["p", "told_apart"]),
        hide_index=True,
        width="stretch",
        lazy=False,
        key="score_pairs",
        alt="Differences of every two contenders",
        column_config=_columns(board.label),
    )
    st.caption(
        f"{plain(found.method)} Told apart where the corrected p is below 0.05. A point is a hundredth of the score."
    )
    csv_button(
        "Download the differences (CSV)",
        table,
        "differences.csv",
        key="score_pairs_file",
        help="This table, unrounded, with raw p.",
    )


def pair_table(contenders: tuple[Contender, ...], board: Board) -> pd.DataFrame:
    """One row a pair, the higher score first."""
    names = {
        line.name: contenders[place].label for line, place in zip(board.comparison.lines, board.places, strict=True)
    }
    return pd.DataFrame(
        {
            "higher": names[pair.first],
            "lower": names[pair.second],
            "points": 100 * pair.difference,
            "low": 100 * pair.low,
            "high": 100 * pair.high,
            "p_holm": pair.p_holm,
            "verdict": "told apart" if pair.told_apart else "not told apart",
            "mdd": 100 * pair.mdd,
            "p": pair.p,
            "told_apart": pair.told_apart,
        }
        for pair in board.comparison.pairs
    )


def pairs_words(table: pd.DataFrame) -> str:
    """How many pairs are told apart."""
    apart = int(table["told_apart"].sum())
    if len(table) == 1:
        return "The two are told apart." if apart else "The two can't be told apart with these rows."
    if apart == len(table):
        return f"All {len(table)} pairs of contenders are told apart."
    if not apart:
        return f"None of the {len(table)} pairs of contenders can be told apart with these rows."
    verb = "is" if apart == 1 else "are"
    return f"{apart} of {len(table)} pairs of contenders {verb} told apart; the others can't be with these rows."


def _columns(metric: str) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "higher": text("Higher", help=f"The contender with the higher {metric}."),
        "lower": text("Lower"),
        "points": number("Points", format="%.2f", help="Higher minus lower, in hundredths of the score."),
        "low": number("95% from", format="%.2f", help="Interval of the difference on the same queries."),
        "high": number("to", format="%.2f"),
        "p_holm": number("p (Holm)", format="%.4f",
                         help="How often a difference as large would arise by chance were the two alike, corrected "
                         "for looking at many pairs."),
        "verdict": text("Told apart?", help="Where the corrected p is below 0.05."),
        "mdd": number("Least seen", format="%.2f",
                      help="The smallest true difference, in points, that would be seen in 4 of 5 such samples."),
    }  # fmt: skip
