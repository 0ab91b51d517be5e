"""Grading hits for a query: a button with a key for each grade, progress, undo and the annotator's name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.corpus.judgments import GRADES, MAX_NAME_LENGTH, GradingState, Source, grade_row, grading_state, undo_judgment
from core.digest import digest_json
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import messages, session, sign_in
from pages.shared.text import count

ANNOTATOR_KEY = "judgment_annotator"
SKIPPED, ERROR = "judgments skipped", "judgments error"
ICONS = {0: ":material/close:", 1: ":material/contrast:", 2: ":material/check:"}
COLORS = {0: "gray", 1: "orange", 2: "green"}
LONG_TEXT = 1_200  # characters from which a text scrolls
KEYS_HELP = "The keys do not work while a field has the focus: click an empty part of the page first."


@dataclass(frozen=True)
class Grading:
    """current: the row to grade next, None where all are graded or skipped. grades: the own ones by row."""

    current: int | None
    grades: dict[int, int]

    def badge(self, row: int) -> str:
        """Markdown for a hit: its grade, or that it is the one to grade."""
        if row in self.grades:
            return grade_badge(self.grades[row])
        return ":blue-badge[:material/arrow_right: Grade this hit]" if row == self.current else ""


@dataclass(frozen=True)
class GradeButtons:
    """Buttons for an item: its number, None where nothing is left. labels: of the grades. on_grade: stores one, on_skip
    and on_undo likewise; all are callbacks."""

    current: int | None
    labels: Mapping[int, str]
    annotator: str
    can_undo: bool
    on_grade: Callable[[int], None]
    on_skip: Callable[[], None]
    on_undo: Callable[[], None]


def select_grading(label: str, key: str, help_text: str) -> bool:
    """A button that switches grading on and off. A toggle would have the focus, and with it the keys."""
    is_on = bool(session.remembered(key, False))
    icon = ":material/close:" if is_on else ":material/grading:"
    args = (key, not is_on)
    st.button(
        "Stop judging" if is_on else label, key=key, icon=icon, help=help_text, on_click=session.remember, args=args
    )
    return is_on


def grade_badge(grade: int) -> str:
    """Markdown of a grade."""
    return f":{COLORS[grade]}-badge[{ICONS[grade]} {GRADES[grade]}]"


def show_grading(
    info: CorpusInfo, question: str, rows: Sequence[int], source: Source, annotator: str | None = None
) -> Grading:
    """Draws the hit to grade with its buttons: 0, 1, 2, S to skip, U to undo.

    question: the query's text. rows: of the hits, in the order in which they are graded. annotator: by default typed
    here. Grades are stored at once.
    """
    corpus = CorpusRef(session.folder(), info.digest)
    rows = tuple(dict.fromkeys(int(row) for row in rows))
    with st.container(border=True, key=f"grading_{source}"):
        name = show_annotator() if annotator is None else annotator
        state = session.ask(grading_state, corpus, question, rows, name)
        left_out = skipped(_skip_key(question, rows))
        graded = sum(row in state.grades for row in rows)
        current = next((row for row in rows if row not in state.grades and row not in left_out), None)
        progress, hit = st.container(), st.container()
        show_buttons(GradeButtons(
            current, GRADES, name, state.can_undo,
            lambda grade: session.ask(grade_row, corpus, question, current, grade, name, source),
            lambda: skip(_skip_key(question, rows), current),
            lambda: undo_grade(corpus, question, rows, name),
        ))  # fmt: skip
        with hit:  # after the buttons: whoever sees the hit has its keys
            _show_current(rows, current, state, graded, source)
        progress.progress(graded / max(len(rows), 1), f"{graded:,} of {len(rows):,} judged")
        show_grading_error()
        if current is not None:
            st.caption(KEYS_HELP)
    return Grading(current, {row: grade for row, grade in state.grades.items() if row in rows})


def _show_current(rows: tuple[int, ...], current: int | None, state: GradingState, graded: int, source: Source) -> None:
    """The hit to grade, or that none is left."""
    if current is None:
        left = len(rows) - graded
        done = "All hits are judged." if not left else f"{count(left, 'hit')} skipped, the others are judged."
        st.success(done, icon=":material/done_all:")
    else:
        number = rows.index(current)
        show_hit(current, state.texts[number], f"Hit {number + 1:,} of {len(rows):,}" if source != "pool" else "")


def show_annotator() -> str:
    """The annotator's name; by default who is signed in, else "annotator 1"."""
    session.widget_default(ANNOTATOR_KEY, sign_in.account_name() or "annotator 1")
    name = st.text_input(
        "Annotator", key=ANNOTATOR_KEY, max_chars=MAX_NAME_LENGTH, persist_state="session", width=220,
        help="Stored with each grade, so that the agreement of several annotators can be measured.",
    )  # fmt: skip
    return " ".join(str(name).split())


def show_hit(row: int, text: str, title: str = "") -> None:
    """A text to grade, in full; scrolled where it is long."""
    st.caption(" · ".join(filter(None, [title, f"row {row + 1:,}"])))
    with st.container(height=300 if len(text) > LONG_TEXT else "content", border=False):
        st.text(text or "(empty text)")


def show_buttons(buttons: GradeButtons) -> None:
    """A button with a key for each grade, S to skip, U to undo."""
    current, name = buttons.current, buttons.annotator
    with st.container(horizontal=True):
        for grade, label in buttons.labels.items():
            options: dict[str, Any] = {"disabled": current is None or not name, "icon": ICONS[grade]}
            st.button(
                label, key=f"judge_{grade}-{current}", shortcut=str(grade), on_click=try_grading,
                args=(buttons.on_grade, grade), **options,
            )  # fmt: skip
        st.button(
            "Skip", key=f"judge_skip-{current}", icon=":material/skip_next:", shortcut="s", disabled=current is None,
            on_click=buttons.on_skip, help="Leaves it without a grade for now.",
        )  # fmt: skip
        st.button(
            "Undo", key="judge_undo", icon=":material/undo:", shortcut="u", disabled=not buttons.can_undo,
            on_click=try_grading, args=(buttons.on_undo,),
            help="Takes back your last grade here. Repeat it to go further back.",
        )  # fmt: skip
    if not name:
        st.caption("Enter your name to grade.")


def try_grading(action: Callable[..., None], *arguments: Any) -> None:
    """Runs a callback's action; its error is shown by the next run, see `show_grading_error`."""
    session.remember(ERROR, None)
    try:
        action(*arguments)
    except PlanisphereError as error:
        session.remember(ERROR, (error.message, error.remedy))


def show_grading_error() -> None:
    if error := session.remembered(ERROR):
        session.remember(ERROR, None)
        messages.show_error(PlanisphereError(*error))


def undo_grade(corpus: CorpusRef, question: str, rows: Sequence[int], name: str) -> None:
    """Take back the annotator's last grade for a query; its hit is next."""
    unskip(_skip_key(question, rows), session.ask(undo_judgment, corpus, name, question))


def skip(key: str, number: int | None) -> None:
    """A callback: leave an item without a grade for now. key: names the list that it is of."""
    session.remember(SKIPPED, (key, [*skipped(key), number]))


def unskip(key: str, numbers: Sequence[int]) -> None:
    """Items whose grade was taken back are graded again."""
    session.remember(SKIPPED, (key, [number for number in skipped(key) if number not in numbers]))


def skipped(key: str) -> list[int]:
    """The skipped items of a list; only those of the last list are remembered."""
    stored, numbers = session.remembered(SKIPPED, ("", []))
    return list(numbers) if stored == key else []


def _skip_key(question: str, rows: Sequence[int]) -> str:
    return digest_json([question, list(rows)])
