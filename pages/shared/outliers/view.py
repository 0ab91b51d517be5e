"""Odd rows: the choice of score and cut, what the score means, its histogram, the list, and what several say."""

import numpy as np
import streamlit as st

from core.figures import histogram_figure
from core.outliers.consensus import CutBy
from core.outliers.results import OUTLIER_SCORES
from core.outliers.score_info import SCORES, ScoreName
from core.outliers.service import OddQuery, OddRows, odd_rows
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.outliers import compare, wait
from pages.shared.outliers import list as odd_list
from pages.shared.outliers import row as odd_row
from pages.shared.text import count, plain

TITLES: dict[str, ScoreName] = {info.title: name for name, info in SCORES.items()}
CUTS: dict[str, CutBy] = {"Number": "number", "Percentile": "percentile", "Score": "score"}


def show(info: CorpusInfo, model: ModelSpec) -> None:
    st.caption(
        "Rows that do not belong: other subjects, other languages, broken text. Scores are computed from the vectors "
        f"of {plain(model.label)} and their neighbors, never from the map."
    )
    query = choose(info, model)
    stored = OUTLIER_SCORES.exists(wait.score_query(info, model, query.k))
    if not wait.scores_are_there(info, model, query.k):
        return
    if query.by == "score" and not stored:
        st.rerun()  # the range of the scores is known now
    with st.spinner("Scoring the rows", show_time=True):
        found = session.ask_once(odd_rows, session.corpus_ref(info), model, query)
    explain(query, found)
    if found.same:
        st.info(
            "All rows have the same score, so none is odder than another: they are too few or too alike.",
            icon=":material/info:",
        )
    left, right = st.columns([5, 2], gap="medium")
    with right:
        histogram(query, found)
    with left:
        row = odd_list.show(info, model, query, found)
    if row is not None:
        odd_row.show(info, model, row, query.k)
    compare.show(info, model, query, max(found.above, 1))


def choose(info: CorpusInfo, model: ModelSpec) -> OddQuery:
    """The row of settings."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.selectbox(
            "Score",
            list(TITLES),
            key="score",
            bind="query-params",
            width=270,
            help="How oddness is measured. What each sees and misses stands below, and under Do the scores agree.",
        )
        name = TITLES[title]
        k = st.number_input(
            "Neighbors (k)",
            2,
            100,
            20,
            key="k",
            bind="query-params",
            width=140,
            help="How many nearest rows a row is compared with. With more, larger groups of odd rows are found; "
            "the graph holds 100 a row.",
        )
        chosen = st.segmented_control(
            "List by",
            list(CUTS),
            key="cut",
            bind="query-params",
            default="Number",
            required=True,
            help="How far down the list goes: so many rows, all from a percentile on (100 is the strangest), or all "
            "from a score on.",
        )
        by = CUTS[str(chosen)]
        return OddQuery(name, int(k), by, _value(info, model, name, int(k), by))


def _value(info: CorpusInfo, model: ModelSpec, name: ScoreName, k: int, by: CutBy) -> float:
    if by == "number":
        usual = min(20, info.rows)
        return float(
            st.number_input(
                "Rows",
                1,
                max(info.rows, 1),
                usual,
                key="rows",
                bind="query-params",
                width=140,
                help="The strangest so many rows.",
            )
        )
    if by == "percentile":
        return float(
            st.number_input(
                "From percentile",
                0.0,
                100.0,
                98.0,
                0.5,
                key="from",
                bind="query-params",
                width=140,
                help="98 lists the strangest two in a hundred.",
            )
        )
    if not OUTLIER_SCORES.exists(wait.score_query(info, model, k)):
        return 0.0  # the list is not drawn yet
    edges = session.ask_once(odd_rows, session.corpus_ref(info), model, OddQuery(name, k)).edges
    low, high = float(edges[0]), float(edges[-1])
    return float(
        st.number_input(
            "From score",
            value=low + 0.7 * (high - low),
            step=max((high - low) / 50, 1e-4),
            format="%.4f",
            key=f"least-{name}-{k}",
            width=140,
            help="See the histogram for what is usual.",
        )
    )


def explain(query: OddQuery, found: OddRows) -> None:
    """The score in words: meaning, direction, what it sees, what it rests on."""
    info = SCORES[query.score]
    st.markdown(f"**{info.title}.** {info.meaning} **Sees:** {info.sees}")
    if query.score in ("center", "apart", "fit", "forest"):
        return
    if found.k < query.k:
        st.caption(f"k is {found.k:,} here: the graph holds no more neighbors of a row.")


def histogram(query: OddQuery, found: OddRows) -> None:
    marks = [] if np.isnan(found.threshold) else [(found.threshold, "listed from here")]
    st.plotly_chart(
        histogram_figure(found.counts, found.edges, marks, f"{SCORES[query.score].title}, all rows", session.theme()),
        key="odd_histogram",
        alt="Histogram of the score over all rows, with a line where the list ends",
    )
    if np.isnan(found.threshold):
        st.caption(f"None of the {count(found.total, 'row')} is that strange.")
        return
    st.caption(
        f"{found.above:,} of {count(found.total, 'row')} are listed: score {found.threshold:.4g} and higher, "
        f"percentile {found.percentile:.{odd_list.digits(found.total)}f} and higher. Higher is stranger."
    )
