"""Rows that a server refused to embed: which, what it said, and what can be done about them."""

from functools import partial
from typing import Any

import streamlit as st

from core.corpus.export import table_bytes
from core.errors import PlanisphereError
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from core.vectors.failed_rows import FailedRows, failed_rows_table, leave_out_failed_rows, list_failed_rows
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.models import run
from pages.shared.selections.save_form import NO_SPENDING
from pages.shared.tables import ROW_COLUMN, show_table, text
from pages.shared.text import count, file_stem, plain


def show_failed_rows(info: CorpusInfo) -> None:
    """The failed rows of each model, with what can be done; nothing where there are none."""
    for spec, failed in list_failed_rows(session.folder(), info.digest).items():
        if not run.running_job(info, spec):
            with st.container(border=True):
                _show_model(info, spec, failed)


def show_partial_models(info: CorpusInfo) -> None:
    """A short notice where models are selected: these can't be, since some rows failed."""
    for spec, failed in list_failed_rows(session.folder(), info.digest).items():
        notice = f":material/rule: {plain(spec.label)}: {failed.summary}; the server refused the others."
        st.caption(f"{notice} Retry or leave them out on the Embed page.")


def _show_model(info: CorpusInfo, spec: ModelSpec, failed: FailedRows) -> None:
    refused, corpus = count(len(failed.rows), "row"), session.corpus_ref(info)
    st.warning(
        f"**{plain(spec.label)}**: {failed.summary}. The server refused {refused}. The model can be used once they are "
        "embedded or left out; what is embedded is cached. You can also select another model above.",
        icon=":material/rule:",
    )
    columns = {"Row": ROW_COLUMN, "Text": text(width="large"), "Message": text(help="What the server answered")}
    show_table(session.ask(failed_rows_table, corpus, spec), "The rows that failed", columns, max_height=250)
    with st.container(horizontal=True):
        _show_retry(info, spec)
        options: dict[str, Any] = {"icon": ":material/content_cut:", "args": (info, spec), "on_click": _leave_out}
        help_ = (
            "Creates and opens a corpus without these rows; its vectors come from the cache. This one stays as it is."
        )
        st.button(f"Leave out {refused}", key=f"failed_out_{spec.key}", help=help_, **options)
        data = partial(_csv, session.manager().ask, corpus, spec)  # bound now: it runs outside of the page
        help_ = "Row number, text and message of each failed row, to correct the texts and import them again."
        csv_button("Failed rows", data, f"{file_stem(info.name)}-failed-rows.csv", help_, f"failed_csv_{spec.key}")


def _show_retry(info: CorpusInfo, spec: ModelSpec) -> None:
    if capabilities(spec).paid:  # needs consent
        st.caption("To retry, select the model above and start it again.")
        return
    options: dict[str, Any] = {"icon": ":material/replay:", "help": "Sends these rows again; the others are cached."}
    options |= {"on_click": run.submit_embed_jobs, "args": (info, [spec], None)}
    st.button("Retry", key=f"failed_retry_{spec.key}", type="primary", **options)


def _leave_out(info: CorpusInfo, spec: ModelSpec) -> None:
    try:
        copy = session.ask(leave_out_failed_rows, session.corpus_ref(info), spec, timeout=600)
    except PlanisphereError as error:
        show_error(error)
        return
    run.submit_embed_jobs(copy, [spec], NO_SPENDING if capabilities(spec).paid else None)
    session.open_corpus(copy.digest)


def _csv(ask: Any, corpus: CorpusRef, spec: ModelSpec) -> bytes:
    return table_bytes(ask(failed_rows_table, corpus, spec, None), "csv")
