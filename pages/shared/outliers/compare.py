"""How several scores, and several models, agree on the outliers."""

import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.figures import agreement_figure
from core.outliers.consensus import Agreement
from core.outliers.scores import SCORES
from core.outliers.service import Consensus, OutlierSettings, model_consensus, score_agreement
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, plain

COMPARISONS = ("What each score detects", "Agreement between scores", "Agreement between models")


def show_comparisons(info: CorpusInfo, model: ModelSpec, settings: OutlierSettings, top: int) -> None:
    """top: how many outliers of each score are compared."""
    comparison = st.segmented_control(
        "Compare",
        COMPARISONS,
        key="outlier_comparison",
        persist_state="session",
        help="Scores detect different outliers, and models differ, too: a row that several agree on is more likely to "
        "be one.",
    )
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
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Rank correlation, all rows**")
        st.plotly_chart(
            agreement_figure(agreement.names, agreement.spearman, session.theme()),
            key="outlier_spearman",
            alt="Rank correlations between scores",
        )
        st.caption("Spearman: 1 is the same order, 0 is unrelated. Empty: a score that is constant.")
    with right:
        st.markdown(f"**Overlap of the top {agreement.top:,}**")
        st.plotly_chart(
            agreement_figure(agreement.names, agreement.overlap, session.theme()),
            key="outlier_overlap",
            alt="Share of the outliers of two scores that they have in common",
        )
        st.caption(f"Share of the {agreement.top:,} most unusual rows in common. Chance: {agreement.chance:.1%}.")


def compare_models(info: CorpusInfo, k: int) -> None:
    """Which rows are outliers under every model, and under one only."""
    models = tuple(session.workspace().models(info.digest))
    if len(models) < 2:
        st.info(
            "This corpus is embedded with one model. With a second one you see which rows are outliers under both, "
            "which suggests a problem of the data, and which under one only, a problem of that model.",
            icon=":material/info:",
        )
        st.page_link("pages/data/embed.py", label="Add a model on the Embed page", icon=":material/memory:")
        return
    percentile = st.slider(
        "Min. percentile",
        80.0,
        99.9,
        98.0,
        0.1,
        key="consensus_percentile",
        persist_state="session",
        help="Of the combined score under each model; 98 is the most unusual 2% of the rows.",
    )
    with st.spinner("Computing outlier scores for every model", show_time=True):
        consensus = session.ask_once(model_consensus, session.corpus_ref(info), models, k, float(percentile))
    show_model_consensus(consensus)


def show_model_consensus(consensus: Consensus) -> None:
    """How many rows are outliers under all models and under one, and the list of them."""
    st.markdown(
        f"**{count(consensus.under_all, 'outlier')}** under all {len(consensus.models)} models: check the data. "
        f"**{count(consensus.under_one, 'outlier')}** under one model only: check that model."
    )
    pairs = zip(consensus.models, consensus.by_model, strict=True)
    numbers = ", ".join(f"{plain(name)} {rows:,}" for name, rows in pairs)
    st.caption(f"Under one model only: {numbers}. Percentiles of the combined score; 100 is the most unusual row.")
    table = with_row_numbers(consensus.table)
    percentile = NumberColumn(format="%.1f", help="Percentile under this model.")
    show_table(
        table,
        "Outliers under at least one model",
        {"Row": ROW_COLUMN, "Text": TextColumn(width="large"), **dict.fromkeys(table.columns[3:], percentile)},
        max_height=420,
    )
    csv_button(
        "Download (CSV)",
        table,
        "outliers-by-model.csv",
        key="outlier_models_file",
        help="The rows listed here with their percentile under each model.",
    )
