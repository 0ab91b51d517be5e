"""What a fine-tuning gave: the model beside its base and an adapter, and using it."""

from functools import partial

import pandas as pd
import streamlit as st

from core.finetune.charts import trace_figure
from core.finetune.comparison import Score, Scores
from core.finetune.report import ADAPTER, BASE, TUNED, FineTuned
from core.finetune.results import FINE_TUNED, FineTuneQuery
from core.finetune.service import model_card_text, model_zip
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.classify.rows import format_interval
from pages.shared.downloads import OPTIONS
from pages.shared.finetune.models import show_use
from pages.shared.tables import number, show_table, text
from pages.shared.text import count, format_bytes, format_duration, plain

METRICS = {
    "MAP@R": "Each held-out text ranks the others; mean average precision among the first R, where R is how many "
    "others have its label.",
    "nDCG@10": "Each held-out query ranks the rows; relevant ones near the top count most.",
    "Spearman": "Rank correlation of cosines and scores of held-out pairs.",
}  # fmt: skip


def show_report(info: CorpusInfo, query: FineTuneQuery) -> None:
    report = FINE_TUNED.get(query)
    _show_verdict(report)
    show_table(_table(report), "Base, fine-tuned model and adapter", _columns(report), key="finetune_table")
    _show_captions(report)
    if report.model:
        show_use(info, report.model)
    st.markdown("##### Training")
    figure = trace_figure(report.trace, session.theme())
    st.plotly_chart(
        figure, key="finetune_trace", alt="Validation score and loss by step", config={"displayModeBar": False}
    )
    st.caption(
        f"{report.trace.metric} of {count(report.validation, 'validation example')}: the dotted line is the base, the "
        "ring the checkpoint that is used. Loss: the mean of the steps between."
    )
    if report.shortened:
        _show_shortened(report)
    if report.model:
        _show_files(report)


def _show_verdict(report: FineTuned) -> None:
    if report.model is None:
        st.warning("Fine-tuning did not help: no checkpoint was better than the base.", icon=":material/block:")
        return
    tuned, metric = report.seen.of(TUNED), report.seen.metric
    if tuned.difference is None:
        return
    change = f"{metric} of held-out examples changes by {format_interval(tuned.difference, False)}"
    if tuned.is_better:
        st.success(f"**Fine-tuning helps**: {change}.", icon=":material/check_circle:")
    elif tuned.is_worse:
        st.warning(f"**Fine-tuning is worse than the base**: {change}.", icon=":material/block:")
    else:
        smallest = f"{report.seen.minimum_detectable:.3f}"
        st.info(
            f"**No significant gain**: {change}. These held-out examples show a gain of {smallest} with 80% power.",
            icon=":material/help:",
        )
    between = report.seen.between
    if between and between.difference:
        better = (
            "better than"
            if between.is_better
            else "worse than"
            if between.is_worse
            else "not significantly different from"
        )
        st.markdown(
            f"The fine-tuned model is **{better}** an adapter on the same examples "
            f"({format_interval(between.difference, False)} {metric})."
        )


def _columns(report: FineTuned) -> dict[str, object]:
    help_ = METRICS[report.seen.metric]
    columns: dict[str, object] = {
        "name": text("Model", width=95, pinned=True),
        "seen": text(f"{report.seen.metric}, held-out", f"{help_} With 95% interval.", 150),
        "seen_gain": text("Minus base", "Paired, with a 95% interval.", 155),
        "seen_p": text("p", "Of the difference to the base, corrected by Holm's method.", 60),
    }
    if report.unseen:
        columns |= {
            "unseen": text("Other labels", "Held-out labels, no row of which was trained on.", 150),
            "unseen_gain": text("Minus base ", "On other labels: paired, with a 95% interval.", 160),
        }
    return columns | {
        "minutes": number("Minutes", "%.1f", "Of training, on this machine.", 70),
        "bytes": text("Size", "Stored: weights of the model, or of the adapter alone.", 65),
    }


def _table(report: FineTuned) -> pd.DataFrame:
    costs = {cost.name: cost for cost in report.costs}
    names = [name for name in (BASE, TUNED, ADAPTER) if name in costs and not (name == TUNED and not report.model)]
    rows = []
    for name in names:
        row = {"name": name} | _cells("seen", report.seen, name)
        if report.unseen:
            row |= {key: cell for key, cell in _cells("unseen", report.unseen, name).items() if key != "unseen_p"}
        rows.append(row | {"minutes": costs[name].minutes, "bytes": format_bytes(costs[name].bytes)})
    return pd.DataFrame(rows)


def _cells(part: str, scores: Scores, name: str) -> dict[str, str]:
    score: Score = scores.of(name)
    gain, p_value = "–", "–"
    if score.difference:
        gain, p_value = format_interval(score.difference, False), f"{score.p_value:.4f}"
    return {part: format_interval(score.score, False), f"{part}_gain": gain, f"{part}_p": p_value}


def _show_captions(report: FineTuned) -> None:
    cost = next(cost for cost in report.costs if cost.name == TUNED)
    other = f" and {count(report.unseen.observations, 'example')} of other labels" if report.unseen else ""
    st.caption(
        f"Tested on {count(report.seen.observations, 'held-out example')}{other}; trained on {report.train:,}. "
        f"Training took {format_duration(cost.minutes * 60)}, "
        f"{format_duration(cost.cpu_minutes * 60)} of processor time. "
        f"{plain(report.method)} {plain(report.seen.method)}"
    )
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")


def _show_shortened(report: FineTuned) -> None:
    st.markdown("##### Shortened vectors")
    table = pd.DataFrame(
        [{"dimensions": part.dimensions, "base": part.base, "tuned": part.tuned} for part in report.shortened]
    )
    columns = {
        "dimensions": number("First dimensions", "localized", width=140),
        "base": number("Base", "%.3f", width=100), "tuned": number("Fine-tuned", "%.3f", width=100),
    }  # fmt: skip
    show_table(table, "Scores of shortened vectors", columns, key="finetune_shortened")
    st.caption(f"{report.seen.metric} of the held-out examples by the first dimensions alone.")


def _show_files(report: FineTuned) -> None:
    if report.model is None:
        return
    folder, spec = session.folder(), report.model
    with st.container(horizontal=True):
        st.download_button(
            "Download model (ZIP)", partial(model_zip, folder, spec), f"{spec.name}.zip", "application/zip",
            key="finetune_zip", help="The folder of the model, for sentence-transformers.", **OPTIONS,
        )  # fmt: skip
        with st.popover("Model card", icon=":material/description:"):
            st.code(model_card_text(folder, spec), language="markdown", wrap_lines=True)
