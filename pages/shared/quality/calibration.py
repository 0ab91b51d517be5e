"""Calibrated similarity: what a cosine means under each contender, and what equals it under the others."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.quality import calibration_service as answers
from core.quality import summaries as words
from core.quality.calibration import Scale
from core.quality.charts import Line, line_figure, mark
from core.quality.same_label import BAND, SameLabel
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked, Found

COSINE = 0.8


def show(asked: Asked) -> None:
    st.caption(
        "A cosine of 0.80 may be remarkable under one model and ordinary under another. Here it is translated: how "
        "many pairs of this corpus reach it, how likely such a pair shares a label, and which cosine "
        "says the same elsewhere."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cosine, name = cosine_input(asked)
        column = common.label_column(asked, "Whose values tell whether two texts are the same.")
    scales = common.each(asked, answers.scale)
    if not scales:
        return
    labels = {one.name: one.result for one in common.each(asked, answers.same_label, column)} if column else {}
    start = next((one for one in scales if one.name == name), scales[0])
    level = start.result.above(cosine)
    rows = [_row(one, start, cosine, level, labels.get(one.name)) for one in scales]
    left, right = st.columns(2)
    with left:
        _reach(scales, start, cosine)
    with right:
        if labels:
            _same(scales, labels, cosine)
        else:
            st.info("Choose a label column to see how likely two texts share a label.", icon=":material/label:")
    common.says(sentence(start.name, cosine, rows, level))
    _table(asked, rows)
    _how(scales, labels)


def cosine_input(asked: Asked) -> tuple[float, str]:
    """Draws a cosine and whose it is."""
    cosine = st.number_input(
        "Cosine", -1.0, 1.0, COSINE, 0.01, "%.3f", key="quality_cosine", bind="query-params", width=140,
        help="A similarity or threshold whose meaning is asked.",
    )  # fmt: skip
    session.select_from_link("quality_of", asked.names)
    name = st.selectbox("under", asked.names, key="quality_of", width=280, help="The contender that gives this cosine.")
    session.write_to_link("quality_of")
    return float(cosine if cosine is not None else COSINE), str(name)


def _row(one: Found, start: Found, cosine: float, level: float, same: SameLabel | None) -> dict[str, Any]:
    scale: Scale = one.result
    equal = cosine if one is start else scale.cosine(level) if level > 0 else float("nan")
    row: dict[str, Any] = {"contender": one.name, "equal": equal, "below": 100 * (1 - scale.above(cosine))}
    if same is not None:
        row["same"] = words.between(same.at(equal), words.share) if np.isfinite(equal) else ""
        row["same_value"] = same.at(equal).value
        row |= {"brier": same.brier, "base": same.brier_base, "gap": same.gap}
    return row


def sentence(name: str, cosine: float, rows: list[dict[str, Any]], level: float) -> str:
    """What the cosine means, and what equals it."""
    own = next(row for row in rows if row["contender"] == name)
    if not level > 0:
        return f"No pair looked at reaches {cosine:.2f} under {name}."
    often = f"1 pair in {1 / level:,.0f}" if level < 0.1 else f"{words.share(level)} of all pairs"
    text = f"Under {name} a cosine of {cosine:.2f} is reached by {often} here"
    if own.get("same"):
        text += f"; such a pair shares its label with a probability of {own['same']}"
        if own["brier"] >= own["base"]:
            text += ", though on held-out texts the cosine tells no more about the label than its frequency does"
    others = [f"{row['equal']:.2f} under {row['contender']}" for row in rows if row is not own]
    return text + (f". As many pairs reach {', '.join(others)}." if others else ".")


def _reach(scales: list[Found], start: Found, cosine: float) -> None:
    lines = []
    for one in scales:
        scale: Scale = one.result
        lines.append(Line(one.name, one.place, scale.cosines.tolist(), scale.shares.tolist()))
    figure = line_figure(lines, "cosine", "share of all pairs that reach it (log)", session.theme(), 360,
                         y_axis={"type": "log", "tickformat": "~p"})  # fmt: skip
    common.chart(mark(figure, x=cosine), "quality_reach", "Share of pairs that reach a cosine, by contender")


def _same(scales: list[Found], labels: dict[str, SameLabel], cosine: float) -> None:
    lines = []
    for one in scales:
        same = labels.get(one.name)
        if same is not None:
            curve, low, high = (each.tolist() for each in (same.curve, same.low, same.high))
            lines.append(Line(one.name, one.place, same.grid.tolist(), curve, low, high))
    figure = line_figure(lines, "cosine", "probability of the same label", session.theme(), 360,
                         y_axis={"tickformat": ".0%", "range": [0, 1.02]})  # fmt: skip
    common.chart(mark(figure, x=cosine), "quality_same", "Probability of the same label by cosine")


def _table(asked: Asked, rows: list[dict[str, Any]]) -> None:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "contender": text("Contender", width="medium"),
        "equal": number("Says the same", format="%.3f", help="The cosine that as many pairs reach under this contender "
                        "as reach the given one (quantile matching)."),
        "below": number("Pairs below", format="%.3f%%", help="Percentile of the given cosine, taken "
                        "as it stands, among all pairs under this contender."),
        "same": text("P(same label) there", help="Probability that a pair at the cosine in this line shares its label, "
                     "with its 95% band."),
        "same_value": None,
        "brier": number("Brier score", format="%.4f", help="Mean squared error of that probability on pairs of "
                        "held-out texts; lower is better."),
        "base": number("Base rate's", format="%.4f", help="The Brier score of always saying how often any two texts "
                       "share a label."),
        "gap": number("Calib. error", format="%.4f", help="Mean gap between probability and share found, in ten "
                      "bins, on pairs of held-out texts; lower is better."),
    }  # fmt: skip
    common.table(pd.DataFrame(rows), "quality_calibration", asked, columns, "What the cosine means by contender")


def _how(scales: list[Found], labels: dict[str, SameLabel]) -> None:
    scale: Scale = scales[0].result
    told = (
        f"Over all {scale.near:,} pairs in a list of {scale.depth} nearest and {scale.random:,} others drawn with seed "
        f"{scale.seed}, weighted to stand for all {scale.total:,} pairs of different texts."
    )
    if labels:
        same = next(iter(labels.values()))
        told += (
            f" P(same label): isotonic regression on {same.pairs:,} pairs of {same.labeled:,} labeled texts, "
            f"{same.labels:,} labels, weighted to the base rate of {words.share(same.base)}; judged in 5 folds of the "
            f"texts; bands by bootstrap over texts, {BAND:,} resamples."
        )
    st.caption(told)
