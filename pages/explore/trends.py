"""Trends: groups and sentiment over time, anomalous increases, bursts, drift, and two periods compared."""

from collections.abc import Callable

import streamlit as st

from core.errors import PlanisphereError
from pages.shared import messages, session
from pages.shared.trends.comparisons import show_drift, show_period_comparison
from pages.shared.trends.events import show_bursts, show_increases
from pages.shared.trends.form import TrendForm, linked_segments, show_trend_form
from pages.shared.trends.prevalence import show_corrected_shares
from pages.shared.trends.sentiment import show_sentiment
from pages.shared.trends.shares import show_shares

VIEWS: dict[str, tuple[str, Callable[[TrendForm], None]]] = {
    "shares": ("Over time", show_shares),
    "increases": ("Anomalous increases", show_increases),
    "bursts": ("Bursts (Kleinberg)", show_bursts),
    "drift": ("Drift", show_drift),
    "periods": ("Compare periods", show_period_comparison),
    "sentiment": ("Sentiment", show_sentiment),
    "prevalence": ("Corrected shares", show_corrected_shares),
}
HELP = (
    "Over time: counts and shares. Anomalous increases: significantly more rows than usual. Bursts: intervals with a "
    "raised share. Drift: groups whose texts changed. Compare periods: what grew and shrank. Sentiment: its source and "
    "accuracy. Corrected shares: classes of a classifier, corrected for its errors."
)


def page() -> None:
    st.title("Trends")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("No data yet. Add data to see trends.")
        return
    form = show_trend_form(info)
    if form is None:
        return
    view = linked_segments("view", "View", {name: title for name, (title, _) in VIEWS.items()}, HELP)
    try:
        with st.spinner("Computing", show_time=False):
            VIEWS[view][1](form)
    except PlanisphereError as error:
        messages.show_error(error)


page()
