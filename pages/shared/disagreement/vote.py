"""Blind vote: contested cases, shown without saying which contender says what."""

from functools import partial

import numpy as np
import streamlit as st

from core.disagreement import blind_vote as answers
from core.disagreement.blind_vote import Ballot, Case
from core.disagreement.charts import votes_figure
from core.disagreement.service import Asked
from core.disagreement.votes import Choice, Outcome
from core.stats.resampling import RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import count, file_stem, plain

ENOUGH = 30  # votes after which an interval begins to say something
LONG = 600  # characters from which texts are scrolled, so that the buttons stay in view
SURE = 0.95  # share of the resamples in which one must come first
BUTTONS: tuple[tuple[str, Choice, str, str], ...] = (
    ("First is nearer", "first", "looks_one", "The first text means more nearly the same."),
    ("Second is nearer", "second", "looks_two", "The second text means more nearly the same."),
    ("Can't say", "none", "balance", "Both are as near, or neither is: counted, but for no one."),
    ("Skip", "skip", "skip_next", "Not counted, and not shown again."),
)


def show(asked: Asked, info: CorpusInfo) -> None:
    st.caption(
        "Which of two texts is nearer in meaning to a third? Only cases are asked where contenders clearly disagree; "
        "you aren't told who says what until you ask for it."
    )
    with st.spinner("Looking for contested cases"):
        found = session.ask(answers.ballot, asked, timeout=600)
    if not found.cases:
        st.info(
            "No contested cases were found: these contenders agree too well on which texts are near. Choose others.",
            icon=":material/handshake:",
        )
        return
    if found.case is None:
        st.success("You have voted on all contested cases; reveal the result below.", icon=":material/done_all:")
    else:
        _case(asked, found.case, found)
    _tools(asked, found, info)
    if session.widget_value("disagree_reveal"):
        _outcome(asked, session.ask(answers.outcome_of, asked))
    st.caption(_method(found))


def _case(asked: Asked, case: Case, found: Ballot) -> None:
    st.progress(min(found.decided / ENOUGH, 1.0), f"{count(found.decided, 'vote')}; {ENOUGH} begin to tell something")
    with st.container(border=True):
        st.markdown("**Which is nearer in meaning to this text?**")
        with st.container(height=200 if len(case.texts[0]) > LONG else "content", border=False):
            st.text(case.texts[0])
        long = max(map(len, case.texts[1:])) > LONG
        for column, title, text in zip(st.columns(2), ("First", "Second"), case.texts[1:], strict=True):
            with column, st.container(border=True, height=320 if long else "content"):
                st.markdown(f"**{title}**")
                st.text(text)
        with st.container(horizontal=True):
            for words, choice, icon, help_ in BUTTONS:
                st.button(
                    words,
                    key=f"disagree_{choice}",
                    icon=f":material/{icon}:",
                    type="primary" if choice in ("first", "second") else "secondary",
                    on_click=session.ask,
                    args=(answers.vote, asked, case, choice),
                    help=help_,
                )


def _tools(asked: Asked, found: Ballot, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            "Reveal the result", key="disagree_reveal",
            help="Whom your votes agree with so far. Better left until you have voted enough: it could sway you.",
        )  # fmt: skip
        any_vote = bool(found.decided or found.undecided or found.skipped)
        st.button("Take back the last vote", key="disagree_undo", icon=":material/undo:", on_click=session.ask,
                  args=(answers.undo, asked), disabled=not any_vote, type="tertiary",
                  help="The last vote on this corpus.")  # fmt: skip
        csv_button(
            "Download the votes (CSV)",
            partial(session.manager().ask, answers.votes_file, asked),
            f"{file_stem(info.name)}-votes.csv",
            key="disagree_votes",
            disabled=not any_vote,
            help="Every vote on this corpus with its texts, and who said what: it reveals.",
        )
        with st.popover("Start again", icon=":material/restart_alt:", disabled=not any_vote,
                        help="Removes the votes between these contenders."):  # fmt: skip
            st.button("Remove these votes", key="disagree_again", type="primary", on_click=session.ask,
                      args=(answers.start_again, asked), help="They can't be brought back.")  # fmt: skip


def _outcome(asked: Asked, told: Outcome) -> None:
    if not told.decided:
        st.info("There are no votes to count yet.", icon=":material/how_to_vote:")
        return
    st.markdown(verdict(asked, told))
    figure = votes_figure(asked.names, told.share, told.low, told.high, range(len(asked.names)), session.theme())
    st.plotly_chart(figure, key="disagree_votes_figure", alt="Share of votes agreeing with each contender")
    if told.best is None:
        st.caption(
            f"Share of your {told.decided:,} votes that agree with each, with Wilson's 95% interval. "
            f"{told.undecided:,} could not be said, {told.skipped:,} skipped."
        )
    else:
        st.caption(
            "How likely you are to agree with each where it disagrees with another (Bradley and Terry, half a vote "
            f"added to each side of a pair), from {told.decided:,} votes; 95% intervals and the chance to be first "
            f"from {RESAMPLES:,} resamples of the votes (seed 0). {told.undecided:,} could not be said, "
            f"{told.skipped:,} skipped."
        )


def verdict(asked: Asked, told: Outcome) -> str:
    """What the votes can and cannot say, in a sentence."""
    order = np.argsort(-told.share, kind="stable")
    first = int(order[0])
    name, between = plain(asked.names[first]), f"95% CI {told.low[first]:.0%} to {told.high[first]:.0%}"
    if told.best is not None:
        sure = "" if told.best[first] >= SURE else ": too few votes to tell them apart"
        first_in = f"first in {told.best[first]:.0%} of the resamples"
        return f"You agree most with **{name}** ({told.share[first]:.0%}, {between}), {first_in}{sure}."
    if told.low[first] > 0.5:
        share = f"**{told.share[first]:.0%}** of {told.decided:,}"
        return f"On contested cases you agree with **{name}** in {share} ({between})."
    return (
        f"{told.decided:,} votes can't tell the two apart: {told.share[first]:.0%} agree with {name} ({between}, which "
        "holds an even split)."
    )


def _method(found: Ballot) -> str:
    return (
        f"{count(found.cases, 'contested case')} found among {found.tried:,} of {count(found.texts, 'text')} as "
        "anchors (seed 0): one text is among the 5 nearest under one contender and not among the 20 nearest under "
        "another, the second text the other way round, and under both the cosines differ by a quarter of the spread "
        "of random pairs or more. Texts that differ in case and punctuation alone are left out. Sides are shuffled "
        "(seed 0). It tells whom you agree with where they differ, not how often they are right."
    )
