"""Making a new version of a corpus without some rows."""

import numpy as np

from core.corpus.loaders import load_corpus
from core.models.registry import capabilities
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef, ModelSpec, Vectors
from core.vectors.loaders import load_vectors
from core.vectors.versions import without_rows


def leave_out(corpus: CorpusRef, rows: np.ndarray, why: str, name: str, models: tuple[ModelSpec, ...]) -> CorpusInfo:
    """Keep the corpus without these rows as a new one; the old one stays. Raises InputError, StorageError.

    models: imported vectors among them are taken over here, since no model could make them again; all other models'
    vectors come from the text-level cache when the new corpus is embedded.
    """
    workspace, whole = Workspace(corpus.folder), load_corpus(corpus)
    made = without_rows(whole, rows, why, name)
    info = workspace.save_corpus(made)
    keep = np.setdiff1d(np.arange(len(whole)), rows)
    for spec in models:
        if not capabilities(spec).can_embed and workspace.load_vectors(info.digest, spec) is None:
            old = load_vectors(corpus, spec)
            workspace.save_vectors(Vectors(old.rows[keep], spec, info.digest, old.facts))
    return info
