"""Predict another file: upload, text column, what embedding it takes, and its predictions."""

from functools import partial

import numpy as np
import streamlit as st

from core.classify.charts import share_figure
from core.classify.file_predictions import (
    FILE_PREDICTIONS,
    FilePlan,
    FileQuery,
    file_predictions_csv,
    file_summary,
    plan_file,
)
from core.classify.predictions import MAX_LISTED, ClassifierSource
from core.corpus.reading.template import column_field, template_columns
from core.corpus.service import FilePreview, InvalidInput, preview_files
from core.figures import histogram_figure
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import paid_result, session
from pages.shared.classify.rows import select_label, show_rows
from pages.shared.downloads import csv_button
from pages.shared.text import count, cut, file_stem, format_duration, plain
from pages.shared.uploads import show_skipped_files, upload_table

MAX_SHOWN_CLASSES = 15
FORMATS = "CSV, TSV, JSON, JSONL, Parquet, XLSX or TXT, also inside .gz or .zip. It is not added to the corpus."


def show_predict_file(info: CorpusInfo, source: ClassifierSource) -> None:
    """The whole section. Raises PlanisphereErrors, such as for a file that can't be read."""
    st.markdown("##### Predict another file")
    if not capabilities(source.model).can_embed:
        st.caption("These vectors were imported: there is no model to embed other texts with.")
        return
    upload = upload_table("File", "apply_upload", FORMATS)
    if upload is None:
        return
    preview = session.ask_once(preview_files, session.folder(), upload)
    if isinstance(preview, InvalidInput):
        st.warning(f"{plain(preview.message)} {plain(preview.remedy)}", icon=":material/block:")
        return
    show_skipped_files(preview)
    text = _select_text(info, preview, upload.files[0].key)
    settings = source.query.settings if source.query else None
    query = FileQuery(source.corpus, source.model, upload, text, settings, source.file)
    plan = session.ask(plan_file, query, timeout=600)
    st.caption(describe_plan(plan, source.model))
    if _is_ready(query, plan):
        _show_predictions(query)


def _select_text(info: CorpusInfo, preview: FilePreview, key: str) -> str:
    """A template: a column, or that of the corpus where the file has its columns."""
    templates = {column_field(name): cut(name, 40) for name in preview.columns}
    if set(template_columns(info.roles.text)) <= set(preview.columns):
        templates.setdefault(info.roles.text, f"As in the corpus: {cut(info.roles.text, 60)}")
        default = info.roles.text
    else:
        default = preview.roles.text if preview.roles.text in templates else next(iter(templates))
    options = list(templates)
    return st.selectbox(
        "Text column", options, options.index(default), key=f"apply_text_column {key}", width=320,
        format_func=templates.__getitem__, help="What is classified. Choose what resembles the corpus' texts most.",
    )  # fmt: skip


def describe_plan(plan: FilePlan, model: ModelSpec) -> str:
    """Rows and different texts, and what is embedded, as Markdown."""
    parts = [f"{count(plan.rows, 'row')} with {count(plan.distinct, 'different text')}."]
    if plan.empty:
        verb = "has no text and gets" if plan.empty == 1 else "have no text and get"
        parts.append(f"{count(plan.empty, 'row')} {verb} no prediction.")
    if not plan.missing:
        parts.append("All vectors are cached: nothing is embedded.")
    elif plan.paid:
        cost = "price unknown" if plan.usd is None else f"at most ${plan.usd:,.4f}".replace("$", "\\$")
        parts.append(f"{plan.missing:,} of them are sent to {plain(model.label)}, a paid API ({cost}).")
    else:
        parts.append(
            f"{plan.missing:,} of them are embedded by {plain(model.label)}, about "
            f"{format_duration(max(plan.seconds, 1))}; vectors are cached."
        )
    return " ".join(parts)


def _is_ready(query: FileQuery, plan: FilePlan) -> bool:
    """Whether the predictions are stored; else computes or offers them, paid ones after consent."""
    return paid_result.is_ready(
        FILE_PREDICTIONS, query, plan, headline="This file has not been classified yet.",
        description="Its texts are embedded and classified.", title=f"Predictions for {query.upload.files[0].name}",
        button="Classify", key="apply_file_start",
    )  # fmt: skip


def _show_predictions(query: FileQuery) -> None:
    result, summary = FILE_PREDICTIONS.get(query), session.ask(file_summary, query, timeout=600)
    st.markdown(f"**{count(summary.predicted, 'row')} of {summary.rows:,}** predicted")
    if result.refused:
        listed = "; ".join(f"row {row + 1:,}: {plain(cut(message, 120))}" for row, message in result.examples)
        st.warning(f"{count(result.refused, 'text')} could not be embedded. {listed}", icon=":material/warning:")
    label, names = "", dict(summary.counts)
    if summary.numbers is not None:
        counts, edges = np.histogram(summary.numbers, bins=20)
        line = [(float(np.median(summary.numbers)), "median")]
        figure = histogram_figure(counts, edges, line, "predicted", session.theme())
    else:
        shown = summary.counts[:MAX_SHOWN_CLASSES]
        figure = share_figure([n for n, _ in shown], [r for _, r in shown], "rows", session.theme(), as_share=False)
    st.plotly_chart(figure, key="apply_file_counts", alt="Predicted rows of the file")
    if len(names) > MAX_SHOWN_CLASSES:
        st.caption(f"The {MAX_SHOWN_CLASSES} most frequent of {len(names):,}.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if names:
            label = select_label("Predicted class", names, "apply_file_class")
        csv_button(
            "Download (CSV)", partial(session.manager().ask, file_predictions_csv, query),
            f"{file_stem(query.upload.files[0].name)}-predictions.csv", key="apply_file_download",
            help="All rows of the file with prediction, probability and their columns.",
        )  # fmt: skip
    if label:
        summary = session.ask(file_summary, query, label, timeout=600)
    show_rows(summary.table, "Predicted rows of the file", "apply_file_rows", is_number=summary.numbers is not None)
    if summary.total > MAX_LISTED:
        st.caption(f"The first {MAX_LISTED:,} of {summary.total:,}; the download has all.")
