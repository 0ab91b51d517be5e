"""Forms of the tasks with uploaded data: rated pairs, and queries with relevance judgments."""

from typing import Any

import streamlit as st

from core.corpus.judgments import judgments_version
from core.scoreboard.columns import PairColumns, pair_columns, query_columns
from core.scoreboard.service import TaskPreview
from core.scoreboard.task_tables import TaskTable, uploaded_tables
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_parts as parts
from pages.shared.scoreboard.task_parts import select_column
from pages.shared.text import count, cut, plain

FROM_FILE, FROM_COLUMNS, FROM_JUDGMENTS = "File", "Columns of this corpus", "Judgments given here"
PAIRS_HELP = (
    "CSV, TSV, JSONL, Parquet or XLSX with two text columns and a score column (higher: more similar), as in STS "
    "benchmarks; or 1 and 0 (true and false) for same or not. Stored with this corpus on this machine."
)
QUERIES_HELP = (
    "BEIR's two files together: queries.jsonl (_id, text) and qrels.tsv (query-id, corpus-id, score). Or one table: a "
    "query, the ID of a relevant row, and optionally a grade per line. Stored with this corpus on this machine."
)
NO_GRADE = "None"
MISSING_FIELDS = (("no_text", "text"), ("no_number", "score"))
SAME_FILE = "same"


def pairs_form(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; the task, None where something is missing and shown."""
    corpus_columns = session.ask_once(pair_columns, session.corpus_ref(info), "")
    source = st.segmented_control(
        "Source", [FROM_FILE, FROM_COLUMNS], key="pairs_from", bind="query-params", required=True,
        default=FROM_COLUMNS if corpus_columns.complete else FROM_FILE,
        help="Two texts and a similarity score: in an uploaded file, or in three columns of this corpus.",
    )  # fmt: skip
    task = _pairs_from_file(info) if source == FROM_FILE else _pairs_task(corpus_columns, "")
    return parts.confirm_task(info, contenders, task, _describe_pairs_task, ("first text", "second text", "score"))


def is_two_valued(info: CorpusInfo, task: Task) -> bool:
    """Whether pairs are rated only as same or not."""
    preview = parts.load_preview(info, task)
    return bool(preview and preview.facts["two_valued"])


def queries_form(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; the task, None where something is missing and shown."""
    version = session.ask(judgments_version, session.corpus_ref(info))
    if version and _select_queries_source(info) == FROM_JUDGMENTS:
        judged = Task.of("queries", judgments=version)
        return parts.confirm_task(info, contenders, judged, _show_queries_task, ("query", "relevant text", "grade"))
    tables = parts.upload_tables(info, "queries", True, "Queries and judgments", QUERIES_HELP)
    queries = parts.tables_for_form(info, "queries", tables)
    if not queries:
        text = "Upload queries with relevance judgments: one table, or queries.jsonl and qrels.tsv together."
        st.info(text, icon=":material/upload_file:")
        return None
    left, right = st.columns(2)
    with left:
        table = parts.select_table("queries", queries, "Queries")
    with right:
        judgments = _select_judgments(info, table, [table for table in tables if table.qrels])
    task = _queries_task(info, table, judgments)
    return parts.confirm_task(info, contenders, task, _show_queries_task, ("query", "relevant text", "grade"))


def _select_queries_source(info: CorpusInfo) -> str:
    """By default the judgments given here, unless queries were uploaded."""
    uploaded = any(table.qrels for table in session.ask(uploaded_tables, session.corpus_ref(info)))
    return str(st.segmented_control(
        "Source", [FROM_JUDGMENTS, FROM_FILE], key="queries_from", bind="query-params", required=True,
        default=FROM_FILE if uploaded else FROM_JUDGMENTS,
        help="Hits graded on the Search and Ask pages; or queries with judgments from a file. Partly relevant counts "
        "as half as relevant in nDCG, and as relevant in the other metrics.",
    ))  # fmt: skip


def _pairs_from_file(info: CorpusInfo) -> Task | None:
    tables = parts.tables_for_form(
        info, "pairs", parts.upload_tables(info, "pairs", False, "File of rated pairs", PAIRS_HELP)
    )
    if not tables:
        st.info("Upload a file with two text columns and a score column.", icon=":material/upload_file:")
        return None
    table = parts.select_table("pairs", tables, "File")
    columns = session.ask_once(pair_columns, session.corpus_ref(info), table.key)
    return _pairs_task(columns, table.key, f"the file {plain(table.name)}")


def _pairs_task(columns: PairColumns, key: str, source: str = "this corpus") -> Task | None:
    """Three columns; None where there are too few."""
    if len(columns.texts) < 2 or not columns.numbers:
        st.info(
            f"Two text columns and a score column are needed; {source} has {count(len(columns.texts), 'text column')} "
            f"and {count(len(columns.numbers), 'numeric column')}. Scores are numbers (higher: more similar) or true "
            "and false; replace labels such as entailment by numbers first.",
            icon=":material/view_column:",
        )
        return None
    suffix = key[:8] or "corpus"
    fields = {
        "first": ("First text", columns.texts, columns.first, "First text of each pair."),
        "second": ("Second text", columns.texts, columns.second, "Second text of each pair."),
        "score": ("Score", columns.numbers, columns.score, "Human similarity score; higher means more similar."),
    }
    selected = {}
    for box, (name, (label, options, proposed, help_text)) in zip(st.columns(3), fields.items(), strict=True):
        with box:
            selected[name] = select_column(label, options, proposed, f"pairs_{name}-{suffix}", help_text)
    return Task.of("pairs", file=key or None, **selected)


def _describe_pairs_task(preview: TaskPreview) -> None:
    facts = parts.integer_facts(preview)
    sample = f", sampled from {facts['usable']:,} with seed {facts['seed']}" if facts["pairs"] < facts["usable"] else ""
    missing = [count(facts[name], "row") + f" without a {field}" for name, field in MISSING_FIELDS if facts[name]]
    kinds = ", rated as same or not" if facts["two_valued"] else ""
    left_out = f"; left out: {' and '.join(missing)}" if missing else ""
    st.caption(f"{count(facts['pairs'], 'pair')}{sample}{kinds}{left_out}. Both texts are embedded as documents.")


def _select_judgments(info: CorpusInfo, table: TaskTable, qrels: list[TaskTable]) -> str:
    """The key of the file of judgments, "" where they are in the file of queries."""
    if not qrels:
        return ""
    columns = session.ask_once(query_columns, session.corpus_ref(info), table.key)
    names = {SAME_FILE: "In the same file"} | parts.table_names(qrels, "line")
    options = list(names) if columns.relevant else [*list(names)[1:], SAME_FILE]
    selected = session.select_from_link("queries_judgments", options)
    help_text = "Which rows are relevant to which query: in a separate file (qrels), or in a column of the same file."
    st.selectbox("Judgments", list(names), key="queries_judgments", format_func=names.__getitem__, help=help_text)
    session.write_to_link("queries_judgments")
    return "" if selected == SAME_FILE else selected


def _queries_task(info: CorpusInfo, table: TaskTable, judgments: str) -> Task | None:
    columns = session.ask_once(query_columns, session.corpus_ref(info), table.key, judgments)
    suffix = table.key[:8]
    if not judgments and not columns.relevant and columns.query_id in ("", "_id"):
        text = "This file has only queries. Upload relevance judgments too: queries and qrels.tsv together."
        st.info(text, icon=":material/upload_file:")
        return None
    left, middle, right = st.columns(3)
    with left:
        text = select_column("Query", columns.columns, columns.text, f"queries_text-{suffix}", "Text of the query.")
    with middle:
        field, proposed, label, help_text = (
            ("query_id", columns.query_id, "Query ID", "Column with the query IDs that the judgments use.")
            if judgments
            else ("relevant", columns.relevant or columns.query_id, "Relevant row ID", "The ID of a relevant row.")
        )
        key = f"queries_{'own' if judgments else 'row'}-{suffix}"
        settings = {field: select_column(label, columns.columns, proposed, key, help_text)}
    with right:
        row_id = select_column(
            "Row ID in this corpus", columns.ids, columns.ids[0], f"queries_id-{suffix}{judgments[:8]}",
            "What the IDs in the judgments refer to: a column of this corpus, or the row number.",
        )  # fmt: skip
        if not judgments:
            help_text = "Graded relevance, as a number; 0 or less means not relevant."
            options = (NO_GRADE, *columns.columns)
            grade = select_column("Grade", options, columns.grade or NO_GRADE, f"queries_grade-{suffix}", help_text)
            settings |= {} if grade == NO_GRADE else {"grade": grade}
    return Task.of("queries", queries=table.key, qrels=judgments or None, text=text, id=row_id, **settings)


def _show_queries_task(preview: TaskPreview) -> None:
    """How many queries there are, and what of the upload could not be used."""
    facts = parts.integer_facts(preview)
    queries, usable, texts, rows = (facts[name] for name in ("queries", "queries_usable", "candidates", "rows"))
    sample = f", sampled from {usable:,} with seed {facts['seed']}" if queries < usable else ""
    duplicates = f" ({rows:,} rows; duplicates count once, unlike in benchmarks)" if texts < rows else ""
    itself = (
        f" {count(facts['own_texts'], 'query', 'queries')} can't retrieve their own row." if facts["own_texts"] else ""
    )
    st.caption(
        f"{count(queries, 'query', 'queries')}{sample}, searched in {count(texts, 'distinct text')}{duplicates}."
        + itself
    )
    problems = _unusable_judgments(facts)
    if problems:
        examples: Any = preview.facts.get("absent_examples", [])
        ids = ", ".join(plain(cut(str(example), 30)) for example in examples)
        st.warning(" ".join([*problems, *([f"Missing IDs: {ids}."] if ids else [])]), icon=":material/rule:")


def _unusable_judgments(facts: dict[str, int]) -> list[str]:
    problems = []
    if facts["absent"]:
        problems.append(f"{facts['absent']:,} of {facts['judgments']:,} judgments refer to rows not in this corpus.")
    if facts["queries_left_out"]:
        judged = f"{facts['queries_left_out']:,} of {facts['queries_judged']:,} judged queries"
        problems.append(f"{judged} left out: no relevant row in this corpus.")
    if facts["unknown_queries"]:
        problems.append(f"{count(facts['unknown_queries'], 'judgment')} without a query in the file.")
    return problems
