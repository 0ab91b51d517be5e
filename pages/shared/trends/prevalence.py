"""Corrected shares: the classes of a classifier over time, corrected for its errors, as on the Classify page."""

from collections.abc import Mapping

import streamlit as st

from core.classify.corpus_shares import SharesQuery, audit_facts
from core.classify.predictions import ClassifierSource, StoredClassifier, stored_classifiers
from core.classify.saved_columns import column_classifier
from pages.shared import session
from pages.shared.classify.prevalence import show_audit, show_corrected_over_time
from pages.shared.classify.source import describe_classifier
from pages.shared.trends.form import TrendForm

KEY = "t_classifier"


def show_corrected_shares(form: TrendForm) -> None:
    """The classifier, that of the grouped column at first, its audit sample, and the shares by period."""
    corpus = form.query.corpus
    stored = session.ask(stored_classifiers, corpus)
    usable = {describe_classifier(each): each for each in stored if each.query.settings.task != "number"}
    if not usable:
        st.info(
            "No classifier has been trained on this corpus yet. Train one on a label column to see corrected shares.",
            icon=":material/model_training:",
        )
        st.page_link("pages/apply/classify.py", label="Train on the Classify page", icon=":material/category:")
        return
    if session.remembered(f"{KEY} group") != form.query.column:  # another group: its own classifier
        session.remember(f"{KEY} group", form.query.column)
        own = _classifier_of_group(form, usable)
        if own:
            session.set_widget(KEY, own)
    if session.widget_value(KEY) not in usable:
        session.set_widget(KEY, next(iter(usable)))
    name = st.selectbox(
        "Classifier", list(usable), key=KEY, persist_state="session",
        help="Trained on the Classify page. A group column with saved predictions selects its own classifier.",
    )  # fmt: skip
    trained = usable[name].query
    query = SharesQuery(ClassifierSource(corpus, trained.contender.model, trained))
    show_audit(session.ask(audit_facts, query, timeout=600))
    show_corrected_over_time(form.info, query, form.query.time, form.period, "t_prevalence")


def _classifier_of_group(form: TrendForm, usable: Mapping[str, StoredClassifier]) -> str | None:
    """The name of the classifier whose predictions the grouped column has, or that was trained on the column."""
    if form.query.group != "column":
        return None
    predicted = column_classifier(form.query.corpus, form.query.column)
    by_query = [name for name, each in usable.items() if each.query == predicted]
    by_column = [name for name, each in usable.items() if each.query.settings.column == form.query.column]
    return next(iter([*by_query, *by_column]), None)
