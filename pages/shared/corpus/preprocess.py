"""Optional preprocessing between files and corpus; each step shows how many rows it changes."""

import streamlit as st

from core.corpus.preprocess import StepCount, Steps
from core.corpus.service import FilePreview, InvalidInput
from core.corpus.staging import ImportSource
from core.errors import InputError
from core.models.registry import PRESETS, capabilities
from core.types import ModelSpec, Roles
from core.vectors.splitting import count_step_rows
from pages.shared import session
from pages.shared.corpus.import_options import tag
from pages.shared.messages import show_error
from pages.shared.text import count, plain

_LOCAL = [spec for spec in PRESETS if not capabilities(spec).hosted and spec.max_tokens]
# of models of the same name the first: they differ in precision, not in tokens
TOKENIZERS = {spec.name: spec for spec in _LOCAL[::-1]}
ESTIMATED = "Another model (estimate)"
SUBSETS = {"all": "All rows", "first": "First rows", "sample": "Random sample"}


def choose_steps(source: ImportSource, preview: FilePreview, roles: Roles) -> Steps | None:
    """The selected steps; None where no corpus can be created, with the reason on the page."""
    if not roles.text.strip() and not preview.vectors:
        return None
    counts = _count_rows(source, roles, Steps(drop_empty=True, drop_duplicates=True))
    cleaning = _count_rows(source, roles, Steps(drop_empty=False, undo_escapes=True, strip_markup=True))
    left, middle, right = st.columns(3)
    with left:
        empty, duplicates = _choose_cleaning(source, counts if isinstance(counts, tuple) else ())
        escapes, markup = _choose_changes(source, cleaning if isinstance(cleaning, tuple) else ())
    with middle:
        first, sample, seed = _choose_subset(source, preview.rows)
    with right:
        tokens, overlap, model = _choose_splitting(source, preview)
    steps = Steps(empty, duplicates, first, sample, seed, tokens, overlap, markup, escapes, model)
    return steps if _show_step_counts(source, preview, roles, steps) else None


def _count_rows(source: ImportSource, roles: Roles, steps: Steps) -> tuple[StepCount, ...] | InvalidInput:
    with st.spinner("Splitting texts into passages" if steps.passage_tokens else "Counting rows", show_time=True):
        return session.ask_once(count_step_rows, session.folder(), source, roles, steps)


def _choose_cleaning(source: ImportSource, counts: tuple[StepCount, ...]) -> tuple[bool, bool]:
    removed: list[int | None] = [step.before - step.after for step in counts] or [None, None]
    empty = _toggle("Remove empty texts", f"empty-{tag(source)}", "Rows with blank text.", value=True)
    st.caption(_affected_rows(removed[0], "is empty", "are empty"))
    key, help = f"duplicates-{tag(source)}", "Keeps the first of several rows with the same text."
    duplicates = _toggle("Remove exact duplicates", key, help)
    st.caption(_affected_rows(removed[1], "repeats an earlier text", "repeat an earlier text"))
    return empty, duplicates


def _choose_changes(source: ImportSource, counts: tuple[StepCount, ...]) -> tuple[bool, bool]:
    """(undo escapes, remove HTML), offered where they would change a text."""
    helps = ("Backslash escapes such as \\\\n, as databases write them.", "Tags, comments and entities of web pages.")
    choices = []
    for step, key, help in zip(counts, ("escapes", "markup"), helps, strict=False):
        choices.append(step.changed > 0 and _toggle(step.step, f"{key}-{tag(source)}", help))
        if step.changed:
            st.caption(_affected_rows(step.changed, "would change", "would change"))
    return (choices[0], choices[1]) if len(choices) == 2 else (False, False)


def _affected_rows(rows: int | None, singular: str, plural: str) -> str:
    return "" if rows is None else f"{count(rows, 'row')} {singular if rows == 1 else plural}"


def _choose_subset(source: ImportSource, rows: int) -> tuple[int | None, int | None, int]:
    """(first rows, sample size, seed)"""
    subset = st.selectbox(
        "Rows",
        list(SUBSETS),
        key=f"subset-{tag(source)}",
        format_func=SUBSETS.__getitem__,
        persist_state="session",
        help="Use fewer rows for a quick test.",
    )
    if subset == "all" or subset is None:
        return None, None, 0
    size = _number("Number of rows", 1, rows, min(1_000, rows), f"size-{tag(source)}", "Applied after removing rows.")
    if subset == "first":
        return size, None, 0
    return None, size, _number("Seed", 0, 2**31, 0, f"seed-{tag(source)}", "The same seed gives the same sample.")


def _choose_splitting(source: ImportSource, preview: FilePreview) -> tuple[int | None, float, ModelSpec | None]:
    """(tokens per passage or None, overlap in [0, 0.5], the model whose tokens they are, None for an estimate); on by
    default for documents, whose sections may be long."""
    has_vectors, documents = bool(preview.vectors), any(read.is_document for read in preview.sources)
    help = "Models read only the beginning of a long text. Each passage becomes a row. Not for texts with vectors."
    key = f"split-{tag(source)}"
    split = _toggle("Split long texts into passages", key, help, value=documents, disabled=has_vectors)
    if not split or has_vectors:
        return None, 0.1, None
    model = _choose_token_model(source)
    window = f"{model.name} reads {model.max_tokens:,} at most." if model and model.max_tokens else ""
    tokens_help = f"A token is a word or a part of one, in English about three quarters of a word. {window}"
    tokens = _number("Tokens per passage", 8, 8_000, 200, f"tokens-{tag(source)}", tokens_help, step=50)
    key, help = f"overlap-{tag(source)}", "Share of a passage that the next one repeats, to preserve context."
    overlap = st.slider("Overlap (%)", 0, 50, 10, step=5, key=key, persist_state="session", help=help)
    st.caption(f"Tokens as {plain(model.name)} counts them. {window}" if model else "Tokens are estimated from words.")
    return tokens, overlap / 100, model


def _choose_token_model(source: ImportSource) -> ModelSpec | None:
    """The model whose tokenizer counts; None for others, whose tokenizers are not on this machine."""
    names = [*dict.fromkeys(spec.name for spec in _LOCAL), ESTIMATED]
    selected = st.selectbox(
        "Tokens of", names, key=f"tokenizer-{tag(source)}", persist_state="session",
        help="The model that will embed the passages. Tokens of other models are estimated: one per word, per 6 "
        "characters of a long word, and per Chinese or Japanese character.",
    )  # fmt: skip
    return TOKENIZERS.get(str(selected))


def _toggle(label: str, key: str, help: str, value: bool = False, disabled: bool = False) -> bool:
    return st.toggle(label, value, key=key, persist_state="session", help=help, disabled=disabled)


def _number(label: str, low: int, high: int, default: int, key: str, help: str, step: int = 1) -> int:
    return int(st.number_input(label, low, high, default, step=step, key=key, persist_state="session", help=help))


def _show_step_counts(source: ImportSource, preview: FilePreview, roles: Roles, steps: Steps) -> bool:
    """Rows before and after each step; False, and the reason on the page, where no row would be left."""
    counts = _count_rows(source, roles, steps)
    if isinstance(counts, InvalidInput):
        show_error(InputError(counts.message, counts.remedy))
        return False
    lines = [f"{plain(step.step)}: {plain(step.note)} ({step.before:,} → {step.after:,})" for step in counts]
    rows = counts[-1].after if counts else preview.rows
    st.caption("  \n".join([*lines, f"**{count(rows, 'row')}** in the corpus."]))
    return True
