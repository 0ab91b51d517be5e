"""How the overlap of contenders grows with the number of nearest texts compared."""

import numpy as np
import streamlit as st

from core.disagreement import service as answers
from core.disagreement.charts import depth_figure
from core.disagreement.service import Asked, Measure
from pages.shared import session

MOST_LINES = 10


def show(asked: Asked, measure: Measure, k: int) -> None:
    st.markdown("**From the nearest text to the hundred nearest**")
    found = session.ask_once(answers.curves, asked, measure)
    order = np.argsort(-found.values.mean(axis=1), kind="stable")
    at = order if len(order) <= MOST_LINES else np.r_[order[: MOST_LINES // 2], order[-MOST_LINES // 2 :]]
    names = [" and ".join(asked.names[place] for place in found.pairs[i]) for i in at]
    lines = (found.values[at], found.low[at], found.high[at])
    figure = depth_figure(names, found.depths, *lines, found.chance, k, session.theme())
    st.plotly_chart(figure, key="disagree_depths", alt="Overlap against the number of nearest texts compared")
    left = f" The {len(at)} most and least alike of {len(order):,} pairs." if len(at) < len(order) else ""
    st.caption(f"{_growth(found)} Bars: 95% intervals over resampled texts.{left}")


def _growth(found: answers.Curves) -> str:
    """What the lines say here."""
    first, last = float(found.values[:, 0].mean()), float(found.values[:, -1].mean())
    ends = (
        f"from {first:.0%} for the nearest text to {last:.0%} for the {found.depths[-1]} nearest (by chance: "
        f"{found.chance[0]:.1%} to {found.chance[-1]:.1%})"
    )
    if len(found.depths) < 2 or abs(last - first) < 0.02:
        return f"The mean over pairs stays about the same, {ends}."
    if last > first:
        return f"The mean over pairs grows {ends}: they agree more on the wider neighborhood than on the very nearest."
    return f"The mean over pairs falls {ends}: they agree more on the very nearest than on the wider neighborhood."
