"""New versions of a corpus without some of its rows; the record of each says what was removed from which corpus."""

from collections.abc import Sequence

import numpy as np

from core.corpus.build import corpus_digest
from core.corpus.document_files import copy_documents
from core.corpus.loaders import load_corpus
from core.digest import digest_array
from core.errors import InputError
from core.models.registry import capabilities
from core.store import CorpusInfo, Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Vectors
from core.vectors.loaders import load_vectors

MAX_LISTED_ROWS = 2_000  # rows of the file listed in the record


def create_version(
    corpus: CorpusRef, rows: np.ndarray, why: str, name: str, models: tuple[ModelSpec, ...]
) -> CorpusInfo:
    """Store the corpus without these rows as a new one; the original stays. Raises InputError, StorageError.

    models: imported vectors among them are copied, since no model could compute them again; all other models' vectors
    come from the text-level cache when the new corpus is embedded.
    """
    workspace, original = Workspace(corpus.folder), load_corpus(corpus)
    info = workspace.save_corpus(without_rows(original, rows, why, name))
    copy_documents(corpus, info.digest)
    keep = np.setdiff1d(np.arange(len(original)), rows)
    for spec in models:
        if not capabilities(spec).can_embed and workspace.load_vectors(info.digest, spec) is None:
            old = load_vectors(corpus, spec)
            workspace.save_vectors(Vectors(old.rows[keep], spec, info.digest, old.facts))
    return info


def without_rows(corpus: Corpus, rows: Sequence[int] | np.ndarray, why: str, name: str = "") -> Corpus:
    """The corpus without these rows (ids from 0), under a new digest; the original does not change.

    why: such as "rows marked exclude". Its origin has the step like those of preprocessing, and in "left_out" the
    original corpus, the count, a digest of the row ids, and up to 2,000 row numbers of the file.
    Raises InputError where no row would be removed or left, or for a row that doesn't exist.
    """
    total, removed = len(corpus), np.unique(np.asarray(rows, dtype=np.int64))
    if not len(removed):
        raise InputError("No row would be removed.", "Mark rows first.")
    if removed[0] < 0 or removed[-1] >= total:
        raise InputError(f"This corpus has rows 1 to {total:,}.", "Remove rows of this corpus.")
    if len(removed) == total:
        raise InputError(f"All {total:,} rows would be removed.", "Keep at least one.")
    keep = np.setdiff1d(np.arange(total), removed)
    table = corpus.table.iloc[keep].reset_index(drop=True)
    texts = [corpus.texts[row] for row in keep]
    label = name.strip() or f"{corpus.name} without {_count_rows(len(removed))}"
    digest = corpus_digest(texts, table, corpus.roles)
    return Corpus(label, table, texts, corpus.roles, digest, _version_origin(corpus, removed, why))


def _count_rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def _version_origin(corpus: Corpus, removed: np.ndarray, why: str) -> dict[str, object]:
    note = f'{_count_rows(len(removed))} removed, from "{corpus.name}"'
    step = {"step": f"Remove {why}", "before": len(corpus), "after": len(corpus) - len(removed), "note": note}
    numbers = corpus.table["source_row"].to_numpy()[removed] if "source_row" in corpus.table.columns else removed + 1
    listed = [int(number) for number in numbers[:MAX_LISTED_ROWS]]
    record: dict[str, object] = {"corpus": corpus.digest, "name": corpus.name, "why": why, "rows": len(removed)}
    record |= {"digest": digest_array(removed), "source_rows": listed}
    origin = corpus.origin
    return {**origin, "steps": [*origin.get("steps", []), step], "left_out": [*origin.get("left_out", []), record]}
