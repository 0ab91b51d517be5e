"""Calibration: what a cosine means under each contender, and the equivalent cosine under the others."""

from typing import Any

import pandas as pd
import streamlit as st

from core.quality import service
from core.quality.calibration import BAND_RESAMPLES, SameLabel
from core.quality.charts import Line, line_figure, mark
from core.quality.summaries import percent, with_interval
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.tables import number, text

DEFAULT_COSINE = 0.8


def show_calibration(selection: QualitySelection) -> None:
    st.caption(
        "A cosine of 0.80 may be high under one model and ordinary under another. See how many pairs of this corpus "
        "reach it, how likely such a pair shares a label, and the equivalent cosine under the other contenders."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cosine, name = _select_cosine(selection)
        column = common.select_label_column(selection, "Defines whether two texts have the same label.")
    distributions = common.measure_each(selection, service.cosine_distribution)
    if not distributions:
        return
    same = common.measure_each(selection, service.same_label, column) if column else []
    labels = {item.name: item.result for item in same}
    reference = next((item for item in distributions if item.name == name), distributions[0])
    level = reference.result.above(cosine)
    rows = [_calibration_row(item, reference, cosine, level, labels.get(item.name)) for item in distributions]
    left, right = st.columns(2)
    with left:
        _show_distributions(distributions, cosine)
    with right:
        if same:
            _show_same_label_curves(same, cosine)
        else:
            st.info("Select a label column to see how likely two texts share a label.", icon=":material/label:")
    common.show_finding(describe_cosine(reference.name, cosine, rows, level))
    _show_calibration_table(selection, rows)
    st.caption(_calibration_method(distributions[0], labels))


def _select_cosine(selection: QualitySelection) -> tuple[float, str]:
    """The cosine, and the contender it belongs to."""
    cosine = st.number_input(
        "Cosine", -1.0, 1.0, DEFAULT_COSINE, 0.01, "%.3f", key="quality_cosine", bind="query-params", width=140,
        help="A similarity or threshold.",
    )  # fmt: skip
    session.select_from_link("quality_of", selection.names)
    name = st.selectbox("Under", selection.names, key="quality_of", width=280, help="The contender of this cosine.")
    session.write_to_link("quality_of")
    return float(cosine if cosine is not None else DEFAULT_COSINE), str(name)


def _calibration_row(
    item: ContenderResult, reference: ContenderResult, cosine: float, level: float, same: SameLabel | None
) -> dict[str, Any]:
    equal = cosine if item is reference else item.result.cosine(level) if level > 0 else float("nan")
    row: dict[str, Any] = {"contender": item.name, "equal": equal, "below": 100 * (1 - item.result.above(cosine))}
    if same is not None:
        row["same"] = with_interval(same.at(equal), common.one_decimal) if level > 0 else ""
        row |= {"same_value": same.at(equal).value, "brier": same.brier, "base": same.brier_base, "gap": same.gap}
    return row


def describe_cosine(name: str, cosine: float, rows: list[dict[str, Any]], level: float) -> str:
    """How many pairs reach the cosine, P(same label) there, and the equivalent cosines."""
    if not level > 0:
        return f"No pair reaches a cosine of {cosine:z.2f} under {name}."
    row = next(row for row in rows if row["contender"] == name)
    share = f"1 in {1 / level:,.0f} pairs" if level < 0.1 else f"{percent(level)} of all pairs"
    text = f"Under {name}, {share} reach a cosine of {cosine:z.2f}"
    if row.get("same"):
        text += f"; such a pair shares its label with a probability of {row['same']}"
        if row["brier"] >= row["base"]:
            text += ", but on held-out texts the cosine predicts labels no better than the base rate"
    others = [f"{other['equal']:.2f} under {other['contender']}" for other in rows if other is not row]
    return text + (f". Equivalent: {', '.join(others)}." if others else ".")


def _show_distributions(distributions: list[ContenderResult], cosine: float) -> None:
    lines = [
        Line(item.name, item.color_index, item.result.cosines.tolist(), item.result.shares.tolist())
        for item in distributions
    ]
    axis = {"type": "log", "tickformat": "~p"}
    figure = line_figure(lines, "cosine", "share of pairs at or above (log)", session.theme(), 360, y_axis=axis)
    st.plotly_chart(mark(figure, x=cosine), key="quality_reach", alt="Share of pairs at or above a cosine by contender")


def _show_same_label_curves(same: list[ContenderResult], cosine: float) -> None:
    lines = []
    for item in same:
        grid, curve, low, high = (getattr(item.result, part).tolist() for part in ("grid", "curve", "low", "high"))
        lines.append(Line(item.name, item.color_index, grid, curve, low, high))
    axis = {"tickformat": ".0%", "range": [0, 1.02]}
    figure = line_figure(lines, "cosine", "P(same label)", session.theme(), 360, y_axis=axis)
    st.plotly_chart(mark(figure, x=cosine), key="quality_same", alt="Probability of the same label by cosine")


def _show_calibration_table(selection: QualitySelection, rows: list[dict[str, Any]]) -> None:
    columns = {
        "contender": common.contender_column(),
        "equal": number("Equivalent cosine", "%.3f", "The cosine that as many pairs reach (quantile matching)."),
        "below": number("Percentile", "%.3f%%", "Share of pairs below the unconverted cosine."),
        "same": text("P(same label)", "Of a pair at the equivalent cosine, with 95% band."),
        "same_value": None,
        "brier": number("Brier score", "%.4f", "Mean squared error on pairs of held-out texts; lower is better."),
        "base": number("Brier (base rate)", "%.4f", "Brier score of always predicting the base rate."),
        "gap": number("Calibration error", "%.4f", "Expected error in ten bins, held-out texts; lower is better."),
    }
    common.show_quality_table(pd.DataFrame(rows), "quality_calibration", selection, columns, "Calibration by contender")


def _calibration_method(item: ContenderResult, labels: dict[str, SameLabel]) -> str:
    distribution = item.result
    text = (
        f"All {distribution.near:,} pairs of a text and its {distribution.depth} nearest neighbors, and "
        f"{distribution.random:,} other pairs (seed {distribution.seed}), weighted to all {distribution.total:,} pairs "
        "of unique texts."
    )
    if labels:
        same = next(iter(labels.values()))
        text += (
            f" P(same label): isotonic regression on {same.pairs:,} pairs of {same.labeled:,} labeled texts, "
            f"{same.labels:,} labels, weighted to the base rate of {percent(same.base)}; 5-fold cross-validation over "
            f"texts; bands by bootstrap over texts, {BAND_RESAMPLES:,} resamples."
        )
    return text
