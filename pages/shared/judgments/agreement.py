"""How far two annotators agree on the hits, or the answers, that both have graded."""

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.agreement import agreement
from core.corpus.judgments import Subject, grade_names, summarize_judgments
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.tables import ROW_COLUMN, WRAPPED, number, show_table, text
from pages.shared.text import count, plain

KAPPA_HELP = (
    "Cohen's kappa with quadratic weights: 1 is perfect agreement, 0 is chance. A difference of two grades counts four "
    "times as much as one."
)


SUBJECTS: dict[Subject, str] = {"rows": "Relevance of hits", "answers": "Faithfulness of answers"}
NEEDED: dict[Subject, str] = {
    "rows": "judge the same questions under another name, or import judgments.",
    "answers": "grade the same answers under another name, in the section Answers.",
}


def show_agreement(info: CorpusInfo) -> None:
    subject: Subject = st.segmented_control(
        "Grades", list(SUBJECTS), key="agree_subject", default="rows", required=True, format_func=SUBJECTS.__getitem__,
        persist_state="session", help="What two annotators have graded.",
    )  # fmt: skip
    corpus, unit = session.corpus_ref(info), "hit" if subject == "rows" else "answer"
    people = list(session.ask(summarize_judgments, corpus, subject).annotators)
    if len(people) < 2:
        st.info(f"Agreement needs two annotators: {NEEDED[subject]}", icon=":material/group:")
        return
    left, right = st.columns(2)
    first = str(left.selectbox("First annotator", people, key=f"agree_first-{subject}", persist_state="session"))
    others = [name for name in people if name != first]
    second = str(right.selectbox("Second annotator", others, key=f"agree_second-{subject}-{first}"))
    result = session.ask(agreement, corpus, first, second, subject)
    if not result.pairs:
        st.info(f"{plain(first)} and {plain(second)} have graded no {unit} in common.", icon=":material/info:")
        return
    value, low, high = np.clip(result.kappa, -1.0, 1.0)  # the interval is symmetric
    interval = "" if np.isnan(low) else f" [{low:z.2f}, {high:z.2f}]"
    formatted = "not defined" if np.isnan(value) else f"{value:z.2f}{interval}"
    st.metric("Weighted kappa", formatted, help=KAPPA_HELP, width="content")
    st.caption(f"{count(result.pairs, unit)} graded by both; 95% bootstrap interval over {unit}s.")
    names = list(grade_names(subject).values())
    table = pd.DataFrame(result.table, columns=names)
    table.insert(0, "grade", names)
    columns = {"grade": text(first), **{name: number(f"{second}: {name}") for name in names}}
    show_table(table, "Grades of the first annotator by those of the second", columns, key="agree_table")
    if result.disagreements.empty:
        return
    st.markdown("##### Disagreements")
    columns = {
        "question": text("Question", width="medium"),
        "row": ROW_COLUMN if subject == "rows" else number("No.", "localized", "Number of the answer.", 60),
        "text": text("Text" if subject == "rows" else "Answer", width="large"),
        "first": text(first),
        "second": text(second),
    }
    alt = f"{unit.capitalize()}s that were graded differently"
    show_table(result.disagreements, alt, columns, row_height=WRAPPED, key="agree_differences")
