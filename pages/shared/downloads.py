"""Download buttons for tables; files are created on click."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.export import table_bytes
from core.corpus.service import FileType

FILE_TYPES: dict[FileType, str] = {"csv": "CSV", "parquet": "Parquet"}
MIME_TYPES: dict[FileType, str] = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
OPTIONS: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore"}


def file_button(
    label: str, data: Callable[[], bytes], stem: str, file_type: FileType, help: str, key: str | None = None
) -> None:
    """stem: the file's name without extension. data: runs outside of the page, so it must not use the session."""
    st.download_button(label, data, f"{stem}.{file_type}", MIME_TYPES[file_type], help=help, key=key, **OPTIONS)


def csv_button(
    label: str,
    data: pd.DataFrame | Callable[[], bytes],
    file: str,
    help: str,
    key: str | None = None,
    disabled: bool = False,
) -> None:
    """A button to download a table as CSV. data: the table, or a function that returns the bytes."""
    content = (lambda: table_bytes(data, "csv")) if isinstance(data, pd.DataFrame) else data
    st.download_button(label, content, file, "text/csv", help=help, key=key, disabled=disabled, **OPTIONS)
