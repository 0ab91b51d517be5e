"""The ranked list of doubted labels, the evidence on one row, and marks."""

import re
from typing import Any

import streamlit as st

from core.label_errors import service as answers
from core.label_errors.marks import Mark
from core.label_errors.row import doubt_row
from core.label_errors.service import Asked, DoubtTable, Look
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, plain

NO_ROWS = {
    "both": "No label is doubted by both signals. Look at those that either doubts, or at all rows by doubt.",
    "either": "No label is doubted. Choose all rows to see them by doubt.",
    "all": "No row is left.",
}


def table(asked: Asked, look: Look) -> tuple[DoubtTable, list[int]]:
    """Draw the list; gives it and the row ids chosen in it."""
    seen = session.ask(answers.doubt_table, asked, look)  # marks change, so it is not kept
    st.markdown(f"**{count(seen.total, 'row')}**, most doubtful first")
    if not seen.total:
        st.info("No rows are left without marks." if look.unmarked else NO_ROWS[look.which], icon=":material/done_all:")
        return seen, []
    event = st.dataframe(
        seen.table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(seen.table), 460),
        lazy=False,
        key="doubts_rows",
        on_select="rerun",
        selection_mode="multi-row",
        alt="Rows with doubtful labels",
        column_config=_columns(),
    )
    first = f"The first {len(seen.table):,} are shown; the download has all. " if seen.total > len(seen.table) else ""
    done = f"{seen.marked:,} marked so far." if seen.marked else ""
    if first or done:
        st.caption(first + done)
    return seen, [int(seen.table.index[at]) for at in event.selection.rows if at < len(seen.table)]


def _columns() -> dict[str, Any]:
    def share(name: str, words: str) -> Any:
        return st.column_config.NumberColumn(name, format="percent", help=words)

    return {
        "doubt": share(
            "Doubt", "How far the suggested label wins over the given one. Higher: more likely wrong, 50%: even."
        ),
        "text": st.column_config.TextColumn("Text", width="large"),
        "given label": st.column_config.TextColumn("Given label"),
        "suggested label": st.column_config.TextColumn("Suggested label", help="The likeliest other label."),
        "neighbors against": share("Neighbors against", "Share of the nearest texts' votes for other labels."),
        "probe: given": share("Probe: given", "Probability of the given label by a model that did not see this row."),
        "probe: suggested": share("Probe: suggested", "The same model's probability of the suggested label."),
        "doubted by": st.column_config.TextColumn("Doubted by", help="Which of the two signals doubts the label."),
        "mark": st.column_config.TextColumn("Mark", help="What you have marked it as."),
    }


def download(asked: Asked, look: Look, name: str) -> None:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    stem = re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or "corpus"
    csv_button(
        "Download the list (CSV)",
        lambda: ask(answers.doubts_file, asked, look),
        f"{stem}-label-doubts.csv",
        key="doubts_file",
        help="All rows of this list with whole texts, evidence, marks and their other columns.",
    )


def chosen(asked: Asked, seen: DoubtTable, rows: list[int]) -> None:
    """Evidence on the first row chosen, and marks for all of them."""
    if not rows:
        st.markdown("**Why a label is doubted**")
        st.info("Choose a row at the left edge of the list to see what speaks against its label, and to mark it.",
                icon=":material/ads_click:")  # fmt: skip
        return
    with st.container(border=True):
        facts = seen.table.loc[rows[0]]
        st.markdown(
            f"**Row {rows[0] + 1:,}** · labeled **{plain(facts['given label'])}**, more like "
            f"**{plain(facts['suggested label'])}**"
        )
        _marks(asked, rows)
        _evidence(asked, rows[0], str(facts["given label"]))


def _marks(asked: Asked, rows: list[int]) -> None:
    which = f"these {len(rows):,} rows" if len(rows) > 1 else "this row"
    offered: tuple[tuple[Mark | None, str, str, str], ...] = (
        ("right", "Label is right", "check", f"Marks {which} as labeled rightly."),
        ("seen", "Seen", "visibility", f"Marks {which} as looked at."),
        (None, "No mark", "remove_done", f"Takes the mark off {which}."),
    )
    with st.container(horizontal=True):
        for mark, words, icon, help_ in offered:
            st.button(
                words if len(rows) == 1 else f"{words} ({len(rows):,})",
                key=f"doubts_mark_{mark}",
                icon=f":material/{icon}:",
                on_click=session.ask,
                args=(answers.mark, asked, tuple(rows), mark),
                help=f"{help_} Marks are kept with the corpus.",
            )


def _evidence(asked: Asked, row: int, given: str) -> None:
    view = session.ask_once(doubt_row, asked, row)
    st.text(view.text)
    if view.copies:
        told = ", ".join(f"{plain(name)} ({number:,})" for name, number in view.copies)
        st.caption(f"Other rows with the very same text are labeled: {told}.")
    if not len(view.neighbors):
        st.caption("No other labeled text is among its nearest.")
        return
    others = int((view.neighbors["label"] != given).sum())
    st.caption(f"Of its {len(view.neighbors)} nearest other labeled texts, {others} have another label.")
    near = view.neighbors.assign(row=view.neighbors.index + 1)[["cosine", "label", "text", "row"]]
    st.dataframe(
        near,
        hide_index=True,
        width="stretch",
        lazy=False,
        alt="Nearest texts and their labels",
        column_config={
            "cosine": st.column_config.NumberColumn("Cosine", format="%.3f", help="Higher is nearer."),
            "label": st.column_config.TextColumn("Label", width=130),
            "text": st.column_config.TextColumn("Text", width="large"),
            "row": st.column_config.NumberColumn("Row", format="localized"),
        },
    )
