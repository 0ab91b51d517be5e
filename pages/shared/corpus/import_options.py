"""How files are read: the detected encoding, delimiter and text unit, and options to override them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.reading.delimited import DELIMITER_NAMES
from core.corpus.reading.encodings import ENCODINGS
from core.corpus.reading.values import ReadOptions, Source, TextUnit
from core.corpus.service import FilePreview, InvalidInput, preview_files
from core.corpus.staging import ImportSource
from core.digest import digest_json
from core.errors import InputError
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import count, plain

UNITS: dict[TextUnit, str] = {"line": "Line", "paragraph": "Paragraph", "file": "Whole file"}
BINARY_FORMATS = (".parquet", ".pq", ".xlsx", ".xlsm", ".npy", ".npz", ".safetensors")
MAX_LISTED = 5


def read_source(source: ImportSource) -> tuple[ImportSource, FilePreview] | None:
    """The files as read, with the selected options; None, and the reason on the page, where they can't be used."""
    preview = _load_preview(source)
    with_options = replace(source, options=_choose_options(source, preview))
    if with_options != source:
        preview = _load_preview(with_options)
    if isinstance(preview, InvalidInput):
        show_error(InputError(preview.message, preview.remedy))
        return None
    _show_files(preview)
    return with_options, preview


def _load_preview(source: ImportSource) -> FilePreview | InvalidInput:
    with st.spinner("Reading the files"):
        return session.ask_once(preview_files, session.folder(), source)


def tag(source: ImportSource) -> str:
    """A short name for these files, for the keys of their widgets."""
    return digest_json([file.key for file in source.files])[:8]


def _choose_options(source: ImportSource, preview: FilePreview | InvalidInput) -> ReadOptions:
    """The overrides, with the detected values next to them."""
    if source.pasted or all(file.name.lower().endswith(BINARY_FORMATS) for file in source.files):
        return ReadOptions()
    sources = preview.sources if isinstance(preview, FilePreview) else ()
    invalid = isinstance(preview, InvalidInput)
    with st.expander("Import options", icon=":material/tune:", expanded=invalid):
        left, middle, right = st.columns(3)
        encoding = left.selectbox(
            "Encoding",
            [None, *ENCODINGS],
            key=f"encoding-{tag(source)}",
            format_func=_option_names([read.encoding for read in sources]),
            persist_state="session",
            help="Change it if characters look wrong.",
        )
        delimiter = middle.selectbox(
            "Delimiter",
            [None, *DELIMITER_NAMES],
            key=f"delimiter-{tag(source)}",
            persist_state="session",
            format_func=_option_names([read.delimiter for read in sources]),
            help="The character between the cells of a CSV or TSV file.",
        )
        unit: TextUnit = "line"
        if any(read.format in ("Text", "Markdown") for read in sources):
            unit = right.selectbox(
                "One row per",
                list(UNITS),
                key=f"unit-{tag(source)}",
                format_func=UNITS.__getitem__,
                persist_state="session",
                help="How TXT and MD files are split into rows; blank lines end a paragraph.",
            )
    return ReadOptions(encoding, delimiter, unit)


def _option_names(detected: list[str]) -> Callable[[Any], str]:
    """Names of options of which the first is automatic, with the detected values."""
    names = ", ".join(dict.fromkeys(DELIMITER_NAMES.get(name, name) for name in detected if name))
    automatic = f"Automatic (detected: {names})" if names else "Automatic"
    return lambda value: automatic if value is None else DELIMITER_NAMES.get(value, value)


def _show_alternatives(read: Source) -> None:
    """A line in each encoding that a file may have."""
    st.warning(
        f"The encoding of **{plain(read.name)}** is uncertain: it was read as {plain(read.encoding)}. If another line "
        "reads right, select its encoding under Import options.",
        icon=":material/translate:",
    )
    lines = pd.DataFrame(read.alternatives, columns=("Encoding", "The same line"))
    st.dataframe(lines, hide_index=True, alt="A line of the file in each possible encoding")


def _show_files(preview: FilePreview) -> None:
    for read in preview.sources[:MAX_LISTED]:
        st.caption(f":material/check: {_describe_file(read)}")
    if len(preview.sources) > MAX_LISTED:
        st.caption(f"and {count(len(preview.sources) - MAX_LISTED, 'more file')}")
    for read in [read for read in preview.sources if read.alternatives][:MAX_LISTED]:
        _show_alternatives(read)
    notes = [note for read in preview.sources for note in read.notes] + list(preview.notes)
    if notes:
        st.info("\n\n".join(plain(note) for note in notes[:MAX_LISTED]), icon=":material/info:")
    if notes[MAX_LISTED:]:
        with st.expander(f"{count(len(notes) - MAX_LISTED, 'more note')}", icon=":material/info:"):
            st.markdown("\n\n".join(plain(note) for note in notes[MAX_LISTED:]))
    if preview.vectors:
        rows, dimensions = preview.vectors
        st.success(
            f"{count(rows, 'vector')} of {dimensions:,} dimensions found ({plain(preview.vectors_name)}). They are "
            "stored with the corpus, so its map needs no embedding run.",
            icon=":material/hub:",
        )
    with st.expander(f"Preview ({count(preview.rows, 'row')})", icon=":material/table_rows:", expanded=False):
        columns = {name: st.column_config.Column(help=plain(text)) for name, text in preview.descriptions.items()}
        st.dataframe(preview.head, height=260, column_config=columns, alt="The first rows of the files")


def _describe_file(read: Source) -> str:
    delimiter = DELIMITER_NAMES.get(read.delimiter, read.delimiter)
    parts = [read.format, read.encoding, delimiter, count(read.rows, "row")]
    return f"**{plain(read.name)}**: " + plain(", ".join(part for part in parts if part))
