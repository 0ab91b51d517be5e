"""Zero-shot: rows are classified by typed labels, without training."""

from functools import partial

import streamlit as st

from core.classify.charts import share_figure, threshold_figure
from core.classify.predictions import MAX_LISTED, Predictions
from core.classify.saved_columns import ZERO_SHOT, save_zero_shot
from core.classify.zero_shot_rows import (
    ZeroShotEvaluation,
    ZeroShotQuery,
    parse_labels,
    zero_shot_evaluation,
    zero_shot_file,
    zero_shot_predictions,
    zero_shot_rows,
)
from core.classify.zeroshot import NONE, TEMPERATURE
from core.corpus.label_columns import label_columns
from core.errors import InputError
from core.models.registry import capabilities
from core.secret import Secret
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contenders import Contender
from pages.shared import messages, session
from pages.shared.classify.evaluation import show_class_table
from pages.shared.classify.rows import select_label, show_rows, show_select_button
from pages.shared.classify.save_column import show_save_column
from pages.shared.downloads import csv_button
from pages.shared.selections import active
from pages.shared.text import count, file_stem, plain

LABELS_KEY, TYPED_KEY = "zero_shot_labels", "zero_shot_typed"
EXAMPLE = "praise: a happy customer\ncomplaint: an angry customer\nquestion: a customer asks something"
NO_COLUMN = ""


def show_zero_shot(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for labels that can't be used."""
    active.show_active(info)
    st.caption("Each row gets the label whose description is nearest to it. No labeled rows are needed.")
    model = select_model(contenders, "zero_shot_model")
    if model is None:
        return
    messages.show_language_warnings(info, model)
    labels = _read_labels()
    temperature, threshold = _select_options()
    if labels is None:
        st.info("Type at least two labels and press Classify.", icon=":material/label:")
        return
    query = ZeroShotQuery(session.corpus_ref(info), model, labels, temperature, threshold)
    secret = session.api_key(model)
    with st.spinner("Classifying", show_time=True):
        result = session.ask(zero_shot_predictions, query, secret)
    _show_counts(result, query)
    _show_label_rows(info, query, secret, result)
    _show_evaluation(query, secret)
    st.markdown("##### Save labels as a column")
    none = "" if threshold is None else f' Rows with "{NONE}" stay empty.'
    show_save_column(
        info, ZERO_SHOT, "label (zero-shot)", f"Stores the zero-shot label of all rows.{none}",
        lambda name: session.ask(save_zero_shot, query, secret, name, timeout=600),
    )  # fmt: skip


def select_model(contenders: tuple[Contender, ...], key: str) -> ModelSpec | None:
    """A model among the contenders that can embed new texts; None without any, after showing what to do."""
    models = {each.model.key: each.model for each in contenders if capabilities(each.model).can_embed}
    if not models:
        st.info("None of these contenders can embed new texts: imported vectors have no model.", icon=":material/info:")
        st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")
        return None
    options = list(models)
    if session.widget_value(key) not in options:
        session.set_widget(key, options[0])
    chosen = st.selectbox(
        "Model", options, key=key, format_func=lambda name: models[name].label, width=320,
        help="One of the contenders above. It embeds what you type.",
    )  # fmt: skip
    return models[chosen]


def _read_labels() -> tuple[tuple[str, str], ...] | None:
    """The labels of the last press of the button; None before the first one."""
    with st.form("zero_shot_form", border=False):
        text = st.text_area(
            "Labels, one per line", key=LABELS_KEY, height=130, placeholder=EXAMPLE, persist_state="session",
            help='"label", "label: description", or "label: example | another example". A description that reads like '
            "the texts works best; examples are texts like the rows.",
        )  # fmt: skip
        if st.form_submit_button("Classify", type="primary", icon=":material/play_arrow:"):
            session.remember(TYPED_KEY, text)
    typed = session.remembered(TYPED_KEY, "")
    return parse_labels(typed) if typed.strip() else None


def _select_options() -> tuple[float, float | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        temperature = st.number_input(
            "Softmax temperature", 0.005, 1.0, TEMPERATURE, 0.005, format="%.3f", key="zero_shot_temperature",
            width=170, persist_state="session",
            help="Cosines are divided by it before the softmax. It changes probabilities, not labels: lower is more "
            "extreme. The probabilities are not calibrated.",
        )  # fmt: skip
        has_threshold = st.toggle(
            f'Allow "{NONE}"', key="zero_shot_none", persist_state="session",
            help="Rows whose highest cosine is below the threshold get no label.",
        )  # fmt: skip
        if not has_threshold:
            return float(temperature), None
        session.widget_default("zero_shot_threshold", 0.2)
        threshold = st.number_input(
            "Cosine threshold", -1.0, 1.0, step=0.01, format="%.3f", key="zero_shot_threshold", width=170,
            persist_state="session", help="Models differ in the cosines they give; the quantiles below help to choose.",
        )  # fmt: skip
        return float(temperature), float(threshold)


def _show_counts(result: Predictions, query: ZeroShotQuery) -> None:
    names, counts = [name for name, _ in result.counts], [number for _, number in result.counts]
    st.markdown(f"**{count(result.rows, 'row')}** by label")
    figure = share_figure(names, counts, "rows", session.theme(), as_share=False)
    st.plotly_chart(figure, key="zero_shot_counts", alt="Rows by zero-shot label")
    low, middle, high = result.cosines
    st.caption(
        f"Under {plain(query.model.label)}. Highest cosine of a row: median {middle:z.3f}, 5% of rows are below "
        f"{low:z.3f} and 5% above {high:z.3f}. Mean probability {result.confidence:.1%} at temperature "
        f"{query.temperature:g}, not calibrated."
    )


def _show_label_rows(info: CorpusInfo, query: ZeroShotQuery, secret: Secret | None, result: Predictions) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = select_label("Rows with the label", dict(result.counts), "zero_shot_shown")
        if label:
            rows = session.ask(zero_shot_rows, query, secret, label)
            show_select_button(info, rows, f"Zero-shot {label}", "zero_shot_select")
        csv_button(
            "Download (CSV)", partial(session.manager().ask, zero_shot_file, query, secret),
            f"{file_stem(info.name)}-zero-shot.csv", key="zero_shot_file",
            help="All rows with label, probability and the cosine to each label.",
        )  # fmt: skip
    shown = session.ask(zero_shot_predictions, query, secret, label) if label else result
    show_rows(shown.table, "Rows with their zero-shot label", "zero_shot_rows")
    if shown.total > MAX_LISTED:
        st.caption(f"The {MAX_LISTED:,} most confident of {shown.total:,}; the download has all.")


def _show_evaluation(query: ZeroShotQuery, secret: Secret | None) -> None:
    columns = session.ask_once(label_columns, query.corpus)
    if not columns:
        return
    column = st.selectbox(
        "Evaluate against", [NO_COLUMN, *columns], key="zero_shot_column", width=320, persist_state="session",
        format_func=lambda name: name or "no column",
        help="A label column that has the typed labels, in any case.",
    )  # fmt: skip
    if not column:
        return
    try:
        found = session.ask(zero_shot_evaluation, query, secret, column)
    except InputError as error:
        messages.show_error(error)
        return
    _show_figures(query, found)
    show_class_table(found.per_class, "zero_shot_classes", "labeled rows")


def _show_figures(query: ZeroShotQuery, found: ZeroShotEvaluation) -> None:
    with st.container(horizontal=True):
        for name, label in (("accuracy", "Accuracy"), ("macro_f1", "Macro F1"), ("kappa", "Kappa")):
            value, low, high = found.figures[name]
            st.metric(
                label, f"{value:z.3f}", f"95%: {low:z.3f} to {high:z.3f}", delta_color="off", delta_arrow="off"
            )  # fmt: skip
    st.markdown(plain(found.summary))
    unknown = f"{count(found.unknown, 'row')} have a label that was not typed"
    answer = f'; "{NONE}" is right for them' if query.threshold is not None else "; any answer is wrong for them"
    missing = f" {count(found.missing, 'row')} without a label are left out." if found.missing else ""
    st.caption(
        (f"{unknown}{answer}." if found.unknown else "Every label was typed.") + missing
    )  # fmt: skip
    best = found.curve.best
    st.plotly_chart(
        threshold_figure(found.curve, query.threshold, session.theme()), key="zero_shot_threshold_curve",
        alt="Precision-recall curve of the cosine threshold",
    )  # fmt: skip
    st.button(
        f"Use threshold {best:z.3f}", key="zero_shot_use_best", icon=":material/tune:", on_click=_use_threshold,
        args=(best,), help=f'Rows below it are "{NONE}".',
    )  # fmt: skip
    st.caption(
        "Rows with a highest cosine at or above the threshold are answered. Precision: share of answered rows that are "
        "right; recall: share of the rows with a typed label that are answered and right. Best F1: "
        f"{found.best_f1:z.3f} at cosine {best:z.3f}, chosen and measured on the same rows, so it is optimistic."
    )


def _use_threshold(threshold: float) -> None:
    session.set_widget("zero_shot_none", True)
    session.set_widget("zero_shot_threshold", max(-1.0, min(1.0, float(threshold))))
