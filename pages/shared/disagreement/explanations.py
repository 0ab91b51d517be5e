"""What explains disagreement: slices of the texts with little overlap, as sentences, a picture and a table."""

from functools import partial

import numpy as np
import streamlit as st

from core.disagreement import explanations
from core.disagreement.charts import odds_figure
from core.disagreement.explanations import DisagreementExplanation, slice_table
from core.disagreement.results import ComparisonQuery
from core.disagreement.slices import Slice
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement.controls import contender_names, k_slider, select_pair
from pages.shared.downloads import csv_button
from pages.shared.tables import number, percentage, show_table, text
from pages.shared.text import file_stem, plain

MAX_SENTENCES = 8
MAX_DRAWN = 12
MAX_UNCERTAIN = 3


def show_explanations(query: ComparisonQuery, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        selected = select_pair(query)
        k = k_slider(selected)
    with st.spinner("Testing slices of the texts"):
        result = session.ask_once(explanations.explain_disagreement, selected, k)
    slices = result.explanation.slices
    more = sorted((one for one in (*slices, *result.explanation.pairs) if one.low > 1), key=lambda one: -one.low)
    less = sorted((one for one in slices if one.high < 1), key=lambda one: one.high)
    uncertain = [] if more else sorted(slices, key=lambda one: -one.low)[:MAX_UNCERTAIN]
    st.markdown(_explanation_verdict(selected, result, k, more, less))
    left, right = st.columns([1, 1], gap="large")
    with left:
        _list_slices("More disagreement", more, "No slice has significantly more disagreement.")
        if uncertain:
            st.markdown("Highest, not significant:\n" + "\n".join(f"- {slice_sentence(one)}" for one in uncertain))
        _list_slices("Less disagreement", less, "No slice has significantly less disagreement.")
    with right:
        _show_odds([*(more or uncertain)[:MAX_DRAWN], *less[: MAX_DRAWN // 2]])
    _show_slice_table(result, more, less)
    data = partial(session.manager().ask, explanations.explanation_file, selected, k)
    file, help_ = f"{file_stem(info.name)}-explanations.csv", "All slices with counts, odds ratios and intervals."
    csv_button("Download (CSV)", data, file, help_, "disagree_slices")
    st.caption(_explanation_method(result))


def _explanation_verdict(
    query: ComparisonQuery, result: DisagreementExplanation, k: int, more: list[Slice], less: list[Slice]
) -> str:
    explanation = result.explanation
    start = (
        f"Of {explanation.n:,} texts, {explanation.share:.0%} have little overlap under {contender_names(query)}: a "
        f"Jaccard overlap of the {k} nearest of {explanation.threshold:.0%} or less."
    )
    if more:
        return f"{start} Strongest association: **{_as_subject(more[0].phrase)}**."
    if less:
        return f"{start} Weakest association: **{_as_subject(less[0].phrase)}**; no slice has significantly more."
    return f"{start} None of the {explanation.tested:,} slices has significantly more."


def _list_slices(title: str, slices: list[Slice], empty: str) -> None:
    st.markdown(f"**{title}**")
    if not slices:
        st.caption(empty)
        return
    st.markdown("\n".join(f"- {slice_sentence(one)}" for one in slices[:MAX_SENTENCES]))
    if len(slices) > MAX_SENTENCES:
        st.caption(f"And {len(slices) - MAX_SENTENCES:,} more, in the table.")


def slice_sentence(one: Slice) -> str:
    """A slice with its odds ratio, as Markdown."""
    adjusted = ""
    if np.isfinite(one.adjusted):
        significant = one.adjusted_low > 1 or one.adjusted_high < 1
        adjusted = f"; adjusted {_format_ratio(one.adjusted)}{'' if significant else ' (not significant)'}"
    return (
        f"**{_as_subject(one.phrase)}**: odds ratio {_format_ratio(one.odds_ratio)}, 95% CI {_format_ratio(one.low)} "
        f"to {_format_ratio(one.high)}, n = {one.n:,} ({one.share:.0%} vs. {one.rest:.0%}){adjusted}"
    )


def _as_subject(phrase: str) -> str:
    """ "that are questions, under 6 words" as "Questions under 6 words"."""
    if phrase.startswith("that are "):
        rest = phrase.removeprefix("that are ").replace(", ", " ", 1)
        return plain(rest[:1].upper() + rest[1:])
    return plain(f"Texts {phrase}")


def _format_ratio(value: float) -> str:
    if value > 1_000:
        return "over 1,000"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}" if value >= 0.01 else "under 0.01"


def _show_odds(slices: list[Slice]) -> None:
    if not slices:
        return
    single = np.array([(one.odds_ratio, one.low, one.high) for one in slices])
    adjusted = np.array([(one.adjusted, one.adjusted_low, one.adjusted_high) for one in slices])
    figure = odds_figure([f"texts {one.phrase}" for one in slices], single, adjusted, session.theme())
    st.plotly_chart(figure, key="disagree_odds", alt="Odds ratios of little overlap with intervals")


def _show_slice_table(result: DisagreementExplanation, more: list[Slice], less: list[Slice]) -> None:
    significant = {one.phrase for one in (*more, *less)}
    slices = (*more, *less, *(one for one in result.explanation.slices if one.phrase not in significant))
    columns = {
        "slice": text("Texts …", width="large"),
        "n": number("Texts", format="localized"),
        "share": percentage("Little overlap", help="Share of the texts."),
        "odds": number("Odds ratio", format="%.2f", help="1: as all other texts; above 1: more disagreement."),
        "low": number("95% CI low", format="%.2f", help="Corrected for the number of slices."),
        "high": number("95% CI high", format="%.2f", help="Corrected for the number of slices."),
        "adjusted": number("Adjusted", format="%.2f", help="For the other factors; blank: not in the regression."),
    }
    with st.expander(f"All {len(slices):,} slices"):
        show_table(slice_table(slices)[list(columns)], "All slices with their odds ratios", columns)


def _explanation_method(result: DisagreementExplanation) -> str:
    explanation = result.explanation
    sample = f"{explanation.n:,} texts"
    if explanation.n < result.texts:
        sample = f"a sample of {explanation.n:,} of {result.texts:,} texts (seed 0)"
    pairs = f" and separately {explanation.paired:,} combinations of two" if explanation.paired else ""
    regression = ""
    if np.isfinite(explanation.explained):
        regression = (
            f" Adjusted: one logistic regression on {explanation.terms:,} values (Firth's penalized likelihood; Tjur's "
            f"R² {explanation.explained:.2f}); of a factor whose values cover all texts, one is the reference."
        )
    left_out = f" Not analyzed: {', '.join(map(plain, result.left_out))}." if result.left_out else ""
    return (
        f"Over {sample}, one row per text. Analyzed: {', '.join(map(plain, result.factors))}; {explanation.tested:,} "
        f"slices of {result.min_texts} texts or more{pairs}. Odds ratios against all other texts, half a text added to "
        "each cell (Haldane, Anscombe); intervals corrected for the number of slices (Bonferroni)."
        f"{regression}{left_out} Association is not causation."
    )
