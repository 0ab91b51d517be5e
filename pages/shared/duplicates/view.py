"""Near-duplicates: the kind of similarity, the threshold with its counts, and notes on how they are found."""

import streamlit as st

from core.duplicates.minhash import CHARACTERS, MAX_CANDIDATES, PERMUTATIONS, WORDS, Unit
from core.duplicates.results import TEXT_DUPLICATES, TextQuery
from core.duplicates.service import (
    DuplicateGroups,
    DuplicateQuery,
    Similarity,
    ThresholdCurve,
    duplicate_groups,
    threshold_curve,
    threshold_figure,
)
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.duplicates.groups import show_duplicate_groups, show_leaks
from pages.shared.text import count, plain

SIMILARITIES: dict[str, Similarity] = {
    "Embedding": "embedding",
    "Wording: characters": "characters",
    "Wording: words": "words",
    "Exact": "exact",
}
CHAIN = (
    "A group holds all rows that are linked directly or through others: A may be similar to B and B to C while A and C "
    "differ. A low lowest cosine reveals such a **chain**; raise the threshold to break it."
)


def show_duplicates(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole part."""
    query = DuplicateQuery(session.corpus_ref(info), model, _select_similarity())
    headline, title = "The wording of these texts has not been compared yet.", f"Wording of {info.name}"
    description = f"All {count(info.rows, 'text')} are compared by their wording, once."
    if (query.similarity == "characters" or query.similarity == "words") and not result_view.ready(
        TEXT_DUPLICATES, TextQuery(query.corpus, query.similarity), headline=headline, description=description,
        title=title, button="Compare wording",
    ):  # fmt: skip
        return
    with st.spinner("Finding near-duplicates", show_time=True):
        curve = session.ask_once(threshold_curve, query)
    threshold = _select_threshold(query, curve)
    with st.spinner("Grouping the rows", show_time=True):
        groups = session.ask_once(duplicate_groups, query, threshold)
    show_duplicate_counts(groups, curve.total)
    if query.similarity != "exact":
        title = "Cosine threshold" if query.similarity == "embedding" else "Jaccard similarity threshold"
        st.plotly_chart(
            threshold_figure(curve.thresholds, curve.rows, curve.groups, threshold, title, session.theme()),
            key="duplicates_curve",
            alt="Rows in groups and groups at every threshold, with a line at the selected one",
        )
    show_duplicate_notes(query, curve, groups, threshold)
    if not groups.groups:
        none_similar = "No near-duplicates at this threshold. Lower it to see the most similar rows."
        message = "No two texts are exactly the same." if query.similarity == "exact" else none_similar
        st.info(message, icon=":material/check:")
        return
    show_duplicate_groups(info, query, threshold, groups)
    show_leaks(info, query, threshold)


def _select_similarity() -> Similarity:
    title = st.segmented_control(
        "Similarity", list(SIMILARITIES), key="similarity", bind="query-params", default="Embedding", required=True,
        help="Embedding also finds paraphrases. Wording (runs of 5 characters or 3 words) finds edited copies.",
    )  # fmt: skip
    return SIMILARITIES[str(title)]


def _select_threshold(query: DuplicateQuery, curve: ThresholdCurve) -> float:
    if query.similarity == "exact":
        return 1.0
    low = float(curve.thresholds[0])
    if low >= 1:
        st.caption("So many rows are identical that only identical ones can be shown.")
        return 1.0
    threshold = st.slider(
        "Threshold (cosine)" if query.similarity == "embedding" else "Threshold (Jaccard similarity)", low, 1.0,
        min(max(curve.suggested, low), 1.0), 0.005, format="%.3f",
        key=f"threshold-{query.similarity}-{query.model.key if query.similarity == 'embedding' else ''}",
        persist_state="session",
        help="Two rows at least this similar count as near-duplicates. Higher is stricter; 1 is identical.",
    )  # fmt: skip
    return round(float(threshold), 4)


def show_duplicate_counts(groups: DuplicateGroups, total: int) -> None:
    """The numbers at a threshold."""
    with st.container(horizontal=True):
        st.metric("Groups", f"{groups.groups:,}", help="Sets of rows linked by similarity, directly or through others.")
        st.metric("Rows in groups", f"{groups.rows:,}", help=f"Of {count(total, 'row')}.")
        st.metric("Redundant rows", f"{groups.rows - groups.groups:,}", help="All but one row of each group.")
        st.metric("Exact copies", f"{groups.copies:,}", help="Rows that repeat the text of an earlier row.")
        note = f"Of different texts at least as similar as the threshold. With copies: {count(groups.pairs, 'pair')}."
        st.metric("Pairs of distinct texts", f"{groups.distinct_pairs:,}", help=note)


def show_duplicate_notes(
    query: DuplicateQuery, curve: ThresholdCurve, groups: DuplicateGroups, threshold: float
) -> None:
    """How near-duplicates are found, and what may be missed."""
    if query.similarity == "exact":
        st.caption(f"Identical texts among {count(curve.total, 'row')}.")
        return
    if query.similarity == "embedding":
        st.caption(
            f"From the neighbor graph of {plain(query.model.label)} (k = {curve.k:,}), {count(curve.total, 'row')}; "
            f"exact copies are included whatever k. The median cosine of random pairs is {curve.random_pair:z.2f}; the "
            "suggested threshold corresponds to 0.95 where that is 0.1. Thresholds differ between models."
        )
        if groups.saturated:
            saturated = f"{count(groups.saturated, 'row')} have {curve.k:,} near-duplicates, the maximum of the graph"
            st.warning(f"{saturated}: they may have more, and a group may be split.", icon=":material/warning:")
    else:
        _show_wording_notes(query, query.similarity, threshold)
    st.caption(CHAIN)


def _show_wording_notes(query: DuplicateQuery, unit: Unit, threshold: float) -> None:
    links = TEXT_DUPLICATES.get(TextQuery(query.corpus, unit))
    shingle = f"{CHARACTERS} characters" if unit == "characters" else f"{WORDS} words"
    st.caption(
        f"Jaccard similarity: shared runs of {shingle} over all (lower case, no punctuation). MinHash ({PERMUTATIONS} "
        "permutations, seed 1) proposes pairs, whose similarity is then computed exactly. A pair with similarity "
        f"{threshold:z.3f} is proposed with probability {links.detection_probability(threshold):.4f}."
    )
    if links.saturated:
        saturated = f"{count(links.saturated, 'text')} had more than {MAX_CANDIDATES} candidates, the maximum compared"
        st.warning(f"{saturated}: groups of very many similar texts may be split.", icon=":material/warning:")
