"""The same query under several contenders."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.disagreement.geometry import alike_order
from core.disagreement.query import list_likeness, rank_of, rank_texts
from core.disagreement.service import Asked
from core.disagreement.stored import text_codes
from core.errors import InputError, PlanisphereError
from core.models.registry import capabilities
from core.secret import Secret
from core.vectors.contenders import Contender, contender_rows, quantize
from core.vectors.index import similarities
from core.vectors.text_vectors import embedded_query

CELL = 300
Secrets = tuple[tuple[str, Secret], ...]
"""API keys by a server's address, "" for OpenAI's."""


@dataclass(frozen=True)
class QueryAsked:
    """text: a query, or ""; row: an id from 0, -1 for none; one of the two is given. k: how long the lists are."""

    text: str = ""
    row: int = -1
    k: int = 10


@dataclass(frozen=True, eq=False)
class Answers:
    """table: all texts among the k nearest of any, best mean rank first, index row ids; columns text, label (where
    there are labels), only (the one contender that has it, ""). ranks: (t, s) int64 from 1, of that table's texts under
    each contender, beyond k too. places: the contenders asked, as places among all; left_out: (name, why). likeness:
    (s, s) rank-biased overlap of the lists. query: the text asked about. total: texts ranked."""

    table: pd.DataFrame
    ranks: np.ndarray
    cosines: np.ndarray
    places: tuple[int, ...]
    left_out: tuple[tuple[str, str], ...]
    likeness: np.ndarray
    query: str
    total: int

    @property
    def order(self) -> list[int]:
        """Places among those asked, so that lists that are alike stand together."""
        return alike_order(self.likeness)


def answers(asked: Asked, wanted: QueryAsked, secrets: Secrets = ()) -> Answers:
    """Raises InputError where there is no query, or where no contender can answer it."""
    corpus, texts = load_corpus(asked.corpus), text_codes(asked.corpus)
    _check(wanted, len(corpus))
    own = int(texts[wanted.row]) if wanted.row >= 0 else -1
    found, places, left_out = [], [], []
    for place, contender in enumerate(asked.contenders):
        try:
            vector = query_vector(asked, contender, wanted, secrets)
        except PlanisphereError as error:
            left_out.append((contender.label, str(error)))
            continue
        rows = contender_rows(asked.corpus, contender)
        found.append(rank_texts(similarities(rows, vector), texts, own))
        places.append(place)
    if not found:
        raise InputError("No contender can answer this query.", "; ".join(f"{name}: {why}" for name, why in left_out))
    lists = [texts[each.rows[: wanted.k]] for each in found]
    union = np.unique(np.concatenate(lists))
    ranks = np.stack([rank_of(each, texts)[union] for each in found], axis=1)
    order = np.lexsort((ranks.min(axis=1), np.minimum(ranks, wanted.k + 1).mean(axis=1)))
    rows = np.unique(texts, return_index=True)[1][union[order]]
    likeness = np.array([[list_likeness(one, other) for other in lists] for one in lists])
    cosines = np.stack([each.cosines[ranks[order, at] - 1] for at, each in enumerate(found)], axis=1)
    table = _table(asked, rows, ranks[order], places, wanted.k)
    query = corpus.texts[wanted.row] if wanted.row >= 0 else wanted.text
    return Answers(
        table, ranks[order], cosines, tuple(places), tuple(left_out), likeness, query[:CELL], len(found[0].rows)
    )


def query_vector(asked: Asked, contender: Contender, wanted: QueryAsked, secrets: Secrets) -> np.ndarray:
    """(d,) float32 unit vector of the query as a contender sees it. Raises ModelError where it can't embed a text.

    A typed text is cut to the contender's dimensions, and to signs or half precision where its rows are; beside rows of
    int8, whose steps follow from all rows, it stays as it is.
    """
    if wanted.row >= 0:
        return np.asarray(contender_rows(asked.corpus, contender)[wanted.row], np.float32)
    own = dict(secrets).get(capabilities(contender.model).key_name)
    vector, _ = embedded_query(asked.corpus.folder, contender.model, wanted.text, own)
    if contender.is_model:
        return vector
    return quantize(vector[None, :], contender.dimensions, "float32" if contender.bits == "int8" else contender.bits)[0]


def answers_file(asked: Asked, wanted: QueryAsked, secrets: Secrets = ()) -> bytes:
    """The table with whole texts, ranks and cosines, as CSV."""
    found, texts = answers(asked, wanted, secrets), load_corpus(asked.corpus).texts
    table = found.table.assign(text=[texts[row] for row in found.table.index])
    table.insert(0, "row", table.index + 1)
    for at, place in enumerate(found.places):
        name = asked.contenders[place].label
        table[free_name(table, f"rank under {name}")] = found.ranks[:, at]
        table[free_name(table, f"cosine under {name}")] = found.cosines[:, at]
    return table_bytes(table, "csv")


def _table(asked: Asked, rows: np.ndarray, ranks: np.ndarray, places: list[int], k: int) -> pd.DataFrame:
    corpus, inside = load_corpus(asked.corpus), ranks <= k
    alone = np.where(inside.sum(axis=1) == 1, inside.argmax(axis=1), -1)
    names = [asked.contenders[place].label for place in places]
    only = ["" if each < 0 or len(places) < 2 else names[each] for each in alone]
    table = pd.DataFrame({"text": [corpus.texts[row][:CELL] for row in rows], "only": only}, index=rows)
    for name in corpus.roles.labels[:1]:
        table["label"] = corpus.table[name].iloc[rows].astype("str").to_numpy()
    return table


def _check(wanted: QueryAsked, total: int) -> None:
    if wanted.row >= total:
        raise InputError(f"There is no row {wanted.row + 1:,} among the {total:,} rows.", "Give a smaller number.")
    if wanted.row < 0 and not wanted.text.strip():
        raise InputError("There is no query.", "Type a text, or give a row's number.")
