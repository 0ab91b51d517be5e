"""Learning curves: how a classifier improves with more labels, which contender needs the fewest, and what more give."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.charts import learning_figure
from core.classify.experiments import NEXT_LABELS, LearningCurve
from core.classify.results import LEARNING_CURVE, TrainingQuery
from core.results import Step
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.tables import show_table
from pages.shared.text import count, plain

TARGET_KEY = "classify_target"


def show_learning_curves(info: CorpusInfo, queries: tuple[TrainingQuery, ...], names: tuple[str, ...]) -> None:
    """All contenders in one chart, once they are computed."""
    settings = queries[0].settings
    if not result_view.ready_all(
        [Step(LEARNING_CURVE, query) for query in queries],
        headline="The learning curves have not been computed yet.",
        description=f"{count(len(queries), 'contender')} are trained on growing random parts of the training rows.",
        titles=[f"Learning curve, {name}: {settings.column} of {info.name}" for name in names],
        button="Compute learning curves",
    ):
        return
    stored = [LEARNING_CURVE.get(query) for query in queries]
    curves = [(name, each.curve) for name, each in zip(names, stored, strict=True)]
    st.plotly_chart(
        learning_figure(curves, session.theme()), key="classify_curves",
        alt="Macro F1 by number of training rows, with intervals",
    )  # fmt: skip
    _show_label_needs(curves)
    st.caption(
        f"Mean of {stored[0].runs} random training sets of each size, the same for every contender, tested on "
        f"{stored[0].test_rows:,} rows (seed {settings.plan.seed}); the classifier's default parameter. Bands: 95%, "
        "bootstrap over training sets and test texts. Expected gain: a power law fitted to the curve."
    )


def _show_label_needs(curves: list[tuple[str, LearningCurve]]) -> None:
    """Labels needed for a macro F1, and the expected gain of the next labels."""
    reached = [float(np.nanmax(curve.score.value)) for _, curve in curves]
    highest = max(reached)
    default = float(np.clip(round(0.95 * highest, 2), 0.05, 1.0))
    session.widget_default(TARGET_KEY, default)
    target = st.slider(
        "Macro F1 to reach", 0.05, 1.0, step=0.01, key=TARGET_KEY, width=420,
        help="How many labeled rows each contender needs for it, read from its curve.",
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "name": [name for name, _ in curves],
            "needed": [_needed(curve, target) for _, curve in curves],
            "last": [_at_end(curve) for _, curve in curves],
            "gain": [_gain(curve.next_gain) for _, curve in curves],
        }
    )
    columns = {
        "name": TextColumn("Contender", width=220, pinned=True),
        "needed": TextColumn(f"Labels needed for {target:z.2f}", help="With a 95% interval.", width=210),
        "last": TextColumn("Macro F1 with all training rows", width=230),
        "gain": TextColumn(f"Expected gain of {NEXT_LABELS} more labels", help="In points of macro F1.", width=240),
    }
    show_table(table, "Labels needed and expected gain", columns, key="classify_needs")
    st.markdown(_summary(curves, target))


def _summary(curves: list[tuple[str, LearningCurve]], target: float) -> str:
    needs = {name: curve.labels_needed(target).value for name, curve in curves}
    best = min(needs, key=lambda name: needs[name])
    if not np.isfinite(needs[best]):
        return f"No contender reaches {target:.2f} with the {int(curves[0][1].sizes[-1]):,} training rows there are."
    return f"Fewest labels for {target:.2f}: **{plain(best)}**, about {needs[best]:,.0f}."


def _needed(curve: LearningCurve, target: float) -> str:
    value, low, high = curve.labels_needed(target)
    if not np.isfinite(value):
        return f"more than {int(curve.sizes[-1]):,}"
    end = f"{high:,.0f}" if np.isfinite(high) else f"more than {int(curve.sizes[-1]):,}"
    return f"{value:,.0f} ({low:,.0f} to {end})"


def _at_end(curve: LearningCurve) -> str:
    value, low, high = (float(part[-1]) for part in curve.score)
    return f"{value:z.3f} ({low:z.3f} to {high:z.3f})"


def _gain(gain: Interval[float]) -> str:
    if not np.isfinite(gain.value):
        return "too few sizes"
    return f"{100 * gain.value:+z.1f} ({100 * gain.low:+z.1f} to {100 * gain.high:+z.1f})"
