"""The form of the scoreboard's task "pairs": a file, or columns of the corpus."""

import streamlit as st

from core.scoreboard import columns as answers
from core.scoreboard.columns import PairColumns
from core.scoreboard.service import TaskPreview
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.scoreboard import task_parts as parts
from pages.shared.text import count, plain

FILE, COLUMNS = "A file", "Columns of this corpus"
FILE_HELP = (
    "CSV, TSV, JSONL, Parquet or XLSX with two columns of texts and one of scores, higher meaning more alike, as in "
    "STS benchmarks; or of 1 and 0 (true and false) for pairs that are the same or not. It is kept with this corpus on "
    "this machine."
)


def show(info: CorpusInfo, contenders: tuple[Contender, ...]) -> Task | None:
    """Draws the form; gives the task, None after having said what is missing."""
    source = st.segmented_control(
        "Pairs from",
        [FILE, COLUMNS],
        key="pairs_from",
        bind="query-params",
        default=COLUMNS if _of_corpus(info).complete else FILE,
        required=True,
        help="Two texts and a score that says how alike they are: uploaded, or in three columns of this corpus.",
    )
    task = _from_file(info) if source == FILE else _task(_of_corpus(info), "")
    found = parts.outlook(info, task) if task else None
    if task is None or found is None:
        return None
    st.caption(_told(found))
    parts.examples(found, ("first text", "second text"), "score")
    return task if parts.agreed(info, contenders, task) else None


def two_valued(info: CorpusInfo, task: Task) -> bool:
    """Whether a task's scores only tell the same from not the same."""
    found = parts.outlook(info, task) if task.kind == "pairs" else None
    return bool(found and found.facts["two_valued"])


def _from_file(info: CorpusInfo) -> Task | None:
    known = parts.fitting(info, "pairs", parts.tables(info, "pairs", False, "File of pairs", FILE_HELP))
    if not known:
        st.info("Upload a file with two columns of texts and a column of scores.", icon=":material/upload_file:")
        return None
    table = parts.file_choice("pairs", known, "File", "Files brought in for this corpus, the latest first.")
    columns = session.ask_once(answers.pair_columns, session.corpus_ref(info), table.key)
    return _task(columns, table.key, f"the file {plain(table.name)}")


def _of_corpus(info: CorpusInfo) -> PairColumns:
    return session.ask_once(answers.pair_columns, session.corpus_ref(info), "")


def _task(columns: PairColumns, key: str, where: str = "this corpus") -> Task | None:
    """Three choices of columns; None where there are too few."""
    if len(columns.texts) < 2 or not columns.numbers:
        st.info(
            f"Two columns of texts and one of scores are needed; in {where} {count(len(columns.texts), 'column')} "
            f"of texts and {len(columns.numbers)} of numbers were found. Scores are numbers, higher meaning more "
            "alike, or true and false; give words such as entailment and contradiction numbers first.",
            icon=":material/view_column:",
        )
        return None
    place = key[:8] or "corpus"
    left, middle, right = st.columns(3)
    with left:
        first = parts.column("First text", columns.texts, columns.first, f"pairs_first-{place}", "Of each pair.")
    with middle:
        second = parts.column("Second text", columns.texts, columns.second, f"pairs_second-{place}", "Of each pair.")
    with right:
        score = parts.column(
            "Score", columns.numbers, columns.score, f"pairs_score-{place}",
            "How alike the two are by the file's author; higher must mean more alike.",
        )  # fmt: skip
    return Task.of("pairs", file=key or None, first=first, second=second, score=score)


def _told(found: TaskPreview) -> str:
    facts = {name: int(value) for name, value in found.facts.items() if isinstance(value, int)}
    drawn = f", drawn from {facts['usable']:,} with seed {facts['seed']}" if facts["pairs"] < facts["usable"] else ""
    left = [f"{count(facts['no_text'], 'row')} without a text"] if facts["no_text"] else []
    left += [f"{count(facts['no_number'], 'row')} without a number"] if facts["no_number"] else []
    kinds = ", each the same or not" if facts["two_valued"] else ""
    return (
        f"{count(facts['pairs'], 'pair')}{drawn}{kinds}"
        + (f"; left out: {' and '.join(left)}" if left else "")
        + ". Both texts of a pair are embedded alike, as documents."
    )
