"""Robustness: noise on the vectors, and changed wording."""

from collections.abc import Callable

import streamlit as st

from core.quality import summaries as words
from core.quality.charts import Line, line_figure
from core.quality.robustness import SIZES
from core.quality.service import noise_robustness
from core.stats.resampling import RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality import edit_robustness as wording
from pages.shared.quality.common import Asked


def show(asked: Asked) -> None:
    kinds: dict[str, Callable[[Asked], None]] = {"Changed wording": wording.show, "Noise on vectors": noise}
    chosen = st.segmented_control(
        "What is changed", list(kinds), key="quality_change", default="Changed wording", required=True,
        bind="query-params",
        help="The texts themselves (typos, case, word order, negation, ...), embedded anew; or the numbers of their "
        "vectors, as rounding and compression do.",
    )  # fmt: skip
    kinds[str(chosen or "Changed wording")](asked)


def noise(asked: Asked) -> None:
    st.caption(
        "Random noise is added to vectors (of length 1), as rounding does. Their own cosine falls about alike whatever "
        "the model; how many of the nearest texts are lost depends on how closely they are packed."
    )
    found = common.each(asked, noise_robustness)
    if not found:
        return
    left, right = st.columns(2)
    for side, part, title, reach in (
        (left, "churn", "share of the 10 nearest lost", None),
        (right, "cosine", "median cosine to the text itself", [0, 1.02]),
    ):
        lines = []
        for one in found:
            values = getattr(one.result, part)
            middle, low, high = ([getattr(value, end) for value in values] for end in ("value", "low", "high"))
            lines.append(Line(one.name, one.place, SIZES, middle, low, high))
        y_axis = {"tickformat": ".0%", "rangemode": "tozero"} if part == "churn" else {"range": reach}
        figure = line_figure(lines, "length of the noise", title, session.theme(), markers=True, y_axis=y_axis)
        with side:
            common.chart(figure, f"quality_noise_{part}", f"{title} as noise grows")
    common.says(words.describe_noise(common.named(found)))
    one = found[0].result
    among = "all others" if one.searched == one.total else f"{one.searched:,} drawn ones"
    st.caption(
        f"Normal noise of random direction, its length relative to the vector's; {one.texts:,} of {one.total:,} "
        f"different texts drawn with seed {one.seed}, nearest texts by exact search among {among}. Bands: 95% "
        f"intervals by bootstrap over these texts, {RESAMPLES:,} resamples. Lower losses are steadier."
    )
