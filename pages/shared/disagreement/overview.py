"""How alike each two contenders are: the heat map, and how it grows with the number of neighbors."""

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement import service as answers
from core.disagreement.charts import likeness_figure
from core.disagreement.overlap import P
from core.disagreement.service import BY_NEIGHBORS, Asked, Measure, Overview
from core.stats.resampling import MAX_BLOCKS, RESAMPLES
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement import controls as choice
from pages.shared.disagreement import overlap_by_k as depths
from pages.shared.downloads import csv_button
from pages.shared.text import count, file_stem, plain

MEASURES: dict[Measure, str] = {
    "overlap": "Neighbors shared",
    "jaccard": "Jaccard",
    "rbo": "Rank-biased overlap",
    "cka": "CKA",
    "rsa": "RSA",
}
HELP = (
    "**Neighbors shared**: of a text's k nearest, the share that are among the k nearest of both (mutual kNN).  \n"
    "**Jaccard**: those in both lists over those in either; stricter.  \n"
    f"**RBO**, rank-biased overlap: higher ranks count more (p = {P:g}: the first ten have 86% of the weight).  \n"
    "**CKA**: whether all similarities are alike at large; blind to what happens nearby.  \n"
    "**RSA**: whether pairs of texts are in the same order of similarity."
)


def show(asked: Asked, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = _measure()
        k = choice.depth(asked) if measure in BY_NEIGHBORS else choice.usual_depth(asked)
    seen = session.ask_once(answers.overview, asked, measure, k)
    st.markdown(headline(asked, seen))
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown("**How alike each two are**")
        _heat(asked, seen)
        st.caption(_method(seen))
        _download(asked, seen, info)
    with right:
        if measure in BY_NEIGHBORS:
            depths.show(asked, measure, k)
        else:
            _beside(asked, seen)


def _measure() -> Measure:
    chosen = st.segmented_control(
        "Measured by",
        list(MEASURES),
        key="alike",
        bind="query-params",
        default="overlap",
        required=True,
        format_func=lambda name: "RBO" if name == "rbo" else MEASURES[name],  # so that all five fit on a phone
        help=HELP,
    )
    return chosen or "overlap"


def headline(asked: Asked, seen: Overview) -> str:
    """One sentence on who agrees most and least."""
    names, count_ = asked.names, len(asked.names)
    pairs = [(i, j) for i in range(count_) for j in range(i + 1, count_) if np.isfinite(seen.values[i, j])]
    if not pairs:
        return "No likeness could be measured: the vectors of a contender are all the same, or there are too few texts."
    best = max(pairs, key=lambda pair: seen.values[pair])
    worst = min(pairs, key=lambda pair: seen.values[pair])
    told = f"{_both(names, best)} {_sentence(seen, best)}"
    if len(pairs) > 1:
        told += f": the most of any two. Least alike are {_both(names, worst)}: {_short(seen, worst)}"
    return f"{told}.{_by_chance(seen)}"


def _sentence(seen: Overview, pair: tuple[int, int]) -> str:
    value, between = seen.values[pair], _interval(seen, pair)
    if seen.measure == "overlap":
        what = f"{seen.k} nearest texts" if seen.k > 1 else "nearest text"
        return f"share **{value:.0%}** of a text's {what}{between}"
    if seen.measure == "jaccard":
        return f"have **{value:.0%}** of the texts in either list in both{between}"
    article = "an" if seen.measure == "rsa" else "a"
    return f"have {article} {MEASURES[seen.measure]} of **{value:.2f}**{between}"


def _short(seen: Overview, pair: tuple[int, int]) -> str:
    form = "{:.0%}" if seen.measure in ("overlap", "jaccard") else "{:.2f}"
    return f"**{form.format(seen.values[pair])}**{_interval(seen, pair)}"


def _interval(seen: Overview, pair: tuple[int, int]) -> str:
    if not np.isfinite(seen.low[pair]):
        return ""
    form = "{:.1%}" if seen.measure in ("overlap", "jaccard") else "{:.2f}"
    return f" (95% CI {form.format(seen.low[pair])} to {form.format(seen.high[pair])})"


def _both(names: tuple[str, ...], pair: tuple[int, int]) -> str:
    return f"{plain(names[pair[0]])} and {plain(names[pair[1]])}"


def _by_chance(seen: Overview) -> str:
    if seen.measure in BY_NEIGHBORS:
        return f" Contenders that have nothing in common would reach {seen.chance:.2%}."
    return " Contenders that have nothing in common would reach 0."


def _heat(asked: Asked, seen: Overview) -> None:
    at = list(seen.order)
    values, low, high = (table[np.ix_(at, at)] for table in (seen.values, seen.low, seen.high))
    names, percent = [asked.names[place] for place in at], seen.measure in ("overlap", "jaccard")
    figure = likeness_figure(names, values, low, high, percent, session.theme())
    st.plotly_chart(figure, key="disagree_heat", alt=f"Heat map: {MEASURES[seen.measure]} of each two contenders")


def _method(seen: Overview) -> str:
    texts = count(seen.rows, "row") + (f" ({count(seen.texts, 'different text')})" if seen.texts < seen.rows else "")
    order = "What is alike stands together (average linkage). Higher is more alike."
    parts = "Intervals leave out one of 20 random parts of the texts at a time (jackknife, seed 0"
    if seen.measure == "cka":
        return (
            f"Debiased linear CKA (Kornblith 2019, with the unbiased HSIC of Song 2012) over {_of(seen)} texts (seed "
            f"0). 1: the same but for scale and rotation. {parts}). {order}"
        )
    if seen.measure == "rsa":
        pairs = f"{seen.sample:,} random pairs of texts (seed 0)"
        return (
            f"RSA: Spearman's rank correlation of the cosines of {pairs}. {parts}; the chance of the draw is counted "
            f"once). {order}"
        )
    left_out = f" {count(seen.left_out, 'row')} left out, whose neighbors are all copies." if seen.left_out else ""
    extra = f" p = {P:g}, extrapolated (Webber 2010)." if seen.measure == "rbo" else ""
    blocks = " in blocks" if seen.texts > MAX_BLOCKS else ""
    return (
        f"Mean over {texts} of the kept neighbor graphs, k = {seen.k}; copies of a text count as one.{extra}{left_out} "
        f"Intervals resample texts{blocks} ({RESAMPLES:,} times, seed 0). {order}"
    )


def _of(seen: Overview) -> str:
    return f"{seen.sample:,}" + (f" of {seen.texts:,}" if seen.sample < seen.texts else "")


def _download(asked: Asked, seen: Overview, info: CorpusInfo) -> None:
    table = pd.DataFrame(
        [
            (one, other, seen.values[i, j], seen.low[i, j], seen.high[i, j], seen.chance)
            for i, one in enumerate(asked.names)
            for j, other in enumerate(asked.names)
            if i < j
        ],
        columns=["contender", "other", MEASURES[seen.measure], "low", "high", "by chance"],
    )
    csv_button(
        "Download (CSV)",
        table,
        f"{file_stem(info.name)}-{seen.measure}.csv",
        key="disagree_pairs",
        help="All pairs with their intervals.",
    )


def _beside(asked: Asked, seen: Overview) -> None:
    """Likeness at large beside the neighbors shared: the two may tell different stories."""
    st.markdown("**Beside the neighbors they share**")
    near = session.ask_once(answers.overview, asked, "overlap", seen.k)
    count_ = len(asked.names)
    pairs = [(i, j) for i in range(count_) for j in range(i + 1, count_)]
    pairs.sort(key=lambda pair: -np.nan_to_num(seen.values[pair], nan=-2.0))
    table = pd.DataFrame(
        [(f"{asked.names[i]} and {asked.names[j]}", _told(seen, i, j), near.values[i, j]) for i, j in pairs],
        columns=["pair", "large", "near"],
    )
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        row_height=66,  # two lines, from which Streamlit wraps: names of two contenders are long
        alt="Likeness at large and among neighbors",
        column_config={
            "pair": st.column_config.TextColumn("Contenders", width=200),
            "large": st.column_config.TextColumn(MEASURES[seen.measure], width=135, help="With its 95% interval."),
            "near": st.column_config.NumberColumn(
                "Shared", format="percent", width=65, help=f"Neighbors shared, k = {near.k}."
            ),
        },
    )
    st.caption(
        "Models of one family can be nearly the same at large and still answer a search differently: what a search "
        "shows depends on the neighbors."
    )


def _told(seen: Overview, i: int, j: int) -> str:
    if not np.isfinite(seen.values[i, j]):
        return "not known"
    ends = f" ({seen.low[i, j]:.2f} to {seen.high[i, j]:.2f})" if np.isfinite(seen.low[i, j]) else ""
    return f"{seen.values[i, j]:.2f}{ends}"
