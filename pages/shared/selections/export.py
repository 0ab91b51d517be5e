"""Kept selections as files: the rows of one, or the whole table with a yes/no column a selection."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from core.corpus import selections_service as answers
from core.corpus.selections import SavedSelection
from core.store import CorpusInfo
from pages.shared import session

What = Literal["rows", "columns"]
WHATS: dict[What, str] = {"rows": "Its rows", "columns": "All rows, with a column for each selection"}
FORMS: tuple[tuple[answers.Form, str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("parquet", "Parquet", "application/vnd.apache.parquet"),
)


def show_export(info: CorpusInfo, kept: Sequence[SavedSelection], chosen: SavedSelection) -> None:
    what: What = st.radio(
        "What to take out",
        list(WHATS),
        key="selection_export",
        format_func=lambda name: WHATS[name],
        help="The columns are True where a row lies in the selection of that name, else False.",
    )
    stem = file_stem(chosen.name if what == "rows" else f"{info.name} selections")
    with st.container(horizontal=True):
        for form, label, mime in FORMS:
            st.download_button(
                label,
                _file(info, kept, chosen, what, form),
                f"{stem}.{form}",
                mime,
                key=f"selection_{form}",
                icon=":material/download:",
                on_click="ignore",
                help=f"All columns of the corpus as {label}; made when you click.",
            )


def file_stem(name: str) -> str:
    """A name as the beginning of a file name."""
    return re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or "selection"


def _file(
    info: CorpusInfo, kept: Sequence[SavedSelection], chosen: SavedSelection, what: What, form: answers.Form
) -> Callable[[], bytes]:
    # bound now: the download runs outside of the page
    ask, corpus = session.manager().ask, session.corpus_ref(info)
    if what == "rows":
        return lambda: ask(answers.selection_file, corpus, chosen.key, form)
    keys = tuple(each.key for each in kept)
    return lambda: ask(answers.corpus_file, corpus, keys, form)
