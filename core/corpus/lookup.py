"""Stored corpora, their vectors and their saved selections by name: for notebooks, command lines and agents."""

import numpy as np

from core.corpus.added_columns import current_ref
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, saved_selections, selection_rows
from core.errors import InputError, StorageError
from core.store import CorpusInfo, Workspace
from core.types import Corpus, ModelSpec, Vectors

MAX_LISTED = 20  # names in a message


def open_corpus(workspace: Workspace, corpus: str) -> Corpus:
    """A stored corpus by name or digest, with the columns that were added to it (labels, predictions, entities).

    Raises InputError where there is none, or several of that name; StorageError where it can't be read.
    """
    info = find_corpus(workspace, corpus)
    return load_corpus(current_ref(str(workspace.folder), info.digest))


def open_vectors(workspace: Workspace, corpus: str, model: str = "") -> Vectors:
    """The stored vectors of a corpus: .rows (n, d) float32, unit rows, .model.

    model: label, key or name of a model that the corpus is embedded with, the first one by default. Raises InputError
    where there is none, StorageError where they can't be read.
    """
    info = find_corpus(workspace, corpus)
    spec = find_model(workspace, info, model)
    vectors = workspace.load_vectors(info.digest, spec)
    if vectors is None:
        raise StorageError(f"The vectors of {spec.label} can't be read.", "Run the model on the Embed page.")
    return vectors


def selection(workspace: Workspace, corpus: str, name: str) -> np.ndarray:
    """The rows of a saved selection: (m,) int64 row ids, ascending. corpus: name or digest. name: in any case.

    Raises InputError where there is no such corpus or selection, StorageError where it is damaged.
    """
    info = find_corpus(workspace, corpus)
    return selection_rows(workspace, info.digest, find_selection(workspace, info, name).key)


def find_corpus(workspace: Workspace, name: str) -> CorpusInfo:
    """By digest or name. Raises InputError where there is none, or several of that name."""
    corpora = workspace.corpora()
    matches = [info for info in corpora if name in (info.digest, info.name)]
    if not matches:
        message = f'There is no corpus "{name}" in {workspace.folder}.'
        raise InputError(message, f"Corpora there: {_listed([info.name for info in corpora])}.")
    if len(matches) > 1:
        digests = ", ".join(info.digest for info in matches)
        raise InputError(f'There are {len(matches)} corpora named "{name}".', f"Use one of the digests {digests}.")
    return matches[0]


def find_model(workspace: Workspace, info: CorpusInfo, name: str = "") -> ModelSpec:
    """A model that the corpus is embedded with, by key, label or name, the first without a name. Raises InputError
    where there is none, or several of that name."""
    models = workspace.models(info.digest)
    exact = [model for model in models if name in (model.key, model.label)] if name else models[:1]
    matches = exact or [model for model in models if name == model.name]
    if len(matches) == 1:
        return matches[0]
    labels = ", ".join(model.label for model in models) or "none; run one on the Embed page"
    problem = f"has several models named {name}" if matches else f"is not embedded with {name or 'a model'}"
    raise InputError(f'"{info.name}" {problem}.', f"Models: {labels}.")


def find_selection(workspace: Workspace, info: CorpusInfo, name: str) -> SavedSelection:
    """A saved selection of a corpus, by name in any case, or by key. Raises InputError."""
    stored = saved_selections(workspace, info.digest)
    match = next((one for one in stored if name == one.key or name.casefold() == one.name.casefold()), None)
    if match is None:
        message = f'"{info.name}" has no saved selection "{name}".'
        raise InputError(message, f"Saved selections: {_listed([one.name for one in stored])}.")
    return match


def _listed(names: list[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names[:MAX_LISTED]) or "none"
    return listed if len(names) <= MAX_LISTED else f"{listed} and {len(names) - MAX_LISTED:,} more"
