"""Train and evaluate: the contenders side by side, then everything about one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.details import predictions_file
from core.classify.estimators import ESTIMATORS
from core.classify.predictions import ClassifierSource, classifier_file
from core.classify.results import TRAINED, Settings, TrainingQuery
from core.classify.service import check_split, comparison, with_lexical
from core.errors import PlanisphereError
from core.results import Step
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.classify import evaluation
from pages.shared.classify.comparison import FIGURES, MAIN, best_contender, is_chance, show_comparison
from pages.shared.classify.learning import show_learning_curves
from pages.shared.classify.rows import format_interval
from pages.shared.classify.settings import select_more_settings, select_settings
from pages.shared.downloads import csv_button
from pages.shared.selections import active
from pages.shared.tables import show_table
from pages.shared.text import count, disambiguate_labels, file_stem, plain


@dataclass(frozen=True)
class TrainedContenders:
    """Contenders with stored classifiers. names: unique."""

    info: CorpusInfo
    queries: tuple[TrainingQuery, ...]
    names: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        return self.queries[0].settings


DETAILS: dict[str, dict[str, Callable[[CorpusInfo, TrainingQuery], None]]] = {
    "classes": {
        "Classes": evaluation.show_per_class,
        "Confusion matrix": evaluation.show_confusion,
        "Calibration": evaluation.show_calibration,
        "ROC and precision-recall": evaluation.show_curves,
        "Confident errors": evaluation.show_errors,
    },
    "sets": {"Labels": evaluation.show_per_class, "ROC and precision-recall": evaluation.show_curves},
    "number": {"Predictions": evaluation.show_numbers},
}
CURVE = "Learning curves"


def show_training(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for labels that can't be learned."""
    active.show_active(info)
    settings = select_settings(info)
    if settings is None:
        return
    more = select_more_settings(info, settings)
    runs = _trained(info, contenders, (settings, *more))
    if not runs:
        return
    if more:
        selected = show_columns(runs)
        runs = {selected: runs[selected]}
    run = next(iter(runs.values()))
    result = session.ask_once(comparison, run.queries, run.names)
    show_comparison(info, run.settings, result)
    _show_details(run, best_contender(run.settings, result).name)


def _trained(
    info: CorpusInfo, contenders: tuple[Contender, ...], every: tuple[Settings, ...]
) -> dict[str, TrainedContenders]:
    """By label column, the contenders and the lexical baseline once all are trained; else none, having offered it.
    Of several columns, those that can't be learned are named and left out."""
    corpus = session.corpus_ref(info)
    compared = session.ask_once(with_lexical, contenders)
    labels = disambiguate_labels({contender.key: contender.label for contender in compared})
    names = tuple(labels[contender.key] for contender in compared)
    runs, sides = {}, (0, 0, 0)
    for settings in every:
        try:
            sides = session.ask_once(check_split, corpus, settings)
        except PlanisphereError as error:
            if len(every) == 1:
                raise
            st.warning(
                f"{plain(settings.column)}: {plain(error.message)} {plain(error.remedy)}", icon=":material/block:"
            )
            continue
        queries = tuple(TrainingQuery(corpus, _plain_contender(contender), settings) for contender in compared)
        runs[settings.column] = TrainedContenders(info, queries, names)
    steps = [Step(TRAINED, query) for run in runs.values() for query in run.queries]
    rows = f" on {sides[0]:,} rows and evaluated on {sides[2]:,}" if len(every) == 1 else ""
    columns = ", ".join(plain(column) for column in runs)
    kind = ESTIMATORS[every[0].kind].label if len(every) == 1 else "The classifiers"
    ready = bool(runs) and result_view.ready_all(
        steps,
        headline=f"{kind} {'has' if len(every) == 1 else 'have'} not been trained on {columns} yet.",
        description=f"{count(len(compared), 'contender')} are trained{rows}.",
        titles=[
            f"{ESTIMATORS[query.settings.kind].label}, {query.contender.label}: {query.settings.column} of {info.name}"
            for query in (step.query for step in steps)
        ],
        button="Train",
    )
    return runs if ready else {}


def show_columns(runs: dict[str, TrainedContenders]) -> str:
    """A table of label columns by contenders; gives the column whose details are shown."""
    lines = []
    for column, run in runs.items():
        result, settings = session.ask_once(comparison, run.queries, run.names), run.settings
        main, as_share = MAIN[settings.task], settings.task != "number"
        cells = {row.name: format_interval(row.figures[main], as_share) for row in result.rows if not row.is_baseline}
        if is_chance(result):
            best = "not significantly better than chance"
        else:
            best = best_contender(settings, result).name + (" (tied)" if len(result.best) > 1 else "")
        lines.append({"column": column, "figure": FIGURES[main][0], **cells, "best": best})
    names = next(iter(runs.values())).names
    columns = {
        "column": TextColumn("Label column", width=150, pinned=True),
        "figure": TextColumn("Metric", width=150, help="On the test rows, with its 95% interval."),
        **{name: TextColumn(name, width=170) for name in names},
        "best": TextColumn(
            "Best",
            width=200,
            help="Tied: not significantly different from another contender. Numbers: the lowest error, not tested.",
        ),
    }
    show_table(pd.DataFrame(lines), "Label columns and contenders", columns, key="classify_columns")
    options = list(runs)
    if session.widget_value("classify_shown") not in options:
        session.set_widget("classify_shown", options[0])
    return st.selectbox("Details of label column", options, key="classify_shown", width=320)


def _plain_contender(contender: Contender) -> Contender:
    """Without the mark of a failed check, which is no part of what is trained."""
    return Contender(contender.model, contender.dimensions, contender.bits)


def _show_details(trained: TrainedContenders, best: str) -> None:
    names = dict(zip(trained.names, trained.queries, strict=True))
    st.markdown("##### One contender in detail")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if session.widget_value("classify_detail") not in names:
            session.set_widget("classify_detail", best)
        name = st.selectbox(
            "Contender", list(names), key="classify_detail", width=320, help="Learning curves show all contenders."
        )  # fmt: skip
        query = names[name]
        _show_downloads(trained.info, query)
    views = DETAILS[trained.settings.task]
    options = [*views, CURVE] if trained.settings.task == "classes" else list(views)
    if len(options) > 1:
        part = st.segmented_control("Detail", options, key="classify_part", default=options[0], required=True)
    else:
        part = options[0]
    if part == CURVE:
        show_learning_curves(trained.info, trained.queries, trained.names)
    else:
        views.get(str(part), views[options[0]])(trained.info, query)


def _show_downloads(info: CorpusInfo, query: TrainingQuery) -> None:
    stem = f"{file_stem(info.name)}-{file_stem(query.settings.column)}"
    ask = session.manager().ask  # bound here: downloads run outside of the page
    csv_button(
        "Test rows (CSV)", partial(ask, predictions_file, query), f"{stem}-test.csv", key="classify_test_file",
        help="The test rows with label, prediction and confidence.",
    )  # fmt: skip
    if query.contender.is_model:
        source = ClassifierSource(query.corpus, query.contender.model, query)
        st.download_button(
            "Save classifier", partial(ask, classifier_file, source), f"{stem}-{query.settings.kind}.npz",
            "application/octet-stream", key="classify_file", icon=":material/save:", on_click="ignore",
            help="A file of arrays for Apply or a notebook (classify.load). It takes vectors of this embedding model "
            "alone.",
        )  # fmt: skip
