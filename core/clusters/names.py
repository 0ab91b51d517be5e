"""Names of clusters: keywords by class-based TF-IDF, representative and distinctive texts, and edited names."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.clusters.methods import ClusterParams
from core.clusters.validation import centers
from core.corpus.ctfidf import MAX_NAME_LENGTH, ClusterNamer, class_tf_idf, group_counts
from core.corpus.selections import clean_name
from core.corpus.terms import is_name
from core.digest import digest_json
from core.errors import InputError
from core.files import read_json, write_json
from core.store import Workspace
from core.text import clean_line, truncate
from core.types import ModelSpec

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEYWORDS = 10


def cluster_names(
    labels: np.ndarray, terms: "csr_matrix", vocabulary: Sequence[str], texts: Sequence[str]
) -> list[str]:
    """A name for each cluster of labels (n,), -1 for noise; no two the same.

    terms (n, t) of 0 and 1, vocabulary: of document_terms. Where no term is frequent enough, its best keywords; where
    there are none, the beginning of the first text.
    """
    clustered, count = np.flatnonzero(labels >= 0), int(labels.max(initial=-1)) + 1
    if not count:
        return []
    names = ClusterNamer(terms[clustered], vocabulary).names(labels[clustered], [""] * count)
    taken, top_terms = set(names), keywords(labels, terms, vocabulary, 3) if "" in names else []
    for label in (index for index, name in enumerate(names) if not name):
        first = next((texts[int(row)] for row in np.flatnonzero(labels == label) if texts[int(row)].strip()), "")
        text = ", ".join(word for word, _ in top_terms[label]) or clean_line(first)
        name = truncate(text, MAX_NAME_LENGTH) or f"Cluster {label + 1}"
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        names[label] = next(unique for unique in itertools.chain([name], numbered) if unique not in taken)
        taken.add(names[label])
    return names


def keywords(
    labels: np.ndarray, terms: "csr_matrix", vocabulary: Sequence[str], limit: int = KEYWORDS
) -> list[list[tuple[str, float]]]:
    """For each cluster its terms with the highest class-based TF-IDF (Grootendorst, 2022), with that weight."""
    clustered, count = np.flatnonzero(labels >= 0), int(labels.max(initial=-1)) + 1
    allowed = np.flatnonzero([is_name(term) for term in vocabulary])
    if not count:
        return []
    weights = class_tf_idf(group_counts(terms[clustered][:, allowed], labels[clustered], count))
    best = np.argsort(-weights, axis=1, kind="stable")[:, :limit]
    return [
        [(vocabulary[allowed[term]], float(weights[label, term])) for term in row if weights[label, term] > 0]
        for label, row in enumerate(best)
    ]


def representative_rows(rows: np.ndarray, labels: np.ndarray, label: int, limit: int = 5) -> np.ndarray:
    """Row ids (int64) of a cluster by cosine to its center, nearest first."""
    inside = np.flatnonzero(labels == label)
    if not len(inside):
        return inside
    near = rows[inside] @ centers(rows[inside], np.zeros(len(inside), dtype=np.int32))[0]
    return inside[np.argsort(-near, kind="stable")[:limit]]


def distinctive_rows(
    rows: np.ndarray, labels: np.ndarray, label: int, others: np.ndarray, limit: int = 5
) -> np.ndarray:
    """Row ids (int64) of a cluster by cosine to its center minus that to the nearest other center, highest first.

    others: (c, d) unit centers of all clusters.
    """
    inside = np.flatnonzero(labels == label)
    if not len(inside) or len(others) < 2:
        return representative_rows(rows, labels, label, limit)
    near = rows[inside] @ others.T
    to_center = near[:, label].copy()
    near[:, label] = -np.inf
    return inside[np.argsort(-(to_center - near.max(axis=1)), kind="stable")[:limit]]


def edited_names(workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams) -> dict[int, str]:
    """Names by label edited by a person or written by a chat model; empty where there are none or they can't be
    read."""
    raw = read_json(_file(workspace, corpus, model, params))
    if not isinstance(raw, dict):
        return {}
    return {int(label): str(name) for label, name in raw.items() if str(label).isdecimal() and str(name).strip()}


def save_names(
    workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams, names: dict[int, str]
) -> None:
    """Save edited names. Raises InputError for a name that is invalid or used twice, StorageError."""
    cleaned = {label: clean_name(name) for label, name in names.items()}
    counts = Counter(name.casefold() for name in cleaned.values())
    if twice := next((name for name in cleaned.values() if counts[name.casefold()] > 1), None):
        raise InputError(f'Two clusters have the name "{twice}".', "Use a different name for each.")
    path = _file(workspace, corpus, model, params)
    write_json(path, {str(label): name for label, name in sorted(cleaned.items())})


def _file(workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams) -> Path:
    key = {"model": model.key, "clusters": digest_json(asdict(params.canonical()))}
    return workspace.result_folder("cluster_names", corpus, key) / "names.json"
