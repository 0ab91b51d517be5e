"""The label scheme of a label column: names of labels with definitions, stored beside the labels.

<workspace>/corpora/<digest>/annotations/<digest of the name>/codebook.json, events.jsonl
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from core import codec
from core.corpus.export import table_bytes
from core.corpus.selections import clean_name
from core.errors import InputError, StorageError
from core.files import discard, read_json, write_json
from core.store import Workspace
from core.types import CorpusRef

KIND = "annotations"
MAX_LABELS = 200
MAX_DEFINITION_LENGTH = 1_000
AUDIT_EVERY = 5
CodebookFormat = Literal["csv", "json", "md"]


@dataclass(frozen=True)
class LabelDefinition:
    """definition: when a row gets the label, "" where it was not written down."""

    name: str
    definition: str = ""


@dataclass(frozen=True)
class Codebook:
    """The label scheme of a column. audit_every: every so many rows one is drawn at random for the audit sample, 0 for
    none. zero_shot: suggest by definitions until a classifier is trained. token: 8 hex digits, another one where a
    column of that name is created again. created: seconds since 1970."""

    column: str
    labels: tuple[LabelDefinition, ...]
    audit_every: int = AUDIT_EVERY
    zero_shot: bool = False
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    created: float = field(default_factory=time.time)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)


def column_folder(folder: str, digest: str, name: str) -> Path:
    """Where a label column of a corpus is stored; never named by its name."""
    return Workspace(folder).result_folder(KIND, digest, {"column": name})


def load_codebook(corpus: CorpusRef, name: str) -> Codebook:
    """Raises StorageError where there is no such label column, or its codebook is damaged."""
    codebook = read_codebook(column_folder(corpus.folder, corpus.digest, name))
    if codebook is None:
        raise StorageError(f'The label column "{name}" no longer exists.', "Choose another one, or create it again.")
    return codebook


def read_codebook(folder: Path) -> Codebook | None:
    """The codebook in a folder, None where there is none or it is damaged."""
    try:
        codebook: Codebook = codec.decode(Codebook, read_json(folder / "codebook.json"))
    except (KeyError, TypeError, ValueError):
        return None
    return codebook


def create_column(corpus: CorpusRef, codebook: Codebook, taken: Sequence[str] = ()) -> Codebook:
    """Store a new label column without labels; gives it with cleaned names.

    taken: further names of columns. Raises InputError for a name that a column has, in any case, and for an unusable
    label scheme; StorageError where the corpus is gone.
    """
    info = Workspace(corpus.folder).require_info(corpus.digest)
    name = clean_name(codebook.column, "column")
    used = {column.casefold(): column for column in (*info.columns, *taken, *_stored_names(corpus))}
    if name.casefold() in used:
        message = f'There is already a column "{used[name.casefold()]}".'
        raise InputError(message, "Choose another name.")
    checked = replace(codebook, column=name, labels=check_labels(codebook.labels))
    return _save(corpus, checked)


def change_labels(
    corpus: CorpusRef, name: str, labels: Sequence[LabelDefinition], used: Sequence[str] = ()
) -> Codebook:
    """Replace the labels of a column. used: labels that rows have, which must stay. Raises InputError."""
    checked = check_labels(labels)
    names = {label.name for label in checked}
    lost = [label for label in used if label not in names]
    if lost:
        raise InputError(f'Rows are labeled "{lost[0]}": the label must stay.', "Add its line again.")
    return _save(corpus, replace(load_codebook(corpus, name), labels=checked))


def delete_column(corpus: CorpusRef, name: str) -> None:
    """Remove a label column with its labels, if there is one."""
    folder = column_folder(corpus.folder, corpus.digest, name)
    (folder / "codebook.json").unlink(missing_ok=True)  # first: without it the rest is no column
    discard(folder)


def check_labels(labels: Sequence[LabelDefinition]) -> tuple[LabelDefinition, ...]:
    """The labels with cleaned names. Raises InputError for fewer than two, more than 200, names that differ only by
    case, and definitions that are too long."""
    cleaned = tuple(LabelDefinition(clean_name(label.name, "label"), label.definition.strip()) for label in labels)
    if len(cleaned) < 2:
        raise InputError("A label scheme needs two or more labels.", "Type one label per line.")
    if len(cleaned) > MAX_LABELS:
        raise InputError(f"There are {len(cleaned):,} labels; at most {MAX_LABELS} are possible.", "Use fewer labels.")
    names = [label.name.casefold() for label in cleaned]
    repeated = next((label.name for label in cleaned if names.count(label.name.casefold()) > 1), "")
    if repeated:
        raise InputError(f'The label "{repeated}" is listed twice.', "Remove one of them.")
    long = next((label.name for label in cleaned if len(label.definition) > MAX_DEFINITION_LENGTH), "")
    if long:
        message = f'The definition of "{long}" has more than {MAX_DEFINITION_LENGTH:,} characters.'
        raise InputError(message, "Shorten it.")
    return cleaned


def codebook_file(codebook: Codebook, file_format: CodebookFormat) -> bytes:
    """Labels and definitions as CSV, JSON or Markdown."""
    if file_format == "json":
        values = {"column": codebook.column, "labels": [asdict(label) for label in codebook.labels]}
        return json.dumps(values, ensure_ascii=False, indent=1).encode()
    if file_format == "md":
        lines = [f"- **{_markdown(label.name)}**: {_markdown(label.definition)}" for label in codebook.labels]
        return "\n".join([f"# {_markdown(codebook.column)}", "", *lines, ""]).encode()
    table = pd.DataFrame({"label": codebook.names, "definition": [label.definition for label in codebook.labels]})
    return table_bytes(table, "csv")


def _markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in " ".join(text.split()))


def _stored_names(corpus: CorpusRef) -> list[str]:
    folders = column_folder(corpus.folder, corpus.digest, "").parent.glob("*")
    return [codebook.column for codebook in map(read_codebook, folders) if codebook]


def _save(corpus: CorpusRef, codebook: Codebook) -> Codebook:
    path = column_folder(corpus.folder, corpus.digest, codebook.column) / "codebook.json"
    write_json(path, asdict(codebook))
    return codebook
