"""How far labeling is: counts, accuracy on the audit sample, stopping criteria, agreement, and the download."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.charts import audit_figure, share_figure
from core.classify.label_answers import IMPORTED
from core.classify.label_progress import (
    MAX_DISAGREEMENTS,
    Estimates,
    LabelProgress,
    agreement,
    disagreement_table,
    estimates,
    labels_file,
)
from core.classify.labeling import LabelTask
from core.classify.suggestions import Agreement
from core.corpus.annotations import column_version
from core.errors import JobError, PlanisphereError
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.classify.label_settings import Labeling
from pages.shared.classify.rows import format_interval, show_select_button
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.tables import number, show_table, with_row_numbers
from pages.shared.text import count, file_stem, plain

MAX_LABELS = 12  # in the chart of counts
WAIT_SECONDS = 0.15  # for estimates, before labeling goes on without them
REFRESH_SECONDS = 1.5
MIN_ROWS = 10  # from which agreement has an interval
ESTIMATES = "label estimates"


def show_progress(labeling: Labeling) -> None:
    """Counts, stopping criteria, agreement and the download."""
    info, task, progress = labeling.info, labeling.task, labeling.progress
    _show_counts(progress)
    _show_when_ready(_show_advice, task)
    _show_agreement(info, task, progress)
    csv_button(
        "Download labels (CSV)", partial(session.manager().ask, labels_file, task.corpus, task.column),
        f"{file_stem(info.name)}-{file_stem(task.column)}.csv", key="label_file",
        help="A line for each row and annotator: text, label, annotator, time, comment, and the corpus' columns.",
    )  # fmt: skip


def show_audit(labeling: Labeling) -> None:
    """Accuracy on the audit sample as labels grow."""
    if not labeling.codebook.audit_every:
        return
    st.markdown("##### Accuracy on the audit sample")
    if not labeling.progress.audited:
        st.caption("No audited rows yet: they are drawn at random from all rows while you label one row at a time.")
        return
    _show_when_ready(_show_audit_curve, labeling.task)


def _show_when_ready(draw: Callable[[Estimates], None], task: LabelTask) -> None:
    """Draw the latest estimates; a fragment of its own waits for those of the present labels, so that the next row does
    not."""
    is_current = _ask_estimates(task)

    def show() -> None:
        try:
            is_ready = is_current or _ask_estimates(task)
        except PlanisphereError as error:  # such as a column that another tab has deleted
            show_error(error)
            return
        stored = session.remembered(ESTIMATES)
        if stored:
            draw(stored[1])
        if not is_ready:
            st.caption(":material/sync: Being updated with the latest labels")

    st.fragment(show, run_every=None if is_current else REFRESH_SECONDS)()


def _show_counts(progress: LabelProgress) -> None:
    st.progress(
        progress.labeled / max(progress.rows, 1), f"{progress.labeled:,} of {count(progress.rows, 'row')} labeled"
    )
    if progress.damaged:
        st.warning(
            f"{count(progress.damaged, 'line')} of the stored labels can't be read and are ignored, such as one that a "
            "crash cut off. All other labels are intact.", icon=":material/broken_image:",
        )  # fmt: skip
    used = sorted((item for item in progress.by_label if item[1]), key=lambda item: -item[1])
    if used:
        listed = used[:MAX_LABELS]
        figure = share_figure([n for n, _ in listed], [r for _, r in listed], "rows", session.theme(), as_share=False)
        st.plotly_chart(figure, key="label_counts", alt="Labeled rows by label")
    parts = [f"{count(progress.training, 'row')} for training", f"{progress.audited:,} in the audit sample"]
    parts += [f"{progress.skipped:,} skipped"] if progress.skipped else []
    parts += [f"{len(used) - MAX_LABELS:,} further labels"] if len(used) > MAX_LABELS else []
    st.caption(" · ".join(parts))


def _ask_estimates(task: LabelTask) -> bool:
    """Ask for the estimates of the present labels; False where they are not ready yet."""
    version = column_version(task.corpus, task.column)
    name = (task.corpus.digest, task.column, task.contender.key)
    stored = session.remembered(ESTIMATES)
    if stored and stored[0] == name and stored[1].version == version:
        return True
    try:
        result = session.ask(estimates, task, timeout=WAIT_SECONDS)
    except JobError:  # it goes on in the worker
        result = None
    if result is not None:
        session.remember(ESTIMATES, (name, result))
    elif stored and stored[0] != name:
        session.remember(ESTIMATES, None)
    return result is not None and result.version == version


def _show_audit_curve(result: Estimates) -> None:
    curve, accuracy = result.curve, result.curve.accuracy
    if not curve.audited or not len(curve.labels):
        st.caption("A classifier needs four labeled rows with two labels, outside of the audit sample.")
        return
    low, high = 100 * float(accuracy.low[-1]), 100 * float(accuracy.high[-1])
    st.metric(
        "Accuracy", f"{accuracy.value[-1]:.1%}", f"95%: {low:z.1f} to {high:z.1f}", delta_color="off",
        delta_arrow="off", label_visibility="collapsed",
    )  # fmt: skip
    if len(curve.labels) > 1:
        figure = audit_figure(curve.labels, accuracy, session.theme())
        st.plotly_chart(figure, key="label_audit_curve", alt="Accuracy on the audit sample by training labels")
    st.caption(
        f"Classifiers trained on the first labels, up to all {curve.labels[-1]:,}, tested on the same "
        f"{count(curve.audited, 'audited row')}: a random sample of all rows that trained none of them. Wilson's 95% "
        "interval."
    )


def _show_advice(result: Estimates) -> None:
    st.markdown("##### Stop labeling?")
    if not result.advice:
        st.caption("The stopping criteria need at least ten labels of two classes outside of the audit sample.")
        return
    stops = [criterion.stop for criterion in result.advice]
    verdict = "Yes, by both criteria" if all(stops) else "By one of two criteria" if any(stops) else "Not yet"
    st.markdown(f"**{verdict}**")
    for criterion in result.advice:
        icon = ":material/check_circle:" if criterion.stop else ":material/hourglass_top:"
        st.caption(f"{icon} **{criterion.criterion}**: {plain(criterion.reason)}")


def _show_agreement(info: CorpusInfo, task: LabelTask, progress: LabelProgress) -> None:
    """Kappa, alpha and disagreements, on demand."""
    if len(progress.annotators) < 2:
        return
    listed = ", ".join(f"{plain(name)} ({rows:,})" for name, rows in progress.annotators)
    st.markdown("##### Annotators")
    st.caption(listed)
    if st.toggle("Show agreement", key="label_agreement", help="Cohen's kappa of each pair, and Krippendorff's alpha."):
        _show_agreement_figures(info, task, session.ask(agreement, task.corpus, task.column))


def _format_agreement(interval: Interval[float], rows: int) -> str:
    if not np.isfinite(interval.value):
        return "–"
    return format_interval(interval, False) if rows >= MIN_ROWS else f"{interval.value:z.3f}"


def _show_agreement_figures(info: CorpusInfo, task: LabelTask, result: Agreement) -> None:
    if not result.rows:
        st.caption("No row has labels of two annotators yet. All annotators get the same audit sample.")
        return
    if np.isfinite(result.alpha.value):
        alpha = _format_agreement(result.alpha, result.rows)
        st.markdown(f"Krippendorff's alpha **{alpha}**, {count(result.rows, 'row')}")
    pairs = [
        {"pair": f"{one}, {other}", "rows": rows, "kappa": _format_agreement(kappa, rows)}
        for one, other, rows, kappa in result.kappa
    ]
    columns = {
        "pair": TextColumn("Annotators", width=130), "rows": number("Rows", "localized", "Labeled by both.", 55),
        "kappa": TextColumn("Cohen's kappa", width=165),
    }  # fmt: skip
    show_table(pd.DataFrame(pairs), "Agreement of each pair", columns, key="label_kappa")
    st.caption(
        f"1: full agreement, 0: chance level. 95% intervals: bootstrap over rows, for {MIN_ROWS} rows or more. A dash: "
        "both used one label only."
    )
    if result.disagreements.empty:
        st.caption("No disagreements.")
        return
    listed = session.ask(disagreement_table, task.corpus, result.disagreements)
    total = len(result.disagreements)
    more = f", the first {MAX_DISAGREEMENTS:,}" if total > MAX_DISAGREEMENTS else ""
    st.markdown(f"**{count(total, 'disagreement')}**{more}")
    names = {name: TextColumn(name.removeprefix(IMPORTED), width=95) for name in listed.columns if name != "text"}
    columns = {**names, "text": TextColumn("Text", width=200)}  # the labels first, since the table is narrow
    show_table(with_row_numbers(listed[list(columns)]), "Disagreements", columns, key="label_disagreements")
    rows = result.disagreements["row"].to_numpy(np.int64)
    show_select_button(info, rows, f"Disagreements in {task.column}", "label_disagreements_select")
