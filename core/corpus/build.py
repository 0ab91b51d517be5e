"""A raw table, roles and optional preprocessing steps -> a Corpus."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.preprocess import (
    Counter,
    StepCount,
    Steps,
    apply_cleaning,
    count_split,
    estimate_tokens,
    make_passages,
    sample_passages,
    select_rows,
)
from core.corpus.reading.cells import numbered_name
from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.skipped import complete
from core.corpus.reading.template import column_field, column_texts, missing_column, rename_fields, render_texts
from core.corpus.reading.times import read_times
from core.corpus.reading.value_formats import preserve_detected
from core.corpus.reading.values import RawTable, ReadOptions, Upload
from core.digest import digest_json, digest_table, digest_texts
from core.errors import InputError
from core.store import TEXT_COLUMN
from core.types import SINGLE_VALUED, Corpus, Roles

RESERVED = ("source_row", "passage", TEXT_COLUMN)


@dataclass(frozen=True, eq=False)
class BuiltCorpus:
    """A corpus, the counts of each step, and (n, d) float32 unit vectors of the rows, or None."""

    corpus: Corpus
    steps: tuple[StepCount, ...]
    vectors: np.ndarray | None = None


def build_corpus(
    raw: RawTable, roles: Roles, steps: Steps = Steps(), name: str = "Corpus", count: Counter = estimate_tokens
) -> BuiltCorpus:
    """Render the texts by the template, apply the steps, and record the source of each row. count: tokens of a string,
    as steps.passage_model counts them. Raises InputError for roles
    that name no column, for a step that leaves no row, and for splitting texts that have vectors."""
    if steps.passage_tokens and raw.vectors is not None:
        raise InputError("Texts with vectors can't be split into passages.", "Turn splitting off, or omit the vectors.")
    texts, keep, counts = _select_texts(raw, roles, steps)
    passages = make_passages(texts, steps, count)
    if steps.passage_tokens:
        counts.append(count_split(passages, len(texts)))
    table, roles, notes = _build_table(raw, roles, keep, passages if steps.passage_tokens else None)
    texts = [passage for parts in passages for passage in parts]
    vectors = raw.vectors if raw.vectors is None or len(keep) == len(raw.vectors) else raw.vectors[keep]
    corpus = Corpus(name, table, texts, roles, corpus_digest(texts, table, roles), _origin(raw, steps, counts, notes))
    return BuiltCorpus(corpus, tuple(counts), vectors)


def corpus_digest(texts: Sequence[str], table: pd.DataFrame, roles: Roles) -> str:
    return digest_json({"texts": digest_texts(texts), "table": digest_table(table), "roles": roles.to_dict()})


def count_steps(raw: RawTable, roles: Roles, steps: Steps, count: Counter = estimate_tokens) -> tuple[StepCount, ...]:
    """The counts of build_corpus without building; passages of very much text are estimated ("about")."""
    texts, _, counts = _select_texts(raw, roles, steps)
    if steps.passage_tokens:
        counts.append(count_split(sample_passages(texts, steps, count), len(texts)))
    return tuple(counts)


def draft_texts(
    raw: RawTable, roles: Roles, steps: Steps, count: Counter = estimate_tokens
) -> tuple[list[str], int, int]:
    """The texts of build_corpus, of how many rows they are, and of how many rows in total: a sample where very much
    text would be split. Raises InputError as build_corpus does."""
    texts, _, _ = _select_texts(raw, roles, steps)
    passages = sample_passages(texts, steps, count)
    return [passage for parts in passages for passage in parts], len(passages), len(texts)


def _select_texts(raw: RawTable, roles: Roles, steps: Steps) -> tuple[list[str], np.ndarray, list[StepCount]]:
    """The texts of the selected rows, their positions in the raw table, and the counts of the steps."""
    for column in (*roles.labels, roles.time, roles.id):
        if column and column not in raw.table.columns:
            raise missing_column(column, raw.table.columns)
    texts, cleaned = apply_cleaning(_row_texts(raw, roles), steps)
    keep, counts = select_rows(texts, steps)
    return [texts[row] for row in keep], keep, [*cleaned, *counts]


def read_corpus(
    path: str | Path | Sequence[str | Path], text: str | None = None, label: str | Sequence[str] | None = None,
    time: str | None = None, id: str | None = None, steps: Steps = Steps(), encoding: str | None = None,
    delimiter: str | None = None, name: str | None = None,
) -> Corpus:  # fmt: skip
    """Read one or several files into a Corpus, for notebooks. text: a column or a template; None: guessed.

    label: a column or several. Vectors that come with a file are left out; `read_files` and `build_corpus` keep them.
    Raises InputError for files that can't be read and columns that aren't there.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    options = ReadOptions(encoding, delimiter, vector_rows="none")
    raw = replace(complete(read_files([_upload(one) for one in paths], options)), vectors=None)
    labels = (label,) if isinstance(label, str) else tuple(label or ())
    template = guess_roles(raw.table).text if text is None else _as_template(raw.table, text)
    roles = Roles(template, labels, time, id)
    return build_corpus(raw, roles, steps, name or (paths[0].stem if len(paths) == 1 else f"{len(paths)} files")).corpus


def _upload(path: Path) -> Upload:
    try:
        return Upload(path.name, path.read_bytes())
    except OSError as error:
        raise InputError(f'"{path}" can\'t be read: {error.strerror or error}.', "Check the path.") from error


def _as_template(table: pd.DataFrame, text: str) -> str:
    if text not in table.columns and "{" not in text:
        raise missing_column(text, table.columns)
    return column_field(text) if text in table.columns else text


def _row_texts(raw: RawTable, roles: Roles) -> list[str]:
    """Rendered texts; for vectors without a text column the ID, first label or row number of the row."""
    if roles.text.strip():
        return render_texts(raw.table, roles.text)
    if raw.vectors is None:
        raise InputError("No text column is selected.", "Select the column with the text, or write a template.")
    identifier = roles.id or next(iter(roles.labels), None)
    cells = column_texts(raw.table[identifier]) if identifier else [""] * len(raw.table)
    return [cell.strip() or f"Row {row}" for row, cell in enumerate(cells, start=1)]


def _build_table(
    raw: RawTable, roles: Roles, keep: np.ndarray, passages: list[list[str]] | None
) -> tuple[pd.DataFrame, Roles, list[str]]:
    """The selected rows with `source_row` and `passage`, times parsed. A user's columns of these names are renamed."""
    table = raw.table
    roles = replace(roles, single_valued=tuple(table.attrs.get(SINGLE_VALUED, ())))
    renamed = {name: numbered_name(name, set(table.columns)) for name in RESERVED if name in table.columns}
    sizes = [1] * len(keep) if passages is None else [len(parts) for parts in passages]
    rows = table.iloc[np.repeat(keep, sizes)]
    rows = rows if len(keep) == len(table) else preserve_detected(table, rows)
    rows = rows.rename(columns=renamed).reset_index(drop=True)
    roles = _renamed_roles(roles, renamed)
    notes = [f'Your column "{old}" is called "{new}" here.' for old, new in renamed.items()]
    if roles.time:
        read = read_times(rows[roles.time], raw.day_first)
        notes += [f'"{roles.time}": {note}' for note in read.notes]
        notes += _time_notes(roles.time, rows[roles.time], read.times)
        rows[roles.time] = read.times
    added = {"source_row": np.repeat(keep + 1, sizes)}
    if passages is not None:
        added["passage"] = np.concatenate([np.arange(1, size + 1) for size in sizes])
    return pd.concat([rows, pd.DataFrame(added)], axis=1), roles, notes


def _time_notes(name: str, cells: pd.Series, times: pd.Series) -> list[str]:
    unread = cells.notna() & times.isna()
    if not unread.any():
        return []
    example = str(cells[unread].iloc[0])[:40]
    if not times.notna().any():
        raise InputError(f'Column "{name}" holds no dates that can be read (such as "{example}").', "Choose another.")
    count = "1 cell" if unread.sum() == 1 else f"{int(unread.sum()):,} cells"
    return [f'{count} of "{name}" can\'t be read as dates (such as "{example}") and became missing.']


def _renamed_roles(roles: Roles, names: dict[str, str]) -> Roles:
    if not names:
        return roles
    return Roles(
        rename_fields(roles.text, names),
        tuple(names.get(label, label) for label in roles.labels),
        names.get(roles.time, roles.time) if roles.time else None,
        names.get(roles.id, roles.id) if roles.id else None,
        tuple(names.get(column, column) for column in roles.single_valued),
    )


def _origin(raw: RawTable, steps: Steps, counts: list[StepCount], notes: list[str]) -> dict[str, Any]:
    """JSON-able facts on how the corpus was made."""
    return {
        "sources": [asdict(source) | {"notes": list(source.notes)} for source in raw.sources],
        "notes": [*raw.notes, *notes], "steps": [asdict(count) for count in counts], "choices": asdict(steps),
        "vectors": raw.vectors_name if raw.vectors is not None else "", "descriptions": raw.descriptions,
        "skipped": [asdict(file) for file in raw.skipped],
    }  # fmt: skip
