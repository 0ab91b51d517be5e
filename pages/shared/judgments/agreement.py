"""How far two annotators agree on the hits that both have judged."""

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.pooling import agreement
from core.corpus.judgments import GRADES, summarize_judgments
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.tables import ROW_COLUMN, WRAPPED, number, show_table, text
from pages.shared.text import count, plain

KAPPA_HELP = (
    "Cohen's kappa with quadratic weights: 1 is perfect agreement, 0 is chance. A difference of two grades counts four "
    "times as much as one."
)


def show_agreement(info: CorpusInfo) -> None:
    corpus = session.corpus_ref(info)
    people = list(session.ask(summarize_judgments, corpus).annotators)
    if len(people) < 2:
        st.info(
            "Agreement needs two annotators: judge the same questions under another name, or import judgments.",
            icon=":material/group:",
        )
        return
    left, right = st.columns(2)
    first = str(left.selectbox("First annotator", people, key="agree_first", persist_state="session"))
    others = [name for name in people if name != first]
    second = str(right.selectbox("Second annotator", others, key=f"agree_second-{first}"))
    result = session.ask(agreement, corpus, first, second)
    if not result.pairs:
        st.info(f"{plain(first)} and {plain(second)} have judged no hit in common.", icon=":material/info:")
        return
    value, low, high = result.kappa
    interval = "" if np.isnan(low) else f" [{low:z.2f}, {high:z.2f}]"
    shown = "not defined" if np.isnan(value) else f"{value:z.2f}{interval}"
    st.metric("Weighted kappa", shown, help=KAPPA_HELP, width="content")
    st.caption(f"{count(result.pairs, 'hit')} judged by both; 95% bootstrap interval over hits.")
    table = pd.DataFrame(result.table, columns=list(GRADES.values()))
    table.insert(0, "grade", list(GRADES.values()))
    columns = {"grade": text(first), **{name: number(f"{second}: {name}") for name in GRADES.values()}}
    show_table(table, "Grades of the first annotator by those of the second", columns, key="agree_table")
    if result.disagreements.empty:
        return
    st.markdown("##### Disagreements")
    columns = {
        "question": text("Question", width="medium"), "row": ROW_COLUMN, "text": text("Text", width="large"),
        "first": text(first), "second": text(second),
    }  # fmt: skip
    alt = "Hits that were graded differently"
    show_table(result.disagreements, alt, columns, row_height=WRAPPED, key="agree_differences")
