"""Questions of the Map page: is a layout kept, what of it is drawn, how far can it be trusted."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus, load_selection
from core.errors import InputError, StorageError
from core.map.coloring import ColorSpec, color_spec
from core.map.results import LAYOUTS, LayoutQuery
from core.map.sample import density_sample
from core.secret import Secret
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec
from core.vectors.index import similarities
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embedded_query

MOST_DRAWN = 50_000
HOVER = 320  # characters sent of a text; the chart cuts them to 80 without control characters


@dataclass(frozen=True)
class Place:
    """Which map is meant: everything that names a layout.

    made: when it was made (unix seconds), 0 while that is not known. A fast layout differs from run to run, so what is
    kept about one must not be taken for what a later one of the same settings says.
    """

    corpus: CorpusRef
    model: ModelSpec
    params: LayoutParams
    made: float = 0.0

    @property
    def query(self) -> LayoutQuery:
        return LayoutQuery(CorpusRef(self.corpus.folder, self.corpus.digest), self.model, self.params)


@dataclass(frozen=True)
class ColorBy:
    """What colors the points. value: the column, the text that similarity is measured to, a kept selection's key, the
    level of the groups (then a stamp of their names), or between whom disagreement is."""

    kind: Literal["none", "column", "trust", "similarity", "selection", "groups", "disagreement"] = "none"
    value: str = ""


@dataclass(frozen=True)
class MapTrust:
    """A layout's trust as numbers, all in [0, 1], higher is better; chance levels are those of a random layout.

    kept: mean share of a text's k nearest texts that are also its k nearest on the map, over `kept_rows` rows.
    trustworthiness: over `sample` rows. total: rows of the corpus.
    """

    k: int
    kept: float
    kept_chance: float
    kept_rows: int
    trustworthiness: float
    trustworthiness_chance: float
    sample: int
    total: int


@dataclass(frozen=True, eq=False)
class MapData:
    """What is drawn. rows: (m,) int32 ids; points: (m, dims) float32; texts: m beginnings; color: for these m rows."""

    rows: np.ndarray
    points: np.ndarray
    texts: list[str]
    color: ColorSpec
    total: int
    trust: MapTrust


def layout_stamp(place: Place) -> float:
    """When the stored layout was made, in unix seconds; 0 where there is none."""
    return LAYOUTS.created(place.query)


def map_data(place: Place, color: ColorBy, secret: Secret | None = None) -> MapData:
    """At most 50,000 rows of a kept layout with their colors, a sample that keeps sparse regions (always the same).

    Raises StorageError where the layout is not kept, InputError for a column that isn't there, ModelError where the
    text to compare with can't be embedded.
    """
    layout = stored_layout(place)
    points, texts = layout.points, load_corpus(place.corpus).texts
    rows = density_sample(points, MOST_DRAWN)
    spec = color_of(place, color, secret).take(rows)
    drawn = np.asarray(points[rows], dtype=np.float32)
    shown = [texts[row][:HOVER] for row in rows]
    return MapData(rows.astype(np.int32), drawn, shown, spec, len(points), map_trust(layout))


def map_trust(layout: Layout) -> MapTrust:
    """The trust stored with a layout, with the levels a random layout would reach."""
    trust = layout.trust
    worth_chance = random_trustworthiness(trust.total, trust.k)
    measured = int(np.isfinite(trust.per_point).sum())
    return MapTrust(
        trust.k,
        trust.knn_preservation,
        trust.chance,
        measured,
        trust.trustworthiness,
        worth_chance,
        trust.sample,
        trust.total,
    )


def random_trustworthiness(total: int, k: int) -> float:
    """The trustworthiness (Venna and Kaski 2001) that random layouts of `total` rows have on average; 1 where k < 1.

    The rank of a random other row is uniform on 1 .. n - 1, so its mean excess over k is (n-1-k)(n-k) / (2(n-1)).
    """
    if k < 1 or total <= 2 or 2 * k >= total:
        return 1.0
    return 1 - (total - 1 - k) * (total - k) / ((total - 1) * (2 * total - 3 * k - 1))


def stored_layout(place: Place) -> Layout:
    """Raises StorageError where there is none."""
    return LAYOUTS.get(place.query)


def color_of(place: Place, color: ColorBy, secret: Secret | None = None) -> ColorSpec:
    """The colors of all rows. Raises as map_data does."""
    table = load_corpus(place.corpus).table
    if color.kind == "trust":
        return color_spec(stored_layout(place).trust.per_point, "neighbors kept", "trust")
    if color.kind == "similarity":
        query, _ = embedded_query(place.corpus.folder, place.model, color.value, secret)
        rows = load_vectors(place.corpus, place.model).rows
        return color_spec(similarities(rows, query), "cosine", "similarity")
    if color.kind == "none":
        return color_spec(None, "", "none", rows=len(table))
    if color.kind == "groups":
        from core.clusters.cluster_set import group_values  # which itself asks this module's

        return color_spec(group_values(place.corpus, place.model, color.value), "group")
    if color.kind == "disagreement":
        return _disagreement(place, color.value)
    if color.kind == "selection":
        inside = load_selection(place.corpus, color.value)
        return color_spec(pd.Series(np.where(inside, "selected", "not selected")), "selection")
    if color.value not in table.columns:
        raise InputError(f'There is no column "{color.value}" to color by.', "Choose another.")
    return color_spec(table[color.value], color.value)


def _disagreement(place: Place, text: str) -> ColorSpec:
    from core.map.disagreement_colors import disagreement_spec, from_link  # which itself asks this module's

    found = from_link(place.corpus, text)
    if found is None:
        raise StorageError("These contenders have not been compared.", "Compare them on the Disagreement page.")
    return disagreement_spec(*found)
