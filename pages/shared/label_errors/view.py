"""Label errors: rows whose label disagrees with their neighbors and with a cross-validated probe."""

from functools import partial

import streamlit as st
from streamlit.column_config import TextColumn

from core.corpus.label_columns import label_columns, label_set_columns
from core.label_errors.results import LABEL_ERRORS, LabelQuery
from core.label_errors.service import (
    FlaggedBy,
    LabelConfusion,
    LabelErrorFilter,
    LabelErrorSummary,
    LabelErrorTable,
    label_confusion,
    label_confusion_figure,
    label_error_file,
    label_error_rows,
    label_error_summary,
    label_error_table,
    label_marks,
)
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.label_errors.label_sets import show_label_set_errors
from pages.shared.label_errors.parts import (
    MARK_BUTTONS,
    select_flagged_by,
    select_unmarked,
    show_error_list,
    show_list_actions,
    show_nearest_labels,
)
from pages.shared.selections.save_form import show_mark_buttons
from pages.shared.tables import percentage
from pages.shared.text import count, cut, plain

ANY_PAIR = ("", "")
MIN_TEXTS = 5  # different texts of a label that is checked
COLUMN_KEY = "label_error_column"
COLUMNS = (label_columns, label_set_columns)  # with one label per row, and with several


def show_label_errors(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole part. Raises PlanisphereErrors, such as for a column whose labels can't be checked."""
    st.caption("Rows whose label disagrees with their nearest other texts, and with a classifier trained without them.")
    single, several = (session.ask_once(function, session.corpus_ref(info)) for function in COLUMNS)
    columns = (*single, *several)
    if not columns:
        st.info("No label columns: none has at least two values that repeat.", icon=":material/label_off:")
        st.page_link("pages/data/corpus.py", label="Select columns on the Data page", icon=":material/table_view:")
        return
    query = LabelQuery(session.corpus_ref(info), model, _select_label_column(columns))
    if query.column in several:
        show_label_set_errors(info, query)
        return
    headline, title = "These labels have not been checked yet.", f"Labels of {info.name}: {query.column}"
    description = f"Labels in {plain(query.column)} are compared with their neighbors and with a classifier."
    if result_view.ready(
        LABEL_ERRORS, query, headline=headline, description=description, title=title, button="Check labels"
    ):
        show_checked_labels(info, query)


def show_checked_labels(info: CorpusInfo, query: LabelQuery) -> None:
    """Summary, ranked list, the selected row, and which labels are confused."""
    summary = session.ask_once(label_error_summary, query)
    show_label_error_metrics(summary)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        flagged_by = select_flagged_by()
        confusion = session.ask_once(label_confusion, query, flagged_by)
        row_filter = _select_filter(flagged_by, confusion.pairs)
    table = session.ask(label_error_table, query, row_filter)  # not cached, since marks change
    selected = show_error_list(table, row_filter, LIST_COLUMNS, "label_error_table")
    with st.container(horizontal=True):
        file = partial(session.manager().ask, label_error_file, query, row_filter)
        rows = partial(session.ask, label_error_rows, query, row_filter)
        show_list_actions(info, query, table.total, file, rows, "label_errors_file")
    left, right = st.columns([5, 4], gap="large")
    with left:
        show_label_evidence(query, table, selected)
    with right:
        show_label_confusion(confusion)
    _show_label_error_notes(query, summary)


def show_label_error_metrics(summary: LabelErrorSummary) -> None:
    """The four numbers above the list."""
    estimate = summary.estimate
    with st.container(horizontal=True):
        st.metric("Rows checked", f"{summary.checked:,}", help=_describe_unchecked(summary))
        signals = f"{summary.neighbors:,} are flagged by their neighbors, {summary.probe:,} by the probe."
        st.metric("Flagged by both", f"{summary.both:,}", help=signals)
        st.metric(
            "Estimated label errors", f"about {estimate.wrong:,}",
            f"{estimate.folds} folds: {estimate.low:,.0f} to {estimate.high:,.0f}",
            delta_color="off", delta_arrow="off",
            help="Confident learning (Northcutt, Jiang and Chuang, 2021): rows whose probability for another label is "
            "at least the average of that label's rows. An estimate without a confidence interval: where labels "
            f"overlap, correct ones are counted, too. Range: what each of the {estimate.folds} folds of the probe "
            "gives, scaled to all rows. To know the number, check a random sample by hand. If rows without a confident "
            "class were wrong as often as the others, "
            f"it would be {estimate.calibrated:,.0f}. A model that fits the texts poorly inflates all of these.",
        )  # fmt: skip
        st.metric("Labels", f"{summary.labels:,}", help=f"Labels with at least {MIN_TEXTS} different texts.")


def _describe_unchecked(summary: LabelErrorSummary) -> str:
    missing = f"{count(summary.missing, 'row')} without a label excluded"
    rare = f"{count(summary.rare_rows, 'row')} excluded whose label has fewer than {MIN_TEXTS} different texts"
    parts = [missing if summary.missing else "Every row has a label", *([rare] if summary.rare_labels else [])]
    return f"{'; '.join(parts)}."


def _select_label_column(columns: tuple[str, ...]) -> str:
    session.select_from_link(COLUMN_KEY, columns)
    column = st.selectbox(
        "Label column", columns, key=COLUMN_KEY, width=320,
        help="Its values are checked. Columns selected as labels on the Data page come first; those with several "
        "values per row last.",
    )  # fmt: skip
    session.write_to_link(COLUMN_KEY)
    return column


def _select_filter(flagged_by: FlaggedBy, pairs: tuple[tuple[str, str, int], ...]) -> LabelErrorFilter:
    rows = {(current, suggested): number for current, suggested, number in pairs}

    def pair_label(pair: tuple[str, str]) -> str:
        return "any" if pair == ANY_PAIR else f"{cut(pair[0], 30)} → {cut(pair[1], 30)} ({rows.get(pair, 0):,})"

    pair = st.selectbox(
        "Confused labels", [ANY_PAIR, *rows], key="label_pair", format_func=pair_label, width=320,
        help="Only rows with this current and this suggested label; the most frequent pairs come first.",
    )  # fmt: skip
    return LabelErrorFilter(flagged_by, *(pair or ANY_PAIR), select_unmarked())


def show_label_confusion(confusion: LabelConfusion) -> None:
    """The most frequent pair of labels, and the heat map of the most frequent pairs."""
    st.markdown("**Confused labels**")
    if not confusion.total:
        st.caption("No rows are flagged by these signals.")
        return
    current, suggested, rows = confusion.pairs[0]
    st.markdown(
        f"Most frequent: **{plain(cut(current, 40))}** labeled, **{plain(cut(suggested, 40))}** suggested "
        f"({count(rows, 'row')})."
    )
    st.plotly_chart(
        label_confusion_figure(confusion.names, confusion.counts, session.theme()),
        key="label_confusion",
        alt="Heat map: current against suggested labels",
    )
    names = f"for the {len(confusion.names)} labels of the most frequent pairs"
    st.caption(f"{confusion.counted:,} of {count(confusion.total, 'row')}, {names}.")


def _show_label_error_notes(query: LabelQuery, summary: LabelErrorSummary) -> None:
    if summary.rare_labels:
        labels = ", ".join(f"{plain(cut(name, 30))} ({rows:,})" for name, rows in summary.rare)
        others = summary.rare_labels - len(summary.rare)
        more = f" and {others:,} more" if others else ""
        st.caption(f"Too rare to check, possibly misspelled: {labels}{more}.")
    st.caption(
        f"Under {plain(query.model.label)}. A label's share is the mean of its votes among the 15 nearest other texts "
        "(weighted by cosine, copies of a text vote once), and of its probability by logistic regression on up to 128 "
        f"principal components (5 folds, copies in one fold, {summary.trained:,} training rows per fold, seed 0). Error"
        " score: the suggested label's share divided by that of the suggested and the current label."
    )


LIST_COLUMNS = {
    "error score": percentage("Error score", "Higher: the label is more likely wrong. 50%: undecided.", 85),
    "text": TextColumn("Text", width=310),
    "current label": TextColumn("Current label", width=130),
    "suggested label": TextColumn("Suggested label", width=130, help="The most likely other label."),
    "disagreeing neighbors": percentage(
        "Disagreeing", "Disagreeing neighbors: share of their votes for other labels.", 100
    ),
    "probe: current": percentage("Probe: current", "Probability by a classifier trained without this row.", 105),
    "probe: suggested": percentage("Probe: suggested", "Probability by the same classifier.", 115),
    "flagged by": TextColumn("Flagged by", help="Which of the two signals flag the label."),
    "mark": TextColumn("Mark", help="Your mark; saved in the workspace."),
}


def show_label_evidence(query: LabelQuery, errors: LabelErrorTable, rows: list[int]) -> None:
    """Evidence on the first selected row, and marks for all of them."""
    if not rows:
        st.markdown("**Evidence**")
        st.info("Tick a row to see why its label may be wrong, and to mark it.", icon=":material/ads_click:")
        return
    labels = errors.table.loc[rows[0]]
    with st.container(border=True):
        st.markdown(
            f"**Row {rows[0] + 1:,}** · labeled **{plain(labels['current label'])}**, "
            f"**{plain(labels['suggested label'])}** suggested"
        )
        with st.container(horizontal=True):
            show_mark_buttons(label_marks(query), rows, MARK_BUTTONS, "label_mark")
        show_nearest_labels(query, rows[0], str(labels["current label"]))
