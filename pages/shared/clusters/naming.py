"""Names of groups: edited by hand in a table, or asked of a language model."""

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from core.clusters import naming as answers
from core.clusters.methods import ClusterParams
from core.corpus.selections import MAX_NAME_LENGTH
from core.digest import digest_json
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from pages.shared import session
from pages.shared.clusters import naming_llm
from pages.shared.downloads import csv_button
from pages.shared.errors import show_error
from pages.shared.text import plain

WAYS = ("By hand", "With a language model")
COLUMNS: dict[str, Any] = {
    "number": st.column_config.NumberColumn("Group", width=70, help="1 is the largest.", disabled=True),
    "name": st.column_config.TextColumn(
        "Name", help="Double-click to edit. No two groups may have the same.", max_chars=MAX_NAME_LENGTH, required=True
    ),
    "rows": st.column_config.NumberColumn("Rows", width=80, format="localized", disabled=True),
    "keywords": st.column_config.TextColumn(
        "Words", help="What its rows say more than others, most telling first.", disabled=True
    ),
}


def show(info: CorpusInfo, model: ModelSpec, params: ClusterParams) -> None:
    """The button that opens the names, or, while a model is naming them, a word about that."""
    if naming_llm.running(info, params):
        st.caption(":material/hourglass_top: Names are being written; those that are there can be seen already.")
    if st.button("Names", icon=":material/edit:", key="naming", help="Edit them, or have a language model write them."):
        dialog(info, model, params)


@st.dialog("Names of the groups", width="large", icon=":material/edit:")
def dialog(info: CorpusInfo, model: ModelSpec, params: ClusterParams) -> None:
    way = st.segmented_control(
        "How", WAYS, default=WAYS[0], key="naming_way", required=True, help="Names are kept with this grouping."
    )
    try:
        if way == WAYS[1]:
            naming_llm.show(info, model, params)
        else:
            by_hand((session.corpus_ref(info), model, params))
    except PlanisphereError as error:
        show_error(error)


def by_hand(where: tuple[CorpusRef, ModelSpec, ClusterParams]) -> None:
    """The table, and what can be done with what was typed there."""
    table = session.ask(answers.names_table, *where, timeout=600)
    edited = st.data_editor(
        table[list(COLUMNS)],
        hide_index=True,
        width="stretch",
        height=min(460, 37 + 35 * len(table)),
        column_config=COLUMNS,
        key=f"names-{_stamp(where, table)}",
    )
    given = int((table["name"] != table["own"]).sum())
    st.caption(
        f"{given:,} of {len(table):,} groups have a name that was given; the others are called by their words "
        "(class-based TF-IDF)."
    )
    with st.container(horizontal=True):
        keep = st.button(
            "Keep these names",
            type="primary",
            icon=":material/check:",
            key="names_keep",
            help="From then on they stand on every page, and in exports.",
        )
        back = st.button(
            "Back to the names by words",
            icon=":material/undo:",
            key="names_back",
            disabled=not given,
            help="Forgets all names that were given to this grouping.",
        )
        csv_button(
            "Names (CSV)",
            table.rename(columns={"own": "name by words"}),
            "group-names.csv",
            help="The names as they are kept, with words and sizes.",
        )
    if keep or back:
        change(where, edited, back)


def change(where: tuple[CorpusRef, ModelSpec, ClusterParams], edited: pd.DataFrame, back: bool) -> None:
    """Keep or forget names, then draw the whole page anew; what can't be kept is said, and stays in the table."""
    try:
        if back:
            session.ask(answers.forget_names, *where)
        else:
            session.ask(answers.keep_names, *where, tuple(edited["name"]))
    except PlanisphereError as error:
        st.error(plain(f"{error.message} {error.remedy}"), icon=":material/error:")
        return
    st.rerun()


def _stamp(where: tuple[CorpusRef, ModelSpec, ClusterParams], table: pd.DataFrame) -> str:
    """Another one whenever the kept names change, so that the table then starts from these."""
    corpus, model, params = where
    return digest_json([corpus.digest, model.key, asdict(params), table["name"].tolist()])
