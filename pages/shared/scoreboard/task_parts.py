"""What the forms of the scoreboard's tasks share: files, what a task is made of, and what it embeds and costs."""

from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.service import InvalidInput
from core.corpus.staging import stage
from core.digest import digest_json
from core.errors import PlanisphereError
from core.scoreboard import task_inputs as answers
from core.scoreboard.pair_columns import pair_columns
from core.scoreboard.task_inputs import Outlook, ToEmbed
from core.scoreboard.task_tables import TaskTable
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import count, cut, plain, told_apart


def tables(info: CorpusInfo, name: str, judged: bool, label: str, help: str) -> list[TaskTable]:
    """Draws the uploader; gives what was brought in for this corpus, now and earlier, the latest first.

    name: of the form. judged: two files are taken as well, and files of judgments are given too.
    """
    changed = f"{name} upload changed"
    files = st.file_uploader(
        label,
        accept_multiple_files=judged,
        key=f"{name}_upload-{info.digest}",
        on_change=session.remember,
        args=(changed, True),
        help=help,
    )
    if session.remembered(changed):
        session.remember(changed, False)
        given = files if isinstance(files, list) else [files] if files else []
        _bring(info, name, given, judged)
    return list(session.ask(answers.kept_tables, session.corpus_ref(info)))


def _bring(info: CorpusInfo, name: str, files: list[Any], judged: bool) -> None:
    """Keep what was just uploaded, and choose it."""
    if not files:
        return
    try:
        given = [stage(session.folder(), file.name, file.getbuffer()) for file in files]
        staged = tuple({file.key: file for file in given}.values())  # a file given twice counts once
        found = session.ask(answers.bring_tables, session.corpus_ref(info), staged, judged, timeout=600)
    except PlanisphereError as error:
        show_error(error)
        return
    if isinstance(found, InvalidInput):
        refused(found)
        return
    session.set_widget(f"{name}_file", found[0].key)
    if judged:
        session.set_widget(f"{name}_judgments", found[1].key if len(found) > 1 else "same")


def fitting(info: CorpusInfo, name: str, known: list[TaskTable]) -> list[TaskTable]:
    """Of the files brought in so far those made for the form `name`: pairs hold two texts and a number, queries are no
    named pairs. One chosen by the person or the link is among them."""
    chosen = (session.widget_value(f"{name}_file"), st.query_params.get(f"{name}_file"))

    def fits(table: TaskTable) -> bool:
        columns = session.ask_once(pair_columns, session.corpus_ref(info), table.key)
        return columns.complete if name == "pairs" else not columns.named

    return [table for table in known if not table.qrels and (table.key in chosen or fits(table))]


def file_choice(name: str, known: list[TaskTable], label: str, help: str) -> TaskTable:
    """The chosen one of several files, by its key in the link."""
    by_key = {table.key: table for table in known}
    names = told_apart({table.key: f"{cut(table.name, 40)} ({count(table.rows, 'row')})" for table in known})
    session.select_from_link(f"{name}_file", list(by_key))
    key = st.selectbox(
        label,
        list(by_key),
        key=f"{name}_file",
        format_func=lambda key: names[key],
        help=help,
    )
    session.write_to_link(f"{name}_file")
    return by_key[str(key)]


def column(label: str, options: tuple[str, ...], proposed: str, key: str, help: str) -> str:
    """A choice among columns, the proposed one first chosen."""
    first = options.index(proposed) if proposed in options else 0
    return str(st.selectbox(label, options, first, key=key, persist_state="session", help=help))


def outlook(info: CorpusInfo, task: Task) -> Outlook | None:
    """What a task is made of, None after having said why it can't be done."""
    found = session.ask_once(answers.outlook, session.corpus_ref(info), task)
    if isinstance(found, InvalidInput):
        refused(found)
        return None
    return found


def refused(found: InvalidInput) -> None:
    st.warning(f"{plain(found.message)} {plain(found.remedy)}", icon=":material/block:")


def examples(found: Outlook, columns: tuple[str, str], third: str = "") -> None:
    """The first queries or pairs, as they are asked."""
    names = [*columns, *([third] if third else [])]
    with st.expander("Examples"):
        table = pd.DataFrame([row[: len(names)] for row in found.examples], columns=names)
        wide = {name: st.column_config.TextColumn(width=220) for name in columns}
        narrow = {third: st.column_config.TextColumn(width=60)} if third else {}
        st.dataframe(table, hide_index=True, width="stretch", row_height=70, column_config=wide | narrow)


def agreed(info: CorpusInfo, contenders: tuple[Contender, ...], task: Task) -> bool:
    """Tells what has to be embedded; whether it costs nothing, or the person agrees to pay for it."""
    found = session.ask(answers.to_embed, session.corpus_ref(info), contenders, task, timeout=600)
    here = [each for each in found if each.free]
    if here:
        most = max(each.texts for each in here)
        models = "each of the models" if len(here) > 1 else plain(here[0].label)
        st.caption(
            f":material/memory: Up to {count(most, 'text')} will be embedded by {models}; they are kept, so that this "
            "is done but once."
        )
    paid = [each for each in found if not each.free]
    if not paid:
        return True
    st.warning("**To be paid for:** " + "; ".join(_price(each) for each in paid) + ".", icon=":material/payments:")
    return st.checkbox(
        "I agree that these texts are sent, and to pay for them",
        key=f"score_agreed-{digest_json([task.to_dict(), [each.label for each in paid]])}",
        help="The texts of this task go to the services named above. Without this, choose contenders that run here.",
    )


def queries(number: int) -> str:
    """ "1 query", "2,000 queries"."""
    return f"{number:,} {'query' if number == 1 else 'queries'}"


def _price(each: ToEmbed) -> str:
    cost = "at a price that is not known here" if each.usd is None else f"at most ${each.usd:,.4f}"
    return f"{count(each.texts, 'text')} go to {plain(each.label)}, {cost}"
