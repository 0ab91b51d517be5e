"""Export of a comparison: one file that opens without the app."""

from functools import partial

import streamlit as st

from core.report.service import Form, report_file
from core.scoreboard.service import Asked
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.text import file_stem

FORMATS: dict[Form, tuple[str, str, str, str]] = {
    "html": ("Report (HTML)", "html", "text/html", "Opens in any browser offline, and prints well."),
    "markdown": ("Report (Markdown)", "md", "text/markdown", "For wikis and repositories, tables instead of charts."),
}


def show_report_download(info: CorpusInfo, contenders: tuple[Contender, ...], task: Task, metric: str) -> None:
    """The two buttons; the file is created on click."""
    query = Asked(session.corpus_ref(info), contenders, task, metric)
    ask = session.manager().ask  # bound now: the download runs outside of the page
    st.markdown("**Export**")
    with st.container(horizontal=True):
        for form, (label, ending, mime, note) in FORMATS.items():
            st.download_button(
                label,
                partial(ask, report_file, query, form, timeout=300),
                f"{file_stem(info.name)}-comparison.{ending}",
                mime,
                icon=":material/description:",
                on_click="ignore",
                key=f"report_{form}",
                help=f"Results, charts, data digest, versions, seeds, limitations and code to reproduce. {note}",
            )
    st.caption(
        "Contains the results on this page, those of Disagreement, Quality and Compression for these contenders, and "
        "how to reproduce them. Its last section lists what is not included."
    )
