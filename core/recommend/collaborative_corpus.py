"""Users and items of histories as a corpus, with their vectors by collaborative filtering, for the map and clusters."""

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.corpus.reading.cells import numbered_name
from core.corpus.reading.values import RawTable
from core.corpus.service import CreatedCorpus, store_table
from core.errors import InputError
from core.recommend.baselines import CollaborativeFiltering, popularity
from core.recommend.histories import Histories
from core.recommend.results import HistorySource, load_histories
from core.types import Corpus, Roles, unit_rows

USER, ITEM = "user", "item"
VECTORS_NAME = "collaborative (ALS)"


def create_collaborative_corpus(source: HistorySource, name: str, seed: int = 0) -> CreatedCorpus:
    """A corpus of the items that someone liked, then of the users who liked any, with their ALS vectors as imported
    ones: scaled to unit length, so that cosines compare tastes and not activity. Raises InputError for fewer than two
    users or items, StorageError."""
    histories, corpus = load_histories(source), load_corpus(source.corpus)
    filtering = CollaborativeFiltering(len(corpus), seed)
    filtering.fit(histories)
    items, users = (_nonzero(of) for of in (filtering.item_vectors, filtering.user_vectors))
    if len(items) < 2 or len(users) < 2:
        message = (
            f"Collaborative filtering needs two users and two liked items; there are {len(users)} and {len(items)}."
        )
        raise InputError(message, "Choose other histories.")
    rows = unit_rows(np.vstack([filtering.item_vectors[items], filtering.user_vectors[users]]))
    table, labels = _table(corpus, histories, items, users)
    notes = (
        f"Histories of {corpus.name}: {len(users):,} of {len(histories):,} users, {len(items):,} of {len(corpus):,} "
        f"items. Vectors: alternating least squares, {rows.shape[1]} factors, seed {seed}.",
    )
    roles = Roles("{text}", ("kind", *labels))
    return store_table(source.corpus.folder, RawTable(table, (), notes, rows, VECTORS_NAME), roles, name)


def _nonzero(vectors: np.ndarray) -> np.ndarray:
    """Positions of vectors that have a direction."""
    return np.flatnonzero(np.linalg.norm(vectors, axis=1) > 1e-12)


def _table(
    corpus: Corpus, histories: Histories, items: np.ndarray, users: np.ndarray
) -> tuple[pd.DataFrame, list[str]]:
    """A row per item, with text and labels of the corpus, and per user; events: liked ones."""
    liked = np.bincount(histories.owner[histories.is_liked], minlength=len(histories))
    texts = [corpus.texts[row].strip() or f"row {row + 1}" for row in items.tolist()]
    table = pd.DataFrame({
        "text": [*texts, *(histories.users[user] for user in users.tolist())],
        "kind": [ITEM] * len(items) + [USER] * len(users),
        "events": np.r_[popularity(histories, len(corpus))[items], liked[users]],
    })  # fmt: skip
    labels = []
    for name in corpus.roles.labels:
        labels.append(numbered_name(name, set(table.columns)))
        table[labels[-1]] = corpus.table[name].reindex(np.r_[items, np.full(len(users), -1)]).to_numpy()
    return table, labels
