"""TODO docstring."""

import streamlit as st

from core.errors import PlanisphereError
from pages.shared.text import plain


def show_error(error: PlanisphereError) -> None:
    st.error(plain(error.message) + (f"\n\n{plain(error.remedy)}" if error.remedy else ""), icon=":material/error:")
