"""Fewer dimensions: recall and quality over sizes, and the sizes that are enough."""

import pandas as pd
import streamlit as st

from core.compression import service
from core.compression.charts import size_figure
from core.compression.dimensions import METHOD_NAMES, Curve, elbow_size, smallest_sufficient
from core.compression.service import CompressedContender, DimensionView, LabelQuality
from core.compression.summaries import points, quality_summary, recall_summary
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.compression.select_contender import MEASURES, compression_ready, sample_caption, select_quality
from pages.shared.downloads import csv_button
from pages.shared.text import plain

LOSSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
LOSS_HELP = (
    "A size is enough if it, and every larger one, loses no more than this at the lower end of the 95% interval of its "
    "difference to the full vectors. Points are percentage points."
)


def show_dimensions(compressed: CompressedContender, info: CorpusInfo) -> None:
    st.caption(
        "How many dimensions are needed? Models trained for it (Matryoshka) put the most important first; others can "
        "be shortened as well, after a rotation (PCA)."
    )
    if not compression_ready(compressed, info, ("dimensions",)):
        return
    quality = select_quality(compressed)
    view = session.ask_once(service.dimension_view, compressed, quality)
    left, right = st.columns(2, gap="large")
    with left:
        help_ = "The share of the ten nearest texts by the full vectors that are still found."
        st.markdown("**Recall@10**", help=help_)
        loss = _loss_slider("compress_neighbors", 0.2, "Acceptable loss of recall")
        _show_curves(view.recall, loss, "recall@10", "compress_kept", "Recall by dimensions")
        st.markdown(plain(recall_summary(view.recall, loss)))
    with right:
        _show_quality_curves(view, quality)
    st.caption(
        f"{sample_caption(view.sample)}; each query and its copies excluded, cosine in the model's own space. Bands: "
        f"95% by {RESAMPLES:,} bootstrap resamples of the queries; for random projection the range of five seeds. "
        "Ring: the elbow of the first dimensions, the size farthest above a straight line from the smallest to the "
        "full one (Kneedle). Dashed: the smallest size that is enough. PCA is fitted on these rows, which favors it "
        "where rows are few. Higher is better."
    )
    help_ = "One line per method and size, with intervals."
    csv_button("Download (CSV)", curve_table(view), "dimensions.csv", help_, "compress_sizes_file")


def _show_curves(curves: tuple[Curve, ...], loss: float, title: str, key: str, alt: str) -> None:
    figure = size_figure(curves, smallest_sufficient(curves[0], loss), elbow_size(curves[0]), title, session.theme())
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def _show_quality_curves(view: DimensionView, quality: LabelQuality) -> None:
    st.markdown("**Quality**", help="How well the nearest texts predict a text's label.")
    column = plain(quality.column)
    if not view.quality:
        reason = f"The labels of {column} can't be used" if quality.column else "No labels are selected"
        needed = "two labels are needed, at least one of them on two distinct texts."
        st.info(f"{reason}: {needed}", icon=":material/label_off:")
        return
    loss = _loss_slider("compress_loss", 0.01, "Acceptable loss of quality")
    _show_curves(view.quality, loss, MEASURES[quality.measure], "compress_quality", "Quality by dimensions")
    st.markdown(plain(quality_summary(view.quality, loss, quality.measure)))
    labeled, chance = f"{view.sample.labeled:,} queries have one", f"{view.sample.chance:.1%}"
    st.caption(f"Labels of {column}: {labeled}. Baseline (most frequent label): {chance}.")


def _loss_slider(key: str, default: float, label: str) -> float:
    return st.select_slider(
        label, LOSSES, default, key=key, persist_state="session", format_func=points, help=LOSS_HELP
    )


def curve_table(view: DimensionView) -> pd.DataFrame:
    lines = [
        (name, METHOD_NAMES[curve.method], *line)
        for name, curves in (("recall@10", view.recall), ("quality", view.quality))
        for curve in curves
        for line in zip(curve.sizes, curve.values, curve.low, curve.high, strict=True)
    ]
    return pd.DataFrame(lines, columns=["measure", "method", "dimensions", "value", "low", "high"])
