"""Trends: how groups and moods go over time, what surged and when, what drifted, two periods compared."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from pages.shared import (
    empty,
    frame,
    session,
    trends_bursts,
    trends_drifts,
    trends_form,
    trends_mood,
    trends_shares,
    trends_spans,
    trends_surges,
)

VIEWS: dict[str, tuple[str, Callable[[trends_form.Ask], None]]] = {
    "shares": ("Over time", trends_shares.show),
    "surges": ("Surges", trends_surges.show),
    "bursts": ("Bursts", trends_bursts.show),
    "drifts": ("Drifts", trends_drifts.show),
    "spans": ("Two periods", trends_spans.show),
    "mood": ("Sentiment", trends_mood.show),
}
HELP = (
    "Over time: counts and shares. Surges: sudden rises beyond a group's usual range. Bursts: stretches of a raised "
    "share. Drifts: groups whose texts changed. Two periods: what grew and shrank. Sentiment: how it is read, and how "
    "well."
)


def page() -> None:
    st.title("Trends")
    info = session.current_corpus()
    if info is None:
        empty.no_corpus("There is nothing to follow over time yet.")
        return
    ask = trends_form.ask(info)
    if ask is None:
        return
    view = trends_form.choice("view", "View", {name: title for name, (title, _) in VIEWS.items()}, HELP)
    try:
        with st.spinner("Working it out", show_time=False):
            VIEWS[view][1](ask)
    except PlanisphereError as error:
        frame.show_error(error)


page()
