"""Outliers: the settings, what the score means, its histogram, the list, and the agreement of scores and models."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.figures import agreement_figure, histogram_figure
from core.outliers.consensus import Agreement, Cutoff, CutoffKind
from core.outliers.results import OUTLIER_SCORES, OutlierQuery
from core.outliers.scores import SCORES, ScoreName
from core.outliers.service import OutlierList, OutlierSettings, model_consensus, outlier_list, score_agreement
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.downloads import csv_button
from pages.shared.outliers.list import percentile_digits, show_outlier_list, show_row_explanation
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
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


COMPARISONS = ("What each score detects", "Agreement between scores", "Agreement between models")


def show_comparisons(info: CorpusInfo, model: ModelSpec, settings: OutlierSettings, top: int) -> None:
    """top: how many outliers of each score are compared."""
    comparison = st.segmented_control(
        "Compare", COMPARISONS, key="outlier_comparison", persist_state="session",
        help="A row that several scores or models agree on is more likely to be an outlier.",
    )  # fmt: skip
    if comparison == COMPARISONS[0]:
        rows = [(score.title, score.meaning, score.detects) for score in SCORES.values()]
        st.table(pd.DataFrame(rows, columns=["Score", "Meaning", "Detects"]).set_index("Score"))
    elif comparison == COMPARISONS[1]:
        with st.spinner("Comparing the scores", show_time=True):
            agreement = session.ask_once(score_agreement, session.corpus_ref(info), model, settings.k, top)
        show_score_agreement(agreement)
    elif comparison == COMPARISONS[2]:
        compare_models(info, settings.k)


def show_score_agreement(agreement: Agreement) -> None:
    """Two heat maps: rank correlations, and overlap of the outliers."""
    spearman = "Spearman: 1 is the same order, 0 is unrelated. Empty: a score that is constant."
    overlap = f"Share of the {agreement.top:,} most unusual rows in common. Chance: {agreement.chance:.1%}."
    for column, title, values, caption, key in zip(
        st.columns(2, gap="medium"),
        ("Rank correlation, all rows", f"Overlap of the top {agreement.top:,}"),
        (agreement.spearman, agreement.overlap),
        (spearman, overlap),
        ("outlier_spearman", "outlier_overlap"),
        strict=True,
    ):
        column.markdown(f"**{title}**")
        figure = agreement_figure(agreement.names, values, session.theme())
        column.plotly_chart(figure, key=key, alt=f"{title}, between scores")
        column.caption(caption)


def compare_models(info: CorpusInfo, k: int) -> None:
    """Which rows are outliers under every model, and under one only."""
    models = tuple(session.workspace().models(info.digest))
    if len(models) < 2:
        message = "This corpus is embedded with one model. A second one shows which rows are outliers under both."
        st.info(message, icon=":material/info:")
        st.page_link("pages/data/embed.py", label="Add a model on the Embed page", icon=":material/memory:")
        return
    percentile = st.slider(
        "Min. percentile", 80.0, 99.9, 98.0, 0.1, key="consensus_percentile", persist_state="session",
        help="Of the combined score under each model; 98 is the most unusual 2% of the rows.",
    )  # fmt: skip
    with st.spinner("Computing outlier scores for every model", show_time=True):
        consensus = session.ask_once(model_consensus, session.corpus_ref(info), models, k, float(percentile))
    st.markdown(
        f"**{count(consensus.under_all, 'outlier')}** under all {len(consensus.models)} models: check the data. "
        f"**{count(consensus.under_one, 'outlier')}** under one model only: check that model."
    )
    pairs = zip(consensus.models, consensus.by_model, strict=True)
    numbers = ", ".join(f"{plain(name)} {rows:,}" for name, rows in pairs)
    st.caption(f"Under one model only: {numbers}. Percentiles of the combined score; 100 is the most unusual row.")
    table = with_row_numbers(consensus.table)
    share = NumberColumn(format="%.1f", help="Percentile under this model.")
    columns = {"Row": ROW_COLUMN, "Text": TextColumn(width="large"), **dict.fromkeys(table.columns[3:], share)}
    show_table(table, "Outliers under at least one model", columns, max_height=420)
    help_text = "The rows listed here with their percentile under each model."
    csv_button("Download (CSV)", table, "outliers-by-model.csv", help_text, "outlier_models_file")
