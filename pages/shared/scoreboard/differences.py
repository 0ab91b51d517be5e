"""Every two contenders compared: difference, interval, p, and whether they differ significantly."""

from typing import Any

import pandas as pd
import streamlit as st

from core.scoreboard.service import Board, ScoreboardQuery
from core.vectors.contenders import Contender
from pages.shared.downloads import csv_button
from pages.shared.text import plain


def show(asked: ScoreboardQuery, board: Board) -> None:
    """The table of pairs, with a sentence and its file."""
    found = board.comparison
    if not found.pairs:
        st.info("Differences need at least two contenders with a score.", icon=":material/info:")
        return
    table = pair_table(asked.contenders, board)
    st.markdown(pairs_words(table))
    st.dataframe(
        table.drop(columns=["p_value", "is_significant"]),
        hide_index=True,
        width="stretch",
        lazy=False,
        key="score_pairs",
        alt="Differences of every two contenders",
        column_config=_columns(board.label),
    )
    st.caption(
        f"{plain(found.method)} Significant where the corrected p is below 0.05. A point is a hundredth of the score."
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
            "p_value_holm": pair.p_value_holm,
            "verdict": "yes" if pair.is_significant else "no",
            "minimum_detectable_difference": 100 * pair.minimum_detectable_difference,
            "p_value": pair.p_value,
            "is_significant": pair.is_significant,
        }
        for pair in board.comparison.pairs
    )


def pairs_words(table: pd.DataFrame) -> str:
    """How many pairs differ significantly."""
    significant = int(table["is_significant"].sum())
    if len(table) == 1:
        return "The two differ significantly." if significant else "The two do not differ significantly on these rows."
    if significant == len(table):
        return f"All {len(table)} pairs of contenders differ significantly."
    if not significant:
        return f"None of the {len(table)} pairs of contenders differs significantly on these rows."
    verb = "differs" if significant == 1 else "differ"
    return f"{significant} of {len(table)} pairs of contenders {verb} significantly; the others do not on these rows."


def _columns(metric: str) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "higher": text("Higher", help=f"The contender with the higher {metric}."),
        "lower": text("Lower"),
        "points": number("Points", format="%.2f", help="Higher minus lower, in hundredths of the score."),
        "low": number("95% from", format="%.2f", help="Interval of the difference on the same queries."),
        "high": number("to", format="%.2f"),
        "p_value_holm": number("p (Holm)", format="%.4f",
                         help="How often a difference as large would arise by chance were the two alike, corrected "
                         "for looking at many pairs."),
        "verdict": text("Significant", help="Where the corrected p is below 0.05."),
        "minimum_detectable_difference": number(
            "Minimum detectable difference", format="%.2f",
            help="The smallest true difference, in points, that would be significant in 80% of such samples."),
    }  # fmt: skip
