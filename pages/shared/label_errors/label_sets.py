"""Label errors of a column with several labels per row: labels that a row lacks, and labels that it should not have."""

from functools import partial

import streamlit as st

from core.label_errors.label_set_service import (
    LabelSetFilter,
    LabelSetSummary,
    label_counts,
    label_set_file,
    label_set_rows,
    label_set_summary,
    label_set_table,
    row_evidence,
)
from core.label_errors.results import LABEL_SET_ERRORS, LabelQuery
from core.label_errors.service import FlaggedBy, LabelErrorTable, label_marks
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.label_errors.parts import (
    MARK_BUTTONS,
    select_flagged_by,
    select_unmarked,
    show_error_list,
    show_list_actions,
    show_nearest_labels,
)
from pages.shared.selections.save_form import show_mark_buttons
from pages.shared.tables import checkbox, number, percentage, show_table, text
from pages.shared.text import count, cut, plain

MAX_RARE = 5  # labels named
LIST_COLUMNS = {
    "error score": percentage(
        "Error score", "1 less the probability of the row's least likely label, present or absent.", 85
    ),
    "text": text("Text", width=310),
    "labels": text("Current labels", width=150),
    "remove": text("Remove", "Labels that the row has and probably should not have.", 120),
    "add": text("Add", "Labels that the row probably lacks.", 120),
    "mark": text("Mark", "Your mark; saved in the workspace.", 90),
}
COUNT_COLUMNS = {
    "label": text("Label", width=150),
    "rows": number("Rows", "localized", "Rows with the label.", 70),
    "remove": number("Remove", "localized", "Listed rows that probably should not have it.", 80),
    "add": number("Add", "localized", "Listed rows that probably lack it.", 70),
}
EVIDENCE_COLUMNS = {
    "label": text("Label", width=130),
    "present": checkbox("Present", "Whether the row has it.", 70),
    "suggestion": text("Suggestion", width=90),
    "probe": percentage("Probe", "Probability of the label by a classifier trained without this row.", 80),
    "neighbors": percentage("Neighbors", "Share of the 15 nearest other texts that have it.", 90),
    "flagged by": text("Flagged by", width=90),
}


def show_label_set_errors(info: CorpusInfo, query: LabelQuery) -> None:
    """Summary, ranked list, the selected row, and the labels. Raises PlanisphereErrors for columns that can't be
    checked."""
    headline, title = "These labels have not been checked yet.", f"Labels of {info.name}: {query.column}"
    description = f"Each label in {plain(query.column)} is compared with the neighbors' and with a classifier."
    if not result_view.ready(
        LABEL_SET_ERRORS, query, headline=headline, description=description, title=title, button="Check labels"
    ):
        return
    summary = session.ask_once(label_set_summary, query)
    _show_metrics(summary)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        flagged_by = select_flagged_by()
        row_filter = _select_filter(query, flagged_by)
    table = session.ask(label_set_table, query, row_filter)  # not cached, since marks change
    selected = show_error_list(table, row_filter, LIST_COLUMNS, "label_set_table")
    with st.container(horizontal=True):
        file = partial(session.manager().ask, label_set_file, query, row_filter)
        rows = partial(session.ask, label_set_rows, query, row_filter)
        show_list_actions(info, query, table.total, file, rows, "label_sets_file")
    left, right = st.columns([5, 4], gap="large")
    with left:
        _show_evidence(query, table, selected)
    with right:
        _show_label_counts(query, flagged_by)
    _show_notes(query, summary)


def _show_metrics(summary: LabelSetSummary) -> None:
    with st.container(horizontal=True):
        unlabeled = f"{count(summary.unlabeled, 'row')} without any of these labels excluded."
        st.metric("Rows checked", f"{summary.checked:,}", help=unlabeled)
        signals = f"{summary.neighbors:,} labels of rows are flagged by neighbors, {summary.probe:,} by the probe."
        st.metric("Flagged by both", f"{summary.rows:,}", help=f"Rows with a label that both flag. {signals}")
        st.metric("Labels to remove", f"{summary.remove:,}", help="Flagged by both signals as wrong.")
        st.metric("Labels to add", f"{summary.add:,}", help="Flagged by both signals as missing.")
        st.metric("Labels", f"{summary.labels:,}", help="Labels that are checked.")


def _select_filter(query: LabelQuery, flagged_by: FlaggedBy) -> LabelSetFilter:
    counts = session.ask_once(label_counts, query, flagged_by)
    rows = dict(zip(counts["label"], (counts["remove"] + counts["add"]).tolist(), strict=True))
    label = st.selectbox(
        "Label", ["", *(name for name, number in rows.items() if number)], key="label_set_label", width=260,
        format_func=lambda name: f"{cut(name, 40)} ({rows.get(name, 0):,})" if name else "any",
        help="Only rows with this label to remove or to add; the most frequent come first.",
    )  # fmt: skip
    return LabelSetFilter(flagged_by, label or "", select_unmarked())


def _show_evidence(query: LabelQuery, errors: LabelErrorTable, rows: list[int]) -> None:
    """Evidence on the first selected row, and marks for all of them."""
    if not rows:
        st.markdown("**Evidence**")
        st.info("Tick a row to see why its labels may be wrong, and to mark it.", icon=":material/ads_click:")
        return
    labels = str(errors.table.loc[rows[0], "labels"])
    with st.container(border=True):
        st.markdown(f"**Row {rows[0] + 1:,}** · labeled **{plain(labels)}**")
        with st.container(horizontal=True):
            show_mark_buttons(label_marks(query), rows, MARK_BUTTONS, "label_mark")
        evidence = session.ask_once(row_evidence, query, rows[0])
        show_table(evidence, "Labels of the row and suggested ones", EVIDENCE_COLUMNS)
        show_nearest_labels(query, rows[0], frozenset(labels.split("; ")))


def _show_label_counts(query: LabelQuery, flagged_by: FlaggedBy) -> None:
    st.markdown("**Labels**")
    counts = session.ask_once(label_counts, query, flagged_by)
    show_table(counts, "Rows to change by label", COUNT_COLUMNS, max_height=460)


def _show_notes(query: LabelQuery, summary: LabelSetSummary) -> None:
    if summary.rare:
        named = ", ".join(f"{plain(cut(name, 30))} ({rows:,})" for name, rows in summary.rare[:MAX_RARE])
        more = f" and {len(summary.rare) - MAX_RARE:,} more" if len(summary.rare) > MAX_RARE else ""
        st.caption(f"Too rare to check, possibly misspelled: {named}{more}.")
    others = f"{summary.others:,} less frequent labels are not checked. " if summary.others else ""
    st.caption(
        f"{others}Under {plain(query.model.label)}. Each label is checked by itself. Neighbors: the 15 nearest other "
        "texts, weighted by cosine, copies of a text vote once; they flag a label that fewer of them have than rows in "
        "general, and a missing one that more than half have. Probe: logistic regression on up to 128 principal "
        f"components (one-vs-rest, 5 folds, copies in one fold, {summary.trained:,} training rows per fold, seed 0), "
        "with confident learning. Error score: 1 less the smallest probability of the row's labels as they are, "
        "present or absent, by the mean of both (Thyagarajan et al. 2022). Where a model fits the texts poorly, many "
        "correct labels are flagged: check a sample."
    )
