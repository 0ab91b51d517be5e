"""How files were read: encoding, delimiter and unit of text found, and overriding them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core.corpus.reading import DELIMITER_NAMES, ENCODINGS, ReadOptions, Source, TextUnit
from core.corpus.service import Preview, Refusal, preview
from core.corpus.staging import Origin
from core.digest import digest_json
from core.errors import InputError
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import count, plain

UNITS: dict[TextUnit, str] = {"line": "A line", "paragraph": "A paragraph", "file": "The whole file"}
NO_TEXT = (".parquet", ".pq", ".xlsx", ".xlsm", ".npy", ".npz", ".safetensors")
SHOWN = 5


def read(origin: Origin) -> tuple[Origin, Preview] | None:
    """The files as read, with what the person overrode; None, and the reason shown, where they can't be used."""
    with st.spinner("Reading"):
        found = session.ask_once(preview, session.folder(), origin)
    chosen = replace(origin, options=_options(origin, found))
    if chosen != origin:
        with st.spinner("Reading"):
            found = session.ask_once(preview, session.folder(), chosen)
    if isinstance(found, Refusal):
        show_error(InputError(found.message, found.remedy))
        return None
    _report(found)
    return chosen, found


def tag(origin: Origin) -> str:
    """A short name for these files, for the keys of widgets that belong to them."""
    return digest_json([file.key for file in origin.files])[:8]


def _options(origin: Origin, found: Preview | Refusal) -> ReadOptions:
    """The overrides, beside what was found without them."""
    if origin.pasted or all(file.name.lower().endswith(NO_TEXT) for file in origin.files):
        return ReadOptions()
    sources = found.sources if isinstance(found, Preview) else ()
    with st.expander("How the files are read", icon=":material/tune:", expanded=isinstance(found, Refusal)):
        left, middle, right = st.columns(3)
        encoding = left.selectbox(
            "Encoding",
            [None, *ENCODINGS],
            key=f"encoding-{tag(origin)}",
            format_func=_automatic([source.encoding for source in sources]),
            persist_state="session",
            help="How the bytes spell text. Change it where letters look wrong.",
        )
        delimiter = middle.selectbox(
            "Delimiter",
            [None, *DELIMITER_NAMES],
            key=f"delimiter-{tag(origin)}",
            persist_state="session",
            format_func=_automatic([s.delimiter for s in sources]),
            help="What stands between the cells of a CSV or TSV file.",
        )
        unit: TextUnit = "line"
        if any(source.format in ("Text", "Markdown") for source in sources):
            unit = right.selectbox(
                "A row of a text file is",
                list(UNITS),
                key=f"unit-{tag(origin)}",
                format_func=UNITS.__getitem__,
                persist_state="session",
                help="How TXT and MD files are cut into rows; blank lines end a paragraph.",
            )
    return ReadOptions(encoding, delimiter, unit)


def _automatic(found: list[str]) -> Callable[[Any], str]:
    """Names for a choice whose first is automatic, with what was found that way."""
    names = ", ".join(dict.fromkeys(DELIMITER_NAMES.get(name, name) for name in found if name))
    automatic = f"Automatic (found: {names})" if names else "Automatic"
    return lambda value: automatic if value is None else DELIMITER_NAMES.get(value, value)


def _report(found: Preview) -> None:
    for source in found.sources[:SHOWN]:
        st.caption(f":material/check: {_source_line(source)}")
    if len(found.sources) > SHOWN:
        st.caption(f"and {count(len(found.sources) - SHOWN, 'more file')}")
    notes = [note for source in found.sources for note in source.notes] + list(found.notes)
    if notes:
        st.info("\n\n".join(plain(note) for note in notes[:SHOWN]), icon=":material/info:")
    if found.vectors:
        rows, dimensions = found.vectors
        st.success(
            f"{count(rows, 'vector')} of {dimensions:,} dimensions came along ({plain(found.vectors_name)}). They are "
            "kept with the corpus, so its map is drawn without embedding anything.",
            icon=":material/hub:",
        )
    with st.expander(f"First rows of {found.rows:,}", icon=":material/table_rows:", expanded=False):
        st.dataframe(found.head, height=260, alt="The first rows as they were read")


def _source_line(source: Source) -> str:
    delimiter = DELIMITER_NAMES.get(source.delimiter, source.delimiter)
    parts = [source.format, source.encoding, delimiter, count(source.rows, "row")]
    return f"**{plain(source.name)}**: " + plain(", ".join(part for part in parts if part))
