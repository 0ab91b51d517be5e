"""Migration: what changes when model B replaces model A."""

import pandas as pd
import streamlit as st

from core.models.registry import capabilities
from core.quality import service
from core.quality.charts import color, group_bars
from core.quality.migration import ListComparison, ThresholdMapping
from core.quality.service import QueryComparison
from core.quality.summaries import percent, with_interval
from core.stats.resampling import RESAMPLES
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.quality.common import QualitySelection, show_finding, show_quality_chart, show_quality_table
from pages.shared.text import plain

SAMPLED, MAX_TYPED = 20, 50  # queries
DEFAULT_THRESHOLD = 0.8


def show_migration(selection: QualitySelection) -> None:
    st.caption(
        "If model B replaces model A: how many lists of nearest neighbors change, which queries get other results, and "
        "which threshold is equivalent?"
    )
    if len(selection.contenders) < 2:
        st.info("Select a second contender above to migrate to.", icon=":material/swap_horiz:")
        return
    a, b, cosine = _select_models(selection)
    if a == b:
        st.info("Model A and model B are the same; select another model B.", icon=":material/swap_horiz:")
        return
    pair = (selection.contenders[a], selection.contenders[b])
    with st.spinner("Comparing lists", show_time=False):
        lists = session.ask_once(service.list_comparison, selection.corpus, *pair)
        threshold = session.ask_once(service.threshold_mapping, selection.corpus, *pair, cosine)
    _show_overlap(lists, f"{selection.names[a]} to {selection.names[b]}", selection.color_indices[b])
    for text in describe_migration(lists, threshold, selection.names[a], selection.names[b]):
        show_finding(text)
    st.caption(
        f"Lists: the {lists.k} nearest stored neighbors of all {lists.texts:,} unique texts; 95% intervals by "
        f"bootstrap over texts, {RESAMPLES:,} resamples, seed {lists.seed}; random lists overlap by "
        f"{percent(lists.chance)}. Equivalent threshold: the cosine that as many pairs reach (see Calibration); the "
        f"share of the same pairs is estimated on {threshold.pairs:,} pairs above it under A."
    )
    _show_queries(selection, pair, lists.texts)


def describe_migration(lists: ListComparison, threshold: ThresholdMapping, a: str, b: str) -> list[str]:
    parts = [
        f"{with_interval(lists.changed, percent)} of the top-{lists.k} lists change; the mean overlap is "
        f"{with_interval(lists.overlap, percent)}, and {with_interval(lists.half, percent)} of the lists lose more "
        "than half.",
        f"The nearest neighbor changes for {with_interval(lists.first, percent)} of the texts.",
    ]
    if threshold.share > 0 and threshold.pairs:
        same = f"{percent(threshold.same_pairs)} of them are the same pairs"
        if threshold.same_pairs >= 0.995:
            same = "practically all of them are the same pairs"
        parts.append(
            f"A threshold of {threshold.before:.2f} under {a} is equivalent to {threshold.after:.2f} under {b}: as "
            f"many pairs ({percent(threshold.share)}) reach it; {same}."
        )
    else:
        parts.append(f"No pair reaches {threshold.before:.2f} under {a}; enter a lower threshold.")
    return parts


def _select_models(selection: QualitySelection) -> tuple[int, int, float]:
    """Positions of A and B, and the threshold under A."""
    options = list(range(len(selection.names)))
    selected = []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for default, (label, key, text) in enumerate(
            (("Model A", "quality_from", "The current model."), ("Model B", "quality_to", "The new model."))
        ):
            at = st.selectbox(
                label, options, default, key=key, width=280, persist_state="session", help=text,
                format_func=lambda at: selection.names[at],
            )  # fmt: skip
            selected.append(at if at in options else default)
        cosine = st.number_input(
            "Threshold under A", -1.0, 1.0, DEFAULT_THRESHOLD, 0.01, "%.3f", key="quality_threshold", width=160,
            persist_state="session", help="A cosine threshold in use today.",
        )  # fmt: skip
    return selected[0], selected[1], float(cosine if cosine is not None else DEFAULT_THRESHOLD)


def _show_overlap(lists: ListComparison, name: str, color_index: int) -> None:
    groups = [str(number) for number in range(lists.k + 1)]
    shares = (lists.counts / lists.texts).tolist()
    series = [(name, color(color_index), shares)]
    figure = group_bars(groups, series, "share of texts", session.theme(), ".0%", 260)
    figure.update_xaxes(title={"text": f"how many of the {lists.k} nearest neighbors under A are also under B"})
    show_quality_chart(figure, "quality_overlap", "Texts by overlap of their nearest neighbors")


def _show_queries(selection: QualitySelection, pair: tuple[Contender, Contender], texts: int) -> None:
    st.markdown("**Changed results**")
    imported = next((contender.label for contender in pair if not capabilities(contender.model).can_embed), None)
    with st.form("quality_queries", border=False):
        typed = st.text_area(
            "Reference queries, one per line",
            key="quality_typed",
            placeholder="refund not received\nwhere is my parcel",
            disabled=imported is not None,
            help=f"At most {MAX_TYPED}. They are embedded with both models, and sent to the API of a hosted one. If "
            f"empty, {SAMPLED} texts are sampled.",
        )
        st.form_submit_button(
            "Compare",
            key="quality_query_go",
            icon=":material/compare_arrows:",
            disabled=imported is not None,
            help="Shows the top hit of each query under A and B.",
        )
    if imported is not None:
        st.caption(f"{plain(imported)} has imported vectors and can't embed queries; texts of the corpus are used.")
    queries = tuple(dict.fromkeys(line.strip() for line in (typed or "").splitlines() if line.strip()))[:MAX_TYPED]
    queries = () if imported is not None else queries
    with st.spinner("Searching under both", show_time=False):
        comparisons = _compare(selection, pair, queries)
    changed = sum(query.changed for query in comparisons)
    source = "typed queries" if queries else f"queries sampled from {texts:,} texts (seed 0)"
    show_finding(f"{changed:,} of {len(comparisons):,} {source} have changed results: an overlap below 50%.")
    _show_query_table(selection, comparisons)


def _compare(
    selection: QualitySelection, pair: tuple[Contender, Contender], queries: tuple[str, ...]
) -> list[QueryComparison]:
    if not queries:
        return session.ask_once(service.compare_sampled_queries, selection.corpus, *pair, SAMPLED, 0)
    secrets = tuple(session.api_key(contender.model) for contender in pair)
    return session.ask(service.compare_typed_queries, selection.corpus, *pair, queries, secrets)


def _show_query_table(selection: QualitySelection, comparisons: list[QueryComparison]) -> None:
    rows = [
        {
            "query": query.query,
            "overlap": query.overlap / max(query.k, 1),
            "changed": query.changed,
            "same_top_hit": query.same_top_hit,
            "top_a": query.top_a,
            "top_b": query.top_b,
        }
        for query in sorted(comparisons, key=lambda query: query.overlap)
    ]
    text, check = st.column_config.TextColumn, st.column_config.CheckboxColumn
    columns = {
        "query": text("Query", width="medium"),
        "overlap": st.column_config.NumberColumn("Overlap", format="percent", help="Share of A's results also in B's."),
        "changed": check("Changed results", help="The overlap is below 50%."),
        "same_top_hit": check("Same top hit", help="Whether the first result is the same."),
        "top_a": text("Top hit under A", width="medium"),
        "top_b": text("Top hit under B", width="medium"),
    }
    show_quality_table(pd.DataFrame(rows), "quality_query_table", selection, columns, "Queries under both models")
