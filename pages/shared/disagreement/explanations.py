"""What explains disagreement: slices of the texts with little overlap, as sentences, a picture and a table."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.disagreement import explanations as answers
from core.disagreement.charts import odds_figure
from core.disagreement.explanations import Why, slice_table
from core.disagreement.service import Asked
from core.disagreement.slice_odds import Slice
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement import controls as choice
from pages.shared.downloads import csv_button
from pages.shared.text import file_stem, plain

SENTENCES = 8
DRAWN = 12
LEANING = 3


def show(asked: Asked, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        between = choice.pair(asked)
        k = choice.depth(asked)
    with st.spinner("Looking for what such rows have in common"):
        found = session.ask_once(answers.why, between, k)
    more = [slice_ for slice_ in (*found.explanation.slices, *found.explanation.pairs) if slice_.low > 1]
    more.sort(key=lambda each: -each.low)
    leaning = [] if more else sorted(found.explanation.slices, key=lambda each: -each.low)[:LEANING]
    less = sorted((slice_ for slice_ in found.explanation.slices if slice_.high < 1), key=lambda each: each.high)
    st.markdown(_headline(between, found, k, more, less))
    left, right = st.columns([1, 1], gap="large")
    with left:
        _list("Where they disagree more", more, "Nothing that was looked at surely goes with more disagreement.")
        if not more:
            _leaning(leaning)
        _list("Where they disagree less", less, "Nothing that was looked at surely goes with less disagreement.")
    with right:
        _picture(more or leaning, less)
    _table(found, more, less)
    _download(between, k, info)
    st.caption(_method(found))


def _headline(asked: Asked, found: Why, k: int, more: list[Slice], less: list[Slice]) -> str:
    made = found.explanation
    first = (
        f"Of {made.n:,} texts, {made.share:.0%} have little overlap under {choice.who(asked)}: a Jaccard "
        f"overlap of the {k} nearest of {made.threshold:.0%} or less."
    )
    if not more and less:
        return f"{first} **{_capital(less[0].phrase)}** have the fewest; no slice has surely more than the rest."
    if not more:
        return f"{first} None of the {made.tested:,} slices has surely more of them than the rest."
    return f"{first} **{_capital(more[0].phrase)}** stand out most."


def _list(title: str, slices: list[Slice], nothing: str) -> None:
    st.markdown(f"**{title}**")
    if not slices:
        st.caption(nothing)
        return
    st.markdown("\n".join(f"- {sentence(slice_)}" for slice_ in slices[:SENTENCES]))
    if len(slices) > SENTENCES:
        st.caption(f"And {len(slices) - SENTENCES:,} more, in the table.")


def _leaning(highest: list[Slice]) -> None:
    """The highest odds ratios where none is sure."""
    if highest:
        st.markdown("Highest, but each may be chance:\n" + "\n".join(f"- {sentence(each)}" for each in highest))


def sentence(each: Slice) -> str:
    """A slice in words."""
    held = ""
    if np.isfinite(each.held):
        sure = "" if each.held_low > 1 or each.held_high < 1 else ", which may be chance"
        held = f"; with the others held equal {_times(each.held)}{sure}"
    return (
        f"**{_capital(each.phrase)}**: {_times(each.odds)} times the odds, 95% CI {_times(each.low)} to "
        f"{_times(each.high)}, n = {each.n:,} ({each.share:.0%} against {each.rest:.0%}){held}"
    )


def _capital(phrase: str) -> str:
    """ "that are questions, under 6 words" as "Questions under 6 words"."""
    if phrase.startswith("that are "):
        rest = phrase.removeprefix("that are ").replace(", ", " ", 1)
        return plain(rest[:1].upper() + rest[1:])
    return plain(f"Texts {phrase}")


def _times(value: float) -> str:
    if value > 1_000:
        return "over 1,000"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}" if value >= 0.01 else "under 0.01"


def _picture(more: list[Slice], less: list[Slice]) -> None:
    drawn = [*more[:DRAWN], *less[: DRAWN // 2]]
    if not drawn:
        return
    alone = np.array([(each.odds, each.low, each.high) for each in drawn])
    held = np.array([(each.held, each.held_low, each.held_high) for each in drawn])
    st.plotly_chart(
        odds_figure([f"texts {each.phrase}" for each in drawn], alone, held, session.theme()),
        key="disagree_odds",
        alt="Odds ratios of little overlap with intervals",
    )


def _table(found: Why, more: list[Slice], less: list[Slice]) -> None:
    surely = {each.phrase for each in (*more, *less)}
    rest = [slice_ for slice_ in found.explanation.slices if slice_.phrase not in surely]
    with st.expander(f"All {len(more) + len(less) + len(rest):,} slices"):
        st.dataframe(
            slice_table((*more, *less, *rest))[["slice", "n", "share", "odds", "low", "high", "held"]],
            hide_index=True,
            width="stretch",
            alt="All slices with their odds ratios",
            column_config=_columns(),
        )


def _columns() -> dict[str, Any]:
    def ratio(name: str, words: str) -> Any:
        return st.column_config.NumberColumn(name, format="%.2f", help=words)

    return {
        "slice": st.column_config.TextColumn("Texts …", width="large"),
        "n": st.column_config.NumberColumn("Texts", format="localized"),
        "share": st.column_config.NumberColumn("Little overlap", format="percent", help="Share of these texts."),
        "odds": ratio("Odds ratio", "1: as all other texts; above 1: more disagreement."),
        "low": ratio("From", "The lower end of its corrected 95% interval."),
        "high": ratio("To", "The upper end of its corrected 95% interval."),
        "held": ratio("Others equal", "The odds ratio with the other factors held equal; empty where it took no part."),
    }


def _download(asked: Asked, k: int, info: CorpusInfo) -> None:
    csv_button(
        "Download (CSV)",
        partial(session.manager().ask, answers.why_file, asked, k),
        f"{file_stem(info.name)}-what-explains-disagreement.csv",
        key="disagree_slices",
        help="All slices with counts, odds ratios and intervals.",
    )


def _method(found: Why) -> str:
    made = found.explanation
    sample = f"a seeded sample of {made.n:,} of {found.texts:,} texts" if made.n < found.texts else f"{made.n:,} texts"
    pairs = f" and, in their own right, {made.paired:,} combinations of two" if made.paired else ""
    fit = ""
    if np.isfinite(made.explained):
        fit = (
            f" With the others held equal: one logistic regression on {made.terms:,} values (Firth's penalized "
            f"likelihood; Tjur's R² {made.explained:.2f}, where 1 would explain all); of a factor whose values cover "
            "all texts, one is what the others are held against."
        )
    left_out = f" Not looked at: {', '.join(map(plain, found.left_out))}." if found.left_out else ""
    return (
        f"Over {sample}, one row a text. Looked at: {', '.join(map(plain, found.factors))}; {made.tested:,} slices of "
        f"{found.fewest} texts or more{pairs}. Odds ratios against all other texts, half a text added to each cell "
        "(Haldane, Anscombe); intervals corrected for so many slices (Bonferroni)."
        f"{fit}{left_out} What goes together need not be the cause."
    )
