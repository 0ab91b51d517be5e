"""What annotators do: label, skip, undo, and start a label column from a selection or an existing column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.classify.labels import merge_labels
from core.corpus.annotations import Annotation, append, column_version, read_log
from core.corpus.codebook import (
    MAX_LABELS,
    Codebook,
    LabelDefinition,
    change_labels,
    check_labels,
    create_column,
    load_codebook,
)
from core.corpus.loaders import load_corpus, load_selection, load_text_codes
from core.corpus.selections import clean_name
from core.errors import InputError
from core.types import CorpusRef

IMPORTED = "column: "  # before the name of the column that labels were copied from, as their annotator


@dataclass(frozen=True)
class Answer:
    """rows: labeled together. label: None to skip them. suggestions: those shown, one per row, or none. copies: label
    rows with the same text, too."""

    annotator: str
    rows: tuple[int, ...]
    label: str | None
    comment: str = ""
    is_audit: bool = False
    suggestions: tuple[str, ...] = ()
    copies: bool = True


def record(corpus: CorpusRef, column: str, answer: Answer) -> str:
    """Write an answer; gives its id. Raises InputError for a label that the column does not have, and as `append`."""
    if answer.label is not None and answer.label not in load_codebook(corpus, column).names:
        raise InputError(f'The label "{answer.label}" is no longer in the label scheme.', "Choose another one.")
    suggestions = dict(zip(answer.rows, answer.suggestions, strict=False))
    first = Annotation(0, answer.label, answer.annotator)
    rows = [*answer.rows, *(_copies(corpus, answer.rows) if answer.copies and answer.label is not None else ())]
    append(corpus, column, [
        Annotation(
            row, answer.label, first.annotator, first.answer, first.time, answer.comment.strip(),
            answer.is_audit and row in answer.rows, answer.label is None, suggestions.get(row, ""),
        )
        for row in rows
    ])  # fmt: skip
    return first.answer


def _copies(corpus: CorpusRef, rows: Sequence[int]) -> list[int]:
    codes = load_text_codes(corpus, None)
    same = np.flatnonzero(np.isin(codes, codes[list(rows)]))
    return [row for row in same.tolist() if row not in rows]


@dataclass(frozen=True)
class Undone:
    """rows: of an answer that was taken back. is_audit: whether they were of the audit sample."""

    rows: tuple[int, ...]
    is_audit: bool


def undo(corpus: CorpusRef, column: str, annotator: str, answer: str = "") -> Undone:
    """Take back an answer of an annotator, the last one by default: rows are as they were before. Without rows where
    there is nothing to take back."""
    log = read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))
    own = [event for event in log.events if event.annotator == annotator]
    undone = {event.undoes for event in own if event.undoes}
    valid = [event for event in own if not event.undoes and event.answer not in undone]
    # a renamed label is written anew, with the time of its answer
    target = answer or max(valid, key=lambda event: event.time, default=Annotation(0, None, "", "")).answer
    names = load_codebook(corpus, column).names
    rows = tuple(dict.fromkeys(event.row for event in valid if event.answer == target))
    before = {event.row: event for event in valid if event.answer != target and event.label in (None, *names)}
    first = Annotation(0, None, annotator)
    append(corpus, column, [
        replace(before.get(row, first), row=row, answer=first.answer, time=first.time, suggestion="", undoes=target)
        for row in rows
    ])  # fmt: skip
    return Undone(rows, any(event.audit for event in valid if event.answer == target))


def rename_label(corpus: CorpusRef, column: str, old: str, new: str) -> int:
    """Give the rows of a label another one, of any annotator; gives their number. A name that another label has merges
    both, and that one's definition stays. The log keeps what was said before. Raises InputError for a label that does
    not exist, an unusable name, and where fewer than two labels would be left."""
    codebook, name = load_codebook(corpus, column), clean_name(new, "label")
    definition = next((label for label in codebook.labels if label.name == old), None)
    if definition is None:
        raise InputError(f'The label "{old}" is no longer in the label scheme.', "Choose another one.")
    others = {label.name.casefold(): label.name for label in codebook.labels if label is not definition}
    target = others.get(name.casefold(), name)
    own = () if target in others.values() else (replace(definition, name=target),)
    at = codebook.labels.index(definition)
    labels = check_labels((*codebook.labels[:at], *own, *codebook.labels[at + 1 :]))
    log = read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))
    events = [event for event in log.current().values() if event.label == old]
    append(corpus, column, [
        replace(event, label=target, suggestion=target if event.suggestion == old else event.suggestion)
        for event in events
    ])  # fmt: skip
    change_labels(corpus, column, labels)
    return len({event.row for event in events})


def labels_of_column(corpus: CorpusRef, source: str) -> tuple[LabelDefinition, ...]:
    """The labels of a column, most frequent first; those that differ only by case or spaces are one. Raises InputError
    for fewer than two or more than 200."""
    counts = merge_labels(_cells(corpus, source)).value_counts()
    if not 2 <= len(counts) <= MAX_LABELS:
        message = f'The column "{source}" has {len(counts):,} labels; 2 to {MAX_LABELS} can be used.'
        raise InputError(message, "Choose another column.")
    return tuple(LabelDefinition(str(name)) for name in counts.index)


def start_from_column(corpus: CorpusRef, codebook: Codebook, source: str, taken: Sequence[str] = ()) -> Codebook:
    """Create a label column with the labels of another column. The codebook's labels come first; those that only the
    column has follow. Raises InputError as `labels_of_column` and `create_column`."""
    cells = merge_labels(_cells(corpus, source))
    names = {label.name.casefold(): label for label in codebook.labels}
    for label in labels_of_column(corpus, source):
        names.setdefault(label.name.casefold(), label)
    created = create_column(
        corpus, Codebook(codebook.column, tuple(names.values()), codebook.audit_every, codebook.zero_shot), taken
    )
    spelling = {label.name.casefold(): label.name for label in created.labels}
    first = Annotation(0, None, f"{IMPORTED}{source}")
    labels = {str(cell): spelling[clean_name(str(cell), "label").casefold()] for cell in cells.dropna().unique()}
    append(corpus, created.column, [
        Annotation(row, labels[str(cell)], first.annotator, first.answer, first.time)
        for row, cell in enumerate(cells) if not pd.isna(cell)
    ])  # fmt: skip
    return created


def start_from_selection(
    corpus: CorpusRef, codebook: Codebook, annotator: str, selection: str, label: str, taken: Sequence[str] = ()
) -> Codebook:
    """Create a label column in which the rows of a saved selection have one label, in any case. Raises InputError for a
    label that the codebook does not have, and as `create_column`."""
    rows = tuple(np.flatnonzero(load_selection(corpus, selection)).tolist())
    names = {definition.name.casefold(): definition.name for definition in check_labels(codebook.labels)}
    name = names.get(" ".join(label.split()).casefold())
    if name is None:
        message = f'The label "{label}" is not in the list of labels.' if label.strip() else "The rows have no label."
        raise InputError(message, "Enter one of the labels as the label of the selection's rows, or add its line.")
    created = create_column(corpus, codebook, taken)
    record(corpus, created.column, Answer(annotator, rows, name, copies=False))
    return created


def _cells(corpus: CorpusRef, source: str) -> pd.Series:
    table = load_corpus(corpus).table
    if source not in table.columns:
        raise InputError(f'There is no column "{source}".', "Choose another column.")
    return table[source]
