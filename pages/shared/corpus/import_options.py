"""How files are read: the detected encoding, delimiter and text unit, and options to override them."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core.corpus.reader_process import cancel_reading
from core.corpus.reading.delimited import DELIMITER_NAMES
from core.corpus.reading.encodings import ENCODINGS
from core.corpus.reading.values import ReadOptions, Source, TextUnit
from core.corpus.service import FilePreview, InvalidInput, preview_files
from core.corpus.staging import ImportSource
from core.digest import digest_json
from core.errors import InputError, PlanisphereError
from pages.shared import session
from pages.shared.corpus.add_data import clear_source
from pages.shared.messages import show_error
from pages.shared.text import count, plain

UNITS: dict[TextUnit, str] = {"line": "Line", "paragraph": "Paragraph", "file": "Whole file"}
BINARY_FORMATS = (".parquet", ".pq", ".xlsx", ".xlsm", ".npy", ".npz", ".safetensors")
MAX_LISTED = 5
READ_SECONDS = 3_600  # reading has a limit of its own, in the settings
CANCEL_SECONDS = 1.0  # a button that appears for less than this only flickers


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
    """The preview, remembered for the session: with its options and without."""
    previews: tuple[tuple[ImportSource, FilePreview | InvalidInput], ...] = session.remembered("previews", ())
    preview = next((preview for read, preview in previews if read == source), None)
    if preview is None:
        preview = _read(source)
        session.remember("previews", (*previews, (source, preview))[-2:])
    return preview


def _read(source: ImportSource) -> FilePreview | InvalidInput:
    """Read the files. What takes a while can be cancelled; it stops as well when the visitor leaves."""
    button, pulse, started = st.empty(), st.empty(), time.monotonic()
    drawn = False

    def tick() -> None:
        nonlocal drawn
        if not drawn and time.monotonic() - started > CANCEL_SECONDS:
            key = f"cancel-{tag(source)}"
            button.button("Cancel", key=key, icon=":material/close:", on_click=clear_source, help="Stop reading.")
            drawn = True
        pulse.empty()  # Streamlit interrupts a script only where it draws

    try:
        with st.spinner("Reading the files", show_time=True):
            preview = session.ask(preview_files, session.folder(), source, timeout=READ_SECONDS, tick=tick)
    except PlanisphereError:
        raise
    except BaseException:
        cancel_reading(session.folder(), source)
        raise
    button.empty()
    return preview


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


def _show_files(preview: FilePreview) -> None:
    for read in preview.sources[:MAX_LISTED]:
        st.caption(f":material/check: {_describe_file(read)}")
    if len(preview.sources) > MAX_LISTED:
        st.caption(f"and {count(len(preview.sources) - MAX_LISTED, 'more file')}")
    notes = [note for read in preview.sources for note in read.notes] + list(preview.notes)
    if notes:
        st.info("\n\n".join(plain(note) for note in notes[:MAX_LISTED]), icon=":material/info:")
    if preview.vectors:
        rows, dimensions = preview.vectors
        st.success(
            f"{count(rows, 'vector')} of {dimensions:,} dimensions found ({plain(preview.vectors_name)}). They are "
            "stored with the corpus, so its map needs no embedding run.",
            icon=":material/hub:",
        )
    with st.expander(f"Preview ({count(preview.rows, 'row')})", icon=":material/table_rows:", expanded=False):
        st.dataframe(preview.head, height=260, alt="The first rows of the files")


def _describe_file(read: Source) -> str:
    delimiter = DELIMITER_NAMES.get(read.delimiter, read.delimiter)
    parts = [read.format, read.encoding, delimiter, count(read.rows, "row")]
    return f"**{plain(read.name)}**: " + plain(", ".join(part for part in parts if part))
