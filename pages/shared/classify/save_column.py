"""Saving predictions or zero-shot labels as a column of the corpus, and removing such columns."""

from collections.abc import Callable

import streamlit as st

from core.classify.saved_columns import SavedColumn, remove_saved_column, saved_columns
from core.corpus.added_columns import MAX_NAME_LENGTH, AddedKind
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import filters, messages, session
from pages.shared.text import count, plain

SAVED = "saved column"


def show_save_column(
    info: CorpusInfo, kind: AddedKind, default: str, summary: str, save: Callable[[str], SavedColumn]
) -> None:
    """A form with the column's name and what it will hold, what was saved, and the existing columns of this kind.

    default: the proposed name. summary: a sentence as Markdown on the cells. save: (name) -> the stored column.
    """
    corpus, key = session.corpus_ref(info), f"save_{kind}"
    existing = {column.name: column for column in saved_columns(corpus, kind)}
    proposed = default[:MAX_NAME_LENGTH]
    with st.form(f"{key}_form"):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        name = left.text_input(
            "Column name", proposed, MAX_NAME_LENGTH, key=f"{key}_name {proposed}",
            help="A new column of this corpus, for filters, map colors, Trends and the Scoreboard. The imported data "
            "and the vectors stay as they are. A saved column of the same name is replaced.",
        )  # fmt: skip
        pressed = right.form_submit_button("Save as column", icon=":material/add_column_right:", width="stretch")
        verb = f"Replaces the saved column {plain(proposed)}." if proposed in existing else ""
        st.caption(" ".join(filter(None, [summary, verb])))
    if pressed:
        _save(name, save)
    _show_saved(info, kind)
    if existing:
        _show_existing(info, kind, list(existing))


def _save(name: str, save: Callable[[str], SavedColumn]) -> None:
    try:
        with st.spinner("Saving the column", show_time=True):
            saved = save(name)
    except PlanisphereError as error:
        messages.show_error(error)
        return
    session.remember(SAVED, saved)
    session.remember("open_t_group", f"column:{saved.name}")  # what Trends groups by when it is opened next
    filters.offer_filter(saved.name)
    st.rerun()  # the whole page: the corpus has another column


def _show_saved(info: CorpusInfo, kind: AddedKind) -> None:
    """What was just saved, with links to where the column is used."""
    saved: SavedColumn | None = session.remembered(SAVED)
    if saved is None or saved.kind != kind or saved.name not in info.columns:
        return
    missing = saved.rows - saved.filled
    rest = f" {count(missing, 'row')} {'is' if missing == 1 else 'are'} empty." if missing else ""
    st.success(
        f"Saved as **{plain(saved.name)}**: {count(saved.filled, 'row')} of {saved.rows:,} with a value.{rest}",
        icon=":material/check_circle:",
    )
    corpus = {"corpus": info.digest}
    with st.container(key=f"links_{kind}", horizontal=True):
        st.page_link(
            "pages/explore/map.py", label="Color the map", icon=":material/scatter_plot:",
            query_params={**corpus, "color": saved.name},
        )  # fmt: skip
        st.page_link(
            "pages/explore/trends.py", label="Trends by this column", icon=":material/show_chart:",
            query_params={**corpus, "t_group": f"column:{saved.name}"},
        )  # fmt: skip
        st.page_link(
            "pages/explore/search.py", label="Filter rows in Search", icon=":material/filter_alt:",
            query_params=corpus, help="The column is among the filters there.",
        )  # fmt: skip


def _show_existing(info: CorpusInfo, kind: AddedKind, names: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if session.widget_value(f"saved_{kind}") not in names:
            session.set_widget(f"saved_{kind}", names[-1])
        name = st.selectbox("Saved columns", names, key=f"saved_{kind}", width=320)
        pressed = st.button(
            "Remove column", key=f"remove_{kind}", icon=":material/delete:",
            help="Deletes this saved column. The imported data stays as it is.",
        )  # fmt: skip
    if pressed:
        remove_saved_column(session.corpus_ref(info), name)
        session.remember(SAVED, None)
        st.rerun()
