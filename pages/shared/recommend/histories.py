"""Where histories come from: users named in a column of the corpus, or an uploaded table of events."""

import streamlit as st

from core.corpus.label_sets import display_cell
from core.corpus.service import FilePreview
from core.corpus.staging import ImportSource
from core.recommend.results import HISTORIES, HistorySource
from core.recommend.service import HistoryFacts, history_facts, key_columns, user_columns
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.tables import show_table
from pages.shared.text import count, plain
from pages.shared.uploads import preview_table, upload_table

FROM_CORPUS, FROM_FILE = "Column of the corpus", "Table of events"
NONE = "None"
FORMATS = (
    "CSV, TSV, JSON, JSONL, Parquet or XLSX: a row per event, with a user and an item. It is not added to the corpus."
)
USER_NAMES = ("user", "user_id", "userid", "customer", "customer_id", "reader", "reviewer", "reviewerid", "visitor")
ITEM_NAMES = ("item", "item_id", "itemid", "product", "product_id", "productid", "article", "asin", "doc_id", "id")
TIME_NAMES = ("time", "timestamp", "date", "datetime", "created_at")
WEIGHT_NAMES = ("rating", "weight", "score", "stars", "count")


def select_histories(info: CorpusInfo) -> tuple[HistorySource, HistoryFacts] | None:
    """The histories that For users and Evaluation share; None without any, after showing what to do."""
    columns = session.ask_once(user_columns, session.corpus_ref(info))
    origin = st.segmented_control(
        "Histories", [FROM_CORPUS, FROM_FILE], key="recommend_origin", default=FROM_CORPUS if columns else FROM_FILE,
        required=True, persist_state="session",
        help="Who read, bought or rated which item: a column of the corpus that names the users of each row, or a "
        "table with a row per event.",
    )  # fmt: skip
    source = _from_corpus(info, columns) if origin == FROM_CORPUS else _from_file(info)
    if source is None:
        return None
    stored = result_view.ready(
        HISTORIES, source, headline="The histories have not been read yet.",
        description="Users and items are joined with the corpus.", title=f"Histories of {info.name}", button="Read",
    )  # fmt: skip
    if not stored:
        return None
    facts = session.ask(history_facts, source)
    _show_facts(facts)
    return source, facts


def _from_corpus(info: CorpusInfo, columns: tuple[str, ...]) -> HistorySource | None:
    if not columns:
        st.info(
            "No column of this corpus has values that repeat, such as users. Upload a table of events.",
            icon=":material/group_off:",
        )
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        guess = next((i for i, name in enumerate(columns) if name.lower() in USER_NAMES), 0)
        user = st.selectbox("User column", columns, guess, key="recommend_user", width=200, persist_state="session")
        time = _optional_column("Time column", _time_default(info), list(info.columns), "recommend_time")
        weight = _optional_column("Rating column", "", list(info.columns), "recommend_weight")
        minimum = _select_minimum(weight)
    return HistorySource(session.corpus_ref(info), None, user, time=time, weight=weight, min_weight=minimum)


def _time_default(info: CorpusInfo) -> str:
    return info.roles.time or ""


def _from_file(info: CorpusInfo) -> HistorySource | None:
    upload = upload_table("Events", "recommend_upload", FORMATS)
    if upload is None:
        st.info("Upload a table with a user and an item in each row.", icon=":material/upload:")
        return None
    preview = preview_table(upload, "The table has one column; a user and an item are needed in each row.")
    if preview is None:
        return None
    _show_preview(preview)
    return _select_columns(info, upload, preview)


def _show_preview(preview: FilePreview) -> None:
    with st.expander("First rows of the table", icon=":material/table_rows:"):
        show_table(preview.head.map(display_cell), "First rows of the table of events", {}, max_height=220)


def _select_columns(info: CorpusInfo, upload: ImportSource, preview: FilePreview) -> HistorySource | None:
    names, suffix = list(preview.columns), upload.files[0].key
    with st.container(horizontal=True, vertical_alignment="bottom"):
        user = _column("User", names, USER_NAMES, 0, f"recommend_user {suffix}")
        item = _column("Item", names, ITEM_NAMES, min(1, len(names) - 1), f"recommend_item {suffix}")
        keys = session.ask_once(key_columns, session.corpus_ref(info), upload, item)
        if not keys:
            st.warning("No column of the corpus has values that differ between rows, to join items with.")
            return None
        key = st.selectbox(
            "Item in the corpus", keys, key=f"recommend_key {suffix} {item}", width=180, persist_state="session",
            help="The column of the corpus that has the same values as the items of the table.",
        )  # fmt: skip
        time = _optional_column("Time", _guess(names, TIME_NAMES), names, f"recommend_time {suffix}")
        weight = _optional_column("Rating", _guess(names, WEIGHT_NAMES), names, f"recommend_weight {suffix}")
        minimum = _select_minimum(weight)
    return HistorySource(session.corpus_ref(info), upload, user, item, key, time, weight, minimum)


def _guess(names: list[str], known: tuple[str, ...]) -> str:
    return next((name for name in names if name.lower() in known), "")


def _column(label: str, names: list[str], known: tuple[str, ...], default: int, key: str) -> str:
    guess = _guess(names, known)
    return str(st.selectbox(label, names, names.index(guess) if guess else default, key=key, width=160))


def _optional_column(label: str, default: str, names: list[str], key: str) -> str:
    options = [NONE, *names]
    help_ = "Oldest events come first; without it, rows are in order." if label.startswith("Time") else (
        "A number above 0: a higher one counts more in a profile."
    )  # fmt: skip
    index = options.index(default) if default in options else 0
    value = st.selectbox(label, options, index, key=key, width=160, help=help_)
    return "" if value == NONE else str(value)


def _select_minimum(weight: str) -> float | None:
    """The lowest rating of a liked item; None where all events are."""
    if not weight:
        return None
    value = st.number_input(
        "Liked from", value=None, key=f"recommend_minimum {weight}", width=110, placeholder="all",
        help="Items rated lower were seen, but are no part of the profile, and are no hits.",
    )  # fmt: skip
    return None if value is None else float(value)


def _show_facts(facts: HistoryFacts) -> None:
    low, middle, high = facts.sizes
    parts = [
        f"{count(facts.users, 'user')}, {count(facts.events, 'event')}, {count(facts.items, 'item')} with an event",
        f"{low:,} to {high:,} events per user, median {middle:g}" if low < high else f"{low:,} events per user",
    ]
    if facts.start:
        parts.append(f"{facts.start} to {facts.end}")
    if facts.one:
        parts.append(f"{count(facts.one, 'user')} with a single event")
    st.caption("; ".join(parts) + ".")
    if facts.notes:
        st.warning("  \n".join(map(plain, facts.notes)), icon=":material/info:")
