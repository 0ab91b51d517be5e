"""Search: what is near a text or rows, what matches words or a pattern, under one model or several."""

import streamlit as st

from core.errors import PlanisphereError
from core.types import ModelSpec
from pages.shared import empty, session
from pages.shared.errors import show_error
from pages.shared.search import form, results
from pages.shared.selections import active as selected


def page() -> None:
    st.title("Search")
    info = session.current_corpus()
    if info is None:
        empty.no_corpus("There is nothing to search yet.")
        return
    selected.show_active(info)
    models = form.models(info)
    query = form.query(info, bool(models))
    if query is None:
        return
    chosen: list[ModelSpec | None] = [*models] if models and query.mode in ("meaning", "both") else [None]
    for place, spec in zip(st.columns(len(chosen)), chosen, strict=True):
        with place:
            try:
                results.show(info, spec, query, alone=len(chosen) == 1)
            except PlanisphereError as error:
                show_error(error)


page()
