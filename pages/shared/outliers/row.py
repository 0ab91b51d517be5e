"""Why a row is odd: its text, its percentile by every score, its nearest rows and what they have in common."""

import pandas as pd
import streamlit as st

from core.outliers.row import RowWhy, row_why
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.text import cut, plain


def show(info: CorpusInfo, model: ModelSpec, row: int, k: int) -> None:
    why = session.ask_once(row_why, session.corpus_ref(info), model, row, k)
    with st.container(border=True):
        st.markdown(f"**Why row {row + 1:,} is here**")
        left, right = st.columns(2, gap="medium")
        with left:
            with st.container(height=160 if len(why.text) > 500 else "content", border=False):
                st.text(why.text or "(empty)")
            st.markdown("\n".join(f"- {line}" for line in reasons(why)))
            _scores(why)
        with right:
            _nearest(why)


def reasons(why: RowWhy) -> list[str]:
    """Sentences in Markdown on how the row stands to its nearest rows."""
    if why.near.empty:
        return ["There is no other row to compare it with."]
    best = float(why.near.iloc[:, 0].to_numpy()[0])
    told = [f"The nearest row has a cosine of {best:.2f}; 1 would be the same."]
    told.append(
        f"Shared with its nearest rows: {_listed(why.shared)}."
        if why.shared
        else "It shares no telling words with its nearest rows."
    )
    if why.theirs:
        told.append(f"They have, and it lacks: {_listed(why.theirs)}.")
    if why.own:
        told.append(f"Only in this row, among them: {_listed(why.own)}.")
    for column, own, common, held in why.labels:
        if held * 2 < len(why.near):  # its nearest rows have no value in common
            continue
        own_words = f"here {plain(cut(own, 40))}" if own else "here none"
        agree = " (the same)" if own == common else ""
        told.append(
            f"{plain(column)}: {own_words}; {held} of the {len(why.near)} nearest have {plain(cut(common, 40))}{agree}."
        )
    return told


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{plain(word)}”" for word in words)


def _scores(why: RowWhy) -> None:
    st.dataframe(
        why.scores,
        hide_index=True,
        width="stretch",
        alt="The row's percentile by every score",
        column_config={
            "Percentile": st.column_config.ProgressColumn(
                format="%.1f", min_value=0, max_value=100, width=130, help="100 is the strangest row."
            ),
            "Value": st.column_config.NumberColumn(format="%.3f", width=70, help="Higher is stranger."),
            "Score": st.column_config.TextColumn(width=190),
        },
    )


def _nearest(why: RowWhy) -> None:
    if why.near.empty:
        return
    table: pd.DataFrame = why.near.copy()
    columns = ["Cosine", *(f"{name} " if name in ("Cosine", "Row") else str(name) for name in table.columns[1:])]
    table = table.set_axis(columns, axis=1)
    table.insert(0, "Row", table.index + 1)
    st.caption("Its nearest rows, by cosine in the model's own space:")
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(table), 388),
        alt="The nearest rows",
        column_config={
            "Row": st.column_config.NumberColumn(format="localized", width=60),
            "Cosine": st.column_config.NumberColumn(format="%.3f", width=70, help="1 is the same."),
            "Text": st.column_config.TextColumn(width="large"),
        },
    )
