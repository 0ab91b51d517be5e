"""Selecting the rows of a group by a click."""

from dataclasses import replace

import streamlit as st

from core.clusters.selection import select_cluster
from core.errors import PlanisphereError
from pages.shared import session
from pages.shared.clusters.controls import Chosen
from pages.shared.selections import active as selected
from pages.shared.text import plain


def select(chosen: Chosen, level: int, label: int) -> None:
    """Select the rows of one group on every page."""
    where = chosen.with_params(replace(chosen.params, level=level)) if chosen.params.method == "leiden" else chosen
    try:
        selected.activate(chosen.info, session.ask(select_cluster, *where.where, label, timeout=600))
    except PlanisphereError as error:
        st.toast(plain(error.message), icon=":material/error:")
