"""How files are read: the detected encoding, delimiter and text unit, and options to override them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.corpus.reader_process import cancel_reading, reading_progress
from core.corpus.reading.chats import CHAT_UNITS
from core.corpus.reading.delimited import DELIMITER_NAMES, NO_HEADER
from core.corpus.reading.encodings import ENCODINGS
from core.corpus.reading.values import ChatUnit, ReadOptions, Source, TextUnit, VectorRows
from core.corpus.service import FilePreview, InvalidInput, column_values, preview_files
from core.corpus.staging import ImportSource
from core.digest import digest_json
from core.errors import InputError, PlanisphereError
from pages.shared import session
from pages.shared.corpus.add_data import clear_source
from pages.shared.messages import show_error
from pages.shared.tables import draw_frame, text
from pages.shared.text import count, cut_middle, plain
from pages.shared.uploads import show_skipped_files

CHAT_NAMES: dict[ChatUnit | Literal["none"] | None, str] = {
    "user turn": "User's turn", "answer": "Answer", "first question": "First question of a chat",
    "conversation": "Whole chat", None: "As in the file",
}  # fmt: skip
VECTOR_NAMES: dict[VectorRows, str] = {
    "all": "Use them", "complete": "Use them, leave out rows without", "none": "Leave them out",
}  # fmt: skip
UNITS: dict[TextUnit, str] = {"line": "Line", "paragraph": "Paragraph", "file": "Whole file"}
DOCUMENTS = (".pdf", ".docx", ".docm", ".dotx", ".pptx", ".pptm", ".ppsx", ".epub", ".eml", ".mbox", ".ipynb")
BINARY_FORMATS = (".parquet", ".pq", ".xlsx", ".xlsm", ".npy", ".npz", ".safetensors")
MAX_LISTED = 5
READ_SECONDS = 3_600  # reading has a limit of its own, in the settings
CANCEL_SECONDS = 1.0  # a button that appears for less than this only flickers


def read_source(source: ImportSource) -> tuple[ImportSource, FilePreview] | None:
    """The files as read, with the selected options; None, and the reason on the page, where they can't be used."""
    preview = load_preview(source)
    with_options = replace(source, options=_choose_options(source, preview))
    if with_options != source:
        preview = load_preview(with_options)
    if isinstance(preview, InvalidInput):
        show_error(InputError(preview.message, preview.remedy))
        return None
    _show_files(preview)
    renamed = _choose_names(with_options, preview)
    if renamed == with_options:
        return with_options, preview
    preview = load_preview(renamed)
    assert isinstance(preview, FilePreview)  # noqa: S101 - the same files with other names
    return renamed, preview


def load_preview(source: ImportSource) -> FilePreview | InvalidInput:
    """The preview, remembered for the session: as detected, with options, with new names, and with declared lists."""
    previews: tuple[tuple[ImportSource, FilePreview | InvalidInput], ...] = session.remembered("previews", ())
    preview = next((preview for read, preview in previews if read == source), None)
    if preview is None:
        preview = _read(source)
        session.remember("previews", (*previews, (source, preview))[-4:])
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
        _show_progress(pulse, source)  # Streamlit interrupts a script only where it draws

    try:
        with st.spinner("Reading the files", show_time=True):
            preview = session.ask(preview_files, session.folder(), source, timeout=READ_SECONDS, tick=tick)
    except PlanisphereError:
        raise
    except BaseException:
        cancel_reading(session.folder(), source)
        raise
    button.empty()
    pulse.empty()
    return preview


def _show_progress(pulse: DeltaGenerator, source: ImportSource) -> None:
    """Which file is being read, and which of its pages."""
    progress = reading_progress(session.folder(), source)
    if progress is None or (progress.files == 1 and not progress.total):
        pulse.empty()
        return
    file = f"file {progress.file:,} of {progress.files:,}" if progress.files > 1 else ""
    pages = f"page {progress.done + 1:,} of {progress.total:,}" if progress.total else ""
    share = (progress.file - 1 + progress.done / max(1, progress.total)) / progress.files
    name = plain(cut_middle(progress.name, 60))
    pulse.progress(min(share, 1.0), ", ".join(filter(None, (name, pages, file))))


def tag(source: ImportSource) -> str:
    """A short name for these files, for the keys of their widgets."""
    return digest_json([file.key for file in source.files])[:8]


def _choose_options(source: ImportSource, preview: FilePreview | InvalidInput) -> ReadOptions:
    """The overrides, with the detected values next to them."""
    sources = preview.sources if isinstance(preview, FilePreview) else ()
    invalid = isinstance(preview, InvalidInput)
    is_text = not all(file.name.lower().endswith(BINARY_FORMATS + DOCUMENTS) for file in source.files)
    has_content = any(len(read.sheets) > 1 or read.chat_unit for read in sources)
    may_have_vectors = not all(file.name.lower().endswith(DOCUMENTS) for file in source.files)
    has_vectors = preview.vectors_name.startswith("column ") if isinstance(preview, FilePreview) else may_have_vectors
    if source.pasted or not (is_text or has_content or has_vectors):
        return ReadOptions()
    with st.expander("Import options", icon=":material/tune:", expanded=invalid or has_content):
        content = _choose_content(source, sources, has_vectors)
        if not is_text:
            return content
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
        unit = None
        if any(read.format in ("Text", "Markdown") for read in sources):
            names = _unit_names(sources)
            unit = right.selectbox(
                "One row per",
                list(names),
                key=f"unit-{tag(source)}",
                format_func=names.__getitem__,
                persist_state="session",
                help="How TXT and MD files are split into rows; blank lines end a paragraph, headings begin a section.",
            )
    return replace(content, encoding=encoding, delimiter=delimiter, text_unit=unit)


def _unit_names(sources: Sequence[Source]) -> dict[TextUnit | None, str]:
    """Names of the units of text; None: sections of Markdown with headings, else lines."""
    has_sections = any(read.format == "Markdown" and read.is_document for read in sources)
    names: dict[TextUnit | None, str] = {None: "Section" if has_sections else UNITS["line"]}
    return names | {unit: name for unit, name in UNITS.items() if has_sections or unit != "line"}


def _choose_content(source: ImportSource, sources: Sequence[Source], has_vectors: bool) -> ReadOptions:
    """The sheet, the rows of chats, and the use of vectors; each only where there is something to choose."""
    sheet, unit = None, None
    vectors: VectorRows = "all"
    style: dict[str, Any] = {"persist_state": "session"}
    sheets = next((read.sheets for read in sources if len(read.sheets) > 1), ())
    left, middle, right = st.columns(3)
    if sheets:
        help = "The sheet with the most data is preselected."
        sheet = left.selectbox("Sheet", sheets, key=f"sheet-{tag(source)}", help=help, **style)
    detected = next((read.chat_unit for read in sources if read.chat_unit), "")
    if detected:
        units = [None, *CHAT_UNITS] if detected == "none" else list(CHAT_UNITS)
        help = "Role, turn and conversation become columns; messages without text are left out."
        naming: dict[str, Any] = {"key": f"chat-{tag(source)}", "format_func": CHAT_NAMES.__getitem__}
        unit = middle.selectbox("Row of chats", units, help=help, **naming, **style)
    if has_vectors:
        help = "Vectors in a column of the file, and what happens to rows that have none."
        naming = {"key": f"vectors-{tag(source)}", "format_func": VECTOR_NAMES.__getitem__}
        vectors = right.selectbox("Vectors in the file", list(VECTOR_NAMES), help=help, **naming, **style)
    # what is detected anyway is no option, so that nothing is read twice
    sheet = None if not sheets or sheet == sheets[0] else sheet
    return ReadOptions(sheet=sheet, chat_unit=None if unit == detected else unit, vector_rows=vectors)


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
    draw_frame(lines, "A line of the file in each possible encoding")


def _show_files(preview: FilePreview) -> None:
    show_skipped_files(preview)
    for read in preview.sources[:MAX_LISTED]:
        st.caption(f":material/check: {_describe_file(read)}")
    if len(preview.sources) > MAX_LISTED:
        st.caption(f"and {count(len(preview.sources) - MAX_LISTED, 'more file')}")
    for read in [read for read in preview.sources if read.alternatives][:MAX_LISTED]:
        _show_alternatives(read)
    several = len(preview.sources) > 1
    notes = [f"{read.name}: {note}" if several else note for read in preview.sources for note in read.notes]
    notes += preview.notes
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
        draw_frame(preview.head, "The first rows of the files", columns, height=260, hide_index=False)


def _describe_file(read: Source) -> str:
    delimiter = DELIMITER_NAMES.get(read.delimiter, read.delimiter)
    parts = [read.format, read.encoding, delimiter, count(read.rows, "row")]
    return f"**{plain(read.name)}**: " + plain(", ".join(part for part in parts if part))


def _choose_names(source: ImportSource, preview: FilePreview) -> ImportSource:
    """The files with the names that the user has given to columns and values; the editors show those of the file."""
    saved = f"names-{tag(source)}"
    columns, values = session.remembered(saved, ((), ()))
    unnamed = any(NO_HEADER in read.notes for read in preview.sources)
    with st.expander("Rename columns and values", icon=":material/edit:", expanded=unnamed and not columns):
        edited = _name_editor("Column", preview.columns, _examples(preview), dict(columns), saved)
        key, help = f"renamed-{tag(source)}", "Columns with few values, such as codes of a label."
        selected = st.multiselect("Values of", preview.columns, key=key, persist_state="session", help=help)
        new = [pair for column in selected for pair in _choose_values(source, column, values)]
        unselected = [value for value in values if value[0] not in selected]
        if st.button("Apply names", key="apply-names", icon=":material/check:", help="Your files are not changed."):
            session.remember(saved, (edited, (*unselected, *new)))
            st.rerun()
    return replace(source, options=replace(source.options, columns=columns, values=values))


def _examples(preview: FilePreview) -> list[str]:
    return [next((str(cell) for cell in preview.head[name].dropna()), "") for name in preview.columns]


def _choose_values(
    source: ImportSource, column: str, saved: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """(column, value, new name) of the values with a new name."""
    values = session.ask_once(column_values, session.folder(), source, column)
    if not values:
        st.caption(f"{plain(column)}: too many values, or none.")
        return []
    names, rows = zip(*values, strict=True)
    new_names = {value: new for name, value, new in saved if name == column}
    edited = _name_editor(column, names, [f"{count(row, 'row')}" for row in rows], new_names, f"values-{tag(source)}")
    return [(column, value, new) for value, new in edited]


def _name_editor(
    title: str, names: Sequence[str], examples: Sequence[str], new_names: Mapping[str, str], key: str
) -> tuple[tuple[str, str], ...]:
    """(name, new name) of those with a new name. The key changes with the saved names, which the editor starts from."""
    new = [new_names.get(name, "") for name in names]
    table = pd.DataFrame({"name": names, "new": new, "example": examples}).astype("str")
    config = {
        "name": text(title, disabled=True),
        "new": text("New name", "Empty: unchanged.", max_chars=120),
        "example": text("Example" if title == "Column" else "Rows", disabled=True),
    }
    options: dict[str, Any] = {"hide_index": True, "width": "stretch", "height": min(300, 37 + 35 * len(table))}
    edited = st.data_editor(table, column_config=config, key=f"{key}-{digest_json([title, new])}", **options)
    return renamed_pairs(edited)


def renamed_pairs(edited: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """(name, new name) of the rows of an editor that have another name."""
    pairs = zip(edited["name"], edited["new"].fillna(""), strict=True)
    return tuple((str(old), str(new).strip()) for old, new in pairs if str(new).strip() not in ("", str(old)))
