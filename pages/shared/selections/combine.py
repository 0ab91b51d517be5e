"""A new selection out of kept ones: rows in both, in any, in one alone, or in none of it."""

from collections.abc import Sequence

import streamlit as st

from core.corpus import selections_service as answers
from core.corpus.selections import LONGEST_NAME, Operation, SavedSelection
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import count, cut

OPERATIONS: dict[Operation, str] = {"and": "and", "or": "or", "without": "without", "not": "not"}
NAME, SECOND = "selection_combined", "selection_second"
HELP = "and: rows in both. or: rows in any of the two. without: rows of the first alone. not: all rows but these."


def show(info: CorpusInfo, kept: Sequence[SavedSelection], chosen: SavedSelection) -> SavedSelection | None:
    """The fields; gives the selection just made, if one was."""
    by_key = {each.key: each for each in kept}
    operation: Operation = (
        st.segmented_control(
            "How to combine",
            list(OPERATIONS),
            default="and",
            key="selection_operation",
            format_func=lambda name: OPERATIONS[name],
            help=HELP,
        )
        or "and"
    )
    first, second = chosen.key, ""
    if operation != "not":
        others = [key for key in by_key if key != chosen.key]
        if not others:
            st.caption("This takes two: keep another selection first.")
            return None
        if session.widget_value(SECOND) not in others:
            session.set_widget(SECOND, others[0])
        second = st.selectbox(
            "Second selection",
            others,
            key=SECOND,
            format_func=lambda key: f"{cut(by_key[key].name, 28)} ({by_key[key].rows:,})",
            help="The first is the one chosen above.",
        )
    return _result(info, first, operation, second, suggestion(by_key, first, operation, second))


def suggestion(by_key: dict[str, SavedSelection], first: str, operation: Operation, second: str) -> str:
    """A name to start from, such as "tea without pots"."""
    parts = [operation, by_key[first].name] if operation == "not" else [by_key[first].name, operation]
    return " ".join([*parts, by_key[second].name] if second else parts)[:LONGEST_NAME]


def _result(info: CorpusInfo, first: str, operation: Operation, second: str, suggested: str) -> SavedSelection | None:
    rows = session.ask_once(answers.combined_count, session.corpus_ref(info), first, operation, second)
    st.caption(f"Gives {count(rows, 'row')} of {info.rows:,}." if rows else "No row is left: choose otherwise.")
    problem = st.container()  # above the button: what comes below it may be out of sight
    name = st.text_input(
        "Name of the result",
        key=NAME,
        max_chars=LONGEST_NAME,
        placeholder=suggested,
        help="Left empty, it gets the name that is suggested here.",
    )
    if not st.button(
        "Keep the result",
        key="selection_combine_yes",
        type="primary",
        icon=":material/join_inner:",
        disabled=not rows,
        width="stretch",
        help="Keeps it as a selection of its own; the two it is made from stay as they are.",
    ):
        return None
    try:
        wanted = (session.corpus_ref(info), name.strip() or suggested, first, operation, second)
        return session.ask(answers.combine_and_save, *wanted)
    except PlanisphereError as error:
        with problem:
            show_error(error)
        return None
