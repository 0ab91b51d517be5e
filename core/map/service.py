"""What the Map page and other features call: a stored layout, its trustworthiness, colors of its rows."""

import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.clusters.service import group_values
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus, load_selection
from core.errors import InputError, StorageError
from core.map.coloring import ColorSpec, color_spec, column_spec, disagreement_spec, parse_disagreement_link
from core.map.layout import density_sample
from core.map.results import LAYOUTS, LayoutQuery
from core.secret import Secret
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec
from core.vectors.index import similarities
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embedded_query

MAX_DRAWN = 50_000
MAX_HOVER_TEXT = 320  # characters of a text that are sent; the chart shows 80


@dataclass(frozen=True)
class LayoutKey:
    """Everything that names a layout.

    created: unix seconds, 0 while unknown. A fast layout differs from run to run, so what is cached about one must not
    be used for a later one of the same settings.
    """

    corpus: CorpusRef
    model: ModelSpec
    params: LayoutParams
    created: float = 0.0

    @property
    def query(self) -> LayoutQuery:
        return LayoutQuery(self.corpus.source, self.model, self.params)


@dataclass(frozen=True)
class ColorBy:
    """What colors the points. value: the column, the text that similarity is measured to, a saved selection's key, the
    level of the clusters (then a digest of their names), the compared contenders as text for a link, or a column and
    one of its labels as JSON, where rows have several."""

    kind: Literal["none", "column", "label", "trust", "similarity", "selection", "clusters", "disagreement"] = "none"
    value: str = ""


@dataclass(frozen=True)
class MapTrust:
    """A layout's trust as numbers, all in [0, 1], higher is better; chance levels are those of a random layout.

    preservation: mean share of a text's k nearest texts that are also its k nearest on the map (kNN preservation), over
    `preservation_rows` rows. trustworthiness: over `sample` rows. total: distinct texts of the corpus. fitted: how many
    of them UMAP was computed on; the others were placed by their neighbors.
    """

    k: int
    preservation: float
    preservation_chance: float
    preservation_rows: int
    trustworthiness: float
    trustworthiness_chance: float
    sample: int
    total: int
    fitted: int


@dataclass(frozen=True, eq=False)
class MapData:
    """What a Plotly map draws. rows: (m,) int32 ids; points: (m, dims) float32; texts, color: of these rows."""

    rows: np.ndarray
    points: np.ndarray
    texts: list[str]
    color: ColorSpec
    total: int
    trust: MapTrust


def layout_created(layout_key: LayoutKey) -> float:
    """When the stored layout was computed, in unix seconds; 0 where there is none."""
    return LAYOUTS.created(layout_key.query)


def map_data(layout_key: LayoutKey, color: ColorBy, secret: Secret | None = None) -> MapData:
    """At most 50,000 rows of a stored layout with their colors; of more a density-aware, seeded sample.

    Raises StorageError where the layout is not stored, InputError for a column that isn't there, ModelError where the
    text to compare with can't be embedded.
    """
    layout = stored_layout(layout_key)
    points, texts = layout.points, load_corpus(layout_key.corpus).texts
    rows = density_sample(points, MAX_DRAWN)
    spec = color_of(layout_key, color, secret).take(rows)
    drawn = np.asarray(points[rows], dtype=np.float32)
    beginnings = [texts[row][:MAX_HOVER_TEXT] for row in rows]
    return MapData(rows.astype(np.int32), drawn, beginnings, spec, len(points), map_trust(layout))


def map_trust(layout: Layout) -> MapTrust:
    """The stored trustworthiness, with what random layouts would reach."""
    trust, rows = layout.trust, int(np.isfinite(layout.trust.per_point).sum())
    preservation = (trust.knn_preservation, trust.chance, rows)
    trustworthiness = (trust.trustworthiness, random_trustworthiness(trust.total, trust.k))
    fitted = int(layout.facts.get("fitted", trust.total))
    return MapTrust(trust.k, *preservation, *trustworthiness, trust.sample, trust.total, fitted)


def random_trustworthiness(total: int, k: int) -> float:
    """The trustworthiness (Venna and Kaski 2001) that random layouts of `total` rows have on average; 1 where k < 1.

    The rank of a random other row is uniform on 1 .. n - 1, so its mean excess over k is (n-1-k)(n-k) / (2(n-1)).
    """
    if k < 1 or total <= 2 or 2 * k >= total:
        return 1.0
    return 1 - (total - 1 - k) * (total - k) / ((total - 1) * (2 * total - 3 * k - 1))


def stored_layout(layout_key: LayoutKey) -> Layout:
    """Raises StorageError where there is none."""
    return LAYOUTS.get(layout_key.query)


def color_of(layout_key: LayoutKey, color: ColorBy, secret: Secret | None = None) -> ColorSpec:
    """The colors of all rows. Raises as map_data does, and StorageError for contenders that were not compared."""
    corpus, model = layout_key.corpus, layout_key.model
    table = load_corpus(corpus).table
    if color.kind == "trust":
        return color_spec(stored_layout(layout_key).trust.per_point, "neighbors preserved", "trust")
    if color.kind == "similarity":
        return _similarity(layout_key, color.value, secret)
    if color.kind == "clusters":
        return color_spec(group_values(corpus, model, color.value), "cluster")
    if color.kind == "selection":
        is_selected = load_selection(corpus, color.value)
        return color_spec(pd.Series(np.where(is_selected, "selected", "not selected")), "selection")
    if color.kind == "disagreement":
        return _linked_disagreement(corpus, color.value)
    if color.kind == "none":
        return color_spec(None, "", "none", rows=len(table))
    return _column_color(table, *(json.loads(color.value) if color.kind == "label" else (color.value,)))


def _column_color(table: pd.DataFrame, column: str, label: str = "") -> ColorSpec:
    """By a column, or by whether rows have one of several labels."""
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to color by.', "Choose another.")
    sets = label_sets(table[column]) if label else None
    if sets is None:
        return column_spec(table[column], column)
    return color_spec(pd.Series(np.where(sets.mask((label,)), label, "other rows")), column)


def _similarity(layout_key: LayoutKey, text: str, secret: Secret | None) -> ColorSpec:
    query, _ = embedded_query(layout_key.corpus.folder, layout_key.model, text, secret)
    rows = load_vectors(layout_key.corpus, layout_key.model).rows
    return color_spec(similarities(rows, query), "cosine", "similarity")


def _linked_disagreement(corpus: CorpusRef, text: str) -> ColorSpec:
    linked = parse_disagreement_link(corpus, text)
    if linked is None:
        raise StorageError("These contenders have not been compared.", "Compare them on the Disagreement page.")
    return disagreement_spec(*linked)
