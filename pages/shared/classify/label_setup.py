"""A new label column, and the label scheme of an existing one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.classify.label_answers import rename_label, start_from_column, start_from_selection
from core.classify.label_progress import label_progress
from core.classify.zero_shot_rows import parse_lines
from core.corpus.codebook import (
    AUDIT_EVERY,
    Codebook,
    CodebookFormat,
    LabelDefinition,
    change_labels,
    codebook_file,
    create_column,
    delete_column,
)
from core.corpus.label_columns import label_columns
from core.corpus.selections import MAX_NAME_LENGTH, clean_name, saved_selections
from core.digest import digest_json
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import messages, session
from pages.shared.text import file_stem

COLUMN_KEY, ANNOTATOR_KEY, ERROR = "label_column", "label_annotator", "label error"
NEW = ""
NOTHING, ZERO_SHOT, SELECTION, COLUMN = "No labels", "Zero-shot suggestions", "Saved selection", "Existing column"
STARTS = {
    NOTHING: "Rows are suggested by diversity until a classifier can be trained.",
    ZERO_SHOT: "Until a classifier can be trained, labels are suggested by their definitions.",
    SELECTION: "The rows of a saved selection get one label.",
    COLUMN: "The labels of a column, which may be partly filled, are copied.",
}
AUDITS = {AUDIT_EVERY: "every 5th row", 10: "every 10th row", 0: "no audit sample"}
AUDIT_HELP = (
    "The audit sample is a random sample of all rows. Its rows are labeled without a suggestion and train no "
    "classifier here, so that accuracy and class shares can be estimated from them without bias."
)
PLACEHOLDER = "praise: the customer is happy\ncomplaint: the customer reports a problem\nquestion"
FORMATS: dict[CodebookFormat, tuple[str, str]] = {
    "csv": ("CSV", "text/csv"), "json": ("JSON", "application/json"), "md": ("Markdown", "text/markdown"),
}  # fmt: skip


def show_setup(info: CorpusInfo) -> None:
    """The form that creates a label column."""
    st.markdown("##### New label column")
    left, right = st.columns(2)
    with left:
        st.text_input(
            "Column name", key="label_new_name", max_chars=MAX_NAME_LENGTH, placeholder="topic",
            persist_state="session", help="The labels become a column of this name on every page.",
        )  # fmt: skip
    with right:
        show_annotator()
    start = st.segmented_control(
        "Start from", list(STARTS), key="label_start", default=NOTHING, required=True, persist_state="session"
    )  # fmt: skip
    st.caption(STARTS[str(start)])
    _show_labels_field(optional=start == COLUMN)
    can_start = _show_start_options(info, str(start))
    st.selectbox(
        "Audit sample", list(AUDITS), key="label_audit", format_func=AUDITS.__getitem__, width=320,
        persist_state="session", help=AUDIT_HELP,
    )  # fmt: skip
    st.button(
        "Create label column", key="label_create", type="primary", icon=":material/new_label:",
        disabled=not can_start, on_click=attempt, args=(_create, info),
    )  # fmt: skip
    show_error()


def show_annotator() -> str:
    """The annotator's name; "annotator 1" by default."""
    session.widget_default(ANNOTATOR_KEY, "annotator 1")
    name = st.text_input(
        "Annotator", key=ANNOTATOR_KEY, max_chars=MAX_NAME_LENGTH, persist_state="session",
        help="Your name. It is stored with every label, so that several annotators can be compared.",
    )  # fmt: skip
    return str(name)


def _show_labels_field(optional: bool) -> None:
    st.text_area(
        "Labels, one per line" + (" (those of the column are added)" if optional else ""), key="label_new_labels",
        height=130, placeholder=PLACEHOLDER, persist_state="session",
        help='"label" or "label: definition". The definition says when a row gets the label.',
    )  # fmt: skip


def _show_start_options(info: CorpusInfo, start: str) -> bool:
    """Whether there is something to start from."""
    if start == COLUMN:
        columns = session.ask_once(label_columns, session.corpus_ref(info))
        if not columns:
            st.info("This corpus has no column with labels that repeat.", icon=":material/label_off:")
            return False
        st.selectbox("Column", columns, key="label_source", width=320)
    if start == SELECTION:
        selections = {
            saved.key: f"{saved.name} ({saved.rows:,})" for saved in saved_selections(session.workspace(), info.digest)
        }
        if not selections:
            st.info("No selection is saved. Select rows on the Map and save them.", icon=":material/check_box:")
            return False
        with st.container(horizontal=True):
            st.selectbox(
                "Selection", list(selections), key="label_selection", format_func=selections.__getitem__, width=320
            )
            st.text_input("Label of its rows", key="label_selection_label", width=240, max_chars=MAX_NAME_LENGTH)
    return True


def _create(info: CorpusInfo) -> None:
    """From the form's values."""
    corpus, start = session.corpus_ref(info), session.widget_value("label_start")
    typed = str(session.widget_value("label_new_labels") or "")
    labels = () if start == COLUMN and not typed.strip() else read_labels(typed)
    name, audit = session.widget_value("label_new_name"), session.widget_value("label_audit", AUDIT_EVERY)
    codebook = Codebook(str(name or ""), labels, int(audit), start == ZERO_SHOT)
    taken = info.columns
    if start == COLUMN:
        created = session.ask(start_from_column, corpus, codebook, session.widget_value("label_source"), taken)
    elif start == SELECTION:
        annotator = clean_name(str(session.widget_value(ANNOTATOR_KEY)), "annotator")
        label = str(session.widget_value("label_selection_label") or "")
        selection = session.widget_value("label_selection")
        created = session.ask(start_from_selection, corpus.source, codebook, annotator, selection, label, taken)
    else:
        created = create_column(corpus, codebook, taken)
    session.set_widget(COLUMN_KEY, created.column)
    session.set_widget("label_new_name", "")
    session.set_widget("label_new_labels", "")


def read_labels(text: str) -> tuple[LabelDefinition, ...]:
    """Lines "label" or "label: definition". Raises InputError."""
    return tuple(LabelDefinition(name, "" if line == name else line) for name, line in parse_lines(text))


def attempt(action: Callable[..., None], *arguments: Any) -> None:
    """Run what a callback does; `show_error` then shows what went wrong."""
    try:
        action(*arguments)
        session.remember(ERROR, None)
    except PlanisphereError as error:
        session.remember(ERROR, (error.message, error.remedy))


def show_error() -> None:
    """The error of the last callback, once."""
    if error := session.remembered(ERROR):
        messages.show_error(PlanisphereError(*error))
        session.remember(ERROR, None)


def show_codebook(info: CorpusInfo, corpus: CorpusRef, codebook: Codebook) -> None:
    """A popover: labels and definitions to edit and to download, and a button that deletes the column."""
    with st.popover("Label scheme", icon=":material/menu_book:", help="Labels with their definitions."):
        lines = [f"{label.name}: {label.definition}" if label.definition else label.name for label in codebook.labels]
        key = f"label_edit-{digest_json([codebook.token, *lines])}"  # a change in another tab gives another field
        st.text_area(
            "Labels, one per line", "\n".join(lines), key=key, height=200, width=420,
            help='"label" or "label: definition". Labels that rows have must stay; the order sets the keys 1 to 9.',
        )  # fmt: skip
        st.button(
            "Save", key="label_edit_save", type="primary", on_click=attempt,
            args=(_change, corpus, codebook.column, key),
        )  # fmt: skip
        _show_rename(corpus, codebook)
        _show_codebook_files(info, codebook)
        st.divider()
        confirmed = st.checkbox("Delete this column with all labels", key=f"label_delete_confirm {codebook.column}")
        st.button(
            "Delete column", key="label_delete", icon=":material/delete:", disabled=not confirmed, on_click=attempt,
            args=(delete_column, corpus, codebook.column), help="This can't be undone.",
        )  # fmt: skip


def _show_rename(corpus: CorpusRef, codebook: Codebook) -> None:
    """One label gets another name, or that of another label."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox("Rename label", codebook.names, key=f"label_rename_old-{codebook.column}", width=150)
        new = st.text_input(
            "New name", key=f"label_rename_new-{codebook.column}", max_chars=MAX_NAME_LENGTH, width=150,
            help="Rows with the label get the new name. The name of another label merges both.",
        )  # fmt: skip
        names = {name.casefold() for name in codebook.names if name != old}
        is_merge = " ".join(new.split()).casefold() in names
        st.button(
            "Merge" if is_merge else "Rename", key="label_rename", disabled=not new.strip(), on_click=attempt,
            args=(_rename, corpus, codebook.column, old, new),
        )  # fmt: skip


def _rename(corpus: CorpusRef, column: str, old: str, new: str) -> None:
    session.ask(rename_label, corpus, column, old, new)
    session.set_widget(f"label_rename_new-{column}", "")


def _show_codebook_files(info: CorpusInfo, codebook: Codebook) -> None:
    stem = f"{file_stem(info.name)}-{file_stem(codebook.column)}-labels"
    with st.container(horizontal=True):
        for name, (label, mime) in FORMATS.items():
            st.download_button(
                label, partial(codebook_file, codebook, name), f"{stem}.{name}",
                mime, key=f"label_codebook_{name}", icon=":material/download:", on_click="ignore",
                help=f"Labels and definitions as {label}.",
            )  # fmt: skip


def _change(corpus: CorpusRef, column: str, key: str) -> None:
    used = [name for name, rows in session.ask(label_progress, corpus, column).by_label if rows]
    change_labels(corpus, column, read_labels(str(session.widget_value(key))), used)
