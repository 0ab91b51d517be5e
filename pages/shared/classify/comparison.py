"""Trained contenders side by side: verdict, table with baselines, intervals and method."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.estimators import ESTIMATORS
from core.classify.results import Settings
from core.classify.service import ComparedRow, Comparison
from core.figures import interval_figure
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.classify.rows import format_interval
from pages.shared.tables import show_table
from pages.shared.text import plain

FIGURES = {
    "accuracy": ("Accuracy", "Share of test rows whose prediction is right; with several labels per row, all of them."),
    "macro_f1": ("Macro F1", "Mean of the classes' F1: every class counts equally."),
    "micro_f1": ("Micro F1", "F1 of all labels together: every label of every row counts equally."),
    "weighted_f1": ("Weighted F1", "Mean of the classes' F1, weighted by their test rows."),
    "kappa": ("Kappa", "Agreement beyond chance (Cohen): 0 at chance, 1 where all are right."),
    "mae": ("Mean absolute error", "Lower is better."),
    "r2": ("R squared", "Share of the variance that is explained: at most 1, 0 for predicting the mean."),
}
SHOWN = {
    "classes": ("macro_f1", "accuracy", "weighted_f1", "kappa"),
    "sets": ("macro_f1", "micro_f1", "weighted_f1", "accuracy"),
    "number": ("mae", "r2"),
}
MAIN = {"classes": "macro_f1", "sets": "macro_f1", "number": "mae"}


def show_comparison(info: CorpusInfo, settings: Settings, result: Comparison) -> None:
    """The verdict, the table of contenders and baselines, and the intervals of the main figure."""
    st.markdown(verdict(settings, result))
    if not is_chance(result):
        for warning in result.warnings:
            st.warning(plain(warning), icon=":material/casino:")
    shown = SHOWN[settings.task]
    _show_comparison_table(settings, result, shown)
    main = MAIN[settings.task]
    rows = [(row.name, row.figures[main], row.is_baseline) for row in result.rows if main in row.figures]
    title, as_share = f"{FIGURES[main][0]}, 95% interval", settings.task != "number"
    st.plotly_chart(
        interval_figure(rows, title, session.theme(), as_share), key="classify_intervals",
        alt=f"{FIGURES[main][0]} of the contenders with intervals",
    )  # fmt: skip
    st.caption(" ".join(_notes(settings, result)))


def is_chance(result: Comparison) -> bool:
    """Whether no contender's predictions agree with the labels more often than guesses do."""
    return len(result.warnings) == sum(not row.is_baseline for row in result.rows)


def best_contender(settings: Settings, result: Comparison) -> ComparedRow:
    """The lowest mean absolute error, else the highest macro F1."""
    contenders = [row for row in result.rows if not row.is_baseline]
    if settings.task == "number":
        return min(contenders, key=lambda row: row.figures["mae"].value)
    return max(contenders, key=lambda row: row.figures["macro_f1"].value)


def verdict(settings: Settings, result: Comparison) -> str:
    """Which contender is best, as Markdown."""
    best = best_contender(settings, result)
    if settings.task == "number":
        return (
            f"Lowest error: **{plain(best.name)}**, off by {format_interval(best.figures['mae'], False)} on average "
            f"(predicting the median: {format_interval(result.rows[-1].figures['mae'], False)})."
        )
    if is_chance(result):
        reason = "the vectors do not separate the labels, or there are too few labeled rows."
        return f"**No contender is significantly better than chance**: {reason}"
    score = f"macro F1 {format_interval(best.figures['macro_f1'])}"
    if not result.method:
        return f"**{plain(best.name)}** reaches {score}."
    if len(result.best) == 1:
        return f"Best: **{plain(best.name)}**, {score}; significantly better than every other contender."
    others = ", ".join(plain(name) for name in result.best if name != best.name)
    return f"Highest: **{plain(best.name)}**, {score}; not significantly different from {others}."


def _show_comparison_table(settings: Settings, result: Comparison, shown: tuple[str, ...]) -> None:
    def cells(row: ComparedRow) -> dict[str, str]:
        as_share = settings.task != "number"
        texts = {
            name: format_interval(row.figures[name], as_share and name != "kappa") if name in row.figures else "–"
            for name in shown
        }
        return {
            shown[0]: texts.pop(shown[0]),
            "verdict": row.verdict or ("baseline" if row.is_baseline else "–"),
            **texts,
        }

    table = pd.DataFrame(
        [
            {"name": row.name, **cells(row), "parameter": row.parameter or "–"}
            for row in result.rows
        ]
    )  # fmt: skip
    columns = {"name": TextColumn("Contender", width=195, pinned=True)}
    columns |= {
        name: TextColumn(FIGURES[name][0], help=FIGURES[name][1], width=150 if name == "kappa" else 134)
        for name in shown
    }
    columns["verdict"] = TextColumn(
        "Against the best", width=125, help="By macro F1: whether the paired test shows a difference from the best one."
    )
    columns["parameter"] = TextColumn("Selected", help="The classifier's parameter.", width=75)
    if settings.task == "number" or len([row for row in result.rows if row.verdict]) < 2:
        table = table.drop(columns="verdict")
    if not ESTIMATORS[settings.kind].parameter:
        table = table.drop(columns="parameter")
    show_table(table, "Contenders side by side", columns, key="classify_table")


def _notes(settings: Settings, result: Comparison) -> list[str]:
    train, validation, test = result.sides
    used = train + validation + test
    task = f"{result.classes:,} {'labels' if settings.task == 'sets' else 'classes'}" if result.classes else "numbers"
    notes = [
        f"{ESTIMATORS[settings.kind].label} on {plain(settings.column)} ({task}).",
        f"{train:,} training, {validation:,} validation and {test:,} test rows: {used:,} of {result.total:,}.",
        plain(result.split_method),
        *(plain(note) for note in result.notes),
    ]
    if np.isfinite(result.chance):
        figure = "micro F1" if settings.task == "sets" else "accuracy"
        notes.append(f"Guessing with the same shares reaches {result.chance:.1%} {figure}.")
    if parameter := ESTIMATORS[settings.kind].parameter:
        notes.append(f"{parameter}: {plain(result.selection[:1].lower() + result.selection[1:])}")
    notes.append("Intervals: 95%, bootstrap over different texts of the test rows.")
    if result.method:
        notes.append(f"Macro F1: {plain(result.method)}")
    elif settings.task == "number":
        notes.append("Differences between contenders are not tested for numbers.")
    return notes
