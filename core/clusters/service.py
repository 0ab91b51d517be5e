"""Questions of the Clusters page: is a clustering kept, what are its groups, how far can each be trusted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.clusters.centers import centers
from core.clusters.cluster_set import ClusterSet, cluster_set, clustering
from core.clusters.descriptions import CLUSTER_KEYWORDS, CLUSTER_TRUST
from core.clusters.methods import METHODS, ClusterParams, Method
from core.clusters.names import central_rows, typical_rows
from core.clusters.results import CLUSTER_STABILITY, CLUSTER_SWEEP, CLUSTERS, ClusterQuery, SweepQuery
from core.clusters.stability import best_jaccard
from core.clusters.sweep import Tried
from core.clusters.validation import ClusterTrust
from core.corpus.export import short_cells
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, save_selection, saved_selections, selection_key
from core.errors import InputError
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_vectors

EXISTS = 0.5  # Jaccard from which another model's cluster counts as the same; below, Hennig (2007) calls one dissolved
SHOWN_TEXTS = 5
MOST_LOOKED = 200  # rows among which as many different texts are sought
CELL = 400


@dataclass(frozen=True, eq=False)
class Overview:
    """A clustering in figures. table: one row a cluster, the largest first, index labels. trust: over all rows.

    runs: resamples of the stability in the table, 0 where it was not measured; agreement: their mean adjusted mutual
    information. dbcv: of density methods, else NaN; looked: the rows it was measured on. models: other models looked
    at. counts: clusters on each level of the hierarchy, coarse to fine.
    """

    table: pd.DataFrame
    trust: ClusterTrust
    total: int
    assigned: int
    seconds: float
    k: int
    suggested: bool
    runs: int
    agreement: float
    dbcv: float
    looked: int
    models: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Detail:
    """One cluster: its words with class-based TF-IDF, most central and most typical texts (index: row ids), no two the
    same."""

    name: str
    rows: int
    words: tuple[tuple[str, float], ...]
    central: pd.DataFrame
    typical: pd.DataFrame


def overview(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> Overview:
    """All groups with their trust. Raises StorageError where the clustering is not kept and can't be made at once."""
    found = cluster_set(corpus, model, params)
    query = ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params)
    trust, stable = CLUSTER_TRUST.get_or_compute(query), CLUSTER_STABILITY.load(query)
    table = _table(found, trust, CLUSTER_KEYWORDS.get_or_compute(query))
    if stable:
        table["found"], table["jaccard"] = stable.found, stable.jaccard
    if len(found.facts.get("dbcv_clusters", ())) == len(table):
        table["dbcv"] = np.array(found.facts["dbcv_clusters"], dtype=np.float64)
    others = [other for other in Workspace(corpus.folder).models(corpus.digest) if other != model]
    existing = {other.label: _exists(corpus, found, other) for other in others}
    looked = [here for here in existing.values() if here is not None]
    if looked:
        table["models"] = np.sum(looked, axis=0)
    levels = found.levels if found.levels is not None else ()
    return Overview(
        table, trust, len(found.labels), int(found.assigned.sum()), float(found.facts.get("seconds", 0)),
        int(found.facts.get("k") or 0), bool(found.facts.get("suggested")), stable.runs if stable else 0,
        float(stable.agreement.mean()) if stable else float("nan"),
        float(found.facts.get("dbcv", "nan")), int(found.facts.get("dbcv_looked", 0)),
        tuple(name for name, here in existing.items() if here is not None),
        tuple(int(level.max(initial=-1)) + 1 for level in levels),
    )  # fmt: skip


def detail(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> Detail:
    """One cluster's words and texts. Raises InputError where there is no such cluster."""
    found = cluster_set(corpus, model, params)
    if not 0 <= label < len(found.names):
        raise InputError(f"There is no group {label + 1:,} among {len(found.names):,}.", "Choose another.")
    rows, texts = load_vectors(corpus, model).rows, load_corpus(corpus).texts
    central = _different(texts, central_rows(rows, found.labels, label, MOST_LOOKED))
    typical = _different(texts, typical_rows(rows, found.labels, label, centers(rows, found.labels), MOST_LOOKED))
    words = CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params))[label]
    size = int((found.labels == label).sum())
    return Detail(found.names[label], size, tuple(words), _texts(texts, central), _texts(texts, typical))


def keep_cluster(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, labels: tuple[int, ...], name: str
) -> SavedSelection:
    """The rows of some clusters kept as a selection, for every page; one that has these rows stays as it is.

    Raises InputError for a bad or taken name.
    """
    found, workspace = clustering(corpus, model, params), Workspace(corpus.folder)
    rows = np.flatnonzero(np.isin(found.labels, labels)).astype(np.int64)
    key = selection_key(corpus.digest, rows)
    same = next((selection for selection in saved_selections(workspace, corpus.digest) if selection.key == key), None)
    return same or save_selection(workspace, corpus.digest, name, rows)


def sweeps_of(corpus: CorpusRef, model: ModelSpec) -> dict[Method, tuple[Tried, ...]]:
    """The sweeps made so far, by method."""
    ref = CorpusRef(corpus.folder, corpus.digest)
    found = {method: CLUSTER_SWEEP.load(SweepQuery(ref, model, method)) for method in METHODS}
    return {method: tried for method, tried in found.items() if tried is not None}


def rows_table(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> pd.DataFrame:
    """The whole corpus with each row's group: number from 1 (0: none), name, and whether it was put there from
    noise."""
    found, corpus_ = cluster_set(corpus, model, params), load_corpus(corpus)
    table = corpus_.table.copy(deep=False)
    names = np.array([*found.names, ""], dtype=object)
    table.insert(0, "group", found.labels + 1)
    table.insert(1, "group name", names[found.labels])
    if found.assigned.any():
        table.insert(2, "assigned from noise", found.assigned)
    return table


def _table(found: ClusterSet, trust: ClusterTrust, words: list[list[tuple[str, float]]]) -> pd.DataFrame:
    nearest = [found.names[other] if other >= 0 else "" for other in trust.nearest]
    return pd.DataFrame(
        {
            "name": list(found.names),
            "rows": trust.sizes,
            "share": trust.sizes / max(len(found.labels), 1),
            "words": [", ".join(word for word, _ in own) for own in words],
            "cohesion": trust.cohesion,
            "silhouette": trust.silhouette,
            "inside": trust.inside,
            "nearest": nearest,
            "separation": trust.separation,
        }
    )


def _exists(corpus: CorpusRef, found: ClusterSet, other: ModelSpec) -> np.ndarray | None:
    """(c,) bool: whether another model has a cluster with half of the joint rows in common; None where it has none."""
    theirs = CLUSTERS.load(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), other, found.params))
    if theirs is None and found.params.method == "leiden" and len(found.labels) <= 50_000:
        theirs = clustering(corpus, other, found.params)
    if theirs is None:
        return None
    return np.nan_to_num(best_jaccard(found.labels, theirs.labels, len(found.names))) >= EXISTS


def _different(texts: list[str], rows: np.ndarray) -> np.ndarray:
    """The first rows with texts of their own: five copies would tell no more than one."""
    first = {" ".join(texts[int(row)].split()).casefold(): int(row) for row in reversed(rows)}
    return np.array([row for row in rows.tolist() if row in set(first.values())][:SHOWN_TEXTS], dtype=np.int64)


def _texts(texts: list[str], rows: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"text": [texts[int(row)] for row in rows]}, index=rows)
    return short_cells(table, CELL)[0]
