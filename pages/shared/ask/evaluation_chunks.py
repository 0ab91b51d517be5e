"""Chunk sizes compared on questions with known evidence."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.chunk_runs import ChunkPlan, ChunkQuery, chunk_plan
from core.ask.chunk_sizes import ChunkComparison, chunk_table
from core.ask.retrieval_results import CHUNK_SIZES
from core.digest import digest_json
from core.models.registry import capabilities
from core.scoreboard.charts import interval_figure
from core.stats.interval import Interval
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import messages, result_view, session
from pages.shared.ask.evaluation_questions import select_questions
from pages.shared.ask.evaluation_table import CHART_CONFIG, interval_text
from pages.shared.downloads import csv_button
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, file_stem, plain

SIZES = (32, 64, 128, 256, 512, 1_024)
OVERLAPS = (0.0, 0.1, 0.2, 0.3)
METRIC_NAMES = {
    "budget_recall": "Evidence recall, {budget:,} tokens", "budget_precision": "Evidence precision, {budget:,} tokens",
    "recall": "Evidence recall@{k}", "answerable_rate": "Answerable rate@{k}", "mrr": "MRR@{k}",
}  # fmt: skip
METRIC_HELP = {
    "budget_recall": "Share of the evidence in the best chunks up to the token budget: fair to all sizes.",
    "budget_precision": "Share of the text in the budget that is evidence.",
    "recall": "Share of the evidence in the first k chunks: favors large chunks, which hold more text.",
    "answerable_rate": "Share of questions for which one of the first k chunks overlaps the evidence.",
    "mrr": "Mean of 1 / rank of the first chunk that overlaps the evidence, 0 past k.",
}


def show_chunk_sizes(info: CorpusInfo) -> None:
    """Form, then the comparison."""
    st.caption(
        "The texts of this corpus (sections of a document and passages of a row joined again) are split at several "
        "sizes. A chunk is relevant where it overlaps the evidence, or the known passage."
    )
    models = {model.key: model for model in session.workspace().models(info.digest) if capabilities(model).can_embed}
    if not models:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet.")
        return
    labels = {key: model.label for key, model in models.items()}
    key = st.selectbox(
        "Model", list(models), format_func=labels.__getitem__, key="chunk_model", persist_state="session",
        help="Counts the tokens and embeds the chunks.",
    )  # fmt: skip
    sizes = st.pills(
        "Chunk sizes (tokens)", SIZES, selection_mode="multi", default=(64, 128, 256), key="chunk_sizes",
        persist_state="session", help="The most tokens of a chunk; chunks end at natural breaks.",
    )  # fmt: skip
    budget, k, overlap = _select_settings()
    questions = select_questions(info)
    if questions is None:
        return
    if not questions.has_evidence:
        st.caption(":material/info: These questions come without evidence: their whole known passages count as it.")
    if len(sizes) < 2:
        st.info("Select at least two chunk sizes.", icon=":material/info:")
        return
    contender = Contender(models[str(key)])
    query = ChunkQuery(
        session.corpus_ref(info), contender, questions.key, tuple(sorted(map(int, sizes))), k, budget, overlap
    )
    _show_comparison(info, query)


def _select_settings() -> tuple[int, int, float]:
    left, middle, right = st.columns(3)
    budget = left.number_input(
        "Token budget", 50, 20_000, 500, 50, key="chunk_budget", persist_state="session",
        help="How many tokens of the best chunks a reader or language model gets: the same for all sizes.",
    )  # fmt: skip
    k = middle.number_input("Chunks (k)", 1, 50, 5, key="chunk_k", persist_state="session", help="For metrics at k.")
    overlap = right.selectbox(
        "Overlap", OVERLAPS, format_func="{:.0%}".format, key="chunk_overlap", persist_state="session",
        help="Share of a chunk that the next one repeats.",
    )  # fmt: skip
    return int(budget), int(k), float(overlap)


def _show_comparison(info: CorpusInfo, query: ChunkQuery) -> None:
    if not CHUNK_SIZES.exists(query):
        plan = session.ask_once(chunk_plan, query)
        if not _agree(query, plan):
            return
    is_ready = result_view.ready(
        CHUNK_SIZES, query, headline=f"{count(len(query.sizes), 'chunk size')} to compare",
        description=f"Splits and embeds the texts of {plain(info.name)} once for each size; vectors are cached.",
        title=f"Chunk sizes of {info.name}", button="Compare",
    )  # fmt: skip
    if is_ready:
        _show_result(info, session.ask(CHUNK_SIZES.get, query))


def _agree(query: ChunkQuery, plan: ChunkPlan) -> bool:
    """Shows what is embedded; whether it is free, or agreed to."""
    documents = f"{plan.documents:,} of {plan.total:,}" if plan.documents < plan.total else f"all {plan.total:,}"
    st.caption(
        f"{count(plan.questions, 'question')}, searched in {documents} texts ({plan.characters:,} characters)"
        + (": those with evidence, and a random sample of the others (seed 0)." if plan.documents < plan.total else ".")
    )
    if not capabilities(query.contender.model).paid:
        return True
    price = "price unknown" if plan.usd is None else f"at most ${plan.usd:,.4f}"
    st.warning(
        f"**Paid API:** these texts to {plain(query.contender.label)}, once for each size; {price}.",
        icon=":material/payments:",
    )
    digest = digest_json([query.contender.key, query.questions, list(query.sizes), query.overlap])
    return st.checkbox("I agree that these texts are sent, and to pay for them", key=f"chunk_agreed-{digest}")


def _show_result(info: CorpusInfo, result: ChunkComparison) -> None:
    names = {name: label.format(k=result.k, budget=result.budget) for name, label in METRIC_NAMES.items()}
    metric = st.selectbox(
        "Metric", list(names), key="chunk_metric", format_func=names.__getitem__, persist_state="session", width=320,
        help=" ".join(METRIC_HELP.values()),
    )  # fmt: skip
    table = chunk_table(result, metric).sort_values(metric, ascending=False)
    _show_table(table, metric, names)
    mean, low, high = (table[f"{metric}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))
    labels = [f"{size:,} tokens" for size in table["size"]]
    order = [result.sizes.index(size) for size in table["size"]]
    figure = interval_figure(labels, mean, low, high, order, names[metric], None, session.theme())
    alt = f"{names[metric]} by chunk size with 95% intervals"
    st.plotly_chart(figure, key="chunk_intervals", config=CHART_CONFIG, alt=alt)
    st.caption(
        f"{count(len(result.questions), 'question')}, {count(result.documents, 'text')}, {result.characters:,} "
        f"characters, overlap {result.overlap:.0%}. Intervals: bootstrap over questions; differences to the best size: "
        "paired randomization test, corrected for the other sizes (Holm), seed 0."
    )
    same = len(np.unique(result.chunks)) < len(result.sizes)
    if same or result.mean_tokens[-1] < result.sizes[0]:
        st.caption(":material/info: Most texts are shorter than these sizes, so that few of them are split.")
    csv_button(
        "Export table (CSV)", table.assign(k=result.k, budget=result.budget, questions=len(result.questions)),
        f"{file_stem(info.name)}-chunk-sizes.csv", "All figures unrounded.", "chunk_csv",
    )  # fmt: skip


def _show_table(table: pd.DataFrame, metric: str, names: dict[str, str]) -> None:
    visible = table[["size", "chunks", "mean_tokens"]].copy()
    columns: dict[str, Any] = {
        "size": number("Size", "localized", "The most tokens of a chunk.", 60),
        "chunks": number("Chunks", "localized", width=70),
        "mean_tokens": number("Mean tokens", "%.0f", width=90),
    }
    tests = {
        "difference": number("Difference", "%+.3f", f"To the best size in {names[metric]}."),
        "p_value": number("p (Holm)", "%.4f", "Paired randomization test, corrected for the other sizes."),
        "significant": st.column_config.CheckboxColumn("Significant", help="p below 0.05."),
    }
    for name in [metric, *tests, *(other for other in names if other != metric)]:
        if name in tests:
            visible[name], columns[name] = table[name], tests[name]
            continue
        ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        visible[name] = [interval_text(Interval(*values)) for values in ends]
        columns[name] = text(names[name], f"{METRIC_HELP[name]} With 95% interval.")
    show_table(visible, f"Chunk sizes by {names[metric]}", columns, key="chunk_table")
