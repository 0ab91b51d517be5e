"""What the answer worker gives the Map page: rows, files, distinctive terms, similarity."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.corpus.reading.values import RawTable
from core.corpus.selections import save_selection
from core.errors import PlanisphereError, StorageError
from core.map.results import LAYOUTS, LayoutQuery
from core.map.rows import TableView, distinctive_features, row_view, selection_file, selection_table
from core.map.scene import MapScene, map_geometry, selected_rows
from core.map.selection import GRID_STEPS, Bounds, MapSelection, SelectionStep
from core.map.service import (
    ColorBy,
    LayoutKey,
    layout_created,
    map_data,
    random_trustworthiness,
    stored_layout,
)
from core.models.registry import load_embedder
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, cached_embedder, load_vectors
from pages.shared import session
from pages.shared.map import chart
from pages.shared.map import state as page_state
from pages.shared.map import view as map_view
from tests.pages.map.steps import points_of

EVERYTHING = MapSelection((SelectionStep("box", "set", (0, 0, GRID_STEPS, GRID_STEPS)),))


def test_selection_counts_all_rows_in_the_polygon(place):
    points = points_of(place)
    bounds = Bounds.of([points])
    middle = float(np.median(points[:, 0]))
    x, _ = bounds.steps(middle, 0)
    half = SelectionStep("lasso", "set", (x, -5, 2 * GRID_STEPS, 0, 0, 2 * GRID_STEPS, -2 * GRID_STEPS, 0))
    rows = selected_rows(MapScene((place,)), MapSelection((half,), clicked=1))
    assert rows.tolist() == np.flatnonzero(points[:, 0] > middle).tolist()


def test_table_finds_sorts_and_counts(place):
    table = selection_table(MapScene((place,)), EVERYTHING, TableView("TEAPOT late", "stars", True))
    corpus = load_corpus(place.corpus)
    expected = [i for i, text in enumerate(corpus.texts) if "teapot" in text and "late" in text]
    assert sorted(table.table.index) == expected
    assert table.matching == len(expected)
    assert table.selected == 60
    assert table.table["stars"].is_monotonic_decreasing


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_downloads_hold_the_selected_rows(place, form, read):
    scene = MapScene((place,))
    table = read(io.BytesIO(selection_file(scene, kept_rows(place, [3, 11]), TableView(), form)))
    assert table["Text"].tolist() == [load_corpus(place.corpus).texts[i] for i in (3, 11)]


def test_special_finds_the_planted_word_and_value(place):
    table = load_corpus(place.corpus).table
    lamps = kept_rows(place, np.flatnonzero(table["subject"] == "lamp"))
    found, values = distinctive_features(MapScene((place,)), lamps)
    assert found.entries[0].value in ("lamp", "my lamp")
    best = values.entries[0]
    assert (best.name, best.value, best.inside, best.inside_total, best.outside) == ("subject", "lamp", 10, 10, 0)


def test_colors_of_similarity_are_cosines(place):
    data = map_data(place, ColorBy("similarity", "My lamp looks lovely."))
    rows = load_vectors(place.corpus, place.model).rows
    query = cached_embedder(place.corpus.folder, place.model).embed_query(["My lamp looks lovely."])[0]
    assert np.allclose(data.color.values, (rows @ query)[data.rows], atol=1e-6)
    assert data.points.dtype == np.float32


def test_random_trustworthiness_is_what_random_maps_reach():
    from sklearn.manifold import trustworthiness

    rng = np.random.default_rng(0)
    measured = [
        trustworthiness(rng.normal(size=(200, 20)), rng.normal(size=(200, 2)), n_neighbors=15) for _ in range(30)
    ]
    assert random_trustworthiness(200, 15) == pytest.approx(np.mean(measured), abs=0.01)


def test_answers_about_a_layout_are_not_those_of_an_earlier_one(place):
    before = replace(place, created=layout_created(place))
    assert len(selected_rows(MapScene((before,)), EVERYTHING)) == 60
    layout = stored_layout(place)
    points = np.array(layout.points)
    points[:20] += 1e6  # as a fast layout that was drawn again would have moved them
    half = MapSelection((SelectionStep("box", "set", (-9, -9, GRID_STEPS // 2, GRID_STEPS // 2)),))
    assert selected_rows(MapScene((before,)), half).tolist() != list(range(20, 60))
    LAYOUTS.save(place.query, replace(layout, points=points))
    after = replace(place, created=layout_created(place))
    assert after.created > before.created > 0
    assert selected_rows(MapScene((after,)), half).tolist() == list(range(20, 60))
    assert selection_table(MapScene((after,)), half, TableView()).selected == 40
    assert map_geometry((after,)).points[0].key != map_geometry((before,)).points[0].key
    assert page_state.layout_digest(MapScene((after,))) != page_state.layout_digest(MapScene((before,)))


def test_a_text_column_with_braces_in_its_name_is_listed_once(home):
    table = pd.DataFrame({"say {it}": ["one day", "two days", "three nights", "four weeks"], "n": [1, 2, 3, 4]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles(column_field("say {it}")), name="Braces").corpus
    Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), built.digest), spec, LayoutParams(method="pca")))
    place = LayoutKey(CorpusRef(str(home), built.digest), spec, LayoutParams(method="pca"))
    columns = selection_table(MapScene((place,)), EVERYTHING, TableView()).table.columns
    assert "Text" in columns
    assert "say {it}" not in columns


def test_huge_cells_are_cut_and_said_to_be(home):
    table = pd.DataFrame({"text": ["one day", "two days", "three nights", "four weeks"], "log": ["x" * 1_000_000] * 4})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Logs").corpus
    Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), built.digest), spec, LayoutParams(method="pca")))
    place = LayoutKey(CorpusRef(str(home), built.digest), spec, LayoutParams(method="pca"))
    view = row_view(place, 0)
    assert len(dict(view.cells)["log"]) == 2_000
    assert view.truncated == ("log",)
    found = selection_table(MapScene((place,)), EVERYTHING, TableView())
    assert found.table["log"].str.len().tolist() == [400] * 4
    assert found.truncated == 4


def test_a_key_goes_only_to_models_that_need_one(place, monkeypatch):
    asked = []
    monkeypatch.setattr(session, "named_key", lambda name: Secret("key"))
    monkeypatch.setattr(session, "ask", lambda function, *arguments: asked.append(arguments[-1]) or 1 / 0)
    for model in (place.model, replace(place.model, backend="openai", name="text-embedding-3-small")):
        view = chart.PlotlyMapView(replace(place, model=model), "shop", ColorBy("similarity", "lamp"), "light")
        with pytest.raises(ZeroDivisionError):
            chart.plotly_map(view)
        scene = MapScene((view.layout_key,), view.color)
        with pytest.raises(ZeroDivisionError):
            map_view._colors(map_view.MapView(scene, "shop", "light"))
    assert asked == [None, None, Secret("key"), Secret("key")]


def test_unknown_row_column_and_layout_are_explained(place):
    with pytest.raises(PlanisphereError, match="no row 1,000"):
        row_view(place, 999)
    with pytest.raises(PlanisphereError, match="no column"):
        map_data(place, ColorBy("column", "nothing"))
    with pytest.raises(StorageError, match="not been computed"):
        map_data(LayoutKey(place.corpus, place.model, LayoutParams(seed=9)), ColorBy())


def kept_rows(place: LayoutKey, rows) -> MapSelection:
    """Any rows, chosen as a kept selection."""
    saved = save_selection(Workspace(place.corpus.folder), place.corpus.digest, f"Rows {len(rows)}", rows)
    return MapSelection((SelectionStep("rows", "set", key=saved.key),))
