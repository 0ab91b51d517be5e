"""Search: rows similar to a text or to rows, keywords, regular expressions; under one model or several."""

import streamlit as st

from core.errors import PlanisphereError
from core.types import ModelSpec
from pages.shared import messages, session
from pages.shared.messages import show_error
from pages.shared.search import form, results
from pages.shared.search.keywords import keyword_index_ready
from pages.shared.selections import active


def page() -> None:
    st.title("Search")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("There is nothing to search yet.")
        return
    active.show_active(info)
    models = form.select_models(info)
    query = form.read_query(info, bool(models))
    if query is None:
        return
    if models and query.mode in ("semantic", "hybrid"):
        messages.show_language_warnings(info, *models)
    if query.mode in ("keyword", "hybrid") and not keyword_index_ready([info]):
        return
    results.select_view()
    searched: list[ModelSpec | None] = [*models] if models and query.mode in ("semantic", "hybrid") else [None]
    for column, spec in zip(st.columns(len(searched)), searched, strict=True):
        with column:
            try:
                results.show_search_result(info, spec, query, compact=len(searched) > 1)
            except PlanisphereError as error:
                show_error(error)


page()
