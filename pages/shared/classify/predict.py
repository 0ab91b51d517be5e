"""Apply: classify a typed text or rows with a classifier trained here or loaded from a file."""

from functools import partial

import numpy as np
import streamlit as st

from core.classify.charts import share_figure, share_text
from core.classify.estimators import ESTIMATORS
from core.classify.predictions import (
    ALL,
    MAX_LISTED,
    UNLABELED,
    ClassifierFacts,
    ClassifierSource,
    Predictions,
    TextPrediction,
    classifier_facts,
    classifier_file,
    classify_text,
    predicted_rows,
    row_predictions,
    row_predictions_file,
    scope_rows,
    training_rows_in,
)
from core.classify.saved_columns import PREDICTIONS, save_predictions
from core.corpus.selections import saved_selections
from core.figures import histogram_figure
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.classify.predict_file import show_predict_file
from pages.shared.classify.rows import select_label, show_rows, show_select_button
from pages.shared.classify.save_column import show_save_column
from pages.shared.classify.source import select_source
from pages.shared.downloads import csv_button
from pages.shared.selections import active
from pages.shared.text import count, file_stem, plain

MAX_SHOWN_CLASSES = 15


def show_apply(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for a damaged file."""
    active.show_active(info)
    source = select_source(info, contenders)
    if source is None:
        return
    facts = session.ask(classifier_facts, source)
    _show_facts(info, source, facts)
    _show_text(source, facts)
    _show_rows_to_predict(info, source, facts)
    show_predict_file(info, source)


def _show_facts(info: CorpusInfo, source: ClassifierSource, facts: ClassifierFacts) -> None:
    what = f"{len(facts.classes):,} {'labels' if facts.task == 'sets' else 'classes'}" if facts.classes else "a number"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{ESTIMATORS[facts.kind].label} for {what}, trained on {count(facts.rows, 'row')} under "
            f"**{plain(facts.model)}**.",
            width="content",
        )
        if source.query:
            st.download_button(
                "Save classifier", partial(session.manager().ask, classifier_file, source),
                f"{file_stem(info.name)}-{file_stem(source.query.settings.column)}-{facts.kind}.npz",
                "application/octet-stream", key="apply_save", icon=":material/save:", on_click="ignore",
                help="A file of arrays, tied to this embedding model.",
            )  # fmt: skip


def _show_text(source: ClassifierSource, facts: ClassifierFacts) -> None:
    """A typed text: its classes, and the nearest rows."""
    st.markdown("##### Classify a text")
    if not capabilities(source.model).can_embed:
        st.caption("These vectors were imported: there is no model to embed a text with.")
        return
    with st.form("apply_form", border=False):
        text = st.text_area("Text", key="apply_text", height=90, placeholder="Type or paste a text", max_chars=20_000)
        st.form_submit_button("Classify", type="primary", icon=":material/play_arrow:")
    if not text.strip():
        return
    with st.spinner("Classifying", show_time=True):
        found = session.ask(classify_text, source, text, session.api_key(source.model))
    _show_text_result(found, source, facts)


def _show_text_result(found: TextPrediction, source: ClassifierSource, facts: ClassifierFacts) -> None:
    if found.number is not None:
        st.markdown(f"Predicted: **{found.number:.4g}**")
    else:
        name, share = found.classes[0]
        if facts.task == "sets":
            names = ", ".join(plain(label) for label, probability in found.classes if probability >= 0.5)
            st.markdown(f"Labels with a probability of 50% or more: **{names or 'none'}**")
        else:
            st.markdown(f"Most likely: **{plain(name)}** ({share_text(share)})")
        shown = found.classes[:MAX_SHOWN_CLASSES]
        figure = share_figure(
            [name for name, _ in shown], [share for _, share in shown], "probability", session.theme(), as_share=True
        )
        st.plotly_chart(figure, key="apply_probabilities", alt="Class probabilities of the text")
        if len(shown) < len(found.classes):
            st.caption(f"The {len(shown)} most likely of {len(found.classes):,} classes.")
    st.markdown("**Nearest training rows**" if source.query else "**Nearest rows of the corpus**")
    show_rows(found.neighbors, "Nearest rows", "apply_neighbors")


def _show_rows_to_predict(info: CorpusInfo, source: ClassifierSource, facts: ClassifierFacts) -> None:
    """Predictions of rows: counts, list, selection and download."""
    st.markdown("##### Predict rows")
    scope = _select_scope(info, source)
    result = session.ask(row_predictions, source, scope)
    seen = session.ask(training_rows_in, source, scope)
    st.markdown(f"**{count(result.rows, 'row')} of {info.rows:,}** predicted")
    if seen:
        st.caption(
            f":material/info: {seen:,} of these rows were used for training: their predictions look better than those "
            "of new rows."
        )
    if result.numbers is not None:
        _show_number_distribution(result.numbers)
    else:
        shown = result.counts[:MAX_SHOWN_CLASSES]
        figure = share_figure([n for n, _ in shown], [r for _, r in shown], "rows", session.theme(), as_share=False)
        st.plotly_chart(figure, key="apply_counts", alt="Predicted rows by class")
        more = f" The {len(shown)} most frequent of {len(result.counts):,}." if len(shown) < len(result.counts) else ""
        if facts.task == "sets":
            st.caption(f"A row counts in each of its labels, those with a probability of 50% or more.{more}")
        elif not np.isnan(result.confidence):
            st.caption(f"Mean probability of the predicted class: {result.confidence:.1%}.{more}")
    _show_predicted_rows(info, source, scope, result, facts)
    _show_save(info, source, scope, result, facts)


def _show_save(
    info: CorpusInfo, source: ClassifierSource, scope: str, result: Predictions, facts: ClassifierFacts
) -> None:
    """The predictions as a column."""
    st.markdown("##### Save predictions as a column")
    saved_scope, minimum = ALL, 0.0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if scope != ALL:
            options = {ALL: f"All rows ({info.rows:,})", scope: f"The rows predicted above ({result.rows:,})"}
            saved_scope = st.selectbox(
                "Rows to save", list(options), key="apply_save_scope", format_func=options.__getitem__, width=320
            )  # fmt: skip
        if facts.task == "classes":
            minimum = st.number_input(
                "Minimum probability", 0.0, 0.99, 0.0, 0.05, key="apply_minimum", width=180,
                help="Rows whose predicted class has a lower probability stay empty.",
            )  # fmt: skip
    rows = "all rows" if saved_scope == ALL else "the rows predicted above; other rows stay empty"
    cells = {"classes": "predicted class", "sets": "predicted labels (a JSON list)", "number": "predicted number"}
    below = f" Rows below a probability of {minimum:.0%} stay empty." if minimum else ""
    label = source.query.settings.column if source.query else "class"
    show_save_column(
        info, PREDICTIONS, f"{label} (predicted)", f"Stores the {cells[facts.task]} of {rows}.{below}",
        lambda name: session.ask(save_predictions, source, name, saved_scope, float(minimum), timeout=600),
    )  # fmt: skip


def _select_scope(info: CorpusInfo, source: ClassifierSource) -> str:
    options = {ALL: "All rows"}
    unlabeled = len(session.ask(scope_rows, source, UNLABELED)) if source.query else 0
    if unlabeled:
        options = {UNLABELED: f"Rows without a label ({unlabeled:,})", **options}
    selections = saved_selections(session.workspace(), info.digest)
    options |= {each.key: f"{each.name} ({each.rows:,})" for each in selections}
    if session.widget_value("apply_scope") not in options:
        session.set_widget("apply_scope", next(iter(options)))
    return st.selectbox(
        "Rows", list(options), key="apply_scope", format_func=options.__getitem__, width=320,
        help="All rows, those whose label is missing, or a saved selection.",
    )  # fmt: skip


def _show_number_distribution(numbers: np.ndarray) -> None:
    counts, edges = np.histogram(numbers, bins=20)
    figure = histogram_figure(counts, edges, [(float(np.median(numbers)), "median")], "predicted", session.theme())
    st.plotly_chart(figure, key="apply_histogram", alt="Distribution of the predicted numbers")


def _show_predicted_rows(
    info: CorpusInfo, source: ClassifierSource, scope: str, result: Predictions, facts: ClassifierFacts
) -> None:
    names, label = dict(result.counts), ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if names:
            label = select_label("Label" if facts.task == "sets" else "Predicted class", names, "apply_class")
        if label:
            rows = session.ask(predicted_rows, source, scope, label)
            show_select_button(info, rows, f"Predicted {label}", "apply_select")
        csv_button(
            "Download (CSV)", partial(session.manager().ask, row_predictions_file, source, scope),
            f"{file_stem(info.name)}-predictions.csv", key="apply_predictions_file",
            help="All these rows with prediction, probability and their columns.",
        )  # fmt: skip
    shown = session.ask(row_predictions, source, scope, label) if label else result
    show_rows(shown.table, "Predicted rows", "apply_rows", is_number=result.numbers is not None)
    if shown.total > MAX_LISTED:
        order = "highest" if result.numbers is not None else "most confident"
        st.caption(f"The {MAX_LISTED:,} {order} of {shown.total:,}; the download has all.")
