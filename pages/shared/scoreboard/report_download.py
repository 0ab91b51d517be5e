"""Download of a comparison as a report: one file that opens without the app."""

import re
from functools import partial

import streamlit as st

from core.report.service import ReportFormat, report_file
from core.scoreboard.service import ScoreboardQuery
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session

FORMATS: dict[ReportFormat, tuple[str, str, str, str]] = {
    "html": ("Report (HTML)", "html", "text/html", "Opens in any browser without a network and prints well."),
    "markdown": ("Report (Markdown)", "md", "text/markdown", "For wikis and repositories, with tables in place "
                 "of figures."),
}  # fmt: skip


def show_report_downloads(info: CorpusInfo, contenders: tuple[Contender, ...], task: Task, metric: str) -> None:
    """The two buttons; the file is created when one is clicked."""
    query = ScoreboardQuery(session.corpus_ref(info), contenders, task, metric)
    ask = session.manager().ask  # bound here: the download runs outside the page
    stem = re.sub(r"[^\w]+", "-", info.name).strip("-")[:60].lower() or "corpus"
    st.markdown("**Report**")
    with st.container(horizontal=True):
        for form, (label, suffix, mime, text) in FORMATS.items():
            st.download_button(
                label,
                partial(ask, report_file, query, form, timeout=300),
                f"{stem}-comparison.{suffix}",
                mime,
                icon=":material/description:",
                on_click="ignore",
                key=f"report_{form}",
                help=f"Recommendation, tables, figures, data, versions, seeds, limitations and code. {text}",
            )
    st.caption(
        "To share without Planisphere: this page, stored results of Disagreement, Quality and Compression for these "
        'contenders, and how to reproduce them. See "Not included" at its end.'
    )
