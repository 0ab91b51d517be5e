"""Taking a comparison along: one file that opens without the app."""

import re
from functools import partial

import streamlit as st

from core.report import service as answers
from core.report.service import Form
from core.scoreboard.service import Asked
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session

FORMATS: dict[Form, tuple[str, str, str, str]] = {
    "html": ("Report (HTML)", "html", "text/html", "Opens in any browser without a network and prints well."),
    "markdown": ("Report (Markdown)", "md", "text/markdown", "The same for wikis and repositories, with tables in "
                 "place of pictures."),
}  # fmt: skip


def show_report_download(info: CorpusInfo, contenders: tuple[Contender, ...], task: Task, metric: str) -> None:
    """The two buttons; the file is made when one is clicked."""
    query = Asked(session.corpus_ref(info), contenders, task, metric)
    ask = session.manager().ask  # bound now: the download runs outside of the page
    stem = re.sub(r"[^\w]+", "-", info.name).strip("-")[:60].lower() or "corpus"
    st.markdown("**Take it along**")
    with st.container(horizontal=True):
        for form, (label, ending, mime, note) in FORMATS.items():
            st.download_button(
                label,
                partial(ask, answers.report_file, query, form, timeout=300),
                f"{stem}-comparison.{ending}",
                mime,
                icon=":material/description:",
                on_click="ignore",
                key=f"report_{form}",
                help="Verdict, tables, pictures, data digest, versions, seeds, caveats, and the code to do it again. "
                f"{note}",
            )
    st.caption(
        "For people without Planisphere: all that is on this page, what Disagreement, Quality and Compression know of "
        "these contenders, how it was made, and how to repeat it. It says at its end what it could also hold."
    )
