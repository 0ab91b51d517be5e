"""Drifts: groups whose texts are others after a date than before it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.trends.drift import FEWEST, MOST_ROWS, NEIGHBORS, SEED
from core.trends.events import Drifts, drifts
from core.trends.periods import period_name
from core.trends.rows import Pick, explain
from core.trends.service import Subject, period_counts
from pages.shared import messages, session
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, plain
from pages.shared.trends import detail
from pages.shared.trends.form import Ask, day

SURE = 0.05
NAMED = 5  # groups named above the table


def show(ask: Ask) -> None:
    if ask.subject.model is None:
        messages.show_not_embedded("Drift is measured on vectors, and this corpus has none yet.")
        return
    edges, counts = session.ask(period_counts, ask.subject, ask.period)
    if len(counts) < 2:
        st.info(
            f"All rows fall into one {ask.period}: there is no before and after. Choose a shorter period.",
            icon=":material/timeline:",
        )
        return
    split = _split(ask, edges, counts)
    subject = replace(ask.subject, mood=None)
    found = session.ask(drifts, subject, str(pd.Timestamp(edges[split])))
    if not found.drifts:
        st.info(
            f"No group has {FEWEST} different texts both before and after. Move the date, or choose larger groups.",
            icon=":material/timeline:",
        )
        return
    st.markdown(headline(found))
    listed = table(found)
    st.dataframe(
        listed,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(listed), 400),
        lazy=False,
        column_config=columns(),
        alt="Drifts by group",
    )
    st.caption(how(found))
    csv_button("Download the drifts (CSV)", listed, "drifts.csv", help="One line a group.")
    look(subject, found, str(pd.Timestamp(edges[split])))


def headline(found: Drifts) -> str:
    """How many drifted, and which."""
    sure = [found.names[drift.code] for drift in found.drifts if min(drift.q_change, drift.q_same) <= SURE]
    named = ", ".join(plain(cut(name, 40)) for name in sure[:NAMED]) + (", …" if len(sure) > NAMED else "")
    told = f"**{len(sure):,} of {count(len(found.drifts), 'group')} drifted** beyond chance (q at most {SURE})"
    return f"{told}: {named}." if sure else f"{told}."


def _split(ask: Ask, edges: np.ndarray, counts: np.ndarray) -> int:
    """The period that begins the later side; at first the one nearest to half of the rows."""
    places = list(range(1, len(counts)))
    middle = 1 + int(np.argmin(np.abs(np.cumsum(counts)[:-1] - counts.sum() / 2)))
    return int(
        st.select_slider(
            "Before and after",
            places,
            middle,
            key=f"t_split_{ask.info.digest}_{ask.period}_{ask.subject.time}",
            format_func=lambda place: period_name(edges, place, ask.period),
            help="Rows from this time on are the later side. At first, about half of the rows lie on each.",
        )
    )


def table(found: Drifts) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Group": found.names[drift.code],
                "Before": drift.before,
                "After": drift.after,
                "Centroid change": drift.change,
                "By chance": drift.chance_change,
                "q": drift.q_change,
                "Neighbors on one side": drift.same_side,
                "By chance ": drift.chance_same,
                "q ": drift.q_same,
            }
            for drift in found.drifts
        ]
    )


def columns() -> dict:
    number = st.column_config.NumberColumn
    return {
        "Before": number(format="localized", help="Different texts before the date."),
        "After": number(format="localized", help="Different texts from the date on."),
        "Centroid change": number(
            format="%.3f", help="1 - cosine of the mean vectors before and after; higher: changed more."
        ),
        "By chance": number(format="%.3f", help="The mean change when before and after are shuffled among the rows."),
        "q": number(
            format="%.3f", help="Chance of as large a change by shuffling, corrected over the groups; small: sure."
        ),
        "Neighbors on one side": number(
            format="percent",
            help="Links among the group's nearest neighbors that stay before, or stay after, the date.",
        ),
        "By chance ": number(format="percent", help="The mean of that share under shuffling."),
        "q ": number(
            format="%.3f", help="Chance of as high a share by shuffling, corrected over the groups; small: sure."
        ),
    }


def how(found: Drifts) -> str:
    sampled = sum(drift.looked < drift.before + drift.after for drift in found.drifts)
    of = f" {count(sampled, 'group')} by a sample of {MOST_ROWS:,} rows each." if sampled else ""
    return (
        f"{len(found.drifts):,} of {count(found.groups, 'group')} have {FEWEST} texts on both sides and are tested."
        f"{of} Permutation test with {found.permutations:,} shuffles (seed {SEED}); q corrects over the groups "
        f"(Benjamini and Hochberg, 1995). Neighbors: the {NEIGHBORS} nearest in the model's own space. Exact copies "
        "of a text count once on each side; many near-equal texts at one time still show as drift."
    )


def look(subject: Subject, found: Drifts, split: str) -> None:
    """What came and what went in one group."""
    codes = [drift.code for drift in found.drifts]
    code = st.selectbox(
        "Look closer",
        codes,
        key="t_drift",
        format_func=lambda code: cut(found.names[code], 80),
        help="Shows the words and texts of one group before and after.",
    )
    code = codes[0] if code is None else code
    before, after = Pick(code, end=split), Pick(code, start=split)
    for place, title, pick, other in zip(
        st.columns(2, gap="medium"),
        (f"Before {day(split)}", f"From {day(split)} on"),
        (before, after),
        (after, before),
        strict=True,
    ):
        with place:
            told = session.ask(explain, subject, pick, other)
            st.markdown(f"**{title}** · {count(told.rows, 'row')}")
            detail.words(told, "Words against the other side")
            detail.typical(told)
            detail.tools(subject, pick, f"t_drift_{title[:4]}", told.rows)
