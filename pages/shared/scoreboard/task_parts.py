"""What the task forms share: uploaded files, columns, the preview of a task, and what has to be embedded for it."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.service import InvalidInput
from core.corpus.staging import stage
from core.digest import digest_json
from core.errors import PlanisphereError
from core.scoreboard.columns import pair_columns
from core.scoreboard.service import TaskPreview, TextsToEmbed, preview_task, texts_to_embed
from core.scoreboard.task_tables import TaskTable, import_tables, uploaded_tables
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.tables import draw_frame
from pages.shared.text import count, cut, disambiguate_labels, plain


def upload_tables(info: CorpusInfo, form: str, judged: bool, label: str, help: str) -> list[TaskTable]:
    """Draws the uploader; all tables uploaded for this corpus, the latest first.

    judged: also takes two files, queries and judgments.
    """
    changed = f"{form} upload changed"
    files = st.file_uploader(
        label, accept_multiple_files=judged, key=f"{form}_upload-{info.digest}", on_change=session.remember,
        args=(changed, True), help=help,
    )  # fmt: skip
    if session.remembered(changed):
        session.remember(changed, False)
        _import_files(info, form, files if isinstance(files, list) else [files] if files else [], judged)
    return list(session.ask(uploaded_tables, session.corpus_ref(info)))


def tables_for_form(info: CorpusInfo, form: str, tables: list[TaskTable]) -> list[TaskTable]:
    """Of the uploaded tables those that suit a form: pairs have two texts and a number, queries are no named pairs.
    One selected by the user or the link is included."""
    selected = (session.widget_value(f"{form}_file"), st.query_params.get(f"{form}_file"))

    def suits(table: TaskTable) -> bool:
        columns = session.ask_once(pair_columns, session.corpus_ref(info), table.key)
        return columns.complete if form == "pairs" else not columns.named

    return [table for table in tables if not table.qrels and (table.key in selected or suits(table))]


def select_table(form: str, tables: list[TaskTable], label: str) -> TaskTable:
    """One of several tables, by its key in the link."""
    by_key = {table.key: table for table in tables}
    names = table_names(tables, "row")
    session.select_from_link(f"{form}_file", list(by_key))
    help_text = "Files uploaded for this corpus, the latest first."
    key = st.selectbox(label, list(by_key), key=f"{form}_file", format_func=names.__getitem__, help=help_text)
    session.write_to_link(f"{form}_file")
    return by_key[str(key)]


def table_names(tables: list[TaskTable], unit: str) -> dict[str, str]:
    """Unique labels by key."""
    return disambiguate_labels({table.key: f"{cut(table.name, 40)} ({count(table.rows, unit)})" for table in tables})


def select_column(label: str, options: tuple[str, ...], proposed: str, key: str, help: str) -> str:
    index = options.index(proposed) if proposed in options else 0
    return str(st.selectbox(label, options, index, key=key, persist_state="session", help=help))


def load_preview(info: CorpusInfo, task: Task) -> TaskPreview | None:
    """What a task consists of; None where it can't be done, after showing why."""
    preview = session.ask_once(preview_task, session.corpus_ref(info), task)
    if isinstance(preview, InvalidInput):
        _show_refusal(preview)
        return None
    return preview


def integer_facts(preview: TaskPreview) -> dict[str, int]:
    return {name: int(value) for name, value in preview.facts.items() if isinstance(value, int)}


def confirm_task(
    info: CorpusInfo, contenders: tuple[Contender, ...], task: Task | None,
    describe: Callable[[TaskPreview], None], columns: tuple[str, ...],
) -> Task | None:  # fmt: skip
    """Shows what a task consists of, with examples, and what it embeds; the task if it can be done and is agreed to.

    columns: names of the examples' two texts and perhaps a score.
    """
    preview = load_preview(info, task) if task else None
    if task is None or preview is None:
        return None
    describe(preview)
    with st.expander("Examples"):
        table = pd.DataFrame([row[: len(columns)] for row in preview.examples], columns=columns)
        widths = dict(zip(columns, (220, 220, 60), strict=False))
        config = {name: st.column_config.TextColumn(width=width) for name, width in widths.items()}
        draw_frame(table, "Examples of the task", config, row_height=70)
    return task if _confirm_embedding(info, contenders, task) else None


def _confirm_embedding(info: CorpusInfo, contenders: tuple[Contender, ...], task: Task) -> bool:
    """Shows what has to be embedded; whether it is free, or the user agrees to pay for it."""
    models = session.ask(texts_to_embed, session.corpus_ref(info), contenders, task, timeout=600)
    free, paid = ([model for model in models if model.free is is_free] for is_free in (True, False))
    if free:
        names = "each model" if len(free) > 1 else plain(free[0].label)
        texts = count(max(model.texts for model in free), "text")
        st.caption(f":material/memory: Up to {texts} will be embedded by {names}, once; vectors are cached.")
    if not paid:
        return True
    st.warning("**Paid API:** " + "; ".join(map(_describe_price, paid)) + ".", icon=":material/payments:")
    return st.checkbox(
        "I agree that these texts are sent, and to pay for them",
        key=f"score_agreed-{digest_json([task.to_dict(), [model.label for model in paid]])}",
        help="Sends the texts of this task to the services above. Or select contenders that run locally.",
    )


def _import_files(info: CorpusInfo, form: str, files: list[Any], judged: bool) -> None:
    """Store and select what was just uploaded."""
    if not files:
        return
    try:
        staged = {file.key: file for file in (stage(session.folder(), file.name, file.getbuffer()) for file in files)}
        imported = session.ask(import_tables, session.corpus_ref(info), tuple(staged.values()), judged, timeout=600)
    except PlanisphereError as error:
        show_error(error)
        return
    if isinstance(imported, InvalidInput):
        _show_refusal(imported)
        return
    session.set_widget(f"{form}_file", imported[0].key)
    if judged:
        session.set_widget(f"{form}_judgments", imported[1].key if len(imported) > 1 else "same")


def _show_refusal(refusal: InvalidInput) -> None:
    st.warning(f"{plain(refusal.message)} {plain(refusal.remedy)}", icon=":material/block:")


def _describe_price(model: TextsToEmbed) -> str:
    price = "price unknown" if model.usd is None else f"at most ${model.usd:,.4f}"
    return f"{count(model.texts, 'text')} to {plain(model.label)}, {price}"
