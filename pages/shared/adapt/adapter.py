"""Adapter: a linear map of a model's vectors, trained on labels, pairs, judgments or clicks."""

import streamlit as st

from core.adapt.results import ADAPTER, AdapterQuery, CheckQuery
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import messages, result_view, session
from pages.shared.adapt.check import show_check
from pages.shared.adapt.models import show_adapted_models
from pages.shared.adapt.report import show_report
from pages.shared.adapt.settings import select_training
from pages.shared.adapt.source import select_source
from pages.shared.text import disambiguate_labels, plain


def show_adapter(info: CorpusInfo) -> None:
    models = [model for model in session.workspace().models(info.digest) if not model.adapter]
    if not models:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: there are no vectors to adapt.")
        return
    st.caption(
        "An adapter moves the vectors of a model so that texts you call similar get closer. It is trained in about a "
        "minute, without embedding anything again, and applies to queries, too."
    )
    try:
        _train_adapter(info, models)
    except PlanisphereError as error:
        messages.show_error(error)
    show_adapted_models(info)


def _train_adapter(info: CorpusInfo, models: list[ModelSpec]) -> None:
    model, corpus = _select_base(models), session.corpus_ref(info)
    source = select_source(info)
    if source is None:
        return
    settings, seed = select_training(source.kind)
    if not show_check(info, CheckQuery(corpus, model, source, settings, seed)):
        return
    query = AdapterQuery(corpus, model, source, settings, seed)
    stored = result_view.ready(
        ADAPTER, query, headline="This adapter has not been trained yet.",
        description="Its control on shuffled supervision and a learning curve are trained, too.",
        title=f"Adapter of {model.label} on {info.name}", button="Train",
    )  # fmt: skip
    if stored:
        show_report(info, query)


def _select_base(models: list[ModelSpec]) -> ModelSpec:
    """The model in the sidebar by default."""
    by_key, current = {model.key: model for model in models}, session.current_model()
    names = disambiguate_labels({key: model.label for key, model in by_key.items()})
    default = list(by_key).index(current.base.key) if current and current.base.key in by_key else 0
    key = st.selectbox(
        "Base model", list(by_key), default, key="adapt_model", width=360, format_func=names.__getitem__,
        persist_state="session", help="Its vectors are mapped. Adapters of adapters are not offered.",
    )  # fmt: skip
    return by_key[key]
