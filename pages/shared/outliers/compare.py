"""What several scores, and several models, say of the same rows."""

import pandas as pd
import streamlit as st

from core.figures import agreement_figure
from core.outliers.compare import Consensus, model_consensus, score_agreement
from core.outliers.consensus import Agreement
from core.outliers.score_info import SCORES
from core.outliers.service import OddQuery
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, plain

MORE = ("What each score sees", "Do the scores agree?", "Do the models agree?")


def show(info: CorpusInfo, model: ModelSpec, query: OddQuery, top: int) -> None:
    chosen = st.segmented_control(
        "Compare",
        MORE,
        key="odd_more",
        persist_state="session",
        help="Scores look for different things, and models see texts differently: what several find strange is "
        "likelier to be so.",
    )
    if chosen == MORE[0]:
        _kinds()
    elif chosen == MORE[1]:
        with st.spinner("Comparing the scores", show_time=True):
            found = session.ask_once(score_agreement, session.corpus_ref(info), model, query.k, top)
        _scores(found)
    elif chosen == MORE[2]:
        _models(info, query.k)


def _kinds() -> None:
    table = pd.DataFrame([(score.title, score.meaning, score.sees) for score in SCORES.values()])
    st.table(table.set_axis(["Score", "Meaning", "Sees"], axis=1).set_index("Score"))


def _scores(found: Agreement) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Order of all rows**")
        st.plotly_chart(
            agreement_figure(found.names, found.spearman, session.theme()),
            key="odd_spearman",
            alt="Rank correlations between scores",
        )
        st.caption(
            "Spearman's rank correlation: 1 is the same order, 0 none in common. Empty: a score that is constant."
        )
    with right:
        st.markdown(f"**The strangest {found.top:,}**")
        st.plotly_chart(
            agreement_figure(found.names, found.overlap, session.theme()),
            key="odd_overlap",
            alt="Share of the strangest rows that two scores both list",
        )
        st.caption(
            f"Share of the strangest {count(found.top, 'row')} that two scores both list; two random lists would share "
            f"{found.chance:.1%}."
        )


def _models(info: CorpusInfo, k: int) -> None:
    models = tuple(session.workspace().models(info.digest))
    if len(models) < 2:
        st.info(
            "This corpus is embedded with one model. With a second one you see which rows are strange under both: a "
            "problem of the data; and which under one alone: a problem of that model.",
            icon=":material/info:",
        )
        st.page_link("pages/data/embed.py", label="Choose another model on the Embed page", icon=":material/memory:")
        return
    percentile = st.slider(
        "Strange from percentile",
        80.0,
        99.9,
        98.0,
        0.1,
        key="odd_percentile",
        persist_state="session",
        help="Of the combined score, under each model; 98 is the strangest two in a hundred.",
    )
    with st.spinner("Scoring the rows under every model", show_time=True):
        found = session.ask_once(model_consensus, session.corpus_ref(info), models, k, float(percentile))
    _consensus(found)


def _consensus(found: Consensus) -> None:
    st.markdown(
        f"**{count(found.everywhere, 'row')}** strange under all {len(found.models)} models: look at the data. "
        f"**{count(found.alone, 'row')}** strange under one alone: look at that model."
    )
    alone = ", ".join(f"{plain(name)} {rows:,}" for name, rows in zip(found.models, found.by_model, strict=True))
    st.caption(f"Under one model alone: {alone}. Percentiles of the combined score; 100 is the strangest row.")
    numbers = {
        name: st.column_config.NumberColumn(format="%.1f", help="Percentile under this model.")
        for name in found.table.columns[2:]
    }
    table = found.table.copy()
    table.insert(0, "Row", table.index + 1, allow_duplicates=True)
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * max(len(table), 1), 420),
        alt="Rows strange under at least one model",
        column_config={
            "Row": st.column_config.NumberColumn(format="localized", width=60),
            "Text": st.column_config.TextColumn(width="large"),
            **numbers,
        },
    )
    csv_button(
        "Download these rows (CSV)",
        table,
        "strange-by-model.csv",
        key="odd_models_file",
        help="The rows listed here with their percentile under each model.",
    )
