"""Scoreboard: which contender is best on these rows, how certain it is, and what it costs."""

import streamlit as st

from core.scoreboard.service import ScoreboardQuery
from pages.shared import messages, session
from pages.shared.contenders import select_contenders
from pages.shared.scoreboard import controls, report_download, view


def page() -> None:
    st.title("Scoreboard")
    st.caption("Which model is best on your own rows, how certain it is, and what it costs.")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("There is nothing to compare yet: add data first.")
        return
    contenders = select_contenders(info)
    if not contenders:
        return
    task, metric = controls.select_task(info, contenders)
    if task is None:
        return
    if view.show_scoreboard(info, ScoreboardQuery(session.corpus_ref(info), contenders, task, metric)):
        report_download.show_report_downloads(info, contenders, task, metric)


page()
