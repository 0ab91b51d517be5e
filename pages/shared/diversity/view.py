"""Diversity: the Vendi score of the corpus and of its groups, the coreset, and hubs."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.diversity.charts import group_figure, hub_figure
from core.diversity.service import (
    CLUSTERS,
    DiversitySummary,
    GroupScores,
    HubSummary,
    diversity_summary,
    group_columns,
    group_scores,
    hub_summary,
)
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.diversity.coreset import show_coreset
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, cut, plain

CLUSTERS_OPTION = "(clusters)"
GROUP_KEY = "diversity_by"
VENDI_HELP = "Effective number of different texts (Friedman and Dieng, 2023), from all cosines of the sample."


def show_diversity(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole part; a section that can't be drawn says why and leaves the others."""
    for title, help_text, section in (
        ("Diversity", "How different the texts are from each other.", show_vendi_scores),
        ("Coreset", "k rows that represent the rest.", show_coreset),
        ("Hubs", "Rows that are among the nearest neighbors of unusually many others.", show_hubs),
    ):
        st.subheader(title, help=help_text)
        _draw_or_explain(section, info, model)


def _draw_or_explain(section: Callable[[CorpusInfo, ModelSpec], None], info: CorpusInfo, model: ModelSpec) -> None:
    try:
        section(info, model)
    except PlanisphereError as error:
        show_error(error)


def show_vendi_scores(info: CorpusInfo, model: ModelSpec) -> None:
    """The corpus, then its groups."""
    summary = session.ask_once(diversity_summary, session.corpus_ref(info), model)
    if summary.identical:
        st.info("All texts are the same under this model.", icon=":material/content_copy:")
    show_diversity_metrics(summary)
    st.markdown("**Diversity by group**")
    _draw_or_explain(show_group_scores, info, model)


def show_diversity_metrics(summary: DiversitySummary) -> None:
    """Vendi score and mean distance of the corpus, with how they are computed."""
    vendi = summary.vendi
    is_sample = vendi.size < vendi.total
    spread = f"± {vendi.deviation:.1f} ({vendi.draws} samples)" if is_sample else f"max. {summary.max_vendi:,}"
    with st.container(horizontal=True):
        st.metric("Vendi score", f"{vendi.mean:,.1f}", spread, delta_color="off", delta_arrow="off", help=VENDI_HELP)
        share_help = f"Vendi score divided by the {vendi.size:,} rows of a sample. Lower: more redundant texts."
        st.metric("Share of the rows", f"{vendi.mean / max(vendi.size, 1):.1%}", help=share_help)
        distance = "–" if math.isnan(summary.distance) else f"{max(summary.distance, 0):.3f}"
        distance_help = "1 - cosine, averaged over all pairs of rows, exact. 0: all the same; 1: unrelated on average."
        st.metric("Mean pairwise distance", distance, help=distance_help)
    sample = f"{vendi.draws} samples of {vendi.size:,} of {vendi.total:,} rows (seed 0)" if is_sample else "all rows"
    has_exact = is_sample and summary.vendi_all is not None
    exact = f" Over all {vendi.total:,} rows it is {summary.vendi_all:,.1f}." if has_exact else ""
    st.caption(
        f"Vendi score over {sample}; at most {summary.max_vendi:,}, the smaller of rows and dimensions. It grows with "
        f"the sample size.{exact} Use it to compare corpora under one model, not models."
    )


def show_group_scores(info: CorpusInfo, model: ModelSpec) -> None:
    """The score of each value of a column, or of each cluster, over samples of one size."""
    corpus = session.corpus_ref(info)
    options = [*session.ask_once(group_columns, corpus), CLUSTERS_OPTION]
    session.select_from_link(GROUP_KEY, options)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group_by = st.selectbox(
            "Group by", options, key=GROUP_KEY, width=320, help="A column, or the default clusters."
        )
        session.write_to_link(GROUP_KEY)
        column = CLUSTERS if group_by == CLUSTERS_OPTION else group_by
        scores = session.ask(group_scores, corpus, model, column)
        size = st.selectbox(
            "Rows per group", scores.sizes, index=scores.sizes.index(scores.size), key=f"diversity_size_{column}",
            width=200,
            help="All groups have samples of this size, since the score grows with it; smaller groups are excluded.",
        )  # fmt: skip
    if size != scores.size:
        scores = session.ask(group_scores, corpus, model, column, size)
    show_group_chart(scores, group_by)


def show_group_chart(result: GroupScores, group_by: str) -> None:
    """Groups by their score, the most and the least diverse, and the figures as a file."""
    table = result.table
    names, scores, deviations = list(table["group"]), list(table["Vendi score"]), list(table["standard deviation"])
    hover = [
        f"{name}: {score:.1f} ± {deviation:.1f}, mean distance {distance:.3f}, {rows:,} rows"
        for name, rows, _, score, deviation, distance in table.itertuples(index=False)
    ]
    title = f"Vendi score of {result.size:,} rows"
    figure = group_figure(names, scores, deviations, hover, title, session.theme())
    st.plotly_chart(figure, key="diversity_groups", alt="Groups by Vendi score")
    if len(names) > 1:
        st.markdown(
            f"Most diverse: **{plain(cut(names[0], 60))}**, Vendi score {scores[0]:.1f} of {result.size:,}. "
            f"Least diverse: **{plain(cut(names[-1], 60))}**, {scores[-1]:.1f}."
        )
    st.caption(
        f"Mean and standard deviation of {result.draws} samples of {result.size:,} rows per group (seed 0)."
        f"{_describe_excluded(result)} A group of exactly {result.size:,} rows has no deviation."
    )
    help_text = f"Each value of {plain(group_by)} with its rows, score, deviation and mean distance."
    csv_button("Download (CSV)", table, "diversity.csv", help_text, "diversity_file")


def _describe_excluded(result: GroupScores) -> str:
    numbers = (result.too_small, result.beyond_limit, result.missing)
    nouns = (("group", " with fewer rows"), ("smaller group", ""), ("row", " in no group"))
    parts = [f"{count(number, noun)}{end}" for number, (noun, end) in zip(numbers, nouns, strict=True) if number]
    return f" Excluded: {', '.join(parts)}." if parts else ""


MATTERS = 1.0  # skewness above which hubs distort a search


def show_hubs(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole section."""
    st.caption("Hubs are near to very many rows and turn up in every search; anti-hubs are hardly ever retrieved.")
    if info.rows < 3:
        st.info("With so few rows every row is a neighbor of all others.", icon=":material/info:")
        return
    k = st.segmented_control(
        "Neighbors (k)", [5, 10, 20, 50], key="hub_k", bind="query-params", default=10, required=True,
        help="Length of each row's list of nearest neighbors.",
    )  # fmt: skip
    summary = session.ask_once(hub_summary, session.corpus_ref(info), model, int(k or 10))
    show_hub_metrics(summary)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.plotly_chart(
            hub_figure(summary.bins, summary.rows, summary.k, session.theme()), key="hubs", alt="Rows by k-occurrence"
        )
        st.caption(
            f"All {summary.total:,} distinct texts by k-occurrence: in how many others' lists of {summary.k} nearest "
            f"neighbors a text is. The mean is always {summary.k}; its bar is orange."
        )
    with right:
        show_hub_table(summary)


def show_hub_metrics(summary: HubSummary) -> None:
    """The four numbers with their values by chance, and a verdict."""
    with st.container(horizontal=True):
        threshold = f"k-occurrence above {summary.threshold:z,.1f}: the mean plus two standard deviations."
        skewness = "Of the k-occurrences (Radovanovic et al., 2010). Above 1: a few hubs dominate."
        antihubs = f"Share of rows in no other row's list of {summary.k} nearest neighbors."
        robin_hood = "Share of list entries to redistribute for equal k-occurrences. 0: perfectly even."
        chance = f"chance: {summary.skewness_chance:z.2f}", f"chance: {summary.antihubs_chance:.1%}"
        no_color: Any = {"delta_color": "off", "delta_arrow": "off"}
        st.metric("Hubs", f"{summary.hubs:,}", help=threshold)
        st.metric("Skewness", f"{summary.skewness:z.2f}", chance[0], help=skewness, **no_color)
        st.metric("Anti-hubs", f"{summary.antihubs:.1%}", chance[1], help=antihubs, **no_color)
        st.metric("Robin Hood index", f"{summary.robin_hood:.1%}", help=robin_hood)
    pronounced = "**Hubs are pronounced**: check the rows listed; short or generic texts are typical hubs."
    mild = "**Hubs are mild**: no row dominates the neighbor lists."
    st.markdown(pronounced if summary.skewness > MATTERS else mild)


def show_hub_table(summary: HubSummary) -> None:
    """The rows with the highest k-occurrence."""
    table = with_row_numbers(summary.table, 3)
    st.markdown(f"**{count(len(table), 'row')} with the highest k-occurrence**")
    columns = {
        "k-occurrence": NumberColumn(format="localized", help="Other rows' neighbor lists this row is in."),
        "copies": NumberColumn("Copies", format="localized", help="Further rows with the same text."),
        "relative to mean": NumberColumn("Relative to mean", format="%.1f ×", help=f"The mean is {summary.k}."),
        "text": TextColumn("Text", width="large"),
        "Row": ROW_COLUMN,
    }
    show_table(table, "Rows with the highest k-occurrence", columns, max_height=300)
    help_text = "The rows listed here, with the beginnings of their texts."
    csv_button("Download (CSV)", table, "hubs.csv", help_text, "hubs_file")
