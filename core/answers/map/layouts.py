"""Questions of the Map page: is a layout kept, what of it is drawn, how far can it be trusted."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core import opened
from core.answers.query import embedded_query
from core.charts.coloring import ColorSpec, color_spec
from core.errors import InputError, StorageError
from core.files import read_json
from core.index import similarities
from core.jobs.tasks import lay_out, layout_inputs
from core.maps.sample import density_sample
from core.secret import Secret
from core.store import Stored, Workspace
from core.types import LayoutParams, ModelSpec, Trust

MOST_DRAWN = 50_000
HOVER = 320  # characters sent of a text; the chart cuts them to 80 without control characters
ROWS_A_SECOND = 2_500  # of a fast layout on two cores, used until a layout of this corpus was timed
SLOWER = 2.0  # a reproducible layout runs on one thread


@dataclass(frozen=True)
class Place:
    """Which map is meant: everything that names a layout.

    made: when it was made (unix seconds), 0 while that is not known. A fast layout differs from run to run, so what is
    kept about one must not be taken for what a later one of the same settings says.
    """

    folder: str
    corpus: str
    model: ModelSpec
    params: LayoutParams
    made: float = 0.0


@dataclass(frozen=True)
class ColorBy:
    """What colors the points. value: the column, the text that similarity is measured to, a kept selection's key, the
    level of the groups (then a stamp of their names), or between whom disagreement is."""

    kind: Literal["none", "column", "trust", "similarity", "selection", "groups", "disagreement"] = "none"
    value: str = ""


@dataclass(frozen=True)
class MapState:
    """kept: the layout is there, made at that time. graph: the neighbor graph is. seconds: what drawing will take."""

    kept: bool
    made: float
    graph: bool
    seconds: float


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


def map_state(place: Place) -> MapState:
    """Whether the layout and the graph are kept; reads no arrays."""
    workspace = Workspace(place.folder)
    graph = workspace.load("neighbors", place.corpus, opened.neighbor_inputs(place.model))
    kept = _stored(place) is not None
    return MapState(kept, layout_stamp(place), graph is not None, _expected_seconds(workspace, place))


def layout_stamp(place: Place) -> float:
    """When the kept layout was made, in unix seconds; 0 where there is none."""
    folder = Workspace(place.folder).result_folder("layouts", place.corpus, layout_inputs(place.model, place.params))
    record = read_json(folder / "result.json")
    return float(record.get("made") or 0) if isinstance(record, dict) else 0.0


def draw_now(place: Place) -> float:
    """Make and keep a quick layout (PCA) in this process; gives its stamp. Raises StorageError without a graph."""
    lay_out(place.folder, place.corpus, place.model, place.params)
    return layout_stamp(place)


def map_data(place: Place, color: ColorBy, secret: Secret | None = None) -> MapData:
    """At most 50,000 rows of a kept layout with their colors, a sample that keeps sparse regions (always the same).

    Raises StorageError where the layout is not kept, InputError for a column that isn't there, ModelError where the
    text to compare with can't be embedded.
    """
    stored = kept_layout(place)
    points, texts = stored.arrays["points"], opened.corpus(place.folder, place.corpus).texts
    rows = density_sample(points, MOST_DRAWN)
    spec = color_of(place, color, secret).take(rows)
    drawn = np.asarray(points[rows], dtype=np.float32)
    shown = [texts[row][:HOVER] for row in rows]
    return MapData(rows.astype(np.int32), drawn, shown, spec, len(points), map_trust(stored))


def map_trust(stored: Stored) -> MapTrust:
    """The trust kept with a layout, with the levels a random layout would reach."""
    per_point = stored.arrays["per_point"]
    trust = Trust(**stored.facts["trust"], per_point=per_point)
    worth_chance = random_trustworthiness(trust.total, trust.k)
    measured = int(np.isfinite(per_point).sum())
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


def kept_layout(place: Place) -> Stored:
    """The kept layout's arrays and facts. Raises StorageError where there is none."""
    stored = _stored(place)
    if stored is None:
        raise StorageError("This map has not been drawn.", "Choose its settings on the Map page and draw it.")
    return stored


def _stored(place: Place) -> Stored | None:
    return Workspace(place.folder).load("layouts", place.corpus, layout_inputs(place.model, place.params))


def _expected_seconds(workspace: Workspace, place: Place) -> float:
    """From the last UMAP layout of this corpus and model if there is one, else from the number of rows."""
    factor = SLOWER if place.params.reproducible else 1.0
    for record in reversed(list(workspace.results("layouts", place.corpus))):
        made = LayoutParams(**record["inputs"]["params"])
        if made.method == "umap" and record["inputs"]["model"] == place.model.to_dict():
            return float(record["facts"]["facts"]["seconds"]) * factor / (SLOWER if made.reproducible else 1.0)
    info = workspace.info(place.corpus)
    return 2 + factor * (info.rows if info else 0) / ROWS_A_SECOND


def color_of(place: Place, color: ColorBy, secret: Secret | None = None) -> ColorSpec:
    """The colors of all rows. Raises as map_data does."""
    table = opened.corpus(place.folder, place.corpus).table
    if color.kind == "trust":
        return color_spec(np.asarray(kept_layout(place).arrays["per_point"]), "neighbors kept", "trust")
    if color.kind == "similarity":
        query, _ = embedded_query(place.folder, place.model, color.value, secret)
        rows = opened.vectors(place.folder, place.corpus, place.model).rows
        return color_spec(similarities(rows, query), "cosine", "similarity")
    if color.kind == "none":
        return color_spec(None, "", "none", rows=len(table))
    if color.kind == "groups":
        from core.answers.clusters.found import group_values  # which itself asks this module's

        return color_spec(group_values(place.folder, place.corpus, place.model, color.value), "group")
    if color.kind == "disagreement":
        return _disagreement(place, color.value)
    if color.kind == "selection":
        inside = opened.selection(place.folder, place.corpus, color.value)
        return color_spec(pd.Series(np.where(inside, "selected", "not selected")), "selection")
    if color.value not in table.columns:
        raise InputError(f'There is no column "{color.value}" to color by.', "Choose another.")
    return color_spec(table[color.value], color.value)


def _disagreement(place: Place, text: str) -> ColorSpec:
    from core.answers.disagreement.maps import disagreement_spec, from_link  # which itself asks this module's

    found = from_link(place.folder, place.corpus, text)
    if found is None:
        raise StorageError("These contenders have not been compared.", "Compare them on the Disagreement page.")
    return disagreement_spec(*found)
