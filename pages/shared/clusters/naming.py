"""Names of clusters: edited manually in a table, or written by a language model."""

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from core.clusters import naming
from core.clusters.naming import NamingPlan
from core.clusters.service import keyword_names
from core.corpus.selections import MAX_NAME_LENGTH
from core.digest import digest_json
from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from pages.shared import session
from pages.shared.clusters.controls import ClusterView
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.models.chat_form import select_chat_model
from pages.shared.tables import number, text
from pages.shared.text import count, cut, plain

MODES = ("Edit manually", "Use a language model")
DEFAULT_LIMIT = 100  # clusters named at first
COLUMNS: dict[str, Any] = {
    "number": number("Cluster", help="1 is the largest.", width=70, disabled=True),
    "name": text("Name", "Double-click to edit; names must be unique.", max_chars=MAX_NAME_LENGTH, required=True),
    "rows": number("Rows", "localized", width=80, disabled=True),
    "keywords": text("Keywords", "Most characteristic terms (class-based TF-IDF).", disabled=True),
}


def show_names_button(view: ClusterView) -> None:
    if _is_running(view):
        st.caption(":material/hourglass_top: Naming clusters. Finished names are shown already.")
    if st.button("Names", icon=":material/edit:", key="naming", help="Edit them, or use a language model."):
        _names_dialog(view)


@st.dialog("Cluster names", width="large", icon=":material/edit:")
def _names_dialog(view: ClusterView) -> None:
    note = "Names are saved with this clustering."
    mode = st.segmented_control("Mode", MODES, default=MODES[0], key="naming_mode", required=True, help=note)
    try:
        (_show_model_naming if mode == MODES[1] else _show_name_editor)(view)
    except PlanisphereError as error:
        show_error(error)


def _show_name_editor(view: ClusterView) -> None:
    table = session.ask(naming.names_table, *view.args, timeout=600)
    # the key changes with the saved names, so that the editor then starts from them
    saved = digest_json([view.info.digest, view.model.key, asdict(view.params), table["name"].tolist()])
    options: dict[str, Any] = {"hide_index": True, "width": "stretch", "height": min(460, 37 + 35 * len(table))}
    edited = st.data_editor(table[list(COLUMNS)], column_config=COLUMNS, key=f"names-{saved}", **options)
    changed = int((table["name"] != table["keyword_name"]).sum())
    st.caption(f"{changed:,} of {len(table):,} clusters have an edited name; the others have keyword names.")
    with st.container(horizontal=True):
        save = st.button("Save names", type="primary", icon=":material/check:", key="names_save")
        note = "Deletes all edited names of this clustering."
        reset = st.button(
            "Reset to keyword names", icon=":material/undo:", key="names_reset", disabled=not changed, help=note
        )
        csv_button("Names (CSV)", table, "cluster-names.csv", help="The saved names with keywords and sizes.")
    if save or reset:
        _update_names(view, edited, reset)


def _update_names(view: ClusterView, edited: pd.DataFrame, reset: bool) -> None:
    """Save or reset names, then redraw the whole page; after an error the edits stay in the table."""
    try:
        if reset:
            session.ask(naming.reset_names, *view.args)
        else:
            session.ask(naming.save_edited_names, *view.args, tuple(edited["name"]))
    except PlanisphereError as error:
        st.error(plain(f"{error.message} {error.remedy}"), icon=":material/error:")
        return
    st.rerun()


def _show_model_naming(view: ClusterView) -> None:
    """Raises PlanisphereError for an invalid address or model name."""
    if _is_running(view):
        st.info("Naming clusters; see the sidebar for progress.", icon=":material/hourglass_top:")
        return
    chat = select_chat_model()
    if chat is None:
        return
    limit, rename = _select_scope(view)
    plan = session.ask(naming.naming_plan, *view.args, limit, rename, timeout=600)
    _show_plan(plan, chat)
    backend = capabilities(chat.spec)
    if key_missing := backend.needs_key and session.api_key(chat.spec) is None:
        st.caption(":material/key: OpenAI needs an API key: enter it above.")
    agreed = not backend.paid or st.checkbox(
        "I agree to send this and to pay the provider's price",
        key=f"naming_agreed-{digest_json([asdict(chat), limit, rename])}",
        help="Prices of chat models are not known here; see the provider's price list.",
    )
    disabled, icon = key_missing or not agreed or not plan.clusters, ":material/auto_awesome:"
    note = "Starts a job. Names are saved as they arrive; cancel it in the sidebar."
    if st.button("Name clusters", type="primary", icon=icon, key="naming_start", disabled=disabled, help=note):
        _start_naming(view, chat, limit, rename)


def _select_scope(view: ClusterView) -> tuple[int, bool]:
    """How many clusters to name, and whether to replace edited names."""
    total = len(session.ask(keyword_names, *view.args, timeout=600))
    left, right = st.columns(2, vertical_alignment="bottom")
    note, high = f"The largest of {total:,} clusters are named; the others keep their names.", max(1, total)
    default = min(DEFAULT_LIMIT, high)
    limit = left.number_input("Number of clusters", 1, high, default, key=f"naming_limit-{total}", help=note)
    note = "Otherwise names edited by you or a model stay."
    rename = right.toggle("Replace edited names", key="naming_rename", help=note)
    return int(limit), bool(rename)


def _show_plan(plan: NamingPlan, chat: ChatModel) -> None:
    """What is sent where, and how much."""
    if not plan.clusters:
        st.info("All of these clusters have an edited name.", icon=":material/check:")
        return
    server, paid = server_name(chat.spec).replace("The server", "the server"), capabilities(chat.spec).paid
    privacy = "The data leaves this machine" if paid else "The server is in your own network"
    (st.warning if paid else st.info)(
        f"**Data sent** to {plain(server)}: per cluster its size, up to 10 keywords and the first 200 characters of up "
        f"to {naming.SENT_TEXTS} representative texts; also edited names. {privacy}.",
        icon=":material/outgoing_mail:",
    )
    with st.expander("Preview of the first cluster"):
        for line in plan.first.split("\n"):
            st.text(cut(line, 220))
    st.caption(
        f"{count(plan.clusters, 'cluster')} in {count(plan.requests, 'request')}, siblings together: about "
        f"{plan.tokens_in:,} input tokens and {plan.tokens_out:,} output tokens (an estimate; reasoning models use "
        "more). Answers are used as names only."
    )


def _start_naming(view: ClusterView, chat: ChatModel, limit: int, rename: bool) -> None:
    options: dict[str, Any] = {"limit": limit, "rename": rename, "chat": asdict(chat)}
    params = {"model": view.model.to_dict(), "clusters": asdict(view.params), **options}
    title = f"Cluster names of {view.info.name}"
    job = JobSpec("name_clusters", session.folder(), view.info.digest, params, title=title)
    for previous in session.manager().list(session.folder()):  # messages of earlier attempts are outdated
        if not previous.open and previous.spec.kind == job.kind and previous.spec.corpus == job.corpus:
            session.manager().forget(previous.spec.workspace, previous.id)
    session.manager().submit(job, session.api_key(chat.spec))
    st.rerun()


def _is_running(view: ClusterView) -> bool:
    """Whether a job is naming the clusters of this clustering."""
    specs = [job.spec for job in session.manager().list(session.folder()) if job.open]
    target = ("name_clusters", view.info.digest, asdict(view.params))
    return any((spec.kind, spec.corpus, spec.params.get("clusters")) == target for spec in specs)
