"""Details of the rows behind an event: distinctive terms, representative texts, saving and exporting them."""

from collections.abc import Sequence
from math import exp

import pandas as pd
import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH
from core.errors import PlanisphereError
from core.trends.rows import RowDetails, RowFilter, row_details, rows_file, save_rows
from core.trends.service import TrendQuery
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.tables import number, show_table
from pages.shared.text import count, plain
from pages.shared.trends.form import day

TERMS_HELP = "More frequent in these rows than in the others; with 95% simultaneous lower bounds (Bonferroni)."


def show_event_details(query: TrendQuery, rows: RowFilter, key: str) -> None:
    """Texts, terms and actions of some rows, compared with all others."""
    details = session.ask(row_details, query, rows)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_representative_texts(details)
    with right:
        show_distinctive_terms(details)
        show_row_actions(query, rows, key, details.rows)


def show_side_by_side(query: TrendQuery, sides: Sequence[tuple[str, str, RowFilter]], compare: bool = True) -> None:
    """Two sets of rows (title, key, filter) side by side, compared with each other or, if not `compare`, all others."""
    filters = [rows for _, _, rows in sides]
    for column, (title, key, rows), other in zip(st.columns(2, gap="medium"), sides, filters[::-1], strict=True):
        with column:
            details = session.ask(row_details, query, rows, other if compare else None)
            st.markdown(f"**{title}** · {count(details.rows, 'row')}")
            show_distinctive_terms(details)
            show_representative_texts(details)
            show_row_actions(query, rows, key, details.rows)


def show_representative_texts(details: RowDetails) -> None:
    help_text = "Closest to the mean vector of these rows (cosine); duplicates once."
    st.markdown("**Most representative texts**", help=help_text)
    if not details.rows:
        st.caption("No rows.")
    for _, line in details.texts.iterrows():
        with st.container(border=True):
            parts = [f"row {int(line['row']) + 1:,}", day(str(line["time"])), str(line["sentiment"])]
            parts += [f"cosine {line['cosine']:z.2f}"] if pd.notna(line["cosine"]) else []
            st.caption(" · ".join(part for part in parts if part))
            st.markdown(plain(line["text"]) or "(empty text)")


def show_distinctive_terms(details: RowDetails) -> None:
    terms = details.terms
    st.markdown(f"**Distinctive terms** (vs. {count(details.against, 'other row')})", help=TERMS_HELP)
    if not terms.entries:
        st.caption(f"No significant terms among {terms.tests:,} tested." if terms.tests else terms.note)
        return
    frame = pd.DataFrame(
        {
            "Term": [entry.value for entry in terms.entries],
            "Odds ratio ≥": [exp(entry.lower) for entry in terms.entries],
            "These rows": [f"{entry.inside:,} of {entry.inside_total:,}" for entry in terms.entries],
            "Rest": [f"{entry.outside:,} of {entry.outside_total:,}" for entry in terms.entries],
        }
    )
    ratio = number(format="%.1f", help="Lower bound of the odds ratio. It is not a ratio of shares.")
    show_table(frame, "Distinctive terms", {"Odds ratio ≥": ratio}, max_height=250)
    st.caption(terms.note)


def show_row_actions(query: TrendQuery, rows: RowFilter, key: str, size: int) -> None:
    """Save the rows as a selection, or download them."""
    if not size:
        return
    with st.form(f"{key}_save", border=False):
        name = st.text_input(
            "Save selection as", key=f"{key}_name", max_chars=MAX_NAME_LENGTH, placeholder="Name of the selection",
            help="A saved selection can be shown on the map, searched, combined and exported.",
        )  # fmt: skip
        pressed = st.form_submit_button(
            "Save selection", key=f"{key}_save_button", icon=":material/bookmark_add:",
            help="Saves these rows as a selection.",
        )  # fmt: skip
    if pressed:
        try:
            saved = session.ask(save_rows, query, rows, name)
            st.success(f"Saved {count(saved.rows, 'row')} as {plain(saved.name)}.", icon=":material/check:")
        except PlanisphereError as error:
            show_error(error)
    ask = session.manager().ask  # bound now: the download runs outside of the page
    csv_button(
        f"Download {count(size, 'row')} (CSV)", lambda: ask(rows_file, query, rows), "rows.csv", key=f"{key}_file",
        help="These rows with all columns, group and sentiment.",
    )  # fmt: skip
