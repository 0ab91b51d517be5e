"""Pairwise similarity of the contenders: the heat map, and how the overlap grows with k."""

from itertools import combinations

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement import service
from core.disagreement.charts import overlap_by_k_figure, similarity_figure
from core.disagreement.overlap import RBO_P
from core.disagreement.results import ComparisonQuery
from core.disagreement.service import NEIGHBOR_MEASURES, Measure, OverlapByK, PairwiseSimilarity
from core.stats.resampling import MAX_BLOCKS, RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement.controls import default_k, k_slider
from pages.shared.downloads import csv_button
from pages.shared.tables import WRAPPED, percentage, show_table, text
from pages.shared.text import count, file_stem, plain

MEASURES: dict[Measure, str] = {
    "overlap": "Overlap@k",
    "jaccard": "Jaccard",
    "rbo": "RBO",  # short, so that all five fit on a phone
    "cka": "CKA",
    "rsa": "RSA",
}
HELP = (
    "**Overlap@k**: the share of a text's k nearest texts that both contenders have (mutual kNN).  \n"
    "**Jaccard**: texts in both lists over texts in either; stricter.  \n"
    f"**RBO**, rank-biased overlap: higher ranks count more (p = {RBO_P:g}: the first ten have 86% of the weight).  \n"
    "**CKA**: global similarity of all cosines; insensitive to what happens nearby.  \n"
    "**RSA**: whether pairs of texts are in the same order of similarity."
)
MAX_LINES = 10
STEADY = 0.02  # a smaller difference from the first k to the last is none


def show_overview(query: ComparisonQuery, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = _select_measure()
        k = k_slider(query) if measure in NEIGHBOR_MEASURES else default_k(query)
    similarity = session.ask_once(service.pairwise_similarity, query, measure, k)
    st.markdown(similarity_verdict(query, similarity))
    left, right = st.columns([1, 1], gap="large")
    with left:
        _show_heatmap(query, similarity)
        _similarity_download(query, similarity, info)
    with right:
        if measure in NEIGHBOR_MEASURES:
            _show_overlap_by_k(query, measure, k)
        else:
            _compare_with_overlap(query, similarity)


def _select_measure() -> Measure:
    measure = st.segmented_control(
        "Metric", list(MEASURES), key="alike", bind="query-params", default="overlap", required=True,
        format_func=MEASURES.__getitem__, help=HELP,
    )  # fmt: skip
    return measure or "overlap"


def similarity_verdict(query: ComparisonQuery, similarity: PairwiseSimilarity) -> str:
    """One sentence on the most and the least similar pair."""
    names = query.names
    pairs = [(i, j) for i, j in combinations(range(len(names)), 2) if np.isfinite(similarity.values[i, j])]
    if not pairs:
        return "Similarity is undefined: all vectors of a contender are the same, or there are too few texts."
    best, worst = (choose(pairs, key=lambda pair: similarity.values[pair]) for choose in (max, min))
    text = f"{_pair_names(names, best)} {_pair_sentence(similarity, best)}"
    if len(pairs) > 1:
        value = f"**{_format_value(similarity, worst)}**{_interval(similarity, worst)}"
        text += f", the most similar pair. Least similar: {_pair_names(names, worst)}, {value}"
    chance = f"{similarity.chance:.2%}" if similarity.measure in NEIGHBOR_MEASURES else "0"
    return f"{text}. Chance level: {chance}."


def _pair_sentence(similarity: PairwiseSimilarity, pair: tuple[int, int]) -> str:
    value, interval = _format_value(similarity, pair), _interval(similarity, pair)
    if similarity.measure == "overlap":
        what = f"{similarity.k} nearest texts" if similarity.k > 1 else "nearest text"
        return f"share **{value}** of a text's {what}{interval}"
    if similarity.measure == "jaccard":
        return f"have **{value}** of the texts in either list in both{interval}"
    article = "a" if similarity.measure == "cka" else "an"
    return f"have {article} {MEASURES[similarity.measure]} of **{value}**{interval}"


def _format_value(similarity: PairwiseSimilarity, pair: tuple[int, int]) -> str:
    value = similarity.values[pair]
    return f"{value:.0%}" if similarity.measure in ("overlap", "jaccard") else f"{value:z.2f}"


def _interval(similarity: PairwiseSimilarity, pair: tuple[int, int]) -> str:
    if not np.isfinite(similarity.low[pair]):
        return ""
    form = "{:.1%}" if similarity.measure in ("overlap", "jaccard") else "{:.2f}"
    return f" (95% CI {form.format(similarity.low[pair])} to {form.format(similarity.high[pair])})"


def _pair_names(names: tuple[str, ...], pair: tuple[int, int]) -> str:
    return f"{plain(names[pair[0]])} and {plain(names[pair[1]])}"


def _show_heatmap(query: ComparisonQuery, similarity: PairwiseSimilarity) -> None:
    st.markdown("**Pairwise similarity**")
    order = np.ix_(similarity.order, similarity.order)
    values, low, high = (table[order] for table in (similarity.values, similarity.low, similarity.high))
    names, percent = [query.names[i] for i in similarity.order], similarity.measure in ("overlap", "jaccard")
    figure = similarity_figure(names, values, low, high, percent, session.theme())
    alt = f"Heat map: {MEASURES[similarity.measure]} of every two contenders"
    st.plotly_chart(figure, key="disagree_heat", alt=alt)
    st.caption(_similarity_method(similarity))


def _similarity_method(similarity: PairwiseSimilarity) -> str:
    order = "Ordered by average-linkage clustering. Higher is more similar."
    jackknife = "Intervals: jackknife over 20 random parts of the texts (seed 0"
    if similarity.measure == "cka":
        of = f" of {similarity.texts:,}" if similarity.sample < similarity.texts else ""
        return (
            "Debiased linear CKA (Kornblith 2019, with the unbiased HSIC of Song 2012) over "
            f"{similarity.sample:,}{of} texts (seed 0). 1: the same but for scale and rotation. {jackknife}). {order}"
        )
    if similarity.measure == "rsa":
        return (
            f"RSA: Spearman's rank correlation of the cosines of {similarity.sample:,} random pairs of texts (seed 0). "
            f"{jackknife}; the chance of the draw is counted once). {order}"
        )
    rows, texts = count(similarity.rows, "row"), count(similarity.texts, "distinct text")
    of_rows = f"{rows} ({texts})" if similarity.texts < similarity.rows else rows
    rows = count(similarity.left_out, "row")
    left_out = f" {rows} left out: all neighbors are copies." if similarity.left_out else ""
    extra = f" p = {RBO_P:g}, extrapolated (Webber 2010)." if similarity.measure == "rbo" else ""
    blocks = " in blocks" if similarity.texts > MAX_BLOCKS else ""
    return (
        f"Mean over {of_rows}, k = {similarity.k}; copies of a text count as one.{extra}{left_out} Intervals: "
        f"{RESAMPLES:,} bootstrap resamples of the texts{blocks} (seed 0). {order}"
    )


def _similarity_download(query: ComparisonQuery, similarity: PairwiseSimilarity, info: CorpusInfo) -> None:
    tables = (similarity.values, similarity.low, similarity.high)
    records = [
        (query.names[i], query.names[j], *(table[i, j] for table in tables), similarity.chance)
        for i, j in combinations(range(len(query.names)), 2)
    ]
    columns = ["contender", "other", MEASURES[similarity.measure], "low", "high", "chance level"]
    table = pd.DataFrame(records, columns=columns)
    file = f"{file_stem(info.name)}-{similarity.measure}.csv"
    csv_button("Download (CSV)", table, file, key="disagree_pairs", help="All pairs with their intervals.")


def _compare_with_overlap(query: ComparisonQuery, similarity: PairwiseSimilarity) -> None:
    """Global similarity next to Overlap@k: the two may differ."""
    st.markdown("**Compared with Overlap@k**")
    overlap = session.ask_once(service.pairwise_similarity, query, "overlap", similarity.k)
    pairs = sorted(
        combinations(range(len(query.names)), 2), key=lambda pair: -np.nan_to_num(similarity.values[pair], nan=-2.0)
    )
    names, help_ = [" and ".join(query.names[i] for i in pair) for pair in pairs], "Nearest texts that both have."
    columns = {
        "pair": text("Contenders", width=200),
        "global": text(MEASURES[similarity.measure], width=135, help="With its 95% CI."),
        "overlap": percentage(f"Overlap@{overlap.k}", help_, 95),
    }
    records = [(name, _cell(similarity, pair), overlap.values[pair]) for name, pair in zip(names, pairs, strict=True)]
    table, alt = pd.DataFrame(records, columns=list(columns)), "Global similarity and overlap of neighbors"
    show_table(table, alt, columns, row_height=WRAPPED)  # names of two contenders are long
    st.caption(
        "Models of one family can be nearly the same globally and still return different search results: those depend "
        "on the nearest neighbors."
    )


def _cell(similarity: PairwiseSimilarity, pair: tuple[int, int]) -> str:
    if not np.isfinite(similarity.values[pair]):
        return "undefined"
    low, high = similarity.low[pair], similarity.high[pair]
    return f"{similarity.values[pair]:z.2f}" + (f" ({low:z.2f} to {high:z.2f})" if np.isfinite(low) else "")


def _show_overlap_by_k(query: ComparisonQuery, measure: Measure, k: int) -> None:
    st.markdown("**Overlap by k**")
    overlap = session.ask_once(service.overlap_by_k, query, measure)
    order = np.argsort(-overlap.values.mean(axis=1), kind="stable")
    rows = order if len(order) <= MAX_LINES else np.r_[order[: MAX_LINES // 2], order[-MAX_LINES // 2 :]]
    names = [" and ".join(query.names[i] for i in overlap.pairs[row]) for row in rows]
    lines = (overlap.values[rows], overlap.low[rows], overlap.high[rows])
    figure = overlap_by_k_figure(names, overlap.depths, *lines, overlap.chance, k, session.theme())
    st.plotly_chart(figure, key="disagree_depths", alt="Overlap against the number of nearest texts compared")
    subset = f" The {len(rows)} most and least similar of {len(order):,} pairs." if len(rows) < len(order) else ""
    st.caption(f"{_growth_sentence(overlap)} Bars: 95% intervals (bootstrap over texts).{subset}")


def _growth_sentence(overlap: OverlapByK) -> str:
    first, last = float(overlap.values[:, 0].mean()), float(overlap.values[:, -1].mean())
    ends = (
        f"from {first:.0%} at k = {overlap.depths[0]} to {last:.0%} at k = {overlap.depths[-1]} (chance level: "
        f"{overlap.chance[0]:.1%} to {overlap.chance[-1]:.1%})"
    )
    if len(overlap.depths) < 2 or abs(last - first) < STEADY:
        return f"The mean over pairs stays about the same, {ends}."
    if last > first:
        return f"The mean over pairs rises {ends}: contenders agree more on the wider neighborhood."
    return f"The mean over pairs falls {ends}: contenders agree more on the nearest texts."
