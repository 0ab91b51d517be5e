"""Scoreboard: which contender is best on these rows, how sure that is, and what it costs."""

import streamlit as st

from core.scoreboard.service import Asked
from pages.shared import messages, session
from pages.shared.contenders import select_contenders
from pages.shared.scoreboard import controls, report_download, view, wait


def page() -> None:
    st.title("Scoreboard")
    st.caption("Which model is best on your own rows, how sure that is, and what it costs.")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("There is nothing to compare yet: bring in some text first.")
        return
    contenders = select_contenders(info)
    if not contenders:
        return
    task, metric = controls.chosen(info, contenders)
    if task is None:
        return
    asked = Asked(session.corpus_ref(info), contenders, task, metric)
    state = wait.ready(info, asked)
    if state is not None:
        view.show(info, asked, state)
        if state.scored:
            report_download.show_report_download(info, contenders, task, metric)


page()
