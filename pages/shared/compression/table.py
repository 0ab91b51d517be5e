"""The tables of the Compression page, and their files."""

from typing import Any

import pandas as pd
import streamlit as st

from core.export import table_bytes


def show(table: pd.DataFrame, key: str, alt: str, columns: dict[str, Any], height: int | None = None) -> None:
    """A table as tall as it is, or so many pixels."""
    st.dataframe(
        table, hide_index=True, width="stretch", height=height or 38 + 35 * len(table), lazy=False, key=key, alt=alt,
        column_config=columns,
    )  # fmt: skip


def download(label: str, table: pd.DataFrame, name: str, key: str, help: str) -> None:
    """The button for a table's CSV."""
    st.download_button(
        label, lambda: table_bytes(table, "csv"), name, "text/csv", icon=":material/download:", on_click="ignore",
        key=key, help=help,
    )  # fmt: skip
