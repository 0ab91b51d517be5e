"""What all pages share: navigation, corpus and model in the sidebar, running jobs, and error handling."""

import logging
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.corpus.service import distinct_count
from core.errors import PlanisphereError, StorageError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import jobs_view, messages, session, sign_in
from pages.shared.corpus import sample as starter
from pages.shared.corpus.creation import finish_creation
from pages.shared.messages import show_error
from pages.shared.models import failed
from pages.shared.selections import active
from pages.shared.text import count, cut_middle, disambiguate_labels, plain
from pages.shared.web_server import freeze_objects

LOGO = Path(__file__).with_name("logo.svg")
ICON = Path(__file__).with_name("icon.svg")  # the browser would fetch a Material icon from the internet
FIRST_PAGE = "data/corpus"
PAGES = {  # path, title, icon, description
    "Data": (
        (FIRST_PAGE, "Data", "table_view", "Add data, choose columns, and inspect the corpus"),
        ("data/embed", "Embed", "memory", "Compute embeddings with one or several models"),
    ),
    "Explore": (
        ("explore/map", "Map", "scatter_plot", "Explore the corpus as a 2D or 3D map"),
        ("explore/search", "Search", "search", "Semantic, keyword, regex and hybrid search"),
        ("explore/clusters", "Clusters", "workspaces", "Find clusters, name them, and check their stability"),
        ("explore/trends", "Trends", "trending_up", "Follow clusters and sentiment over time, and detect bursts"),
        ("explore/anomalies", "Anomalies", "report", "Find outliers, duplicates and label errors"),
    ),
    "Compare": (
        ("compare/scoreboard", "Scoreboard", "leaderboard", "Evaluate models on your data, with uncertainty and costs"),
        ("compare/disagreement", "Disagreement", "call_split", "See where models disagree about neighbors, and why"),
        ("compare/compression", "Compression", "compress", "Measure what smaller vectors and faster indexes cost"),
        ("compare/quality", "Quality", "troubleshoot", "Check similarity calibration, dimension usage and robustness"),
    ),
    "Apply": (
        ("apply/ask", "Ask", "contact_support", "Ask questions, answer with citations, and evaluate retrieval"),
        ("apply/recommend", "Recommend", "recommend", "Recommend similar items, or items for users, and evaluate it"),
        ("apply/classify", "Classify", "category", "Train, evaluate and apply classifiers on embeddings"),
        ("apply/customize", "Customize", "tune", "Fit embeddings to your data: adapters, fine-tuning, word vectors"),
    ),
    "Help": (("help/glossary", "Glossary", "menu_book", "Look up the terms used on all pages"),),
}
NAME_LENGTH = 27  # characters that fit a selectbox of the sidebar
FEW_ROWS, NOTE_ROWS = 10, 5_000  # fewer rows are too few for most figures; of more, copies are not counted
_LOG = logging.getLogger(__name__)


def run() -> None:
    """Draw the requested page."""
    st.set_page_config("Planisphere", page_icon=str(ICON), layout="wide")
    st.logo(LOGO, size="large")
    page = st.navigation(navigation(), expanded=True)  # else the last section is behind "View more"
    session.drop_link_changes()
    try:
        if sign_in.is_needed():
            sign_in.show_sign_in()
            return
        prepare_workspace()
        if page.title != "Data":  # which does it below its button
            finish_creation()
        row_note = sidebar(page.title)
        show_lost_corpus()
        jobs_view.show_sidebar_jobs()
        page.run()
        with row_note:  # last: it asks a worker, which may still be starting
            show_row_note()
        freeze_modules(page.title)
    except PlanisphereError as error:
        show_error(error)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        _LOG.exception("page %s failed, reference %s", page.title, reference)
        st.error(
            "This page failed. Your data is safe. Reload the page; if it fails again, check the log for reference "
            f"{reference}.",
            icon=":material/error:",
        )
    session.flush_link()


@cache
def freeze_modules(page: str) -> None:
    """After the first run of a page, which imports the last of its modules."""
    freeze_objects()


def prepare_workspace() -> None:
    """A workspace that can't be written is reported, and shown as far as it can be."""
    try:
        starter.prepare_sample()
    except StorageError as error:
        show_error(error)


def navigation() -> dict[str, list]:
    return {
        section: [
            st.Page(f"pages/{path}.py", title=title, icon=f":material/{icon}:", help=help_, default=path == FIRST_PAGE)
            for path, title, icon, help_ in pages
        ]
        for section, pages in PAGES.items()
    }


def sidebar(page: str) -> DeltaGenerator:
    """The corpus and the model that all pages use, both part of the link; and the page's section of the glossary.
    Gives the place of `show_row_note`."""
    with st.sidebar:
        corpora = {info.digest: info for info in session.workspace().corpora()}
        remember_lost_corpus(corpora)
        if corpora:
            select_corpus(corpora)
            select_model()
            row_note = st.container()
            active.write_link()
        else:
            row_note = st.container()
            pending = messages.pending_embedding(None)
            st.caption("The sample is being prepared." if pending else "No corpus yet. Add data on the Data page.")
        if page != "Glossary":
            link: dict[str, Any] = {"label": "Terms on this page", "icon": ":material/menu_book:"}
            st.page_link("pages/help/glossary.py", query_params={"section": page}, **link)
        sign_in.show_account()
    return row_note


def show_row_note() -> None:
    """What makes most figures of a small corpus meaningless: too few rows, or equal ones."""
    info = session.current_corpus()
    if info is None or info.rows > NOTE_ROWS:
        return
    if info.rows < FEW_ROWS:
        st.caption(f":material/info: {count(info.rows, 'row')}: too few for most figures. Add more on the Data page.")
        return
    with suppress(PlanisphereError):  # the page says what is wrong with a corpus that can't be read
        if session.ask_once(distinct_count, session.corpus_ref(info)) == 1:
            st.caption(f":material/info: All {info.rows:,} rows have the same text: there is nothing to compare.")


def select_corpus(corpora: dict[str, CorpusInfo]) -> None:
    session.select_from_link("corpus", list(corpora))
    names = disambiguate_labels({digest: cut_middle(info.name, NAME_LENGTH) for digest, info in corpora.items()})
    help_ = "Used by all pages. Add more on the Data page."
    digest = st.selectbox("Corpus", list(corpora), key="corpus", format_func=names.__getitem__, help=help_)
    session.write_to_link("corpus")
    show_details(corpora[digest].name, count(corpora[digest].rows, "row"))


def show_details(name: str, *details: str) -> None:
    """Below a selectbox: the name in full where the box does not show all of it, and details."""
    parts = [plain(name)] if len(name) > NAME_LENGTH else []
    if parts or details:
        st.caption(" · ".join([*parts, *details]))


def remember_lost_corpus(corpora: dict[str, CorpusInfo]) -> None:
    """Where the selected corpus is gone, though not deleted here: what to say before another one is shown."""
    digest, name = session.remembered("shown_corpus") or ("", "")
    linked = "" if digest else str(st.query_params.get("corpus", ""))
    if digest and digest not in corpora and digest != session.remembered("deleted_corpus"):
        session.remember("lost_corpus", f"The corpus **{plain(name)}** is no longer in the workspace")
    elif linked and linked not in corpora and linked != session.remembered("lost_link"):
        session.remember("lost_link", linked)
        session.remember("lost_corpus", "The corpus of this link is not in the workspace")


def show_lost_corpus() -> None:
    info, message = session.current_corpus(), session.remembered("lost_corpus")
    session.remember("shown_corpus", (info.digest, info.name) if info else None)
    if message:
        shown = f" This page shows **{plain(info.name)}** instead." if info else ""
        st.warning(f"{message}: it was deleted elsewhere, or is damaged.{shown}", icon=":material/warning:")
        st.button("OK", key="lost_corpus_seen", on_click=session.remember, args=("lost_corpus", None))


def select_model() -> None:
    info = session.current_corpus()
    models = {model.key: model for model in session.workspace().models(info.digest)} if info else {}
    damaged = session.workspace().damaged_models(info.digest) if info else []
    if damaged:
        labels = ", ".join(plain(label or "an unknown model") for label in damaged)
        remedy = "Run it again on the Embed page; cached vectors are not computed again. Import uploaded ones again."
        st.warning(f"Damaged embedding: {labels}. {remedy}", icon=":material/broken_image:")
    if info:
        failed.show_partial_models(info)
    if info is None or not models:
        pending = info is not None and messages.pending_embedding(info)
        st.caption("Embedding …" if pending else "Not embedded yet. Choose a model on the Embed page.")
        return
    remember_lost_model(info, models)
    session.select_from_link("model", list(models))
    names = disambiguate_labels({key: cut_middle(model.label, NAME_LENGTH) for key, model in models.items()})
    help_ = "The embedding model that Explore pages use. Compare pages have a selection of their own."
    key = st.selectbox("Model", list(models), key="model", format_func=names.__getitem__, help=help_)
    session.write_to_link("model")
    show_details(models[key].label)
    show_lost_model(info, models[key])


def remember_lost_model(info: CorpusInfo, models: dict[str, ModelSpec]) -> None:
    """Where the selected model no longer has vectors of this corpus, or that of the link has none: what to say. The
    base of an adapter takes its place, if it can."""
    digest, model = session.remembered("shown_model") or ("", None)
    linked = "" if model else str(st.query_params.get("model", ""))
    if model and digest == info.digest and model.key not in models:
        session.remember("lost_model", (info.digest, f"The model **{plain(model.label)}** was deleted"))
        session.remember("open_model", model.base.key)
    elif linked and linked not in models and linked != session.remembered("lost_model_link"):
        session.remember("lost_model_link", linked)
        session.remember("lost_model", (info.digest, "The model of this link has no vectors of this corpus"))


def show_lost_model(info: CorpusInfo, model: ModelSpec) -> None:
    session.remember("shown_model", (info.digest, model))
    digest, message = session.remembered("lost_model") or ("", "")
    if digest == info.digest:
        st.warning(f"{message}. Pages use **{plain(model.label)}** instead.", icon=":material/warning:")
        st.button("OK", key="lost_model_seen", on_click=session.remember, args=("lost_model", None))
