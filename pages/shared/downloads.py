"""Taking tables away."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.corpus.export import table_bytes


def csv_button(
    label: str,
    data: pd.DataFrame | Callable[[], bytes],
    file: str,
    help: str,
    key: str | None = None,
    disabled: bool = False,
) -> None:
    """A button that gives a table as CSV, written when pressed. data: the table, or what gives the bytes."""
    st.download_button(
        label,
        (lambda: table_bytes(data, "csv")) if isinstance(data, pd.DataFrame) else data,
        file,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=help,
        key=key,
        disabled=disabled,
    )
