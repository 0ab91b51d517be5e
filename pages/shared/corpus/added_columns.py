"""The columns that were added to a corpus: labels, predictions, entities; each can be removed."""

from datetime import datetime

import streamlit as st

from core.corpus.added_columns import AddedColumn, AddedKind, added_columns, remove_column
from core.corpus.service import count_filled
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.text import plain

KIND_LABELS: dict[AddedKind, str] = {
    "labels": "Labels", "predictions": "Predictions", "zero_shot": "Zero-shot labels", "entities": "Entities",
}  # fmt: skip


def show_added_columns(info: CorpusInfo) -> None:
    """Nothing where there are none."""
    columns = added_columns(session.folder(), info.digest)
    if not columns:
        return
    st.markdown(
        "**Added columns**",
        help="Computed or labeled in Planisphere. They are available on every page like the columns of your file, and "
        "are part of the download.",
    )
    filled = session.ask_once(count_filled, session.corpus_ref(info))
    for position, (column, cells) in enumerate(zip(columns, filled, strict=True)):
        _show_column(info, column, cells, position)


def _show_column(info: CorpusInfo, column: AddedColumn, cells: int, position: int) -> None:
    created = datetime.fromtimestamp(column.created)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(column.name)}** · {KIND_LABELS[column.kind]} · {cells:,} of {info.rows:,} rows · "
            f"{created:%Y-%m-%d %H:%M}",
            width="stretch",
        )
        with st.popover("Remove", icon=":material/delete:", key=f"remove-added-{position}"):
            st.markdown(f"Remove **{plain(column.name)}** with its values? They can't be restored.")
            st.button(
                "Remove column", key=f"remove-added-yes-{position}", type="primary", icon=":material/delete:",
                on_click=_remove, args=(info, column.name), help="Permanent.",
            )  # fmt: skip


def _remove(info: CorpusInfo, name: str) -> None:
    remove_column(session.corpus_ref(info), name)
