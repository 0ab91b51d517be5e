"""What the views share: rows of a result as a table, selecting them on every page, and intervals as text."""

from collections.abc import Mapping
from itertools import count as numbers

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.clusters.selection import ClickedCluster
from core.corpus.selections import MAX_NAME_LENGTH, save_selection, saved_selections, selection_key
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.selections import active
from pages.shared.tables import percentage, show_table, with_row_numbers
from pages.shared.text import cut

COLUMNS = {
    "text": TextColumn("Text", width=375),
    "label": TextColumn("Label", width=130),
    "predicted": TextColumn("Predicted", width=130),
    "confidence": percentage("Confidence", "Probability of the predicted class.", 95),
    "probability": percentage("Probability", "Probability of the predicted class.", 95),
    "label_probability": percentage("Label's probability", "Probability of the row's own label.", 120),
    "cosine": NumberColumn("Cosine", format="%.3f", help="Higher = more similar.", width=75),
    "actual": NumberColumn("Actual", format="%.4g", width=80),
    "error": NumberColumn("Error", format="%.4g", help="Distance of the prediction from the actual number.", width=80),
}


def format_interval(interval: Interval[float], as_share: bool = True) -> str:
    """A value with the ends of its interval, if it has one: "91.2% (89.9 to 92.4)", "0.712 (0.604 to 0.815)"."""
    if as_share:
        value, form = f"{interval.value:z.1%}", "{:z.1f}"
        ends = [100 * interval.low, 100 * interval.high]
    else:
        form = "{:z.3f}" if abs(interval.value) < 10 else "{:z,.4g}"
        value, ends = form.format(interval.value), [interval.low, interval.high]
    return f"{value} ({form.format(ends[0])} to {form.format(ends[1])})" if np.isfinite(ends).all() else value


def show_rows(table: pd.DataFrame, alt: str, key: str, is_number: bool = False, max_height: int = 388) -> None:
    """A table whose index are row ids."""
    columns = dict(COLUMNS)
    if is_number:
        columns["predicted"] = NumberColumn("Predicted", format="%.4g", width=90)
    used = {name: column for name, column in columns.items() if name in table}
    show_table(with_row_numbers(table), alt, used, key=key, max_height=max_height)


def show_select_button(info: CorpusInfo, rows: np.ndarray, name: str, key: str) -> None:
    """A button that makes rows the active selection, on the Map and in Search."""
    pressed = st.button(
        f"Select {len(rows):,} on every page", key=key, icon=":material/check_box:", disabled=not len(rows),
        help="The Map shows these rows and Search searches within them, until you clear or replace the selection.",
    )  # fmt: skip
    if pressed:
        select_rows(info, rows, name)
        st.rerun()  # the sidebar and the line of selected rows are outside of this fragment


def select_rows(info: CorpusInfo, rows: np.ndarray, name: str) -> None:
    """Make rows the active selection: an existing selection of these rows, or a temporary one of that name."""
    ids = np.sort(np.asarray(rows, dtype=np.int64))
    saved = saved_selections(session.workspace(), info.digest)
    key = selection_key(info.digest, ids)
    same = next((selection for selection in saved if selection.key == key), None)
    if same is None:
        new = save_selection(session.workspace(), info.digest, _free_name(name, [each.name for each in saved]), ids)
        active.activate(info, ClickedCluster(new, is_new=True))
    else:
        active.activate(info, ClickedCluster(same, is_new=False))


def _free_name(name: str, taken: list[str]) -> str:
    """The name, numbered where it is taken, ignoring case."""
    used, first = {other.casefold() for other in taken}, " ".join(name.split())[: MAX_NAME_LENGTH - 6].strip()
    candidates = (first if number == 1 else f"{first} ({number})" for number in numbers(1))
    return next(candidate for candidate in candidates if candidate.casefold() not in used)


def select_label(title: str, counts: Mapping[str, int], key: str) -> str:
    """A label among those that rows have, with the number of rows; "" for any."""
    options = ["", *(name for name, rows in counts.items() if rows)]
    if session.widget_value(key) not in options:
        session.set_widget(key, "")
    return str(st.selectbox(
        title, options, key=key, width=320,
        format_func=lambda name: f"{cut(name, 40)} ({counts.get(name, 0):,})" if name else "any",
    ))  # fmt: skip
