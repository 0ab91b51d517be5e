"""Questions of the Anomalies page about several scores, and several models, of the same rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import PREVIEW_LENGTH, free_name
from core.corpus.loaders import load_corpus
from core.errors import StorageError
from core.outliers.consensus import Agreement, agreement, consensus, percentiles
from core.outliers.score_info import SCORES
from core.outliers.service import MOST_SHOWN, score_of, scores
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import NEIGHBORS, ModelQuery


@dataclass(frozen=True, eq=False)
class Consensus:
    """Rows at or above a percentile of the combined score under at least one model. table: index row ids; columns
    Models (how many), Text, then one percentile a model. everywhere, alone: how many rows all models, and exactly one,
    find strange; models: their labels; by_model: rows that each alone finds strange."""

    table: pd.DataFrame
    everywhere: int
    alone: int
    models: tuple[str, ...]
    by_model: tuple[int, ...]


def score_agreement(corpus: CorpusRef, model: ModelSpec, k: int, top: int) -> Agreement:
    """How far all scores, the isolation forest among them, agree. Names are titles."""
    found = scores(corpus, model, k) | {"forest": score_of(corpus, model, "forest", k)}
    return agreement({SCORES[name].title: found[name] for name in SCORES}, top)


def model_consensus(corpus: CorpusRef, models: tuple[ModelSpec, ...], k: int, percentile: float) -> Consensus:
    """Which rows are strange under which models; those without a graph are left out. Raises StorageError for none."""
    whole, workspace = load_corpus(corpus), Workspace(corpus.folder)
    models = tuple(spec for spec in models if _has_graph(workspace, corpus.digest, spec))
    if not models:
        raise StorageError("No model has a neighbor graph of this corpus.", "Run one on the Embed page.")
    per_model = np.stack([percentiles(scores(corpus, spec, k)["combined"]) for spec in models], axis=1)
    agreed = consensus(per_model, percentile)
    rows = np.flatnonzero(agreed)
    rows = rows[np.lexsort((rows, -per_model[rows].mean(axis=1), -agreed[rows]))]
    table = pd.DataFrame({"Models": agreed[rows]}, index=rows)
    table["Text"] = [whole.texts[row][:PREVIEW_LENGTH] for row in rows]
    for place, spec in enumerate(models):
        table[free_name(table, spec.label)] = per_model[rows, place]
    alone = (agreed == 1)[:, None] & (per_model >= percentile)
    return Consensus(
        table.iloc[:MOST_SHOWN],
        int(np.count_nonzero(agreed == len(models))),
        int(np.count_nonzero(agreed == 1)),
        tuple(str(name) for name in table.columns[2:]),
        tuple(int(count) for count in alone.sum(axis=0)),
    )


def _has_graph(workspace: Workspace, corpus: str, spec: ModelSpec) -> bool:
    return NEIGHBORS.exists(ModelQuery(CorpusRef(str(workspace.folder), corpus), spec))
