"""What is selected on the map: the rows as a table, and what is special about them."""

from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.corpus.distinctive_terms import DistinctiveItem, DistinctiveItems, MeanShift
from core.map.rows import CELL, Look, SelectionTable, keep_selection, selection_file, selection_table, special
from core.map.scene import Scene
from core.map.selection import Choice, Step
from pages.shared import session
from pages.shared.map import row as map_row
from pages.shared.map import state
from pages.shared.map.captions import file_stem
from pages.shared.selections import view
from pages.shared.text import count

FORMS: tuple[tuple[Literal["csv", "parquet"], str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("parquet", "Parquet", "application/vnd.apache.parquet"),
)


HINT = (
    "Click a point to read it and see its true neighbors. To list many and see what is special about them, take the "
    "lasso or the box from the map's bar and draw around them, click a name in the legend, or drag the ends of a color "
    "bar or histogram."
)


def show(scene: Scene, name: str, choice: Choice) -> None:
    """The row that was clicked, and the rows of a selection; or what to do."""
    if choice.clicked is not None:
        map_row.show(scene.first, choice.clicked, "clicked")
    if not choice.selects:
        if choice.clicked is None:
            st.info(HINT, icon=":material/ads_click:")
        return
    whole = session.ask_once(selection_table, scene, choice, Look())
    if not whole.selected:
        st.info(
            "No text is in this selection and passes its filters. Draw a larger shape, or press Escape on the map to "
            "clear it.",
            icon=":material/ads_click:",
        )
        return
    with st.container(key="map_selected"):
        st.markdown(f"**{count(whole.selected, 'row')} selected**")
    left, right = st.columns([5, 4], gap="medium")
    with left:
        row = table(scene, name, choice, whole)
    with right, st.container(key="map_terms"):
        what_is_special(scene, choice)
    if row is not None:
        map_row.show(scene.first, row, "listed")


def kept(scene: Scene, choice: Choice) -> None:
    """The kept selections: keep this one, or show another on the map."""
    info = session.current_corpus()
    if info is None:
        return
    keeper = partial(session.ask, keep_selection, scene, choice) if choice.selects else None
    chosen = view.show_selections(info, keeper)
    if chosen:
        state.force(scene, Choice((Step("rows", "set", key=chosen.key),)))
        st.rerun()


def table(scene: Scene, name: str, choice: Choice, whole: SelectionTable) -> int | None:
    """The table with its tools; gives the row that was chosen in it."""
    look = _look(list(whole.table.columns))
    seen = session.ask_once(selection_table, scene, choice, look)
    event = st.dataframe(
        seen.table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * max(len(seen.table), 1), 420),
        lazy=False,
        key="map_rows",
        on_select="rerun",
        selection_mode="single-row",
        alt="The selected rows",
        column_config={seen.table.columns[0]: st.column_config.TextColumn(width="large")},
    )
    st.caption(_count_line(seen) + " Choose a row to read it.")
    downloads(scene, name, choice, look)
    chosen = [at for at in event.selection.rows if at < len(seen.table)]
    return int(seen.table.index[chosen[0]]) if chosen else None


def _look(columns: list[str]) -> Look:
    find, sort, order = st.columns([4, 3, 2], vertical_alignment="bottom")
    words = find.text_input(
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
    return Look(words.strip(), by or "", falling)


def _count_line(seen: SelectionTable) -> str:
    if not seen.matching:
        return "None of the selected rows holds these words."
    found = "" if seen.matching == seen.selected else f" {seen.matching:,} of {seen.selected:,} hold these words."
    first = f"The first {len(seen.table):,} are shown; downloads have all." if seen.matching > len(seen.table) else ""
    cut = f" Cells are cut at {CELL:,} characters; downloads have them whole." if seen.cut else ""
    return first + found + cut


def downloads(scene: Scene, name: str, choice: Choice, look: Look) -> None:
    with st.container(horizontal=True):
        for form, label, mime in FORMS:
            st.download_button(
                label,
                _file(scene, choice, look, form),
                f"{file_stem(name)}-selection.{form}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                help=f"These rows with all their columns as {label}; made when you click.",
            )


def _file(scene: Scene, choice: Choice, look: Look, form: Literal["csv", "parquet"]) -> Callable[[], bytes]:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    return lambda: ask(selection_file, scene, choice, look, form)


def what_is_special(scene: Scene, choice: Choice) -> None:
    """Words and column values that stand out here, surest and strongest first."""
    st.markdown(
        "**What is special here**",
        help="Over-represented against all other rows. 'At least' is the lower bound of the odds ratio: 4 means the "
        "odds of meeting it are at least four times as high here as elsewhere. Bounds are Bonferroni-corrected for the "
        "number of tests, so that all listed hold together at 95% (log odds with Haldane's half counts, Woolf's "
        "standard error).",
    )
    with st.spinner("Comparing with the other rows"):
        words, values = session.ask_once(special, scene, choice)
    if not words.tests and not values.tests:
        st.caption(words.note)
        return
    _entries("Words and phrases", words, with_column=False)
    _entries("Column values", values, with_column=True)
    for shift in values.shifts:
        st.text(_shift_line(shift))


def _entries(title: str, found: DistinctiveItems, with_column: bool) -> None:
    if found.entries:
        st.dataframe(
            _entry_table(title, found.entries, with_column),
            hide_index=True,
            width="stretch",
            alt=title,
            column_config=_entry_columns(),
            height=min(38 + 35 * len(found.entries), 248),
        )
    st.caption(f"{'' if found.entries else f'{title}: none stand out. '}{found.note}")


def _entry_table(title: str, entries: tuple[DistinctiveItem, ...], with_column: bool) -> pd.DataFrame:
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


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / max(whole, 1):.1%})"


def _shift_line(shift: MeanShift) -> str:
    """A number or time column whose mean differs: "stars is lower here: 1.8 on average (12 rows), 4 elsewhere (9)"."""
    inside, outside = (_mean(shift, value) for value in (shift.inside_mean, shift.outside_mean))
    lower, higher = ("earlier", "later") if shift.kind == "time" else ("lower", "higher")
    words = higher if shift.effect > 0 else lower
    here = f"{shift.name} is {words} here: {inside} on average ({shift.inside_count:,} rows)"
    return f"{here}, {outside} elsewhere ({shift.outside_count:,})"


def _mean(shift: MeanShift, value: float) -> str:
    return str(pd.Timestamp(value, unit="s").date()) if shift.kind == "time" else f"{value:,.4g}"
