"""Fewer dimensions: neighbors kept and quality over sizes, and the sizes that are enough."""

import pandas as pd
import streamlit as st

from core.compression import service as answers
from core.compression.charts import size_figure
from core.compression.dimensions import METHOD_NAMES, elbow_size, smallest_sufficient
from core.compression.service import CompressedContender, DimensionView, Quality
from core.compression.summaries import points, quality_summary, recall_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression import select_contender as compress_which
from pages.shared.downloads import csv_button
from pages.shared.text import plain

LOSSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)


def show(asked: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "How many numbers of a vector are needed? Models trained for it (Matryoshka) put what matters first; others "
        "can be cut as well, after a rotation (principal components)."
    )
    if not compress_which.ready(asked, info, ("dimensions",)):
        return
    quality = compress_which.quality(asked)
    view = session.ask_once(answers.dimension_view, asked, quality)
    left, right = st.columns(2, gap="large")
    with left:
        _neighbors(view)
    with right:
        _quality(view, quality)
    _how(view)
    _download(view, info)


def _neighbors(view: DimensionView) -> None:
    st.markdown("**Neighbors kept**", help="Of the ten nearest texts by the full vectors, how many are still found.")
    lost = _allowed("compress_neighbors", 0.2, "Neighbors that may be lost")
    enough, bend = smallest_sufficient(view.recall[0], lost), elbow_size(view.recall[0])
    figure = size_figure(view.recall, enough, bend, "of the ten nearest kept", session.theme())
    st.plotly_chart(figure, key="compress_kept", config={"displayModeBar": False}, alt="Neighbors kept by dimensions")
    st.markdown(plain(recall_summary(view.recall, lost)))


def _quality(view: DimensionView, quality: Quality) -> None:
    st.markdown("**Quality**", help="How well the nearest texts tell a text's label.")
    if not view.quality:
        which = f"The labels of {plain(quality.column)} can't be judged" if quality.column else "No labels are chosen"
        st.info(f"{which}: two labels are needed, at least one of them on two different texts.",
                icon=":material/label_off:")  # fmt: skip
        return
    lost = _allowed("compress_loss", 0.01, "Quality that may be lost")
    enough, bend = smallest_sufficient(view.quality[0], lost), elbow_size(view.quality[0])
    figure = size_figure(view.quality, enough, bend, compress_which.MEASURES[quality.measure], session.theme())
    st.plotly_chart(figure, key="compress_quality", config={"displayModeBar": False}, alt="Quality by dimensions")
    st.markdown(plain(quality_summary(view.quality, lost, quality.measure)))
    st.caption(
        f"Labels of {plain(quality.column)}: {view.sample.labeled:,} queries have one; the most frequent label alone "
        f"would reach {view.sample.chance:.1%}."
    )


def _allowed(key: str, first: float, name: str) -> float:
    return st.select_slider(
        name,
        LOSSES,
        first,
        key=key,
        persist_state="session",
        format_func=points,
        help="A size is enough where it, and every larger one measured, loses no more than this even at the worse end "
        "of the 95% interval of its difference to the full vectors. A point is one percent of all.",
    )


def _how(view: DimensionView) -> None:
    st.caption(
        f"{compress_which.how(view.sample)}; each query and its copies left out, cosine in the model's own space. Bands: "
        f"95% by {RESAMPLES:,} bootstrap resamples of the queries; for random projection from the lowest to the "
        "highest of five seeds. The ring marks the elbow of the first dimensions: the size farthest above a straight "
        "line from the smallest to the full one (Kneedle), where more dimensions begin to pay less. The dashed line: "
        "the smallest size that is enough. Principal components are learned from these rows, which flatters them "
        "where rows are few. Higher is better."
    )


def _download(view: DimensionView, info: CorpusInfo) -> None:
    words = "One line a method and size, with intervals."
    csv_button("These curves (CSV)", curve_table(view), "dimensions.csv", words, "compress_sizes_file")


def curve_table(view: DimensionView) -> pd.DataFrame:
    lines = [
        (name, METHOD_NAMES[curve.method], *line)
        for name, curves in (("neighbors kept", view.recall), ("quality", view.quality))
        for curve in curves
        for line in zip(curve.sizes, curve.values, curve.low, curve.high, strict=True)
    ]
    return pd.DataFrame(lines, columns=["measure", "method", "dimensions", "value", "low", "high"])
