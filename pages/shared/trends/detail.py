"""The rows behind a finding: words, typical texts, keeping and taking out."""

from collections.abc import Callable
from math import exp

import pandas as pd
import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH
from core.errors import PlanisphereError
from core.trends.rows import Explained, Pick, explain, keep, rows_file
from core.trends.service import Subject
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.errors import show_error
from pages.shared.text import count, plain
from pages.shared.trends.form import day

WORDS_HELP = (
    "Words the rows hold more often than those they are set against. 'At least' is the lower bound of the odds ratio, "
    "corrected for all words tested (Bonferroni, 95%)."
)


def show(subject: Subject, pick: Pick, key: str, against: Pick | None = None, other: str = "all other rows") -> None:
    """What the rows say, and what can be done with them."""
    told = session.ask(explain, subject, pick, against)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        typical(told)
    with right:
        words(told, f"Words against {other} ({told.against:,})")
        tools(subject, pick, key, told.rows)


def typical(told: Explained, title: str = "Most typical texts") -> None:
    """Texts nearest to the mean of the rows."""
    st.markdown(f"**{title}**", help="Nearest to the mean vector of these rows (cosine); equal texts are shown once.")
    if not told.rows:
        st.caption("No row.")
    for _, line in told.texts.iterrows():
        with st.container(border=True):
            parts = [f"row {int(line['row']) + 1:,}", day(str(line["time"])), str(line["sentiment"])]
            parts += [f"cosine {line['cosine']:.2f}"] if pd.notna(line["cosine"]) else []
            st.caption(" · ".join(part for part in parts if part))
            st.markdown(plain(line["text"]) or "(no text)")


def words(told: Explained, title: str) -> None:
    found = told.words
    st.markdown(f"**{title}**", help=WORDS_HELP)
    if not found.entries:
        tested = f"{found.tests:,} words and pairs of words were tested." if found.tests else found.note
        st.caption(f"No word stands out. {tested}")
        return
    table = pd.DataFrame(
        {
            "Word": [entry.value for entry in found.entries],
            "At least": [exp(entry.lower) for entry in found.entries],
            "Here": [f"{entry.inside:,} of {entry.inside_total:,}" for entry in found.entries],
            "Elsewhere": [f"{entry.outside:,} of {entry.outside_total:,}" for entry in found.entries],
        }
    )
    columns = {
        "At least": st.column_config.NumberColumn(format="%.1f ×", help="Odds ratio, its corrected lower bound.")
    }
    st.dataframe(table, hide_index=True, width="stretch", height=min(38 + 35 * len(table), 250), column_config=columns)
    unsure = f"None is sure among {found.tests:,} tested; these lead, each bound holding for its word alone (95%)."
    st.caption(found.note if told.sure else unsure)


def tools(subject: Subject, pick: Pick, key: str, rows: int) -> None:
    """Keep the rows under a name, or take them out."""
    if not rows:
        return
    with st.form(f"{key}_keep", border=False):
        name = st.text_input(
            "Keep these rows as",
            key=f"{key}_name",
            max_chars=MAX_NAME_LENGTH,
            placeholder="A name for the selection",
            help="A kept selection can be shown on the map, searched within, combined and exported.",
        )
        pressed = st.form_submit_button("Keep", icon=":material/bookmark_add:", help="Keeps these rows as a selection.")
    if pressed:
        try:
            saved = session.ask(keep, subject, pick, name)
            st.success(f"Kept {count(saved.rows, 'row')} as {plain(saved.name)}.", icon=":material/check:")
        except PlanisphereError as error:
            show_error(error)
    csv_button(
        f"Download {count(rows, 'row')} (CSV)",
        _file(subject, pick),
        "rows.csv",
        key=f"{key}_file",
        help="These rows with all their columns, group and sentiment.",
    )


def _file(subject: Subject, pick: Pick) -> Callable[[], bytes]:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    return lambda: ask(rows_file, subject, pick)
