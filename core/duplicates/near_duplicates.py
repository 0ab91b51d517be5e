"""Near-duplicates from links between rows: groups at a threshold, which rows of them are redundant, and leaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.digest import digest_text
from core.errors import InputError
from core.types import Neighbors

Representative = Literal["first", "longest", "central"]
FLOOR = 0.7  # cosines below it are no near-duplicates under any model
ROUNDING = 1e-6
MAX_LINKS = 1_000_000
MAX_COMPARED = 3_000  # rows of one group whose pairs are all compared
SPLIT_NAMES = ("split", "set", "fold", "part", "partition", "subset")
MIN_SPLIT_VALUES, MAX_SPLIT_VALUES = 2, 50  # of a column that may be a split
MAX_LEAK_PAIRS = 200  # pairs of values listed


@dataclass(frozen=True, eq=False)
class Links:
    """Similar pairs of rows, each pair once, most similar first. first, second: (m,) int32, first < second.

    scores: (m,) float32, higher is more similar. floor: pairs below it were not searched for. n: rows. best: (n,)
    float32, each row's highest score, -inf without a link; tree: scores of a maximum spanning forest, descending.
    """

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray
    floor: float
    n: int
    best: np.ndarray
    tree: np.ndarray

    def counts(self, threshold: float) -> tuple[int, int, int]:
        """(pairs, groups, rows in groups) at a threshold, in logarithmic time but for the rows."""
        pairs, joined = _count_reaching(self.scores, threshold), _count_reaching(self.tree, threshold)
        rows = int(np.count_nonzero(self.best >= limit(threshold)))
        return pairs, rows - joined, rows  # a forest of r rows and e links has r - e trees


@dataclass(frozen=True, eq=False)
class Leaks:
    """pairs: columns first, second, groups, rows: for two values, the groups that hold both, and their rows of either;
    most rows first, at most 200. rows: (m,) int64, all rows of groups that span values, by group then row. groups: how
    many groups span values. missing: rows in groups whose value is missing, which are not counted.
    """

    pairs: pd.DataFrame
    rows: np.ndarray
    groups: int
    missing: int


def limit(threshold: float) -> np.float32:
    """What a score must reach: slightly less than the threshold, since equal rows differ by rounding."""
    return np.float32(threshold - ROUNDING)


def graph_links(graph: Neighbors, texts: list[str] | None = None, floor: float = FLOOR) -> Links:
    """Links from the neighbor graph. Exact copies among `texts` are linked too, however many there are.

    At most the 1,000,000 highest, to which the floor is raised. A row with more than k near-duplicates has only k.
    """
    cosines = np.asarray(graph.scores)
    if cosines.size and np.count_nonzero(cosines >= floor) > 2 * MAX_LINKS:
        floor = float(np.partition(cosines.ravel(), -2 * MAX_LINKS)[-2 * MAX_LINKS])
    rows, ranks = np.nonzero(cosines >= floor)
    first, second, scores = rows, graph.ids[rows, ranks], cosines[rows, ranks]
    if texts is not None:
        originals, copies = copy_pairs(texts)
        first, second = np.concatenate([first, originals]), np.concatenate([second, copies])
        scores = np.concatenate([scores, np.ones(len(originals), dtype=np.float32)])
    return make_links(first, second, scores, len(cosines), floor)


def make_links(first: np.ndarray, second: np.ndarray, scores: np.ndarray, n: int, floor: float) -> Links:
    """Links out of pairs in any order and direction; of a repeated pair the higher score counts."""
    low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second).astype(np.int64)
    values = np.minimum(np.asarray(scores, dtype=np.float32), 1)
    order = np.lexsort((high, low, -values))
    repeated = pd.Series((low * n + high)[order]).duplicated().to_numpy()
    unique = order[~repeated]
    low, high, values = low[unique].astype(np.int32), high[unique].astype(np.int32), values[unique]
    best = np.full(n, -np.inf, dtype=np.float32)
    np.maximum.at(best, low, values)
    np.maximum.at(best, high, values)
    return Links(low, high, values, floor, n, best, _spanning_forest(low, high, values, n))


def groups_at(links: Links, threshold: float) -> np.ndarray:
    """(n,) int32: each row's group, -1 for rows without a link at or above the threshold; larger groups come first,
    equal ones by their first row. A group is a connected component: it may chain from copy to copy."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count = _count_reaching(links.scores, threshold)
    ends = links.first[:count], links.second[:count]
    _, codes = connected_components(csr_matrix((np.ones(count, dtype=bool), ends), shape=(links.n, links.n)), False)
    sizes = np.bincount(codes, minlength=1)
    first_rows = np.full(len(sizes), links.n)
    np.minimum.at(first_rows, codes, np.arange(links.n))
    ranks = np.empty(len(sizes), dtype=np.int32)
    ranks[np.lexsort((first_rows, -sizes))] = np.arange(len(sizes), dtype=np.int32)
    return np.where(sizes[codes] > 1, ranks[codes], np.int32(-1)).astype(np.int32)


def distinct_pairs(links: Links, threshold: float, codes: np.ndarray) -> int:
    """Pairs of different texts at or above the threshold. codes: (n,), equal for rows with the same text."""
    count = _count_reaching(links.scores, threshold)
    first, second = codes[links.first[:count]].astype(np.int64), codes[links.second[:count]].astype(np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    return len(np.unique((low * links.n + high)[low != high]))


def copy_pairs(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (c,) int64 where the text of a copy occurs first, and the exact copies (c,). Empty texts are copies, too."""
    codes, _ = pd.factorize(np.array([digest_text(text) for text in texts], dtype=object))
    originals = pd.Series(np.arange(len(codes))).groupby(codes).transform("first").to_numpy()
    copies = np.flatnonzero(originals != np.arange(len(codes)))
    return originals[copies].astype(np.int64), copies.astype(np.int64)


def saturated_rows(graph: Neighbors, threshold: float) -> int:
    """Rows all of whose k neighbors reach the threshold, though more rows exist: they may have more than k copies."""
    if not graph.k or graph.k >= len(graph.ids) - 1:
        return 0
    return int(np.count_nonzero(np.asarray(graph.scores[:, -1]) >= limit(threshold)))


def min_cosine(rows: np.ndarray) -> float:
    """The lowest cosine between any two of unit rows (m, d); above 3,000 rows between those and 3,000 spread evenly."""
    sample = rows
    if len(rows) > MAX_COMPARED:
        sample = rows[np.linspace(0, len(rows) - 1, MAX_COMPARED).astype(np.int64)]
    blocks = (rows[start : start + 1_000] @ sample.T for start in range(0, len(rows), 1_000))
    return float(min(1.0, min(float(block.min()) for block in blocks)))


def redundant_rows(
    groups: np.ndarray, texts: Sequence[str], rows: np.ndarray | None, representative: Representative
) -> np.ndarray:
    """Row ids (int64, ascending) of all but one row of each group. groups: (n,), -1 outside of all.

    representative: the first row, the one with the longest text, or the most central one, whose mean cosine to its
    group is highest (rows: (n, d) unit vectors, needed only for that). Ties go to the earlier row. Raises InputError
    for another value.
    """
    if representative not in get_args(Representative) or (representative == "central" and rows is None):
        raise InputError(f"There is no {str(representative)[:20]!r} row here.", "Use first, longest or central.")
    members = np.flatnonzero(groups >= 0)
    codes, priority = groups[members], np.zeros(len(members))
    if representative == "longest":
        priority = np.array([len(texts[row]) for row in members.tolist()], dtype=np.float64)
    elif representative == "central" and rows is not None:
        priority = _mean_cosines(rows[members], codes)
    order = np.lexsort((members, -priority, codes))
    repeated = pd.Series(codes[order]).duplicated().to_numpy()
    return np.sort(members[order][repeated])


def find_leaks(groups: np.ndarray, values: pd.Series) -> Leaks:
    """Groups (n,), -1 outside of all, that hold several values (n,) of a column, such as train and test."""
    present = values.notna().to_numpy()
    members = np.flatnonzero((groups >= 0) & present)
    table = pd.DataFrame({"row": members, "group": groups[members], "value": values.astype(str).to_numpy()[members]})
    spanning = table[table.groupby("group")["value"].transform("nunique") > 1]
    counts = spanning.groupby(["group", "value"]).size().unstack(fill_value=0)
    pairs = [
        (first, second, int(both.sum()), int((counts[first] + counts[second])[both].sum()))
        for first, second in combinations(counts.columns, 2)
        if (both := (counts[first] > 0) & (counts[second] > 0)).any()
    ]
    pair_table = pd.DataFrame(pairs, columns=["first", "second", "groups", "rows"])
    pair_table = pair_table.sort_values(["rows", "groups"], ascending=False, kind="stable").head(MAX_LEAK_PAIRS)
    rows = spanning.sort_values(["group", "row"])["row"].to_numpy(dtype=np.int64)
    missing = int(np.count_nonzero((groups >= 0) & ~present))
    return Leaks(pair_table.reset_index(drop=True), rows, int(spanning["group"].nunique()), missing)


def split_columns(table: pd.DataFrame) -> list[str]:
    """Columns with 2 to 50 unique values, those named like a split first, then by number of values."""
    candidates = []
    for column in table.columns:
        try:
            values = int(table[column].nunique())
        except TypeError:  # cells such as lists can't be compared
            continue
        if MIN_SPLIT_VALUES <= values <= MAX_SPLIT_VALUES and str(column) not in ("source_row", "passage"):
            candidates.append((str(column).strip().lower() not in SPLIT_NAMES, values, str(column)))
    return [name for _, _, name in sorted(candidates, key=lambda candidate: candidate[:2])]


def _count_reaching(scores: np.ndarray, threshold: float) -> int:
    """How many of descending scores reach a threshold."""
    return int(np.searchsorted(-scores, -limit(threshold), "right"))


def _spanning_forest(first: np.ndarray, second: np.ndarray, scores: np.ndarray, n: int) -> np.ndarray:
    """Scores of a maximum spanning forest, descending: what joins groups as the threshold falls."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if not len(scores):
        return np.zeros(0, dtype=np.float32)
    # by rank, so that equal scores are not mistaken for the zeros that mean no link
    ranks = np.arange(1, len(scores) + 1, dtype=np.float64)
    tree = minimum_spanning_tree(csr_matrix((ranks, (first, second)), shape=(n, n)))
    return scores[np.sort(tree.data.astype(np.int64)) - 1]


def _mean_cosines(rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(m,) float64: the mean cosine of each of unit rows (m, d) to its group, itself included."""
    sums = np.zeros((int(codes.max(initial=-1)) + 1, rows.shape[1]))
    np.add.at(sums, codes, rows)
    return np.round(np.einsum("ij,ij->i", rows, sums[codes]) / np.bincount(codes)[codes], 6)
