"""One trained contender: per class, confusion matrix with its rows, calibration, curves, errors, and numbers."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.calibration import BINS
from core.classify.charts import (
    confusion_figure,
    number_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from core.classify.details import (
    MAX_LISTED,
    Confusion,
    calibration,
    cell_rows,
    cell_table,
    class_curves,
    confident_errors,
    confusion,
    largest_errors,
    number_points,
    per_class,
    temperature_of,
)
from core.classify.results import TrainingQuery
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.classify.rows import format_interval, show_rows, show_select_button
from pages.shared.tables import number, show_table
from pages.shared.text import count, cut, plain

CELL_KEY, MATRIX_KEY = "classify_cell", "classify_confusion"
PER_CLASS = {
    "precision": ("Precision", "Share of the rows predicted as this class that are of it."),
    "recall": ("Recall", "Share of the rows of this class that are predicted as it."),
    "f1": ("F1", "Harmonic mean of precision and recall."),
}


def show_per_class(info: CorpusInfo, query: TrainingQuery) -> None:
    """Precision, recall and F1 of every class with intervals and support."""
    show_class_table(session.ask_once(per_class, query), "classify_classes", "test rows")


def show_class_table(report: pd.DataFrame, key: str, rows: str) -> None:
    """report: as `Report.per_class`. rows: what is counted."""
    report = report.sort_values("support", ascending=False, kind="stable")
    table = pd.DataFrame({"class": report.index, "support": report["support"].to_numpy()})
    columns: dict[str, Any] = {
        "class": TextColumn("Class", width=200, pinned=True),
        "support": number(rows.capitalize(), "localized", "Rows with this label.", 85),
    }
    for name, (label, help_text) in PER_CLASS.items():
        table[name] = [
            format_interval(Interval(*ends)) if np.isfinite(ends[0]) else "–"
            for ends in zip(report[name], report[f"{name}_low"], report[f"{name}_high"], strict=True)
        ]
        columns[name] = TextColumn(f"{label} (95% interval)", help=help_text, width=190)
    show_table(table, "Figures by class", columns, key=key, max_height=460)
    st.caption(
        f"Classes with the most {rows} first. Precision and recall: Wilson's intervals for as many texts as are "
        f"different; F1: bootstrap. A dash: undefined, since the class is never predicted or has no {rows}."
    )


def show_confusion(info: CorpusInfo, query: TrainingQuery) -> None:
    """The heat map; a cell, clicked or selected from the list, shows its rows, which can be selected on every page."""
    matrix = session.ask_once(confusion, query)
    cells = {(label, predicted): rows for label, predicted, rows in matrix.cells}
    st.plotly_chart(
        confusion_figure(matrix.names, matrix.counts, session.theme()), key=MATRIX_KEY, on_select=_take_clicked_cell,
        selection_mode="points", alt="Heat map: label against prediction", config={"displayModeBar": False},
    )  # fmt: skip
    st.caption(_matrix_note(matrix))
    if session.widget_value(CELL_KEY) not in cells:
        session.set_widget(CELL_KEY, next(iter(cells)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label, predicted = st.selectbox(
            "Cell", list(cells), key=CELL_KEY, width=420,
            format_func=lambda cell: f"{cut(cell[0], 28)} → {cut(cell[1], 28)} ({cells.get(cell, 0):,})",
            help="Label → prediction, errors first. A click on a cell of the matrix selects it here.",
        )  # fmt: skip
        rows = session.ask_once(cell_rows, query, label, predicted)
        show_select_button(info, rows, f"{label} predicted {predicted}", "classify_cell_select")
    verb = "is" if len(rows) == 1 else "are"
    st.markdown(
        f"**{count(len(rows), 'test row')}** labeled **{plain(cut(label, 40))}** {verb} predicted as "
        f"**{plain(cut(predicted, 40))}**, most confident first"
    )
    show_rows(session.ask_once(cell_table, query, label, predicted), "Rows of the cell", "classify_cell_rows")
    if len(rows) > MAX_LISTED:
        st.caption(f"Showing {MAX_LISTED:,}; the download has all test rows.")


def _take_clicked_cell() -> None:
    """Select the clicked cell in the list."""
    event: Any = session.widget_value(MATRIX_KEY)
    points = event["selection"]["points"] if event else []
    if points and points[0].get("customdata"):
        session.set_widget(CELL_KEY, tuple(points[0]["customdata"][:2]))


def _matrix_note(matrix: Confusion) -> str:
    if matrix.counted == matrix.total:
        shown = f"All {count(matrix.total, 'test row')}."
    else:
        shown = (
            f"{matrix.counted:,} of {matrix.total:,} test rows: the {len(matrix.names)} of {matrix.classes:,} classes "
            "with the most errors."
        )
    return f"{shown} Color: share of the label's rows in the matrix. Click a number to list its rows."


def show_calibration(info: CorpusInfo, query: TrainingQuery) -> None:
    """Reliability diagram, expected calibration error and Brier score."""
    curve, temperature = session.ask_once(calibration, query), session.ask_once(temperature_of, query)
    with st.container(horizontal=True):
        _show_metric(
            "Expected calibration error", curve.error,
            f"Mean of |accuracy - confidence| over {BINS} bins; lower is better. With few rows it is above 0 even for "
            "perfect probabilities.",
        )  # fmt: skip
        _show_metric("Brier score", curve.brier, "Squared distance of probabilities from the truth; lower is better.")
        scaled = abs(temperature - 1) > 1e-9
        st.metric(
            "Temperature", f"{temperature:.2f}" if scaled else "1 (not scaled)",
            help="What scores are divided by before the softmax, fitted on rows that are not in the test. Scaled only "
            "where that lowers the log loss of other rows.",
        )  # fmt: skip
    st.plotly_chart(
        reliability_figure(curve, session.theme()), key="classify_reliability",
        alt="Reliability diagram: accuracy against confidence",
    )  # fmt: skip
    st.caption(
        f"{int(curve.counts.sum()):,} test rows in bins by the probability of the predicted class. Below the diagonal: "
        "overconfident. Bars: Wilson's 95% intervals."
    )


def _show_metric(label: str, interval: Interval[float], help_text: str) -> None:
    st.metric(
        label, f"{interval.value:z.3f}", f"95%: {interval.low:z.3f} to {interval.high:z.3f}", delta_color="off",
        delta_arrow="off", help=help_text,
    )  # fmt: skip


def show_curves(info: CorpusInfo, query: TrainingQuery) -> None:
    """ROC and precision-recall curves of one class against all others."""
    report = session.ask_once(per_class, query)
    names = [str(name) for name, support in report["support"].items() if support]
    if session.widget_value("classify_curve_class") not in names:
        session.set_widget("classify_curve_class", names[0])
    noun = "Label" if query.settings.task == "sets" else "Class"
    name = st.selectbox(
        noun, names, key="classify_curve_class", width=320, help="Against all others, by its probability."
    )  # fmt: skip
    roc_curve, pr_curve, positive = session.ask_once(class_curves, query, name)
    if not np.isfinite(roc_curve.area.value):
        st.info("All test rows are of this class: there is no curve.", icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        _show_metric("ROC AUC", roc_curve.area, "0.5 for a random order, 1 where all rows of the class come first.")
        st.plotly_chart(roc_figure(roc_curve, session.theme()), key="classify_roc", alt="ROC curve")
    with right:
        _show_metric("Average precision", pr_curve.area, f"Area under the curve; {pr_curve.chance:.3f} at random.")
        figure = precision_recall_figure(pr_curve, session.theme())
        st.plotly_chart(figure, key="classify_pr", alt="Precision-recall curve")
    st.caption(
        f"{positive:,} of {int(_test_rows(report)):,} test rows are of the class. Intervals: 95%, bootstrap over "
        "different texts."
        if query.settings.task == "classes"
        else f"{positive:,} test rows have the label. Intervals: 95%, bootstrap over different texts."
    )


def _test_rows(report: pd.DataFrame) -> int:
    return int(report["support"].sum())


def show_errors(info: CorpusInfo, query: TrainingQuery) -> None:
    """Wrong predictions with the highest confidence: often label errors."""
    errors, total = session.ask_once(confident_errors, query)
    if errors.empty:
        st.info("Every test row is predicted right.", icon=":material/done_all:")
        return
    listed = f"the {len(errors):,} most confident of {total:,}" if total > len(errors) else f"all {total:,}"
    st.markdown(f"**Wrong predictions**: {listed}, most confident first. Some may be label errors.")
    show_rows(errors, "Most confident errors", "classify_errors", max_height=460)
    show_select_button(
        info, errors.index.to_numpy(), f"Confident errors in {query.settings.column}", "classify_errors_select"
    )


def show_numbers(info: CorpusInfo, query: TrainingQuery) -> None:
    """Predicted against actual numbers, and the largest errors."""
    points = session.ask_once(number_points, query)
    st.plotly_chart(
        number_figure(points.truth, points.predicted, session.theme()), key="classify_numbers",
        alt="Predicted against actual numbers",
    )  # fmt: skip
    st.caption(f"{len(points.rows):,} of {points.total:,} test rows. On the dashed line both are equal.")
    errors = session.ask_once(largest_errors, query)
    st.markdown(f"**Largest errors**: {len(errors):,} of {count(points.total, 'test row')}")
    show_rows(errors, "Largest errors", "classify_number_errors", is_number=True)
    show_select_button(
        info, errors.index.to_numpy(), f"Largest errors in {query.settings.column}", "classify_numbers_select"
    )
