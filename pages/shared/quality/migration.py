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
from pages.shared.quality import common
from pages.shared.quality.common import QualitySelection
from pages.shared.tables import checkbox, percentage, text
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
    for finding in describe_migration(lists, threshold, selection.names[a], selection.names[b]):
        common.show_finding(finding)
    st.caption(
        f"Lists: the {lists.k} nearest stored neighbors of all {lists.texts:,} unique texts; 95% intervals by "
        f"bootstrap over texts, {RESAMPLES:,} resamples, seed {lists.seed}; random lists overlap by "
        f"{percent(lists.chance)}. Equivalent threshold: the cosine that as many pairs reach (see Calibration); the "
        f"share of the same pairs is estimated on {threshold.pairs:,} pairs above it under A."
    )
    _show_queries(selection, pair, lists.texts)


def describe_migration(lists: ListComparison, threshold: ThresholdMapping, a: str, b: str) -> list[str]:
    changed, overlap, half, first = (
        with_interval(share, percent) for share in (lists.changed, lists.overlap, lists.half, lists.first)
    )
    findings = [
        f"{changed} of the top-{lists.k} lists change; the mean overlap is {overlap}, and {half} of the lists lose "
        f"more than half. The nearest neighbor changes for {first} of the texts."
    ]
    if not threshold.share > 0 or not threshold.pairs:
        return [*findings, f"No pair reaches {threshold.before:z.2f} under {a}; enter a lower threshold."]
    share = "practically all" if threshold.same_pairs >= 0.995 else percent(threshold.same_pairs)
    return [
        *findings,
        f"A threshold of {threshold.before:z.2f} under {a} is equivalent to {threshold.after:z.2f} under {b}: as many "
        f"pairs ({percent(threshold.share)}) reach it; {share} of them are the same pairs.",
    ]


def _select_models(selection: QualitySelection) -> tuple[int, int, float]:
    """Positions of A and B, and the threshold under A."""
    options = list(range(len(selection.names)))
    selected = []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for default, (name, key, model) in enumerate((("A", "quality_from", "current"), ("B", "quality_to", "new"))):
            at = st.selectbox(
                f"Model {name}", options, default, key=key, width=280, persist_state="session",
                format_func=lambda at: selection.names[at], help=f"The {model} model.",
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
    st.plotly_chart(figure, key="quality_overlap", alt="Texts by overlap of their nearest neighbors")


def _show_queries(selection: QualitySelection, pair: tuple[Contender, Contender], texts: int) -> None:
    st.markdown("**Changed results**")
    imported = next((contender.label for contender in pair if not capabilities(contender.model).can_embed), None)
    with st.form("quality_queries", border=False):
        typed = st.text_area(
            "Reference queries, one per line", key="quality_typed", disabled=imported is not None,
            placeholder="refund not received\nwhere is my parcel",
            help=f"At most {MAX_TYPED}. They are embedded with both models, and sent to the API of a hosted one. If "
            f"empty, {SAMPLED} texts are sampled.",
        )  # fmt: skip
        st.form_submit_button(
            "Compare", key="quality_query_go", icon=":material/compare_arrows:", disabled=imported is not None,
            help="Shows the top hit of each query under A and B.",
        )  # fmt: skip
    if imported is not None:
        st.caption(f"{plain(imported)} has imported vectors and can't embed queries; texts of the corpus are used.")
    queries = tuple(dict.fromkeys(line.strip() for line in (typed or "").splitlines() if line.strip()))[:MAX_TYPED]
    queries = () if imported is not None else queries
    with st.spinner("Searching under both", show_time=False):
        comparisons = _compare(selection, pair, queries)
    changed = sum(query.changed for query in comparisons)
    source = "typed queries" if queries else f"queries sampled from {texts:,} texts (seed 0)"
    common.show_finding(f"{changed:,} of {len(comparisons):,} {source} have changed results: an overlap below 50%.")
    _show_query_table(selection, comparisons)


def _compare(
    selection: QualitySelection, pair: tuple[Contender, Contender], queries: tuple[str, ...]
) -> list[QueryComparison]:
    if not queries:
        return session.ask_once(service.compare_sampled_queries, selection.corpus, *pair, SAMPLED, 0)
    secrets = tuple(session.api_key(contender.model) for contender in pair)
    return session.ask(service.compare_typed_queries, selection.corpus, *pair, queries, secrets)


def _show_query_table(selection: QualitySelection, comparisons: list[QueryComparison]) -> None:
    ordered = sorted(comparisons, key=lambda query: query.overlap)
    frame = pd.DataFrame({"query": [query.query for query in ordered]})
    frame["overlap"] = [query.overlap / max(query.k, 1) for query in ordered]
    for name in ("changed", "same_top_hit", "top_a", "top_b"):
        frame[name] = [getattr(query, name) for query in ordered]
    columns = {
        "query": text("Query", width="medium"),
        "overlap": percentage("Overlap", "Share of A's results also in B's."),
        "changed": checkbox("Changed results", "The overlap is below 50%."),
        "same_top_hit": checkbox("Same top hit", "Whether the first result is the same."),
        "top_a": text("Top hit under A", width="medium"),
        "top_b": text("Top hit under B", width="medium"),
    }
    common.show_quality_table(frame, "quality_query_table", selection, columns, "Queries under both models")
