"""Rows that a server refused to embed while it took the others: what it said of them, and a corpus without them.

A corpus has no vectors of a model before all its rows have one, so that row i of the vectors is row i of the corpus.
What was embedded is in the cache; the refused rows are stored as a result of the corpus and the model until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.errors import StorageError
from core.models.registry import capabilities
from core.results import Result
from core.store import CorpusInfo, Workspace, vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import ModelQuery
from core.vectors.versions import create_version

MAX_EXCERPT = 200  # characters of a text


@dataclass(frozen=True, eq=False)
class FailedRows:
    """rows: (m,) int64 ids, ascending; messages: the server's, of each. total: rows of the corpus."""

    rows: np.ndarray
    messages: tuple[str, ...]
    total: int

    @property
    def embedded(self) -> int:
        return self.total - len(self.rows)

    @property
    def summary(self) -> str:
        """ "297 of 300 rows embedded"."""
        return f"{self.embedded:,} of {self.total:,} rows embedded"


def _compute(query: ModelQuery, progress: Progress) -> FailedRows:
    raise StorageError(FAILED_ROWS.absence, FAILED_ROWS.remedy)


FAILED_ROWS = Result(
    "failed_rows",
    1,
    ModelQuery,
    FailedRows,
    inputs=lambda query: vector_inputs(query.model),
    compute=_compute,  # stored by the embedding job
    seconds=lambda query: 0.0,
    absence="No rows of this model failed.",
    remedy="Run the model on the Embed page.",
)


def record_failed_rows(corpus: CorpusRef, spec: ModelSpec, codes: np.ndarray, messages: Mapping[int, str]) -> str:
    """Store what a server said of texts it refused; gives how many rows are embedded.

    codes: (n,) the distinct text of each row; messages: by distinct text.
    """
    rows = np.flatnonzero(np.isin(codes, list(messages)))
    value = FailedRows(rows, tuple(messages[int(codes[row])] for row in rows), len(codes))
    FAILED_ROWS.save(ModelQuery(corpus, spec), value)
    return value.summary


def list_failed_rows(folder: str, digest: str) -> dict[ModelSpec, FailedRows]:
    """The models of which a corpus has no vectors because some rows failed."""
    corpus, embedded = CorpusRef(folder, digest), {spec.key for spec in Workspace(folder).models(digest)}
    specs = [ModelSpec.from_dict(record["inputs"]["model"]) for record in FAILED_ROWS.records(corpus)]
    loaded = {spec: FAILED_ROWS.load(ModelQuery(corpus, spec)) for spec in specs if spec.key not in embedded}
    return {spec: failed for spec, failed in loaded.items() if failed}


def failed_rows_table(corpus: CorpusRef, spec: ModelSpec, max_text: int | None = MAX_EXCERPT) -> pd.DataFrame:
    """Row (from 1), Text (its beginning, None for all of it) and Message of each failed row. Raises StorageError."""
    failed, texts = FAILED_ROWS.get(ModelQuery(corpus, spec)), load_corpus(corpus).texts
    excerpts = [texts[row][:max_text] for row in failed.rows]
    return pd.DataFrame({"Row": failed.rows + 1, "Text": excerpts, "Message": list(failed.messages)})


def leave_out_failed_rows(corpus: CorpusRef, spec: ModelSpec) -> CorpusInfo:
    """A new corpus without the rows that failed, whose vectors are all in the cache. Raises StorageError, InputError.

    Its name and its record say how many rows of how many it has.
    """
    workspace, failed = Workspace(corpus.folder), FAILED_ROWS.get(ModelQuery(corpus, spec))
    name = f"{load_corpus(corpus).name} ({failed.embedded:,} of {failed.total:,} rows)"
    imported = tuple(model for model in workspace.models(corpus.digest) if not capabilities(model).can_embed)
    return create_version(corpus, failed.rows, f"rows that {spec.label} could not embed", name, imported)
