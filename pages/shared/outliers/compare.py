"""How several scores, and several models, agree on the outliers."""

import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.figures import agreement_figure
from core.outliers.consensus import Agreement
from core.outliers.scores import SCORES
from core.outliers.service import OutlierSettings, model_consensus, score_agreement
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
