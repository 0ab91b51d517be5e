"""Sentiment: counts, development over time, accuracy, terms and texts."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.stats.proportions import rounded_percentages
from core.stats.resampling import RESAMPLES
from core.trends.charts import area_figure
from core.trends.rows import RowFilter
from core.trends.sentiment import CLASSES, MAX_TRAINING_ROWS, NAMES, Accuracy
from core.trends.sentiment_source import SentimentSummary, sentiment_summary
from core.trends.service import shares_over_time
from pages.shared import session
from pages.shared.tables import show_table
from pages.shared.text import plain
from pages.shared.trends.details import show_side_by_side
from pages.shared.trends.form import TrendForm
from pages.shared.trends.shares import peak_verdict


def show_sentiment(form: TrendForm) -> None:
    source = form.query.source
    if source.kind == "none":
        st.info("No sentiment source. Select one under Sentiment above.", icon=":material/mood:")
        return
    query = replace(form.query, sentiment=None)
    summary = session.ask(sentiment_summary, query.corpus, query.model, source, query.secret)
    show_sentiment_counts(summary)
    st.caption(source_method(form, summary))
    if summary.unknown == summary.rows:
        st.info("No row has a sentiment. Map the column's values under Sentiment above.", icon=":material/mood:")
        return
    shares = session.ask(shares_over_time, replace(query, group="sentiment"), form.period, 3)
    if shares.grouped:
        st.markdown(peak_verdict(form, shares, "share"))
        figure = area_figure(shares.names, shares.starts, shares.share, True, session.theme(), 280)
        st.plotly_chart(figure, key="t_sentiment", alt="Shares of sentiment over time, stacked")
    if source.kind != "column":
        show_accuracy(form, summary.accuracy)
    sides = [(NAMES[code].title(), f"t_sentiment_{code}", RowFilter(sentiment=code)) for code in (-1, 1)]
    show_side_by_side(query, sides, compare=False)


def show_sentiment_counts(summary: SentimentSummary) -> None:
    with st.container(horizontal=True):
        shares = rounded_percentages([*(number for _, number in summary.counts), summary.unknown], decimals=0)
        for (name, number), share in zip(summary.counts, shares, strict=False):
            st.metric(
                name.title(), f"{number:,}", f"{share:.0f}% of rows", delta_color="off", delta_arrow="off", border=True
            )
        if summary.unknown:
            st.metric("Unknown", f"{summary.unknown:,}", border=True)


def source_method(form: TrendForm, summary: SentimentSummary) -> str:
    source, model = form.query.source, form.query.model
    if source.kind == "column":
        return f"Source: {plain(source.column)}. Change its thresholds or mapped values under Sentiment above."
    if source.kind == "trained":
        return (
            f"Source: logistic regression on the vectors, trained on {plain(source.column)}. Labeled rows are "
            "classified by models that saw neither them nor duplicates of them (5 folds, seed 0), each trained on at "
            f"most {MAX_TRAINING_ROWS:,} rows."
        )
    limits = summary.thresholds
    thresholds = f" Thresholds: negative below {limits[0]:z.3f}, positive above {limits[1]:z.3f}." if limits else ""
    return (
        f"Source: anchor sentences under {plain(model.label if model else '')}; score: mean cosine to "
        f"{len(source.positive)} positive minus mean cosine to {len(source.negative)} negative sentences.{thresholds}"
    )


def show_accuracy(form: TrendForm, accuracy: Accuracy | None) -> None:
    """Agreement with the column, next to chance, and the confusion matrix."""
    if accuracy is None:
        st.caption("Accuracy unknown: select a column to evaluate against under Sentiment above.")
        return
    st.markdown(
        f"Compared with {plain(form.query.source.column)}: accuracy **{accuracy.accuracy:.1%}** ({accuracy.low:.1%} to "
        f"{accuracy.high:.1%}; majority class: {accuracy.chance:.1%}), macro-F1 **{accuracy.macro_f1:z.2f}** "
        f"({accuracy.f1_low:.2f} to {accuracy.f1_high:.2f}; chance: {accuracy.chance_f1:.2f}), n = {accuracy.n:,}.",
        help="Accuracy: share of rows classified as in the column, with Wilson's 95% interval. Macro-F1: unweighted "
        f"mean F1 over the classes; 95% interval by {RESAMPLES:,} bootstrap resamples (seed 0).",
    )
    if accuracy.high < accuracy.chance:
        st.caption("Accuracy is below always predicting the majority class; macro-F1 shows how rare classes do.")
    names = [NAMES[code] for code in CLASSES]
    matrix = pd.DataFrame(accuracy.table, columns=[f"Predicted {name}" for name in names])
    matrix.insert(0, "In the column", names)
    show_table(matrix, "Confusion matrix", {})
