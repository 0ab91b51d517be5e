"""Blind vote: disputed triplets, shown without saying which contender prefers which text."""

from functools import partial

import numpy as np
import streamlit as st

from core.disagreement import blind_vote
from core.disagreement.blind_vote import Ballot, Question
from core.disagreement.charts import votes_figure
from core.disagreement.results import ComparisonQuery
from core.disagreement.triplets import Choice, VoteResult
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, file_stem, plain

ENOUGH_VOTES = 30  # from which an interval is informative
LONG_TEXT = 600  # characters from which texts are scrolled, so that the buttons stay in view
CONFIDENT = 0.95  # share of the resamples in which one must come first
BUTTONS: tuple[tuple[str, Choice, str, str], ...] = (
    ("First is closer", "first", "looks_one", "The first text is closer in meaning."),
    ("Second is closer", "second", "looks_two", "The second text is closer in meaning."),
    ("Tie", "none", "balance", "Both or neither are close: counted, but for no contender."),
    ("Skip", "skip", "skip_next", "Not counted, and not shown again."),
)


def show_blind_vote(query: ComparisonQuery, info: CorpusInfo) -> None:
    st.caption(
        "Which of two texts is closer in meaning to a third? Only texts on which contenders clearly disagree are "
        "shown; the contenders stay hidden until you reveal the result."
    )
    with st.spinner("Finding disputed triplets"):
        ballot = session.ask(blind_vote.ballot, query, timeout=600)
    if not ballot.triplets:
        text = "No disputed triplets: these contenders agree on which texts are close. Choose other contenders."
        st.info(text, icon=":material/handshake:")
        return
    if ballot.question is None:
        st.success("You have voted on all disputed triplets. Reveal the result below.", icon=":material/done_all:")
    else:
        _show_question(query, ballot.question, ballot)
    _vote_actions(query, ballot, info)
    if session.widget_value("disagree_reveal"):
        _show_result(query, ballot.result)
    st.caption(_vote_method(ballot))


def _show_question(query: ComparisonQuery, question: Question, ballot: Ballot) -> None:
    decided = ballot.result.decided
    st.progress(min(decided / ENOUGH_VOTES, 1.0), f"{count(decided, 'vote')} of {ENOUGH_VOTES} recommended")
    with st.container(border=True):
        st.markdown("**Which is closer in meaning to this text?**")
        with st.container(height=200 if len(question.texts[0]) > LONG_TEXT else "content", border=False):
            st.text(question.texts[0])
        is_long = max(map(len, question.texts[1:])) > LONG_TEXT
        for column, title, text in zip(st.columns(2), ("First", "Second"), question.texts[1:], strict=True):
            with column, st.container(border=True, height=320 if is_long else "content"):
                st.markdown(f"**{title}**")
                st.text(text)
        with st.container(horizontal=True):
            for label, choice, icon, help_ in BUTTONS:
                st.button(
                    label, key=f"disagree_{choice}", icon=f":material/{icon}:", help=help_, on_click=session.ask,
                    type="primary" if choice in ("first", "second") else "secondary",
                    args=(blind_vote.vote, query, question, choice),
                )  # fmt: skip


def _vote_actions(query: ComparisonQuery, ballot: Ballot, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        help_ = "Which contender your votes agree with so far. Knowing it early may bias your votes."
        st.toggle("Reveal the result", key="disagree_reveal", help=help_)
        no_votes = not (ballot.result.decided or ballot.result.ties or ballot.result.skipped)
        st.button(
            "Undo", key="disagree_undo", icon=":material/undo:", on_click=session.ask, args=(blind_vote.undo, query),
            disabled=no_votes, type="tertiary", help="Removes the last vote on this corpus.",
        )  # fmt: skip
        data = partial(session.manager().ask, blind_vote.votes_file, query)
        help_ = "All votes on this corpus with texts and contenders: it reveals them."
        csv_button("Download votes (CSV)", data, f"{file_stem(info.name)}-votes.csv", help_, "disagree_votes", no_votes)
        help_ = "Removes the votes between these contenders. This can't be undone."
        with st.popover("Reset", icon=":material/restart_alt:", disabled=no_votes, help=help_):
            delete = (blind_vote.reset, query)
            st.button("Delete votes", key="disagree_again", type="primary", on_click=session.ask, args=delete)


def _show_result(query: ComparisonQuery, result: VoteResult) -> None:
    if not result.decided:
        st.info("There are no votes to count yet.", icon=":material/how_to_vote:")
        return
    st.markdown(vote_verdict(query, result))
    names = query.names
    figure = votes_figure(names, result.share, result.low, result.high, range(len(names)), session.theme())
    st.plotly_chart(figure, key="disagree_votes_figure", alt="Share of votes agreeing with each contender")
    others = f"Ties: {result.ties:,}; skipped: {result.skipped:,}."
    if result.best is None:
        st.caption(f"Share of your {result.decided:,} votes for each contender, with Wilson's 95% interval. {others}")
    else:
        st.caption(
            "Probability that you agree with each contender where it disagrees with another (Bradley-Terry, half a "
            f"vote added to each side of a pair), from {result.decided:,} votes; 95% intervals and the share of "
            f"resamples in which it is best from {RESAMPLES:,} resamples of the votes (seed 0). {others}"
        )


def vote_verdict(query: ComparisonQuery, result: VoteResult) -> str:
    """Which contender the votes favor, in a sentence with its uncertainty."""
    first = int(np.argsort(-result.share, kind="stable")[0])
    name, share = plain(query.names[first]), f"{result.share[first]:.0%}"
    interval = ""
    if np.isfinite(result.low[first]):
        interval = f", 95% CI {result.low[first]:.0%} to {result.high[first]:.0%}"
    if result.best is not None:
        best = float(result.best[first])
        probability = f"; best in {best:.0%} of resamples" if np.isfinite(best) else ""
        too_few = "" if best >= CONFIDENT else ". More votes are needed for a significant difference"
        return f"You agree most with **{name}** ({share}{interval}{probability}){too_few}."
    if result.low[first] > 0.5:
        return f"You agree with **{name}** in **{share}** of {result.decided:,} votes on disputed triplets{interval}."
    return f"No significant difference after {count(result.decided, 'vote')}: {share} agree with {name}{interval}."


def _vote_method(ballot: Ballot) -> str:
    return (
        f"{count(ballot.triplets, 'disputed triplet')} among {ballot.tried:,} of {count(ballot.texts, 'text')} as "
        "anchors (seed 0): one text is among the 5 nearest under one contender and not among the 20 nearest under "
        "another, the second text vice versa, and under both the cosines differ by at least a quarter of the standard "
        "deviation of random pairs. Texts that differ only in case and punctuation are left out. Sides are shuffled "
        "(seed 0). Votes show which contender you agree with where they differ, not how often they are right."
    )
