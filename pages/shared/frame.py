"""What every page shares: navigation, the sidebar's choices, running jobs, and the one error boundary."""

import logging
import uuid
from pathlib import Path

import streamlit as st

from core.errors import PlanisphereError
from pages.shared import empty, jobs_view, session, sign_in
from pages.shared.corpus import sample as starter
from pages.shared.errors import show_error
from pages.shared.selections import active as selected
from pages.shared.text import told_apart

LOGO = Path(__file__).with_name("logo.svg")
ICON = Path(__file__).with_name("icon.svg")  # a Material icon here would be fetched from the internet by the browser
_LOG = logging.getLogger(__name__)


def run() -> None:
    """Draw the page that was asked for."""
    st.set_page_config("Planisphere", page_icon=str(ICON), layout="wide")
    st.logo(LOGO, size="large")
    page = st.navigation(navigation())
    try:
        if sign_in.is_needed():
            sign_in.show_sign_in()
            return
        starter.prepare_sample()
        sidebar()
        jobs_view.show_sidebar_jobs()
        page.run()
    except PlanisphereError as error:
        show_error(error)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        _LOG.exception("page %s failed, reference %s", page.title, reference)
        st.error(
            "This page could not be drawn. Nothing was lost; reload the page. If it happens again, the log says more "
            f"under the reference {reference}.",
            icon=":material/error:",
        )


def navigation() -> dict[str, list]:
    return {
        "Data": [
            st.Page(
                "pages/data/corpus.py",
                title="Data",
                icon=":material/table_view:",
                default=True,
                help="Bring text in, choose columns, see what is there",
            ),
            st.Page(
                "pages/data/embed.py",
                title="Embed",
                icon=":material/memory:",
                url_path="embed",
                help="Turn texts into vectors with one or several models",
            ),
        ],
        "Explore": [
            st.Page(
                "pages/explore/map.py",
                title="Map",
                icon=":material/scatter_plot:",
                url_path="map",
                help="See the corpus as a map, and how far to trust it",
            ),
            st.Page(
                "pages/explore/search.py",
                title="Search",
                icon=":material/search:",
                url_path="search",
                help="Find what is near a text, a row or several rows",
            ),
            st.Page(
                "pages/explore/clusters.py",
                title="Clusters",
                icon=":material/workspaces:",
                url_path="clusters",
                help="Find groups of texts, what they are about, and how far to trust each",
            ),
            st.Page(
                "pages/explore/trends.py",
                title="Trends",
                icon=":material/trending_up:",
                url_path="trends",
                help="Follow groups and moods over time; see what surged, and since when",
            ),
            st.Page(
                "pages/explore/anomalies.py",
                title="Anomalies",
                icon=":material/report:",
                url_path="anomalies",
                help="What does not belong, what repeats, and which labels are in doubt",
            ),
        ],
        "Compare": [
            st.Page(
                "pages/compare/scoreboard.py",
                title="Scoreboard",
                icon=":material/leaderboard:",
                url_path="scoreboard",
                help="Which model is best on your rows, how sure that is, and what it costs",
            ),
            st.Page(
                "pages/compare/disagreement.py",
                title="Disagreement",
                icon=":material/call_split:",
                url_path="disagreement",
                help="Where the models see different neighbors, and what explains it",
            ),
            st.Page(
                "pages/compare/compression.py",
                title="Compression",
                icon=":material/compress:",
                url_path="compression",
                help="How small the vectors and how quick the index can be, and what that loses",
            ),
            st.Page(
                "pages/compare/quality.py",
                title="Quality",
                icon=":material/troubleshoot:",
                url_path="quality",
                help="What a model's cosines mean, how full its space is, how it bears changed text",
            ),
        ],
    }


def sidebar() -> None:
    """The corpus and the model every page works on; both are part of the link."""
    with st.sidebar:
        corpora = {info.digest: info for info in session.workspace().corpora()}
        if not corpora:
            st.caption("No corpus yet: bring text in on the Data page.")
            return
        session.select_from_link("corpus", list(corpora))
        names = told_apart({digest: f"{info.name} ({info.rows:,} rows)" for digest, info in corpora.items()})
        st.selectbox(
            "Corpus",
            list(corpora),
            key="corpus",
            format_func=lambda digest: names[digest],
            help="What every page shows. Bring in more on the Data page.",
        )
        session.write_to_link("corpus")
        model_choice()
        selected.write_link()


def model_choice() -> None:
    info = session.current_corpus()
    models = {model.key: model for model in session.workspace().models(info.digest)} if info else {}
    if not models:
        coming = info is not None and empty.coming(info)
        st.caption("Being embedded." if coming else "Not embedded yet: choose a model on the Embed page.")
        return
    session.select_from_link("model", list(models))
    names = told_apart({key: model.label for key, model in models.items()})
    st.selectbox(
        "Model",
        list(models),
        key="model",
        format_func=lambda key: names[key],
        help="The embedding model whose view of the texts is shown.",
    )
    session.write_to_link("model")
