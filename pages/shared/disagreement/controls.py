"""What the parts of the Disagreement page have in common: readiness, k, the pair of contenders, names in tables."""

from dataclasses import replace

import streamlit as st

from core.disagreement import service
from core.disagreement.results import COMPARISON, ComparisonQuery
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.text import count, cut, plain

ALL = "all"
DEFAULT_K = 10
K_LABEL = "k (nearest texts compared)"


def comparison_ready(query: ComparisonQuery) -> bool:
    """Whether the contenders are compared; few rows are at once, for more the job is offered."""
    if session.ask_once(service.distinct_text_count, query.corpus) < 2:
        text = "All rows have the same text, so there are no neighbors to compare. Add more rows on the Data page."
        st.info(text, icon=":material/info:")
        return False
    return result_view.ready(
        COMPARISON,
        query,
        headline=f"{count(len(query.contenders), 'contender')} have not been compared yet",
        description="The nearest texts of every two contenders are compared, and the texts are analyzed for what may "
        "explain differences. Stored comparisons are reused: another contender adds only its own pairs.",
        title=f"Comparing {len(query.contenders)} contenders",
        button="Compare",
    )


def k_slider(query: ComparisonQuery) -> int:
    """How many nearest texts are compared."""
    options, default = available_depths(query), default_k(query)
    if len(options) < 2:
        return default
    help_ = "The k nearest other texts of each text under each contender; copies of a text count as one text."
    k = st.select_slider(K_LABEL, options, default, key="depth", bind="query-params", width=320, help=help_)
    return int(k)


def default_k(query: ComparisonQuery) -> int:
    """Ten, or as many as there are."""
    options = available_depths(query)
    return DEFAULT_K if DEFAULT_K in options else options[-1]


def available_depths(query: ComparisonQuery) -> tuple[int, ...]:
    """The numbers of neighbors that can be compared."""
    return session.ask_once(service.depths, query.corpus)


def select_pair(query: ComparisonQuery, allow_all: bool = True) -> ComparisonQuery:
    """Two of the contenders, or with `allow_all` also all of them; of two contenders there is nothing to select."""
    pairs = {f"{pair.first.key}~{pair.second.key}": pair for pair in query.pairs}
    if len(pairs) == 1:
        return query
    names = {key: f"{pair.first.label} and {pair.second.label}" for key, pair in pairs.items()}
    if allow_all:
        key, help_ = "pair", "With all, a row's disagreement is the mean over all pairs."
        names = {ALL: f"all {len(query.contenders)}"} | names
    else:
        key, help_ = "two", "Changes are counted from the first contender to the second."
    session.select_from_link(key, list(names))
    selected = st.selectbox("Contenders", list(names), key=key, format_func=names.__getitem__, width=460, help=help_)
    session.write_to_link(key)
    if selected == ALL:
        return query
    pair = pairs[str(selected)]
    return replace(query, contenders=(pair.first, pair.second))


def contender_names(query: ComparisonQuery) -> str:
    """The contenders compared, as Markdown."""
    if len(query.contenders) == 2:
        return plain(" and ".join(query.names))
    return f"the {len(query.contenders)} contenders"


def label_column_name(info: CorpusInfo) -> str:
    """The heading of the column with a row's label."""
    return cut(next(iter(info.roles.labels), "Label"), 30)
