"""Judgments as files: download as TREC qrels or BEIR, and import."""

from functools import partial

import streamlit as st

from core.ask.question_files import id_columns
from core.corpus.judgment_files import JudgmentFormat, check_ids, export_judgments, import_judgments, is_binary
from core.corpus.judgments import MAX_NAME_LENGTH, judgments_version, undo_judgment
from core.corpus.staging import StagedFile, stage
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import session
from pages.shared.downloads import OPTIONS
from pages.shared.judgments.grading import show_grading_error, try_grading
from pages.shared.messages import show_error
from pages.shared.text import count, file_stem, plain

FORMATS: dict[JudgmentFormat, str] = {
    "trec": "TREC: qrels.tsv (query, 0, row, grade) with queries.tsv.",
    "beir": "BEIR: corpus.jsonl, queries.jsonl and qrels/test.tsv.",
}
IMPORTED = "judgments imported"
UPLOAD_HELP = (
    "qrels (TREC's four columns or BEIR's three) together with the queries (id, tab, text; or JSON Lines with _id and "
    "text); or one zip of both, such as the files exported here."
)


def show_files(info: CorpusInfo) -> None:
    columns = session.ask_once(id_columns, session.corpus_ref(info))
    column = str(st.selectbox(
        "Row ID", columns, key="judgments_id", persist_state="session", width=300,
        help="What names a row in the files: a column of this corpus, or the row number.",
    ))  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Export")
        _show_export(info, column)
    with right:
        st.markdown("##### Import")
        _show_import(info, column)


def _show_export(info: CorpusInfo, column: str) -> None:
    corpus = session.corpus_ref(info)
    if not session.ask(judgments_version, corpus):
        st.caption("There are no judgments to export yet.")
        return
    try:
        session.ask(check_ids, corpus, column)
    except PlanisphereError as error:
        show_error(error)
        return
    for file_format, description in FORMATS.items():
        name = f"{file_stem(info.name)}-judgments-{file_format}.zip"
        content = partial(export_judgments, corpus, file_format, column)
        st.download_button(
            file_format.upper(), content, name, "application/zip", key=f"judgments_{file_format}", help=description,
            **OPTIONS,
        )  # fmt: skip
    st.caption(f"{' '.join(FORMATS.values())} Of several annotators, the majority's grade; of ties the latest.")


def _show_import(info: CorpusInfo, column: str) -> None:
    files = st.file_uploader(
        "Judgments and queries", accept_multiple_files=True, key=f"judgments_upload-{info.digest}", help=UPLOAD_HELP
    )
    staged = tuple(stage(session.folder(), file.name, file.getbuffer()) for file in files)
    corpus = session.corpus_ref(info)
    if staged:
        name = st.text_input(
            "Annotator of the import", "imported", max_chars=MAX_NAME_LENGTH, key="judgments_name",
            persist_state="session", help="Under whose name the judgments are stored.",
        )  # fmt: skip
        key = "-".join(file.key[:8] for file in staged)
        binary = st.checkbox(
            "Grade 1 means relevant", session.ask(is_binary, session.folder(), staged), key=f"judgments_binary-{key}",
            help="For judgments that only say relevant or not. Otherwise 1 is partly relevant, and 2 or more relevant.",
        )  # fmt: skip
        st.button(
            "Import", key="judgments_import", type="primary", icon=":material/upload:", disabled=not name.strip(),
            on_click=try_grading, args=(_import, corpus, staged, name, column, binary),
        )  # fmt: skip
    show_grading_error()
    if result := session.remembered(IMPORTED):
        judgments, queries, problems, annotator = result
        text = f"{count(judgments, 'judgment')} of {count(queries, 'query', 'queries')} imported."
        st.success(text, icon=":material/done:")
        if problems:
            st.warning("  \n".join(plain(problem) for problem in problems), icon=":material/rule:")
        st.button(
            "Undo import", key="judgments_undo", icon=":material/undo:", on_click=try_grading,
            args=(_undo_import, corpus, annotator),
        )  # fmt: skip


def _import(corpus: CorpusRef, files: tuple[StagedFile, ...], annotator: str, column: str, binary: bool) -> None:
    result = session.ask(import_judgments, corpus, files, annotator, column, binary)
    session.remember(IMPORTED, (result.judgments, result.queries, list(result.problems), annotator.strip()))


def _undo_import(corpus: CorpusRef, annotator: str) -> None:
    session.ask(undo_judgment, corpus, annotator, "", "import")
    session.remember(IMPORTED, None)
