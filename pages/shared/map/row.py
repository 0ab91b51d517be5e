"""One row of the map: its text, its columns, and its nearest neighbors in embedding space."""

import pandas as pd
import streamlit as st

from core.map.rows import LONGEST_CELL, RowView, row_view
from core.map.service import LayoutKey
from pages.shared import session
from pages.shared.text import cut, plain


def show_row(layout_key: LayoutKey, row: int, key: str) -> None:
    """The row in full and its nearest neighbors. key: unique on the page."""
    left, right = st.columns([3, 4], gap="medium")
    with right:
        count = st.segmented_control(
            "Nearest neighbors",
            [10, 50],
            key=f"map_near_{key}",
            default=10,
            required=True,
            persist_state="session",
            help="By cosine similarity in embedding space, regardless of the map.",
        )
        view = session.ask_once(row_view, layout_key, row, int(count or 10))
        _show_neighbors(view)
    with left, st.container(key=f"map_row_{key}"):
        _show_row_details(view)


def _show_row_details(view: RowView) -> None:
    source = dict(view.cells).get("source_row")
    st.markdown(f"**Row {view.row + 1:,}**" + (f" (row {plain(cut(source, 20))} of the source file)" if source else ""))
    with st.container(height=220 if view.length > 600 else "content", border=True):
        st.text(view.text or "(empty)")
    if view.length > len(view.text):
        st.caption(f"Showing the first {len(view.text):,} of {view.length:,} characters.")
    cells = pd.DataFrame(view.cells, columns=["Column", "Value"])
    st.dataframe(
        cells,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * max(len(cells), 1), 320),
        alt="All columns of the row",
    )
    if view.truncated:
        names = ", ".join(plain(cut(name, 40)) for name in view.truncated)
        st.caption(f"Truncated to {LONGEST_CELL:,} characters: {names}.")


def _show_neighbors(view: RowView) -> None:
    if view.neighbors.empty:
        st.caption("This corpus has no other text.")
        return
    table = view.neighbors.rename(columns={"cosine": "Cosine", "text": "Text"})
    table.insert(0, "Row", table.index + 1)
    columns = {
        "Cosine": st.column_config.NumberColumn(
            format="%.3f", width=70, help="Cosine similarity of the embeddings; 1 is identical."
        ),
        "Text": st.column_config.TextColumn(width="large"),
        "Row": st.column_config.NumberColumn(format="localized", width=70, help="Row number in the corpus."),
    }
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config=columns,
        height=min(38 + 35 * len(table), 388),
        alt="Nearest neighbors with cosine similarity",
    )
