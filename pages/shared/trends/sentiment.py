"""Sentiment: how many rows are what, how it goes over time, how well it is known, in which words."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.stats.resampling import RESAMPLES
from core.trends.charts import area_figure
from core.trends.rows import RowFilter, row_details
from core.trends.sentiment import CLASSES, MAX_TRAINING_ROWS, NAMES, Accuracy
from core.trends.sentiment_source import SentimentSummary, sentiment_summary
from core.trends.service import shares_over_time
from pages.shared import session
from pages.shared.text import count, plain
from pages.shared.trends import detail
from pages.shared.trends.form import Ask
from pages.shared.trends.shares import headline


def show(ask: Ask) -> None:
    reading = ask.subject.source
    if reading.kind == "none":
        st.info(
            "No sentiment is read. Choose how under Sentiment above: from a column, or by the vectors.",
            icon=":material/mood:",
        )
        return
    subject = replace(ask.subject, sentiment=None)
    known = session.ask(sentiment_summary, subject.corpus, subject.model, reading, subject.secret)
    counts(known)
    st.caption(how(ask, known))
    if known.unknown == known.rows:
        st.info(
            "No row has a sentiment. Give the column's values a meaning under Sentiment above.", icon=":material/mood:"
        )
        return
    found = session.ask(shares_over_time, replace(subject, group="sentiment"), ask.period, 3)
    if found.grouped:
        st.markdown(headline(ask, found, "share"))
        figure = area_figure(found.names, found.starts, found.share, True, session.theme(), 280)
        st.plotly_chart(figure, key="t_mood", alt="Shares of sentiments over time, stacked")
    accuracy(ask, known.accuracy)
    for place, code in zip(st.columns(2, gap="medium"), (-1, 1), strict=True):
        with place:
            told = session.ask(row_details, subject, RowFilter(sentiment=code))
            st.markdown(f"**{NAMES[code].title()}** · {count(told.rows, 'row')} with a time")
            detail.terms(told, "Words against all other rows")
            detail.typical(told)
            detail.tools(subject, RowFilter(sentiment=code), f"t_mood_{code}", told.rows)


def counts(known: SentimentSummary) -> None:
    with st.container(horizontal=True):
        for name, number in known.counts:
            st.metric(
                name.title(),
                f"{number:,}",
                f"{number / max(known.rows, 1):.0%} of rows",
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
        if known.unknown:
            st.metric("Not known", f"{known.unknown:,}", border=True)


def how(ask: Ask, known: SentimentSummary) -> str:
    reading = ask.subject.source
    if reading.kind == "column":
        return f"Read from {plain(reading.column)}; change its cut points or meanings under Sentiment above."
    if reading.kind == "trained":
        return (
            f"Learned from {plain(reading.column)}: logistic regression on the vectors. Rows with a value are read by "
            f"a model that saw neither them nor an equal text (5 folds, seed 0); each learns from at most "
            f"{MAX_TRAINING_ROWS:,} rows."
        )
    cuts = (
        f" Scores below {known.thresholds[0]:.3f} are negative, those above {known.thresholds[1]:.3f} positive."
        if known.thresholds
        else ""
    )
    return (
        f"By anchor sentences, under {plain(ask.subject.model.label if ask.subject.model else '')}: mean cosine to "
        f"{len(reading.positive)} positive minus mean cosine to {len(reading.negative)} negative ones.{cuts}"
    )


def accuracy(ask: Ask, measured: Accuracy | None) -> None:
    """How far the reading agrees with the column, beside what chance would."""
    if ask.subject.source.kind == "column":
        return
    if measured is None:
        st.caption("How right this is can't be told: no column checks it. Choose one under Sentiment above.")
        return
    m = measured
    st.markdown(
        f"Against {plain(ask.subject.source.column)}: accuracy **{m.accuracy:.1%}** ({m.low:.1%} to {m.high:.1%}; "
        f"always saying the most frequent: {m.chance:.1%}), macro-F1 **{m.macro_f1:.2f}** "
        f"({m.f1_low:.2f} to {m.f1_high:.2f}; guessing: {m.chance_f1:.2f}), n = {m.n:,}.",
        help="Accuracy: share of rows read as the column has them, with Wilson's 95% interval. Macro-F1: mean over the "
        f"sentiments of the harmonic mean of precision and recall, so that rare ones count alike; 95% by {RESAMPLES:,} "
        "bootstrap resamples (seed 0).",
    )
    if m.high < m.chance:
        st.caption(
            "Always saying the most frequent sentiment would be right more often; macro-F1 says whether the rare "
            "ones are told apart."
        )
    names = [NAMES[code] for code in CLASSES]
    table = pd.DataFrame(m.table, columns=[f"said {name}" for name in names])
    table.insert(0, "In the column", names)
    st.dataframe(table, hide_index=True, width="stretch", lazy=False, alt="Confusion table")
