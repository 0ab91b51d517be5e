"""The selection on the map: the clicked row, the selected rows as a table, and what is distinctive about them."""

from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any, Literal

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
from pages.shared.map import state
from pages.shared.selections import view
from pages.shared.text import count, cut, file_stem, plain

FILE_FORMATS: tuple[tuple[Literal["csv", "parquet"], str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("parquet", "Parquet", "application/vnd.apache.parquet"),
)
HINT = (
    "Click a point to read its text and see its nearest neighbors. To select many, use the lasso or box tool, click a "
    "name in the legend, or drag the ends of a color bar or histogram."
)


def show_map_selection(scene: MapScene, name: str, selection: MapSelection) -> None:
    """The clicked row and the selected rows; without a selection, how to make one."""
    if selection.clicked is not None:
        show_row(scene.first, selection.clicked, "clicked")
    if not selection.has_selection:
        if selection.clicked is None:
            st.info(HINT, icon=":material/ads_click:")
        return
    unfiltered = session.ask_once(selection_table, scene, selection, TableView())
    if not unfiltered.selected:
        st.info(
            "The selection is empty. Draw a larger shape, relax the filters, or press Escape on the map to clear it.",
            icon=":material/ads_click:",
        )
        return
    with st.container(key="map_selected"):
        st.markdown(f"**{count(unfiltered.selected, 'row')} selected**")
    left, right = st.columns([5, 4], gap="medium")
    with left:
        row = _show_selected_rows(scene, name, selection, unfiltered)
    with right, st.container(key="map_terms"):
        _show_distinctive_features(scene, selection)
    if row is not None:
        show_row(scene.first, row, "listed")


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


def _show_selected_rows(scene: MapScene, name: str, selection: MapSelection, unfiltered: SelectionTable) -> int | None:
    """The table with filter, sorting and downloads; returns the row that is selected in it."""
    table_view = _select_table_view(list(unfiltered.table.columns))
    filtered = session.ask_once(selection_table, scene, selection, table_view)
    event = st.dataframe(
        filtered.table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * max(len(filtered.table), 1), 420),
        lazy=False,
        key="map_rows",
        on_select="rerun",
        selection_mode="single-row",
        alt="The selected rows",
        column_config={filtered.table.columns[0]: st.column_config.TextColumn(width="large")},
    )
    st.caption(f"{_count_text(filtered)} Select a row to read it.")
    _show_selection_downloads(scene, name, selection, table_view)
    clicked = [position for position in event.selection.rows if position < len(filtered.table)]
    return int(filtered.table.index[clicked[0]]) if clicked else None


def _select_table_view(columns: list[str]) -> TableView:
    find, sort, order = st.columns([4, 3, 2], vertical_alignment="bottom")
    query = find.text_input(
        "Filter rows",
        key="map_find",
        persist_state="session",
        placeholder="Words",
        help="Rows that contain all these words, in any column.",
    )
    by = sort.selectbox(
        "Sort by",
        ["", *columns],
        key="map_sort",
        format_func=lambda column: column or "corpus order",
        help="Sorts all selected rows; clicking a column header sorts the visible ones.",
    )
    descending = order.toggle("Descending", key="map_falling", help="Largest first, or from Z to A.")
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
        for form, label, mime in FILE_FORMATS:
            st.download_button(
                label,
                _file(scene, selection, table_view, form),
                f"map-{file_stem(name)}-selection.{form}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                help=f"These rows with all columns as {label}; created when you click.",
            )


def _file(
    scene: MapScene, selection: MapSelection, table_view: TableView, form: Literal["csv", "parquet"]
) -> Callable[[], bytes]:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    return lambda: ask(selection_file, scene, selection, table_view, form)


def _show_distinctive_features(scene: MapScene, selection: MapSelection) -> None:
    """Terms and column values that are over-represented in the selection, strongest first."""
    st.markdown(
        "**What's distinctive**",
        help="Over-represented in the selection compared with all other rows. The odds ratio is a lower bound: 4 means "
        "that the odds are at least four times as high in the selection. The bounds are 95% simultaneous "
        "(Bonferroni over all tests; log odds with Haldane's correction and Woolf's standard error).",
    )
    with st.spinner("Comparing with the other rows"):
        terms, values = session.ask_once(distinctive_features, scene, selection)
    if not terms.tests and not values.tests:
        st.caption(terms.note)
        return
    _show_distinctive_entries("Terms", terms, with_column=False)
    _show_distinctive_entries("Column values", values, with_column=True)
    for shift in values.shifts:
        st.text(_shift_text(shift))


def _show_distinctive_entries(title: str, contrasts: DistinctiveItems, with_column: bool) -> None:
    if contrasts.entries:
        st.dataframe(
            _entry_table(title, contrasts.entries, with_column),
            hide_index=True,
            width="stretch",
            alt=title,
            column_config=_entry_columns(),
            height=min(38 + 35 * len(contrasts.entries), 248),
        )
    st.caption(f"{'' if contrasts.entries else f'No significant {title.lower()}. '}{contrasts.note}")


def _entry_table(title: str, entries: tuple[DistinctiveItem, ...], with_column: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            title: [f"{entry.name}: {entry.value}"[:200] if with_column else entry.value for entry in entries],
            "Odds ratio": [exp(entry.lower) for entry in entries],
            "Selection": [_share(entry.inside, entry.inside_total) for entry in entries],
            "Rest": [_share(entry.outside, entry.outside_total) for entry in entries],
        }
    )


def _entry_columns() -> dict[str, Any]:
    return {
        "Selection": st.column_config.TextColumn(help="Selected rows with it, of all selected rows."),
        "Rest": st.column_config.TextColumn(help="Other rows with it, of all other rows."),
        "Odds ratio": st.column_config.NumberColumn(
            format="≥ %.1f", help="Lower bound of the odds ratio, corrected for all tests."
        ),
    }


def _share(part: int, total: int) -> str:
    return f"{part:,} of {total:,} ({part / max(total, 1):.1%})"


def _shift_text(shift: MeanShift) -> str:
    """A number or time column whose mean differs: "stars is lower: mean 1.8 (12 rows), rest 4 (9 rows)"."""
    inside, outside = (_mean(shift, value) for value in (shift.inside_mean, shift.outside_mean))
    lower, higher = ("earlier", "later") if shift.kind == "time" else ("lower", "higher")
    direction = higher if shift.effect > 0 else lower
    rows, others = count(shift.inside_count, "row"), count(shift.outside_count, "row")
    return f"{shift.name} is {direction}: mean {inside} ({rows}), rest {outside} ({others})"


def _mean(shift: MeanShift, value: float) -> str:
    return str(pd.Timestamp(value, unit="s").date()) if shift.kind == "time" else f"{value:,.4g}"
