"""What is selected on the map: the rows as a table, and what is special about them."""

from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.corpus.distinctive_terms import Contrast, Contrasts, Shift
from core.map.rows import (
    MAX_CELL,
    SelectionTable,
    TableView,
    distinctive_features,
    save_selected_rows,
    selection_file,
    selection_table,
)
from core.map.scene import MapScene
from core.map.selection import MapSelection, SelectionStep
from pages.shared import session
from pages.shared.map import row as map_row
from pages.shared.map import state
from pages.shared.map.layout_status import file_stem
from pages.shared.selections import view
from pages.shared.text import count

FILE_FORMATS: tuple[tuple[Literal["csv", "parquet"], str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("parquet", "Parquet", "application/vnd.apache.parquet"),
)


HINT = (
    "Click a point to read it and see its true neighbors. To list many and see what is special about them, take the "
    "lasso or the box from the map's bar and draw around them, click a name in the legend, or drag the ends of a color "
    "bar or histogram."
)


def show_map_selection(scene: MapScene, name: str, selection: MapSelection) -> None:
    """The row that was clicked, and the rows of a selection; or what to do."""
    if selection.clicked is not None:
        map_row.show_row(scene.first, selection.clicked, "clicked")
    if not selection.has_selection:
        if selection.clicked is None:
            st.info(HINT, icon=":material/ads_click:")
        return
    everything = session.ask_once(selection_table, scene, selection, TableView())
    if not everything.selected:
        st.info(
            "No text is in this selection and passes its filters. Draw a larger shape, or press Escape on the map to "
            "clear it.",
            icon=":material/ads_click:",
        )
        return
    with st.container(key="map_selected"):
        st.markdown(f"**{count(everything.selected, 'row')} selected**")
    left, right = st.columns([5, 4], gap="medium")
    with left:
        row = _show_selected_rows(scene, name, selection, everything)
    with right, st.container(key="map_terms"):
        _show_distinctive_features(scene, selection)
    if row is not None:
        map_row.show_row(scene.first, row, "listed")


def show_saved_selections(scene: MapScene, selection: MapSelection) -> None:
    """The kept selections: keep this one, or show another on the map."""
    info = session.current_corpus()
    if info is None:
        return
    save = partial(session.ask, save_selected_rows, scene, selection) if selection.has_selection else None
    requested = view.show(info, save)
    if requested:
        state.show_selection(scene, MapSelection((SelectionStep("rows", "set", key=requested.key),)))
        st.rerun()


def _show_selected_rows(scene: MapScene, name: str, selection: MapSelection, everything: SelectionTable) -> int | None:
    """The table with its tools; gives the row that was chosen in it."""
    table_view = _select_table_view(list(everything.table.columns))
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
    st.caption(_count_line(filtered) + " Choose a row to read it.")
    _show_selection_downloads(scene, name, selection, table_view)
    clicked = [at for at in event.selection.rows if at < len(filtered.table)]
    return int(filtered.table.index[clicked[0]]) if clicked else None


def _select_table_view(columns: list[str]) -> TableView:
    find, sort, order = st.columns([4, 3, 2], vertical_alignment="bottom")
    query = find.text_input(
        "Find in these rows",
        key="map_find",
        persist_state="session",
        placeholder="Words",
        help="Keeps the rows that hold all these words in any of their cells.",
    )
    by = sort.selectbox(
        "Sort by",
        ["", *columns],
        key="map_sort",
        format_func=lambda column: column or "order in the corpus",
        help="Sorts all selected rows; a click on a column's head sorts those shown.",
    )
    falling = order.toggle("Falling", key="map_falling", help="Largest first, or from Z to A.")
    return TableView(query.strip(), by or "", falling)


def _count_line(filtered: SelectionTable) -> str:
    if not filtered.matching:
        return "None of the selected rows holds these words."
    matching = (
        ""
        if filtered.matching == filtered.selected
        else f" {filtered.matching:,} of {filtered.selected:,} hold these words."
    )
    limited = (
        f"The first {len(filtered.table):,} are shown; downloads have all."
        if filtered.matching > len(filtered.table)
        else ""
    )
    cut = f" Cells are cut at {MAX_CELL:,} characters; downloads have them whole." if filtered.truncated else ""
    return limited + matching + cut


def _show_selection_downloads(scene: MapScene, name: str, selection: MapSelection, table_view: TableView) -> None:
    with st.container(horizontal=True):
        for form, label, mime in FILE_FORMATS:
            st.download_button(
                label,
                _file(scene, selection, table_view, form),
                f"{file_stem(name)}-selection.{form}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                help=f"These rows with all their columns as {label}; made when you click.",
            )


def _file(
    scene: MapScene, selection: MapSelection, table_view: TableView, form: Literal["csv", "parquet"]
) -> Callable[[], bytes]:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    return lambda: ask(selection_file, scene, selection, table_view, form)


def _show_distinctive_features(scene: MapScene, selection: MapSelection) -> None:
    """Words and column values that stand out here, surest and strongest first."""
    st.markdown(
        "**What is special here**",
        help="Over-represented against all other rows. 'At least' is the lower bound of the odds ratio: 4 means the "
        "odds of meeting it are at least four times as high here as elsewhere. Bounds are Bonferroni-corrected for the "
        "number of tests, so that all listed hold together at 95% (log odds with Haldane's half counts, Woolf's "
        "standard error).",
    )
    with st.spinner("Comparing with the other rows"):
        terms, values = session.ask_once(distinctive_features, scene, selection)
    if not terms.tests and not values.tests:
        st.caption(terms.note)
        return
    _show_distinctive_entries("Words and phrases", terms, with_column=False)
    _show_distinctive_entries("Column values", values, with_column=True)
    for shift in values.shifts:
        st.text(_shift_line(shift))


def _show_distinctive_entries(title: str, contrasts: Contrasts, with_column: bool) -> None:
    if contrasts.entries:
        st.dataframe(
            _entry_table(title, contrasts.entries, with_column),
            hide_index=True,
            width="stretch",
            alt=title,
            column_config=_entry_columns(),
            height=min(38 + 35 * len(contrasts.entries), 248),
        )
    st.caption(f"{'' if contrasts.entries else f'{title}: none stand out. '}{contrasts.note}")


def _entry_table(title: str, entries: tuple[Contrast, ...], with_column: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            title: [f"{entry.name}: {entry.value}"[:200] if with_column else entry.value for entry in entries],
            "At least": [exp(entry.lower) for entry in entries],
            "Here": [_share(entry.inside, entry.inside_total) for entry in entries],
            "Elsewhere": [_share(entry.outside, entry.outside_total) for entry in entries],
        }
    )


def _entry_columns() -> dict[str, Any]:
    return {
        "Here": st.column_config.TextColumn(help="Selected rows that hold it, of those selected."),
        "Elsewhere": st.column_config.TextColumn(help="Other rows that hold it, of all others."),
        "At least": st.column_config.NumberColumn(
            format="%.1f ×", help="Odds ratio, its lower bound, corrected for all tests."
        ),
    }


def _share(part: int, total: int) -> str:
    return f"{part:,} of {total:,} ({part / max(total, 1):.1%})"


def _shift_line(shift: Shift) -> str:
    """A number or time column whose mean differs: "stars is lower here: 1.8 on average (12 rows), 4 elsewhere (9)"."""
    inside, outside = (_mean(shift, value) for value in (shift.inside_mean, shift.outside_mean))
    lower, higher = ("earlier", "later") if shift.kind == "time" else ("lower", "higher")
    direction = higher if shift.effect > 0 else lower
    here = f"{shift.name} is {direction} here: {inside} on average ({shift.inside_count:,} rows)"
    return f"{here}, {outside} elsewhere ({shift.outside_count:,})"


def _mean(shift: Shift, value: float) -> str:
    return str(pd.Timestamp(value, unit="s").date()) if shift.kind == "time" else f"{value:,.4g}"
