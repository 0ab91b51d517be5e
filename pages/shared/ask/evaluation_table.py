"""The results of a retrieval evaluation: table, intervals, differences to a baseline, questions with disagreement."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.pipeline_comparison import PipelineComparison, differences_to, disagreements, results_table
from core.scoreboard.charts import interval_figure
from core.stats.interval import Interval
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, file_stem, plain

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}
METRIC_NAMES = {
    "ndcg": "nDCG@{k}", "recall": "Recall@{k}", "mrr": "MRR@{k}", "answerable_rate": "Answerable rate@{k}",
}  # fmt: skip
METRIC_HELP = {
    "ndcg": "How many relevant passages are in the top k, early and highly graded ones counting more.",
    "recall": "Share of a question's relevant passages in the top k.",
    "mrr": "Mean of 1 / rank of the first relevant passage, 0 past rank k.",
    "answerable_rate": "Share of questions with at least one relevant passage in the top k.",
}
REFUSAL_HELP = {
    "auroc": "Probability that an answerable question has a higher top score than an unanswerable one; 0.5 is chance.",
    "refusal_precision": "Share of answerable questions among those that are answered (cross-validated threshold).",
    "refusal_recall": "Share of the answerable questions that are answered (cross-validated threshold).",
}
REFUSAL_NAMES = {
    "auroc": "Refusal AUROC",
    "refusal_precision": "Answered: precision",
    "refusal_recall": "Answered: recall",
}


def show_comparison(info: CorpusInfo, comparison: PipelineComparison) -> None:
    """All of the results; the metric selected here sorts them."""
    k, names = comparison.evaluation.k, comparison.evaluation.pipelines
    metric = str(st.selectbox(
        "Metric", list(METRIC_NAMES), key="eval_metric", format_func=lambda name: METRIC_NAMES[name].format(k=k),
        persist_state="session", width=240, help=" ".join(METRIC_HELP.values()),
    ))  # fmt: skip
    values = comparison.evaluation.values[metric].mean(axis=1)
    order = np.argsort(-values, kind="stable")
    _show_table(comparison, metric, order)
    _show_intervals(comparison, metric, order)
    if len(names) > 1:
        _show_differences(comparison, metric, int(order[0]))
        _show_disagreements(comparison, metric)
    table = export_table(comparison)
    help_text = "All figures unrounded, with both ends of each 95% interval."
    csv_button("Export table (CSV)", table, f"{file_stem(info.name)}-retrieval.csv", help_text, "eval_csv")


def export_table(comparison: PipelineComparison) -> pd.DataFrame:
    """Unrounded, with what identifies the result in every row."""
    evaluation = comparison.evaluation
    facts = {"k": evaluation.k, "questions": len(comparison.questions)}
    return results_table(comparison).assign(**facts)


def _show_table(comparison: PipelineComparison, metric: str, order: np.ndarray) -> None:
    evaluation = comparison.evaluation
    table = results_table(comparison).iloc[order]
    visible = pd.DataFrame({"pipeline": table["pipeline"]})
    columns: dict[str, Any] = {"pipeline": text("Pipeline", "Model, search mode and reranker.", 260)}
    names = {name: label.format(k=evaluation.k) for name, label in METRIC_NAMES.items()} | REFUSAL_NAMES
    for name in [metric, *(other for other in names if other != metric)]:
        if name in table:
            ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
            visible[name] = [interval_text(Interval(*values)) for values in ends]
            columns[name] = text(names[name], f"{(METRIC_HELP | REFUSAL_HELP)[name]} With 95% interval.")
    visible["milliseconds"], visible["usd"] = table["milliseconds"], table["usd_per_1000"]
    columns["milliseconds"] = number("ms per query", "%.1f", "Median on this machine: embedding, search and reranking.")
    columns["usd"] = number("$ per 1,000", "%.4f", "US dollars for 1,000 questions, at most; blank where unknown.")
    show_table(visible, f"Pipelines by {names[metric]}", columns, key="eval_table")
    st.caption(plain(" ".join(_notes(comparison))))


def _notes(comparison: PipelineComparison) -> list[str]:
    evaluation = comparison.evaluation
    evidence = evaluation.differences["ndcg"]
    method = evidence.method if evidence else "Bootstrap over questions (percentiles)."
    notes = [f"{count(len(comparison.questions), 'question')}, {count(len(evaluation.pipelines), 'pipeline')}.", method]
    if evaluation.refusal:
        quality = next(iter(evaluation.refusal.values()))
        notes.append(
            f"Refusal: a threshold on the top score, chosen and judged in five folds of {quality.fit.answerable} "
            f"answerable and {quality.fit.unanswerable} unanswerable questions; Wilson intervals."
        )
    if np.isnan(comparison.embedding_ms).any():
        notes.append("Times of paid services are not measured, because every request costs money.")
    return notes


def interval_text(interval: Interval[float]) -> str:
    """ "0.812 [0.760, 0.851]"."""
    value, low, high = interval
    return f"{value:z.3f}" if np.isnan(low) else f"{value:z.3f} [{low:z.3f}, {high:z.3f}]"


def _show_intervals(comparison: PipelineComparison, metric: str, order: np.ndarray) -> None:
    evaluation = comparison.evaluation
    label = METRIC_NAMES[metric].format(k=evaluation.k)
    ordered = [evaluation.pipelines[i] for i in order]
    mean, low, high = np.array([evaluation.intervals[name][metric] for name in ordered]).T
    figure = interval_figure(ordered, mean, low, high, [int(i) for i in order], label, None, session.theme())
    st.plotly_chart(figure, key="eval_intervals", config=CHART_CONFIG, alt=f"{label} of pipelines with 95% intervals")


def _show_differences(comparison: PipelineComparison, metric: str, best: int) -> None:
    names = comparison.evaluation.pipelines
    st.markdown("##### Against a baseline")
    baseline = str(st.selectbox(
        "Baseline", names, best, key=f"eval_baseline-{metric}-{len(names)}",
        help="The best pipeline by default. Its difference to each other pipeline is tested on the same questions.",
    ))  # fmt: skip
    table = differences_to(comparison.evaluation, metric, names.index(baseline)).sort_values("difference")
    columns = {
        "pipeline": text("Pipeline", width="medium"),
        "difference": number("Difference", "%+.3f", "This pipeline minus the baseline."),
        "low": number("95% low", "%+.3f"), "high": number("95% high", "%+.3f"),
        "p_value": number("p (Holm)", "%.4f", "Paired randomization test, corrected for all pipelines of this table."),
        "significant": st.column_config.CheckboxColumn("Significant", help="p below 0.05."),
    }  # fmt: skip
    show_table(table.iloc[::-1], "Differences to the baseline", columns, key="eval_differences")


def _show_disagreements(comparison: PipelineComparison, metric: str) -> None:
    st.markdown("##### Questions on which pipelines disagree")
    table = disagreements(comparison, metric)
    if table.empty:
        st.caption("All pipelines have the same value on every question.")
        return
    columns: dict[str, Any] = {
        "question": text("Question", width="large"),
        "spread": number("Spread", "%.2f", "Highest minus lowest value of the metric among the pipelines."),
    }
    for name in comparison.evaluation.pipelines:
        columns[name] = number(name, "%d", "Rank of the first relevant passage; blank: not among the first 50.")
    show_table(table, "Questions on which pipelines disagree", columns, key="eval_questions")
    st.caption(f"{count(len(table), 'question')}: rank of the first relevant passage by each pipeline.")
    csv_button("Export questions (CSV)", table, "questions.csv", "All of these questions.", "eval_questions_csv")
