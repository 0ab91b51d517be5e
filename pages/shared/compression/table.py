"""The tables of the Compression page, and their files."""

from typing import Any

import pandas as pd
import streamlit as st


def show(table: pd.DataFrame, key: str, alt: str, columns: dict[str, Any], height: int | None = None) -> None:
    """A table as tall as it is, or so many pixels."""
    st.dataframe(
        table, hide_index=True, width="stretch", height=height or 38 + 35 * len(table), lazy=False, key=key, alt=alt,
        column_config=columns,
    )  # fmt: skip
