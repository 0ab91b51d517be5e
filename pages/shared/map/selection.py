"""The selection on the map: the clicked row, the selected rows as a table, and what is distinctive about them."""

from functools import partial
from math import exp
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.distinctive_terms import DistinctiveItem, DistinctiveItems, MeanShift
from core.map.rows import (
    LONGEST_CELL,
    MAX_CELL,
    RowView,
    SelectionTable,
    TableView,
    distinctive_features,
    row_view,
    save_selected_rows,
    selection_file,
    selection_table,
)
from core.map.scene import MapScene
from core.map.selection import MapSelection, SelectionStep
from core.map.service import LayoutKey
from pages.shared import session
from pages.shared.corpus.document_view import show_document_button
from pages.shared.downloads import FILE_TYPES, file_button
from pages.shared.map import state
from pages.shared.selections import view
from pages.shared.tables import ROW_COLUMN, WRAPPED, number, show_table, text, with_row_numbers
from pages.shared.text import count, cut, file_stem, plain

HINT = (
    "Click a point to read its text and see its nearest neighbors. To select many, use the lasso or box tool, click a "
    "name in the legend, or drag the ends of a color bar or histogram."
)


ENTRY_COLUMNS = {
    "Odds ratio ≥": number(
        None, "%.1f", "Lower bound of the odds ratio, corrected for all tests. It is not a ratio of shares.", 95
    ),
    "Selection": text("Selection", "Share and number of the selected rows with it.", 100),
    "Rest": text("Rest", "Share and number of the other rows with it.", 100),
}


def show_selected_rows(scene: MapScene, name: str, selection: MapSelection) -> bool:
    """The clicked row and the selected rows; without a selection, how to make one. Whether rows are selected."""
    if selection.clicked is not None:
        show_row(scene.first, selection.clicked, "clicked")
    if not selection.has_selection:
        if selection.clicked is None:
            st.info(HINT, icon=":material/ads_click:")
        return False
    unfiltered = session.ask_once(selection_table, scene, selection, TableView())
    if not unfiltered.selected:
        message = "The selection is empty. Draw a larger shape, relax the filters, or press Escape to clear it."
        st.info(message, icon=":material/ads_click:")
        return False
    with st.container(key="map_selected"):
        st.markdown(f"**{count(unfiltered.selected, 'row')} selected**")
    row = _show_table(scene, name, selection, unfiltered)
    if row is not None:
        show_row(scene.first, row, "listed")
    return True


def show_row(layout_key: LayoutKey, row: int, key: str) -> None:
    """The row in full and its nearest neighbors. key: unique on the page."""
    text = st.container(key=f"map_row_{key}")
    help_ = "By cosine similarity in embedding space, regardless of the map."
    options: dict[str, Any] = {"default": 10, "required": True, "persist_state": "session", "help": help_}
    limit = st.segmented_control("Nearest neighbors", [10, 50], key=f"map_near_{key}", **options)
    view = session.ask_once(row_view, layout_key, row, int(limit or 10))
    with text:
        _show_row_text(view)
        info = session.current_corpus()
        if info and info.digest == layout_key.corpus.digest:
            show_document_button(info, row, key)
    _show_neighbors(view)
    _show_cells(view)


def _show_row_text(view: RowView) -> None:
    source = dict(view.cells).get("source_row")
    st.markdown(f"**Row {view.row + 1:,}**" + (f" (row {plain(cut(source, 20))} of the source file)" if source else ""))
    if view.copies:
        st.caption(f"+ {count(view.copies, 'copy', 'copies')} of this text; neighbors are other texts.")
    with st.container(height=220 if view.length > 600 else "content", border=True):
        st.text(view.text or "(empty)")
    if view.length > len(view.text):
        st.caption(f"Showing the first {len(view.text):,} of {view.length:,} characters.")


def _show_cells(view: RowView) -> None:
    cells = pd.DataFrame(view.cells, columns=["Column", "Value"])
    show_table(cells, "All columns of the row", {}, max_height=320)
    if view.truncated:
        names = ", ".join(plain(cut(name, 40)) for name in view.truncated)
        st.caption(f"Truncated to {LONGEST_CELL:,} characters: {names}.")


def _show_neighbors(view: RowView) -> None:
    if view.neighbors.empty:
        st.caption("This corpus has no other text.")
        return
    table = view.neighbors.rename(columns={"cosine": "Cosine", "text": "Text", "copies": "Copies"})
    table = with_row_numbers(table)
    cosine = number(None, "%.3f", "Cosine similarity of the embeddings; 1 is identical.", 70)
    copies = number(None, "localized", "Further rows with the same text.", 70)
    columns = {"Cosine": cosine, "Copies": copies, "Text": text(width=240), "Row": ROW_COLUMN}
    show_table(table, "Nearest neighbors with cosine similarity", columns, max_height=408, row_height=WRAPPED)


def show_saved_selections(scene: MapScene, selection: MapSelection) -> None:
    """The saved selections: save the current one, or show another on the map."""
    info = session.current_corpus()
    if info is None:
        return
    save = partial(session.ask, save_selected_rows, scene, selection) if selection.has_selection else None
    requested = view.show_selections(info, save)
    if requested:
        state.show_selection(scene, MapSelection((SelectionStep("rows", "set", key=requested.key),)))
        st.rerun()


def _show_table(scene: MapScene, name: str, selection: MapSelection, unfiltered: SelectionTable) -> int | None:
    """The table with filter, sorting and downloads; returns the row that is selected in it."""
    table_view = _select_table_view(list(unfiltered.table.columns))
    filtered = session.ask_once(selection_table, scene, selection, table_view)
    columns = {filtered.table.columns[0]: text(width=280)}
    options: dict[str, Any] = {"max_height": 408, "row_height": WRAPPED, "key": "map_rows", "selection": "single-row"}
    clicked = show_table(filtered.table, "The selected rows", columns, **options)
    st.caption(f"{_count_text(filtered)} Select a row to read it.")
    _show_selection_downloads(scene, name, selection, table_view)
    return int(filtered.table.index[clicked[0]]) if clicked else None


def _select_table_view(columns: list[str]) -> TableView:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        help_ = "Rows that contain all these words, in any column."
        options: dict[str, Any] = {"persist_state": "session", "placeholder": "Words", "help": help_}
        query = st.text_input("Filter rows", key="map_find", width=190, **options)
        help_ = "Sorts all selected rows; clicking a column header sorts the visible ones."
        options = {"format_func": lambda column: column or "corpus order", "help": help_}
        by = st.selectbox("Sort by", ["", *columns], key="map_sort", width=170, **options)
        help_ = "Largest first, or from Z to A."
        descending = bool(by) and st.toggle("Descending", key="map_falling", help=help_)
    return TableView(query.strip(), by or "", descending)


def _count_text(filtered: SelectionTable) -> str:
    if not filtered.matching:
        return "No selected row contains these words."
    parts = []
    if filtered.matching > len(filtered.table):
        parts.append(f"Showing the first {len(filtered.table):,}; downloads have all.")
    if filtered.matching < filtered.selected:
        parts.append(f"{filtered.matching:,} of {filtered.selected:,} contain these words.")
    if filtered.truncated:
        parts.append(f"Cells are truncated to {MAX_CELL:,} characters; downloads have them in full.")
    return " ".join(parts)


def _show_selection_downloads(scene: MapScene, name: str, selection: MapSelection, table_view: TableView) -> None:
    with st.container(horizontal=True):
        for file_type, label in FILE_TYPES.items():
            data = partial(session.manager().ask, selection_file, scene, selection, table_view, file_type)
            file_button(label, data, f"map-{file_stem(name)}-selection", file_type, "These rows with all columns.")


def show_distinctive_features(scene: MapScene, selection: MapSelection) -> None:
    """Terms and column values that are over-represented in the selection, strongest first."""
    with st.container(key="map_terms"):
        st.markdown(
            "**What's distinctive**",
            help="Over-represented compared with all other rows. 95% simultaneous lower bounds of the odds ratio "
            "(Bonferroni over all tests; log odds with Haldane's correction and Woolf's standard error).",
        )
        with st.spinner("Comparing with the other rows"):
            terms, values = session.ask_once(distinctive_features, scene, selection)
        if not terms.tests and not values.tests:
            st.caption(terms.note)
            return
        left, right = st.columns(2, gap="medium")
        with left:
            _show_distinctive_entries("Terms", terms, with_column=False)
        with right:
            _show_distinctive_entries("Column values", values, with_column=True)
            for shift in values.shifts:
                st.text(_shift_text(shift))


def _show_distinctive_entries(title: str, contrasts: DistinctiveItems, with_column: bool) -> None:
    if contrasts.entries:
        show_table(_entry_table(title, contrasts.entries, with_column), title, ENTRY_COLUMNS, max_height=248)
    st.caption(f"{'' if contrasts.entries else f'No significant {title.lower()}. '}{contrasts.note}")


def _entry_table(title: str, entries: tuple[DistinctiveItem, ...], with_column: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            title: [f"{entry.name}: {entry.value}"[:200] if with_column else entry.value for entry in entries],
            "Odds ratio ≥": [exp(entry.lower) for entry in entries],
            "Selection": [_share(entry.inside, entry.inside_total) for entry in entries],
            "Rest": [_share(entry.outside, entry.outside_total) for entry in entries],
        }
    )


def _share(part: int, total: int) -> str:
    return f"{part / max(total, 1):.1%} ({part:,})"


def _shift_text(shift: MeanShift) -> str:
    """A number or time column whose mean differs: "stars is lower: mean 1.8 (12 rows), rest 4 (9 rows)"."""
    inside, outside = (_mean(shift, value) for value in (shift.inside_mean, shift.outside_mean))
    lower, higher = ("earlier", "later") if shift.kind == "time" else ("lower", "higher")
    direction = higher if shift.effect > 0 else lower
    rows, others = count(shift.inside_count, "row"), count(shift.outside_count, "row")
    return f"{shift.name} is {direction}: mean {inside} ({rows}), rest {outside} ({others})"


def _mean(shift: MeanShift, value: float) -> str:
    return str(pd.Timestamp(value, unit="s").date()) if shift.kind == "time" else f"{value:,.4g}"
