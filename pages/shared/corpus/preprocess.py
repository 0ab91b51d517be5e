"""Optional steps between files and corpus, each saying how many rows it changes."""

import streamlit as st

from core.corpus.build import StepCount, Steps
from core.corpus.service import Preview, Refusal, step_counts
from core.corpus.staging import Origin
from core.errors import InputError
from core.types import Roles
from pages.shared import session
from pages.shared.corpus.import_options import tag
from pages.shared.messages import show_error
from pages.shared.text import count, plain

FEWER = {"all": "All rows", "first": "The first rows", "sample": "A random sample"}


def choose(origin: Origin, preview: Preview, roles: Roles) -> Steps | None:
    """Draw the steps; None where nothing can be made, with the reason shown."""
    if not roles.text.strip() and not preview.vectors:
        return None
    would = _counted(origin, roles, Steps(drop_empty=True, drop_duplicates=True))
    left, middle, right = st.columns(3)
    with left:
        empty, duplicates = _cleaning(origin, would if isinstance(would, tuple) else ())
    with middle:
        first, sample, seed = _fewer(origin, preview.rows)
    with right:
        tokens, overlap = _splitting(origin, bool(preview.vectors))
    steps = Steps(empty, duplicates, first, sample, seed, tokens, overlap)
    return steps if _report(origin, preview, roles, steps) else None


def _counted(origin: Origin, roles: Roles, steps: Steps) -> tuple[StepCount, ...] | Refusal:
    with st.spinner("Splitting texts into passages" if steps.passage_tokens else "Counting rows", show_time=True):
        return session.ask_once(step_counts, session.folder(), origin, roles, steps)


def _cleaning(origin: Origin, would: tuple[StepCount, ...]) -> tuple[bool, bool]:
    gone: list[int | None] = [step.before - step.after for step in would] or [None, None]
    empty = st.toggle(
        "Drop empty texts",
        value=True,
        key=f"empty-{tag(origin)}",
        persist_state="session",
        help="Rows with nothing to read in them.",
    )
    st.caption(_would(gone[0], "is empty", "are empty"))
    duplicates = st.toggle(
        "Keep one of exact duplicates",
        key=f"duplicates-{tag(origin)}",
        persist_state="session",
        help="Of rows with the very same text the first is kept.",
    )
    st.caption(_would(gone[1], "repeats an earlier text", "repeat an earlier text"))
    return empty, duplicates


def _would(rows: int | None, one: str, many: str) -> str:
    return "" if rows is None else f"{count(rows, 'row')} {one if rows == 1 else many}"


def _fewer(origin: Origin, rows: int) -> tuple[int | None, int | None, int]:
    way = st.selectbox(
        "Rows",
        list(FEWER),
        key=f"fewer-{tag(origin)}",
        format_func=FEWER.__getitem__,
        persist_state="session",
        help="Fewer rows are quicker to try something out on.",
    )
    if way == "all" or way is None:
        return None, None, 0
    size = st.number_input(
        "How many",
        1,
        rows,
        min(1_000, rows),
        key=f"size-{tag(origin)}",
        persist_state="session",
        help="Counted after the steps on the left.",
    )
    if way == "first":
        return int(size), None, 0
    seed = st.number_input(
        "Seed",
        0,
        2**31,
        0,
        key=f"seed-{tag(origin)}",
        persist_state="session",
        help="The same seed draws the same rows again.",
    )
    return None, int(size), int(seed)


def _splitting(origin: Origin, vectors: bool) -> tuple[int | None, float]:
    split = st.toggle(
        "Split long texts into passages",
        key=f"split-{tag(origin)}",
        disabled=vectors,
        persist_state="session",
        help="Models read only the beginning of a long text. Each passage becomes a row that remembers its row. "
        "Not for texts that come with vectors.",
    )
    if not split or vectors:
        return None, 0.1
    tokens = st.number_input(
        "Tokens a passage",
        8,
        8_000,
        200,
        step=50,
        key=f"tokens-{tag(origin)}",
        persist_state="session",
        help="About three quarters of a word each; all-MiniLM-L6-v2 reads 256.",
    )
    overlap = st.slider(
        "Overlap (%)",
        0,
        50,
        10,
        step=5,
        key=f"overlap-{tag(origin)}",
        persist_state="session",
        help="Share of a passage that the next one repeats, so that no sentence loses its context.",
    )
    return int(tokens), overlap / 100


def _report(origin: Origin, preview: Preview, roles: Roles, steps: Steps) -> bool:
    counts = _counted(origin, roles, steps)
    if isinstance(counts, Refusal):
        show_error(InputError(counts.message, counts.remedy))
        return False
    lines = [f"{plain(step.step)}: {plain(step.note)} ({step.before:,} → {step.after:,})" for step in counts]
    rows = counts[-1].after if counts else preview.rows
    st.caption("  \n".join([*lines, f"**{count(rows, 'row')}** in the corpus."]))
    return True
