"""Which labeled rows the probes and k-means see, and which the few-shot probe trains on and is tested on."""

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows, split_names
from core.corpus.reading.json_files import SET_COLUMN
from core.errors import InputError
from core.scoreboard.probes import held_out
from core.scoreboard.types import Task

MOST_PROBED = 10_000  # rows
MOST_IN_SETS = 100_000  # rows in sets that are clustered by themselves
MOST_PROBED_LABELS = 200


def probed_places(data: LabelRows) -> np.ndarray:
    """Places within data.rows, rising: all, or all that ask and others at random, MOST_PROBED together."""
    if len(data) <= MOST_PROBED:
        return np.arange(len(data))
    others = np.setdiff1d(np.arange(len(data)), data.queries)
    more = np.random.default_rng(data.seed).choice(others, MOST_PROBED - len(data.queries), replace=False)
    return np.sort(np.concatenate([data.queries, more]))


def grouped_places(table: pd.DataFrame, data: LabelRows, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places that k-means is asked of, and the set of each: `at` as one set; where the rows came as several sets,
    all of them up to MOST_IN_SETS, as benchmarks cluster them whole."""
    if SET_COLUMN not in table.columns:
        return at, np.zeros(len(at), np.int32)
    places = np.arange(len(data)) if len(data) <= MOST_IN_SETS else at
    return places, np.unique(table[SET_COLUMN].iloc[data.rows[places]].fillna(0), return_inverse=True)[1]


def learnable(data: LabelRows, at: np.ndarray, texts: int) -> np.ndarray:
    """Of the places, those whose label is on at least so many texts among them; the MOST_PROBED_LABELS largest."""
    _, first = np.unique(data.texts[at], return_index=True)  # a text counts once, by its first row
    counts = np.bincount(data.codes[at[first]], minlength=len(data.names))
    chosen = [label for label in np.argsort(-counts, kind="stable")[:MOST_PROBED_LABELS] if counts[label] >= texts]
    return at[np.isin(data.codes[at], chosen)]


def few_shot_sides(table: pd.DataFrame, data: LabelRows, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Places of training and test rows, by the task's column or at random, of labels that are on both sides.

    Raises InputError where the column does not exist, or leaves one side empty.
    """
    places = learnable(data, np.arange(len(data)), 2)
    if task.get("split") is None:
        parts = held_out(data.codes[places], data.texts[places], data.seed)
        train, test = places[parts[0]], places[parts[1]]
    else:
        train, test = (np.intersect1d(side, places) for side in split_sides(table, data, task))
    known = np.intersect1d(data.codes[train], data.codes[test])
    return train[np.isin(data.codes[train], known)], test[np.isin(data.codes[test], known)]


def split_sides(table: pd.DataFrame, data: LabelRows, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Places of training and test rows as a column has them; rows of neither value are on no side."""
    column, test = task.get("split"), str(task.get("test", "test")).lower()
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another column of training and test rows.")
    cells = table[column].iloc[data.rows]
    words, given = cells.astype("str").str.strip().str.lower(), cells.notna().to_numpy()
    values = (words if (words == test).any() else split_names(words)).to_numpy()
    train = task.get("train", "train" if (values == "train").any() else None)
    trains = given & (values != test if train is None else values == str(train).lower())
    sides = np.flatnonzero(trains), np.flatnonzero(given & (values == test))
    if not all(len(side) for side in sides):
        raise InputError(
            f'By the column "{column}", {len(sides[0]):,} labeled rows are for training, {len(sides[1]):,} for test.',
            "Choose another column or values, or let the rows be parted at random.",
        )
    return sides
