"""The rows that are labeled next: one with a button for each label, or a group of similar ones to label together."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.classify.charts import share_text
from core.classify.label_answers import Answer, record, undo
from core.classify.labeling import MAX_SCORED, Batch, LabelTask, Request, RowToLabel, next_batch
from core.corpus.annotations import MAX_COMMENT_LENGTH
from core.corpus.codebook import Codebook
from pages.shared import session
from pages.shared.classify.label_settings import Labeling
from pages.shared.classify.label_setup import attempt
from pages.shared.text import count, cut, plain

KEYS = 9  # labels with a key
PINNED, ANSWERS, CLEARED = "label pinned", "label answers", "label cleared"
MAX_ANSWERS = 200  # that this tab can undo one after another
SHORT_TEXT, LONG_TEXT = 280, 1_200  # characters: up to the first in large type, from the second on scrolled
GROUP_TEXT = 180  # characters of a text in a group
COLUMNS = 3


def show_rows_to_label(labeling: Labeling) -> None:
    """The next rows, which stay until they are answered."""
    task, codebook, request, copies = labeling.task, labeling.codebook, labeling.request, labeling.copies
    request = _with_pinned_rows(task, request)
    batch = session.ask(next_batch, task, request, session.api_key(task.contender.model))
    _pin(task, request, batch)
    if not batch.rows:
        more = " Rows of the audit sample are shown one by one." if request.count > 1 and codebook.audit_every else ""
        st.success(f"Every text is labeled or skipped.{more}", icon=":material/done_all:")
        _show_undo(task, request)
    elif request.count > 1 and not batch.is_audit:
        _show_group(task, codebook, request, batch, copies)
    else:
        _show_one(task, codebook, request, batch, copies)
    _show_notes(batch, task.contender.label)


def _with_pinned_rows(task: LabelTask, request: Request) -> Request:
    pinned = session.remembered(PINNED)
    if not pinned or pinned["key"] != _pin_key(task, request):
        return request
    rows = pinned["rows"] if request.count > 1 else pinned["rows"][:1]
    return replace(request, rows=tuple(rows), is_audit=pinned["is_audit"])


def _pin_key(task: LabelTask, request: Request) -> tuple[Any, ...]:
    chosen_by = (request.annotator, request.strategy, request.like, request.selection, request.count)
    return (task.corpus.digest, task.column, task.contender.key, *chosen_by)


def _pin(task: LabelTask, request: Request, batch: Batch) -> None:
    rows = tuple(row.row for row in batch.rows)
    pinned = {"key": _pin_key(task, request), "rows": rows, "is_audit": batch.is_audit}
    session.remember(PINNED, pinned if rows else None)


def _show_one(task: LabelTask, codebook: Codebook, request: Request, batch: Batch, copies: bool) -> None:
    row, text = batch.rows[0], st.container()
    _show_label_buttons(task, codebook, request, batch, copies)
    with text:  # after the buttons: whoever sees the text has its keys
        _show_text(row, batch.is_audit)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        comment = f"label_comment-{row.row}"
        st.text_input(
            "Comment", key=comment, max_chars=MAX_COMMENT_LENGTH, placeholder="optional", width=260,
            help="Stored with the label. Press Enter or Tab before you label by key.",
        )  # fmt: skip
        skip = _answer(request, batch, None, copies)
        st.button(
            "Skip", key=f"label_skip-{row.row}", icon=":material/skip_next:", shortcut="s", on_click=attempt,
            args=(_record, task, skip, comment), help="Leaves the row without a label; you will not see it again.",
        )  # fmt: skip
        _show_undo(task, request)


def _show_text(row: RowToLabel, is_audit: bool) -> None:
    with st.container(border=True, key="label_text"):
        parts = [f"Row {row.row + 1:,}"]
        parts += [":material/casino: audit sample: drawn at random, without a suggestion"] if is_audit else []
        parts += [f"{count(row.copies, 'copy', 'copies')} with the same text"] if row.copies else []
        st.caption(" · ".join(parts))
        if len(row.text) <= SHORT_TEXT:
            st.subheader(plain(row.text) or "(empty text)", anchor=False)
        else:
            with st.container(height=360 if len(row.text) > LONG_TEXT else "content", border=False):
                st.text(row.text)
        for name, value in row.context:
            st.caption(f"**{plain(name)}**: {plain(value)}")


def _show_label_buttons(task: LabelTask, codebook: Codebook, request: Request, batch: Batch, copies: bool) -> None:
    """A button with a key for each label; of more than nine for the likeliest, and a list of all."""
    row = batch.rows[0]
    names = _labels_with_keys(codebook, row)
    definitions = {label.name: label.definition for label in codebook.labels}
    probabilities = dict(row.ranking)
    comment = f"label_comment-{row.row}"
    with st.container(horizontal=True, key="label_buttons"):
        for number, name in enumerate(names, 1):
            share = f" · {share_text(probabilities[name])}" if name in probabilities else ""
            st.button(
                f"{plain(cut(name, 40))}{share}", key=f"label_{row.row}-{number}", shortcut=str(number),
                type="primary" if name == row.suggestion else "secondary", on_click=attempt,
                args=(_record, task, _answer(request, batch, name, copies), comment),
                help=plain(definitions[name]) if definitions[name] else None,
            )  # fmt: skip
        if len(codebook.names) > len(names):
            key = f"label_other-{row.row}"
            st.selectbox(
                "All labels", codebook.names, index=None, key=key, placeholder="Other label", width=200,
                label_visibility="collapsed", on_change=attempt,
                args=(_record_other, task, _answer(request, batch, None, copies), key, comment),
            )  # fmt: skip


def _labels_with_keys(codebook: Codebook, row: RowToLabel) -> tuple[str, ...]:
    if len(codebook.names) <= KEYS:
        return codebook.names
    ranked = [name for name, _ in row.ranking if name in codebook.names]
    return tuple(dict.fromkeys([*ranked, *codebook.names]))[:KEYS]


def _answer(request: Request, batch: Batch, label: str | None, copies: bool) -> Answer:
    rows = tuple(row.row for row in batch.rows)
    suggestions = tuple(row.suggestion for row in batch.rows)
    return Answer(request.annotator, rows, label, "", batch.is_audit, suggestions, copies)


def _show_group(task: LabelTask, codebook: Codebook, request: Request, batch: Batch, copies: bool) -> None:
    """Buttons that label the checked ones of similar rows, and the rows."""
    first, cleared = batch.rows[0], session.remembered(CLEARED, [])
    st.caption(
        f"{count(len(batch.rows), 'similar row')}"
        + (f", all suggested as **{plain(first.suggestion)}**" if first.suggestion else "")
        + ". Click the rows that are different to leave them out, then choose a label."
    )
    definitions = {label.name: label.definition for label in codebook.labels}
    with st.container(horizontal=True, key="label_buttons"):
        for number, name in enumerate(_labels_with_keys(codebook, first), 1):
            st.button(
                plain(cut(name, 40)), key=f"label_group_{first.row}-{number}", shortcut=str(number), on_click=attempt,
                type="primary" if name == first.suggestion else "secondary",
                args=(_record_group, task, _answer(request, batch, name, copies)),
                help=plain(definitions[name]) if definitions[name] else None,
            )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Skip all", key=f"label_skip-{first.row}", icon=":material/skip_next:", shortcut="s", on_click=attempt,
            args=(_record, task, _answer(request, batch, None, copies), ""), help="You will not see these rows again.",
        )  # fmt: skip
        _show_undo(task, request)
    for start in range(0, len(batch.rows), COLUMNS):
        for column, row in zip(st.columns(COLUMNS), batch.rows[start : start + COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch"):
                share = f" · {share_text(row.ranking[0][1])}" if row.ranking else ""
                is_cleared = row.row in cleared
                # not a check box, which would have the focus afterwards, so that no key would work
                st.button(
                    f"Row {row.row + 1:,}{share}", key=f"label_check-{row.row}", type="tertiary", on_click=_toggle,
                    icon=f":material/{'check_box_outline_blank' if is_cleared else 'check_box'}:", args=(row.row,),
                    help="Include the row again." if is_cleared else "Leave the row out.",
                )  # fmt: skip
                st.text(cut(row.text, GROUP_TEXT))


def _show_undo(task: LabelTask, request: Request) -> None:
    st.button(
        "Undo", key="label_undo", icon=":material/undo:", shortcut="u", on_click=attempt, args=(_undo, task, request),
        help="Takes back your last label or skip and shows the row again. Repeat it to go further back.",
    )  # fmt: skip


def _record(task: LabelTask, answer: Answer, comment: str) -> None:
    """Store an answer; the next run shows the next rows. comment: key of its field, "" for none. A key that was pressed
    again before the next rows were drawn is still of the previous ones, and ignored."""
    pinned = session.remembered(PINNED)
    if not pinned or not set(answer.rows) <= set(pinned["rows"]):
        return
    text = str(session.widget_value(comment) or "") if comment else ""
    stored = session.ask(record, task.corpus, task.column, replace(answer, comment=text))
    answers = [*session.remembered(ANSWERS, []), (task.corpus.digest, task.column, answer.annotator, stored)]
    session.remember(ANSWERS, answers[-MAX_ANSWERS:])
    session.remember(PINNED, None)
    session.remember(CLEARED, [])


def _record_other(task: LabelTask, answer: Answer, key: str, comment: str) -> None:
    if label := session.widget_value(key):
        _record(task, replace(answer, label=str(label)), comment)


def _toggle(row: int) -> None:
    cleared = session.remembered(CLEARED, [])
    session.remember(CLEARED, [other for other in cleared if other != row] if row in cleared else [*cleared, row])


def _record_group(task: LabelTask, answer: Answer) -> None:
    """Label the checked rows, and leave the others."""
    cleared = session.remembered(CLEARED, [])
    checked = [at for at, row in enumerate(answer.rows) if row not in cleared]
    if checked:
        rows = tuple(answer.rows[at] for at in checked)
        suggestions = tuple(answer.suggestions[at] for at in checked)
        _record(task, replace(answer, rows=rows, suggestions=suggestions), "")


def _undo(task: LabelTask, request: Request) -> None:
    """The last answer of this tab, else the annotator's last one; its rows are shown again."""
    name = (task.corpus.digest, task.column, request.annotator)
    answers = session.remembered(ANSWERS, [])
    own = [answer for answer in answers if answer[:3] == name]
    result = session.ask(undo, task.corpus, task.column, request.annotator, own[-1][3] if own else "")
    if own:
        session.remember(ANSWERS, [answer for answer in answers if answer != own[-1]])
    if result.rows:
        pinned = {"key": _pin_key(task, request), "rows": result.rows, "is_audit": result.is_audit}
        session.remember(PINNED, pinned)


def _show_notes(batch: Batch, model: str) -> None:
    parts = [batch.note] if batch.note else []
    if batch.source == "classifier":
        parts.append(f"Suggestions: logistic regression trained on {count(batch.trained_on, 'labeled row')}, {model}.")
    elif batch.source:
        parts.append("Suggestions: zero-shot, by the definitions of the labels.")
    if batch.candidates > batch.scored:
        parts.append(f"A random {MAX_SCORED:,} of {batch.candidates:,} candidate rows are ranked.")
    parts.append("Keys work while no field has the focus; a click on the text leaves a field.")
    st.caption(plain(" ".join(parts)))
