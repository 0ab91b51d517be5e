"""Scoreboard: which contender is best on these rows, how certain it is, what it costs, and a report of the answer."""

from functools import partial

import streamlit as st

from core.report.service import ReportFormat, report_file
from core.scoreboard.service import ScoreboardQuery
from pages.shared import messages, session
from pages.shared.contenders import select_contenders
from pages.shared.scoreboard import controls, view
from pages.shared.text import file_stem

REPORT_FORMATS: dict[ReportFormat, tuple[str, str, str, str]] = {
    "html": ("Report (HTML)", "html", "text/html", "Opens in any browser without a network and prints well."),
    "markdown": ("Report (Markdown)", "md", "text/markdown", "For wikis and repositories, tables in place of figures."),
}


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
    messages.show_language_warnings(info, *(contender.model for contender in contenders))
    task, metric = controls.select_task(info, contenders)
    if task is None:
        return
    query = ScoreboardQuery(session.corpus_ref(info), contenders, task, metric)
    with st.spinner("Preparing the scoreboard", show_time=True):
        scored = view.show_scoreboard(info, query)
    if scored:
        _show_report_downloads(info.name, query)


def _show_report_downloads(name: str, query: ScoreboardQuery) -> None:
    """The two buttons; the file is created when one is clicked."""
    ask = session.manager().ask  # bound here: the download runs outside the page
    st.markdown("**Report**")
    with st.container(horizontal=True):
        for form, (label, suffix, mime, text) in REPORT_FORMATS.items():
            report = partial(ask, report_file, query, form, timeout=300)
            help_text = f"Recommendation, scores, example texts, costs, limitations, versions, seeds and code. {text}"
            st.download_button(label, report, f"{file_stem(name)}-comparison.{suffix}", mime, key=f"report_{form}",
                               icon=":material/description:", on_click="ignore", help=help_text)  # fmt: skip
    st.caption(
        "To share without Planisphere: the recommendation, this page with a few example texts of the corpus, stored "
        "results of Disagreement, Quality and Compression for these contenders, and code to repeat the comparison. It "
        "says what is not included."
    )


page()
