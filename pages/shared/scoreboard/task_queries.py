"""The form of the scoreboard's task "queries": uploaded queries, and which rows answer them."""

import streamlit as st

from core.scoreboard import columns as answers
from core.scoreboard.columns import QueryColumns
from core.scoreboard.task_inputs import Outlook
from core.scoreboard.task_tables import TaskTable
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_parts as parts
from pages.shared.text import count, cut, plain, told_apart

UPLOAD_HELP = (
    "BEIR's two files together: queries.jsonl (_id, text) and qrels.tsv (query-id, corpus-id, score). Or one table: "
    "each line a query, the id of a row that answers it, and perhaps a grade. Kept with this corpus on this machine."
)
NO_GRADE = "none: all the same"
SAME = "same"


def show(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; gives the task, None after having said what is missing."""
    known = parts.tables(info, "queries", True, "Queries and judgments", UPLOAD_HELP)
    queries = parts.fitting(info, "queries", known)
    if not queries:
        st.info(
            "Upload queries with the rows that answer them: one table, or queries.jsonl and qrels.tsv together.",
            icon=":material/upload_file:",
        )
        return None
    left, right = st.columns(2)
    with left:
        table = parts.file_choice("queries", queries, "Queries", "Files brought in for this corpus, the latest first.")
    with right:
        judgments = _judgments(info, table, [each for each in known if each.qrels])
    task = _task(info, table, judgments)
    if task is None:
        return None
    found = parts.outlook(info, task)
    if found is None:
        return None
    _told(found)
    parts.examples(found, ("query", "a text that answers it"), "grade")
    return task if parts.agreed(info, contenders, task) else None


def _judgments(info: CorpusInfo, table: TaskTable, known: list[TaskTable]) -> str:
    """The key of the file of judgments, "" where they stand beside the queries; proposed where nothing else does."""
    if not known:
        return ""
    columns = session.ask_once(answers.query_columns, session.corpus_ref(info), table.key)
    names = {SAME: "in the same file"}
    names |= told_apart({each.key: f"{cut(each.name, 40)} ({count(each.rows, 'line')})" for each in known})
    chosen = session.select_from_link(
        "queries_judgments", list(names) if columns.relevant else [*list(names)[1:], SAME]
    )
    st.selectbox(
        "Judgments",
        list(names),
        key="queries_judgments",
        format_func=lambda key: names[key],
        help="Which rows answer which query: in a file of their own (qrels), or in a column beside the query.",
    )
    session.write_to_link("queries_judgments")
    return "" if chosen == SAME else chosen


def _task(info: CorpusInfo, table: TaskTable, judgments: str) -> Task | None:
    where = (session.corpus_ref(info), table.key, judgments)
    columns, place = session.ask_once(answers.query_columns, *where), table.key[:8]
    if not judgments and not columns.relevant and columns.query_id in ("", "_id"):
        st.info(
            "This file holds queries alone. Upload the rows that answer them too: queries and qrels.tsv together.",
            icon=":material/upload_file:",
        )
        return None
    left, middle, right = st.columns(3)
    with left:
        text = parts.column("Query", columns.columns, columns.text, f"queries_text-{place}", "Column of the queries.")
    with middle:
        beside = _apart(columns, place) if judgments else _beside(columns, place)
    with right:
        row = parts.column(
            "Rows are known by", columns.ids, columns.ids[0], f"queries_id-{place}{judgments[:8]}",
            "What the judgments' ids mean in this corpus: a column of it, or the number of the row.",
        )  # fmt: skip
        if not judgments:
            beside |= {"grade": _grade(columns, place)}
    return Task.of("queries", queries=table.key, qrels=judgments or None, text=text, id=row, **beside)


def _apart(columns: QueryColumns, place: str) -> dict[str, str | None]:
    proposed, words = columns.query_id, "Column of the queries' ids, which the judgments name."
    return {"query_id": parts.column("Query's id", columns.columns, proposed, f"queries_own-{place}", words)}


def _beside(columns: QueryColumns, place: str) -> dict[str, str | None]:
    proposed, words = columns.relevant or columns.query_id, "Column with the id of a row that answers the query."
    return {"relevant": parts.column("Row that answers", columns.columns, proposed, f"queries_row-{place}", words)}


def _grade(columns: QueryColumns, place: str) -> str | None:
    options = (NO_GRADE, *columns.columns)
    words = "How well the row answers, as a number; 0 or less means not at all."
    chosen = parts.column("Grade", options, columns.grade or NO_GRADE, f"queries_grade-{place}", words)
    return None if chosen == NO_GRADE else chosen


def _told(found: Outlook) -> None:
    """How many queries there are, and what of the upload could not be used."""
    facts = found.facts
    number = {name: value for name, value in facts.items() if isinstance(value, int)}
    drawn = number["queries"] < number["queries_usable"]
    words = f", drawn from {number['queries_usable']:,} with seed {number['seed']}" if drawn else ""
    own = number["own_texts"]
    same = number["candidates"] < number["rows"]
    copies = f", in {number['rows']:,} rows: copies are one answer, which benchmarks count apart" if same else ""
    st.caption(
        f"{parts.queries(number['queries'])}{words}, each asked of all "
        f"{count(number['candidates'], 'different text')} of this corpus{copies}."
        + (f" {parts.queries(own)} may not find the row they are." if own else "")
    )
    lost = _lost(number)
    if lost:
        examples = facts.get("absent_examples")
        named = ", ".join(plain(cut(str(example), 30)) for example in examples) if isinstance(examples, list) else ""
        st.warning(f"{lost}{f' Absent: {named}.' if named else ''}", icon=":material/rule:")


def _lost(number: dict[str, int]) -> str:
    said = []
    if number["absent"]:
        names = "names a row that is" if number["absent"] == 1 else "name rows that are"
        said.append(f"{number['absent']:,} of {number['judgments']:,} judgments {names} not in this corpus.")
    if number["queries_left_out"]:
        left = number["queries_left_out"]
        said.append(
            f"{left:,} of {number['queries_judged']:,} judged queries are left out: none of their rows is here."
        )
    if number["unknown_queries"]:
        verb = "is" if number["unknown_queries"] == 1 else "are"
        said.append(
            f"{count(number['unknown_queries'], 'judgment')} {verb} on queries that the file lacks or leaves blank."
        )
    return " ".join(said)
