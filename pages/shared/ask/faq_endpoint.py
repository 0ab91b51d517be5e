"""How other programs use the assistant: the command of the HTTP endpoint, and the assistant as a file."""

import json
import shlex
from functools import partial

import streamlit as st

from core.ask.faq_service import assistant_file
from pages.shared import session, sign_in
from pages.shared.ask.faq_setup import FaqView, store_threshold
from pages.shared.text import file_stem

RESPONSE = """{"id": "4f0c…", "answer": "…", "refused": false, "confidence": 0.98, "score": 0.91, "margin": 0.2,
 "threshold": 0.775, "nearest": [{"question": "…", "answer": "…", "cosine": 0.93}, …]}"""


def show_endpoint(view: FaqView) -> None:
    """The commands, and the download. Starts nothing."""
    store_threshold(view.query, view.threshold)  # what the command reads
    if not sign_in.providers():  # visitors with sign-in do not run this machine
        st.markdown("Start the endpoint in the folder of Planisphere. It replies as here and writes to the same log.")
        corpus = ["--corpus", view.info.digest, "--workspace", session.folder(), "--port", "8000"]
        st.code(_command(corpus), language="bash", wrap_lines=True)
        _show_requests(view.summary.example)
    st.markdown("##### Assistant as a file")
    stem = f"{file_stem(view.info.name)}.faq"
    st.download_button(
        "Download assistant", partial(session.manager().ask, assistant_file, view.query, view.threshold, view.secret),
        stem, "application/octet-stream", key="faq_file", icon=":material/download:", on_click="ignore",
        help="Questions, answers, vectors and threshold, added entries too. For the endpoint on another machine, or "
        "ask.load_faq in a notebook.",
    )  # fmt: skip
    st.code(_command(["--file", stem, "--port", "8000"]), language="bash", wrap_lines=True)
    st.caption("From a file nothing is logged, and entries added later are not in it.")


def _show_requests(question: str) -> None:
    st.markdown("Ask it:")
    st.code(request_command(question), language="bash", wrap_lines=True)
    st.code(RESPONSE, language="json", wrap_lines=True)
    st.caption(
        "It listens on 127.0.0.1 only. For other machines pass --host and --token-file FILE: requests then need the "
        "header Authorization: Bearer TOKEN. GET /health gives the figures. Questions have up to 2,000 characters."
    )


def request_command(question: str) -> str:
    """A request with a question, which no sign in it can end."""
    body = shlex.quote(json.dumps({"question": question}, ensure_ascii=False))
    return f"curl http://127.0.0.1:8000/reply \\\n  -H 'Content-Type: application/json' \\\n  -d {body}"


def _command(arguments: list[str]) -> str:
    return f".venv/bin/python -m core.ask.faq_server {shlex.join(arguments)}"
