"""Trends: how groups and moods go over time, what surged and when, what drifted, two periods compared."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from pages.shared import messages, session
from pages.shared.messages import show_error
from pages.shared.trends import bursts, form, shares
from pages.shared.trends import compare_periods as spans
from pages.shared.trends import drift as drifts
from pages.shared.trends import increases as surges
from pages.shared.trends import sentiment as mood

VIEWS: dict[str, tuple[str, Callable[[form.Ask], None]]] = {
    "shares": ("Over time", shares.show),
    "surges": ("Surges", surges.show),
    "bursts": ("Bursts", bursts.show),
    "drifts": ("Drifts", drifts.show),
    "spans": ("Two periods", spans.show),
    "mood": ("Sentiment", mood.show),
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
        messages.show_no_corpus("There is nothing to follow over time yet.")
        return
    ask = form.ask(info)
    if ask is None:
        return
    view = form.choice("view", "View", {name: title for name, (title, _) in VIEWS.items()}, HELP)
    try:
        with st.spinner("Working it out", show_time=False):
            VIEWS[view][1](ask)
    except PlanisphereError as error:
        show_error(error)


page()
