"""What an adapter learns from: a label column, a table of pairs or clicks, or judgments of search results."""

from collections.abc import Sequence

import streamlit as st

from core.adapt.service import Choices, judged_queries, key_choices, label_choices
from core.adapt.sources import TEXTS, Source, SourceKind
from core.corpus.label_sets import display_cell
from core.corpus.qrels import FROM_ONE
from core.corpus.service import FilePreview
from core.corpus.staging import ImportSource
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.tables import show_table
from pages.shared.text import count
from pages.shared.uploads import preview_table, upload_table

KINDS: dict[SourceKind, str] = {
    "labels": "Label column", "pairs": "Scored pairs", "judgments": "Judged queries", "clicks": "Clicks",
}  # fmt: skip
KIND_HELP = (
    "Label column: texts with the same label are similar. Scored pairs: a table of two texts or rows and a score. "
    "Judged queries: grades given on the Search and Ask pages. Clicks: a table of queries and the rows that were "
    "clicked."
)
FORMATS = "CSV, TSV, JSON, JSONL, Parquet or XLSX. It is not added to the corpus."
FIRST = ("query", "text1", "sentence1", "a", "first", "anchor", "id1", "row1", "source")
SECOND = ("clicked", "row", "doc", "text2", "sentence2", "b", "second", "positive", "id2", "row2", "target", "item")
WEIGHTS = ("score", "similarity", "label", "rating", "count", "clicks", "weight")
RANDOM, NO_COUNT = "At random", "Once per line"


def select_source(info: CorpusInfo) -> Source | None:
    """None where nothing is selected yet, after showing what to do."""
    kinds: list[SourceKind] = list(KINDS)
    kind = st.segmented_control(
        "Learn from", kinds, key="adapt_kind", default=kinds[0], required=True, persist_state="session",
        format_func=KINDS.__getitem__, help=KIND_HELP,
    )  # fmt: skip
    if kind == "labels":
        return _select_labels(session.ask_once(label_choices, session.corpus_ref(info)))
    if kind == "judgments":
        return _select_judgments(*session.ask(judged_queries, session.corpus_ref(info)))
    return _select_table(info, kind)


def _select_labels(choices: Choices) -> Source | None:
    if not choices.columns:
        st.info(
            "No column of this corpus has labels that repeat. Label some rows on the Classify page, or learn from "
            "pairs, judgments or clicks.", icon=":material/label_off:",
        )  # fmt: skip
        st.page_link("pages/apply/classify.py", label="Label rows", icon=":material/label:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox(
            "Labels", choices.columns, key="adapt_column", width=240, persist_state="session",
            help="Texts with a common label are similar; rows without a label are left out.",
        )  # fmt: skip
        split = ""
        if choices.split:
            options = [choices.split, RANDOM]
            split = st.selectbox(
                "Held-out rows", options, key="adapt_split", width=200, persist_state="session",
                help="By a column that names training rows, or a random fifth and all rows of 15% of the labels.",
            )  # fmt: skip
    return Source("labels", str(column), "" if split in ("", RANDOM) else str(split))


def _select_judgments(judged: int, version: str) -> Source | None:
    if not judged:
        st.info("No query has a relevant row yet. Grade hits on the Search or Ask page.", icon=":material/grading:")
        st.page_link("pages/explore/search.py", label="Grade search results", icon=":material/search:")
        return None
    st.caption(f"{count(judged, 'query', 'queries')} with rows that were graded as relevant, fully or partly.")
    return Source("judgments", judgments=version)


def _select_table(info: CorpusInfo, kind: SourceKind) -> Source | None:
    upload = upload_table(KINDS[kind], f"adapt_upload {kind}", FORMATS)
    if upload is None:
        what = (
            "two texts or rows, and how similar they are" if kind == "pairs" else "a query and the row clicked for it"
        )
        st.info(f"Upload a table; each line has {what}.", icon=":material/upload:")
        return None
    preview = preview_table(upload, "The table has one column only; pairs need two.")
    if preview is None:
        return None
    with st.expander("First rows of the table", icon=":material/table_rows:"):
        show_table(preview.head.map(display_cell), "First rows of the table", {}, max_height=220)
    return _select_table_columns(info, kind, upload, preview)


def _select_table_columns(
    info: CorpusInfo, kind: SourceKind, upload: ImportSource, preview: FilePreview
) -> Source | None:
    names, suffix = [*preview.columns], upload.files[0].key
    labels = ("First", "Second", "Score") if kind == "pairs" else ("Query", "Clicked row", "Count")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _table_column(labels[0], names, FIRST, 0, f"adapt_first {suffix}")
        first_key = _holds(info, upload, first, f"adapt_first_key {suffix}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        second = _table_column(labels[1], names, SECOND, 1, f"adapt_second {suffix}")
        second_key = _holds(info, upload, second, f"adapt_second_key {suffix}")
    optional = [NO_COUNT] if kind == "clicks" else []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        default = min(2, len(names) - 1) if kind == "pairs" else 0
        weight = _table_column(labels[2], [*optional, *names], WEIGHTS, default, f"adapt_weight {suffix}")
    weight = "" if weight == NO_COUNT else weight
    return Source(
        kind, upload=upload, first=first, second=second, weight=weight, first_key=first_key, second_key=second_key
    )


def _table_column(label: str, names: list[str], known: Sequence[str], default: int, key: str) -> str:
    guess = next((at for at, name in enumerate(names) if name.lower() in known), default)
    help_ = "A number, higher is more similar." if label == "Score" else None
    return str(st.selectbox(label, names, guess, key=key, width=200, persist_state="session", help=help_))


def _holds(info: CorpusInfo, upload: ImportSource, column: str, key: str) -> str:
    """What the column of the table holds."""
    options = session.ask_once(key_choices, session.corpus_ref(info), upload, column)
    names = {TEXTS: "Texts", FROM_ONE: "Row numbers"}
    return str(st.selectbox(
        "It holds", options, key=f"{key} {column}", width=200, persist_state="session",
        format_func=lambda name: names.get(name, f"Values of {name}"),
        help="Texts, row numbers from 1, or the values of a column of the corpus. Other texts than those of the corpus "
        "are embedded.",
    ))  # fmt: skip
