"""Outliers: the settings, what the score means, its histogram, the list, and the agreement of scores and models."""

from typing import Any

import numpy as np
import streamlit as st

from core.figures import histogram_figure
from core.outliers.consensus import Cutoff, CutoffKind
from core.outliers.results import OUTLIER_SCORES, OutlierQuery
from core.outliers.scores import SCORES, ScoreName
from core.outliers.service import OutlierList, OutlierSettings, outlier_list
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.outliers.compare import show_comparisons
from pages.shared.outliers.list import percentile_digits, show_outlier_list, show_row_explanation
from pages.shared.text import count, plain

SCORE_TITLES: dict[str, ScoreName] = {info.title: name for name, info in SCORES.items()}
CUTOFFS: dict[str, CutoffKind] = {"Number": "number", "Percentile": "percentile", "Score": "score"}


def show_outliers(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole part."""
    st.caption(f"Rows that may not belong, by the vectors of {plain(model.label)} and their neighbors, not by the map.")
    settings = select_outlier_settings(info, model)
    query = OutlierQuery(session.corpus_ref(info), model, settings.k)
    stored = OUTLIER_SCORES.exists(query)
    headline, title = "The outlier scores have not been computed yet.", f"Outlier scores of {info.name}"
    description = f"All {count(info.rows, 'row')} are compared with their nearest rows and their clusters."
    if not result_view.ready(
        OUTLIER_SCORES, query, headline=headline, description=description, title=title, button="Compute scores"
    ):
        return
    if settings.cutoff.kind == "score" and not stored:
        st.rerun()  # the range of the scores is available now
    with st.spinner("Computing outlier scores", show_time=True):
        outliers = session.ask_once(outlier_list, query.corpus, model, settings)
    score = SCORES[settings.score]
    st.markdown(f"**{score.title}.** {score.meaning} **Detects:** {score.detects}")
    if settings.score in ("combined", "mean", "kth", "lof") and outliers.k < settings.k:
        st.caption(f"k is limited to {outliers.k:,}: the graph has no more neighbors per row.")
    if outliers.is_constant:
        st.info("All rows have the same score: they are too few or too similar.", icon=":material/info:")
    left, right = st.columns([5, 2], gap="medium")
    with right:
        show_score_histogram(settings, outliers)
    with left:
        row = show_outlier_list(info, model, settings, outliers)
    if row is not None:
        show_row_explanation(info, model, row, settings.k)
    show_comparisons(info, model, settings, max(outliers.above, 1))


def select_outlier_settings(info: CorpusInfo, model: ModelSpec) -> OutlierSettings:
    """The row of settings."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.selectbox(
            "Outlier score", list(SCORE_TITLES), key="score", bind="query-params", width=270,
            help="Higher = more unusual. Scores differ in what they detect: see Compare.",
        )  # fmt: skip
        score = SCORE_TITLES[title]
        k = st.number_input(
            "Neighbors (k)", 2, 100, 20, key="k", bind="query-params", width=140,
            help="A row is compared with its k nearest rows. A larger k detects larger groups of outliers.",
        )  # fmt: skip
        title = st.segmented_control(
            "List by", list(CUTOFFS), key="cut", bind="query-params", default="Number", required=True,
            help="The list ends after a number of rows, at a percentile (100 is the highest score), or at a score.",
        )  # fmt: skip
        kind = CUTOFFS[str(title)]
        return OutlierSettings(score, int(k), Cutoff(kind, float(_select_cutoff(info, model, kind, score, int(k)))))


def _select_cutoff(info: CorpusInfo, model: ModelSpec, kind: CutoffKind, score: ScoreName, k: int) -> float:
    linked: dict[str, Any] = {"bind": "query-params", "width": 140}
    if kind == "number":
        max_rows = max(info.rows, 1)
        return st.number_input("Rows", 1, max_rows, min(20, max_rows), key="rows", help="Length of the list.", **linked)
    if kind == "percentile":
        help_text = "98 lists the most unusual 2% of the rows."
        return st.number_input("Min. percentile", 0.0, 100.0, 98.0, 0.5, key="from", help=help_text, **linked)
    corpus = session.corpus_ref(info)
    if not OUTLIER_SCORES.exists(OutlierQuery(corpus, model, k)):
        return 0.0  # the list is not drawn yet
    edges = session.ask_once(outlier_list, corpus, model, OutlierSettings(score, k)).edges
    low, high = float(edges[0]), float(edges[-1])
    return st.number_input(
        "Min. score", value=low + 0.7 * (high - low), step=max((high - low) / 50, 1e-4), format="%.4f",
        key=f"min_score-{score}-{k}", width=140, help="See the histogram for typical scores.",
    )  # fmt: skip


def show_score_histogram(settings: OutlierSettings, outliers: OutlierList) -> None:
    """The scores of all rows, with a line where the list ends."""
    is_empty = bool(np.isnan(outliers.threshold))
    lines, title = [(outliers.threshold, "cutoff")], f"{SCORES[settings.score].title}, all rows"
    st.plotly_chart(
        histogram_figure(outliers.counts, outliers.edges, [] if is_empty else lines, title, session.theme()),
        key="outlier_histogram",
        alt="Histogram of the score over all rows, with a line at the cutoff",
    )
    if is_empty:
        st.caption(f"None of the {count(outliers.total, 'row')} reaches this cutoff.")
        return
    st.caption(
        f"{outliers.above:,} of {count(outliers.total, 'row')} listed: score {outliers.threshold:.4g} or higher, "
        f"percentile {outliers.percentile:.{percentile_digits(outliers.total)}f} or higher."
    )
