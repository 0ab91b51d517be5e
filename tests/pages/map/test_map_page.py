"""The Map page on no, small and ordinary corpora: what the map is given, and what is chosen on it does."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.typing import PlotlyState

from core.corpus.loaders import load_corpus
from core.map.regions import layout_regions
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import map_geometry
from core.map.selection import GRID_STEPS, Bounds
from core.map.service import (
    ColorBy,
    LayoutKey,
    map_data,
    map_trust,
    stored_layout,
)
from core.map.trust import align
from core.types import CorpusRef, LayoutParams
from core.vectors.loaders import NEIGHBORS, ModelQuery, cached_embedder, load_vectors
from pages.shared.map import chart, settings
from pages.shared.map.settings import layout_id
from tests.pages.map.steps import in_frame, lasso_around, linked, listed, opened_page, points_of, small_corpus, words
from tests.waiting import wait_until


def figure(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def select(app: AppTest, **parts: list) -> AppTest:
    """What is selected on the Plotly map."""
    chosen = {"points": [], "point_indices": [], "box": [], "lasso": []} | parts
    app.session_state["map_chart"] = PlotlyState({"selection": chosen})
    return app.run()


def test_empty_workspace_leads_to_the_data_page(app):
    app = opened_page(app)
    assert not app.exception
    assert "nothing to map" in words(app)
    assert any("Data" in link.proto.label for link in app.get("page_link"))


def test_corpus_without_vectors_leads_to_the_embed_page(home, app):
    small_corpus(home, ["one", "two"], embedded=False)
    app = opened_page(app)
    assert not app.exception
    assert "has not been embedded" in words(app)
    assert any("Embed" in link.proto.label for link in app.get("page_link"))


def test_default_map_is_colored_by_the_first_label_and_says_its_trust(app, place, browser):
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="color").value == "subject"
    color = browser.data["color"]
    codes = np.frombuffer(browser.arrays[color["array"]], np.uint8)
    table = load_corpus(place.corpus).table
    assert [color["categories"][code]["label"] for code in codes] == table["subject"].tolist()
    trust = map_trust(stored_layout(place))
    assert f"**{trust.preservation:.1%}** of each text's 15 nearest neighbors" in words(app)
    assert "chance: 25.4%" in words(app)  # 15 of the 59 others
    assert "all 60 distinct texts" in words(app)
    assert "Showing 60 of 60" in words(app)
    assert "Click a point" in words(app)
    assert not app.get("plotly_chart")


def test_the_component_itself_mounts(app, place):
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    keys = [element.key for element in app.main if type(element).__name__ == "UnknownElement"]
    assert "map" in keys
    assert "map_details" in keys
    assert sum(key.startswith("array-") for key in keys) == 2  # points and colors


def test_the_map_is_given_points_labels_and_details(app, place, browser):
    app = opened_page(app)
    (panel,) = browser.data["panels"]
    points = np.frombuffer(browser.arrays[panel["array"]], np.float32).reshape(-1, 2)
    assert points.tolist() == np.asarray(stored_layout(place).points, np.float32).tolist()
    bounds = Bounds.of([points])
    assert browser.data["bounds"] == {name: getattr(bounds, name) for name in ("x", "y", "side", "width", "height")}
    assert panel["labels"] == [
        [region.text, region.x, region.y, region.level, region.rows] for region in layout_regions(place, "")
    ]
    assert (panel["title"], panel["contours"], browser.data["ids"], browser.data["columns"]) == ("", [], None, [])
    assert browser.rows[0] == browser.data["details"]
    assert [row[0] for row in browser.rows[1]] == list(range(60))
    assert browser.rows[1][7][1] == load_corpus(place.corpus).texts[7]
    assert browser.data["command"]["choice"] == {}
    assert browser.data["command"]["view"] is None
    assert "60 texts of Little shop, colored by subject" in browser.data["alt"]


def test_labels_lines_and_histograms_are_chosen_in_the_link(app, place, browser):
    for name, value in {"labels": "stars", "density": "true", "hist": "stars"}.items():
        app.query_params[name] = value
    app = opened_page(app)
    assert not app.error
    (panel,) = browser.data["panels"]
    assert {label[0] for label in panel["labels"]} <= {"1", "2", "3", "4", "5"}
    assert panel["labels"] == [
        [region.text, region.x, region.y, region.level, region.rows] for region in layout_regions(place, "stars")
    ]
    assert panel["contours"]
    assert all(0 < share < 1 and len(line) % 2 == 0 for share, lines in panel["contours"] for line in lines)
    (column,) = browser.data["columns"]
    bins = np.frombuffer(browser.arrays[column["array"]], np.uint8)
    table = load_corpus(place.corpus).table
    assert [column["bins"][code] for code in bins] == table["stars"].astype(str).tolist()
    app.selectbox(key="labels").select("(none)").run()
    assert browser.data["panels"][0]["labels"] == []


def test_another_map_stands_beside_it_turned_onto_it(app, place, browser):
    beside = replace(place, params=LayoutParams(method="pca"))
    app.query_params["with"] = layout_id(beside)
    app = opened_page(app)
    assert not app.error
    first, second = (
        np.frombuffer(browser.arrays[panel["array"]], np.float32).reshape(-1, 2) for panel in browser.data["panels"]
    )
    assert second.tolist() == align(stored_layout(beside).points, first).tolist()
    assert [panel["title"] for panel in browser.data["panels"]] == ["lexical baseline, UMAP", "lexical baseline, PCA"]
    assert not browser.data["panels"][1]["labels"]
    assert browser.data["bounds"]["side"] == pytest.approx(np.ptp(np.vstack([first, second]), axis=0).max())
    for title, shown in (("UMAP", place), ("PCA", beside)):
        kept = map_trust(stored_layout(shown)).preservation
        assert f"lexical baseline, {title}: **{kept:.1%}** of each text's 15 nearest neighbors" in words(app)
    step = lasso_around(second[:1], np.vstack([first, second])) | {"m": 1}
    browser.choose(steps=[step])
    app.run()
    assert sorted(listed(app).index) == in_frame(second, second[:1])
    app.multiselect(key="with").set_value([]).run()
    assert len(browser.data["panels"]) == 1
    assert linked(app, "with") == ""


def test_geometry_stays_the_same_when_other_things_change(app, place, browser):
    app = opened_page(app)
    before = browser.data
    browser.choose(steps=[lasso_around(points_of(place), points_of(place))])
    app.run()
    app.text_input(key="map_find").input("lamp").run()
    assert listed(app)["Text"].str.contains("lamp").all()
    assert {**browser.data, "command": None} == {**before, "command": None}
    app.selectbox(key="color").select("stars").run()
    assert browser.data["color"] != before["color"]
    assert browser.data["color"]["key"] == "column:stars"
    for part in ("key", "reset", "panels", "bounds", "details"):
        assert browser.data[part] == before[part]
    assert browser.data["command"]["stamp"] == before["command"]["stamp"]  # the browser keeps its own state


@pytest.mark.parametrize("dims", [2, 3])
def test_a_saved_map_says_what_it_shows(place, dims):
    key = replace(place, params=LayoutParams(method="pca", dims=dims))
    LAYOUTS.get_or_compute(LayoutQuery(key.corpus, key.model, key.params))
    text = chart.describe_map(chart.PlotlyMapView(key, "Little shop", ColorBy(), "light"), map_data(key, ColorBy()))
    for part in (
        key.model.label,
        "60 of 60 rows",
        f"PCA map in {dims} dimensions",
        str(datetime.now(UTC).year),
        "chance",
    ):
        assert part in text


def test_without_webgl_the_plotly_map_is_shown_and_says_why(app, place, browser):
    app = opened_page(app)
    browser.told["unsupported"] = True
    app.run()
    assert not app.exception
    assert not app.error
    assert "this browser has no WebGL2" in words(app)
    assert len(figure(app)["data"]) == 6
    assert figure(app)["layout"]["dragmode"] == "pan"  # else clicks on points would not arrive
    points = points_of(place)
    (x0, y0), (x1, y1) = np.quantile(points, [0.2, 0.7], axis=0)
    app = select(app, box=[{"x": [float(x1), float(x0)], "y": [float(y0), float(y1)]}])
    assert not app.error
    inside = np.flatnonzero(((points > [x0, y0]) & (points < [x1, y1])).all(axis=1)).tolist()
    assert sorted(listed(app).index) == inside
    app = select(app, points=[{"customdata": 7}])
    assert "**Row 8**" in words(app)


def test_undrawn_layout_is_offered_and_the_default_is_one_click_away(app, place, browser, monkeypatch):
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)  # a fast machine would compute it at once
    app = opened_page(app)
    browser.data = None
    app.slider(key="neighbors").set_value(5)
    app.run()
    assert browser.data is None
    assert "has not been computed yet" in words(app)
    assert "takes about" in words(app)
    next(button for button in app.button if button.label == "Reset map settings").click()
    app.run()
    assert browser.data
    assert app.slider(key="neighbors").value == 15


def test_draw_this_map_submits_a_job_that_keeps_the_layout(app, place, browser, monkeypatch):
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    app = opened_page(app)
    first = browser.data["key"]
    app.slider(key="neighbors").set_value(6)
    app.run()
    next(button for button in app.button if button.label == "Compute map").click()
    app.run()
    assert not app.exception
    wanted = LayoutKey(place.corpus, place.model, LayoutParams(n_neighbors=6))
    wait_until(lambda: LAYOUTS.exists(wanted.query))
    app.run()
    assert browser.data["key"] != first


def test_preview_is_replaced_in_place(app, place, browser, monkeypatch):
    """A PCA map stands in for UMAP; view, clicked row and the rows within a lasso stay when that is stored."""
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    monkeypatch.setattr("core.map.results.PREVIEW_ROWS", 10)
    first, final = (replace(place, params=LayoutParams(**more)) for more in ({"method": "pca"}, {"n_neighbors": 6}))
    app = opened_page(app)
    app.slider(key="neighbors").set_value(6)
    app.run()
    points = points_of(first)
    np.testing.assert_array_equal(
        points, np.frombuffer(browser.arrays[browser.data["panels"][0]["array"]], np.float32).reshape(-1, 2)
    )
    browser.choose(view=(0.25, 0.75, 3.5), clicked=4, steps=[lasso_around(points[:5], points)])
    app.run()
    rows = listed(app).index
    assert len(rows) >= 5
    LAYOUTS.save(final.query, replace(stored_layout(place), params=final.params))
    app.run()
    app.run()
    assert not app.exception
    assert listed(app).index.equals(rows)
    command = browser.data["command"]
    assert command["view"] == [0.25, 0.75, 3.5]
    assert command["choice"]["clicked"] == 4


def test_three_dimensional_pca_is_drawn_at_once_and_is_for_looking(app, place, browser):
    app = opened_page(app)
    browser.data = None
    app.session_state["method"], app.session_state["dims"] = "PCA", 3
    app.run()
    assert not app.exception
    assert not app.error
    assert figure(app)["data"][0]["type"] == "scatter3d"
    assert "switch to two dimensions" in words(app)
    assert browser.data is None


def test_similarity_and_trust_color_the_map(app, place, browser):
    app = opened_page(app)
    app.selectbox(key="color").select("(neighbor preservation)").run()
    assert browser.data["color"]["name"] == "neighbors preserved"
    assert browser.data["color"]["ticks"] == ["0%", "50%", "100%"]
    assert browser.data["color"]["key"] == "trust:"
    app.selectbox(key="color").select("(similarity to a text)").run()
    assert browser.data["color"]["array"] is None  # until there is a text
    app.text_input(key="like").input("teapot broke").run()
    assert not app.exception
    assert not app.error
    color = browser.data["color"]
    assert (color["name"], color["key"]) == ("cosine", "similarity:teapot broke")
    rows = load_vectors(place.corpus, place.model).rows
    cosines = rows @ cached_embedder(place.corpus.folder, place.model).embed_query(["teapot broke"])[0]
    codes = np.frombuffer(browser.arrays[color["array"]], np.uint8).astype(float)
    assert np.corrcoef(codes, cosines)[0, 1] > 0.999
    browser.choose(range=[200, 254])
    app.run()
    assert sorted(listed(app).index) == np.flatnonzero(codes >= 200).tolist()


def test_links_reopen_the_same_view(app, place, browser):
    for name, value in {"color": "stars", "method": "PCA", "dims": "2"}.items():
        app.query_params[name] = value
    app = opened_page(app)
    assert app.selectbox(key="color").value == "stars"
    assert app.session_state["method"] == "PCA"
    pca = map_geometry((replace(place, params=LayoutParams(method="pca")),))
    assert browser.data["panels"][0]["array"] == pca.points[0].key


def test_links_of_older_versions_are_understood(app, place, browser):
    app.query_params["color"] = "(trust in the map)"
    app.query_params["labels"] = "(typical words)"
    app = opened_page(app)
    assert not app.error
    assert app.selectbox(key="color").value == settings.TRUST
    assert app.selectbox(key="labels").value == settings.TERMS


def test_a_missing_graph_is_computed_with_a_small_layout(home, app):
    _digest, _spec = small_corpus(home, ["one day", "two days", "three nights", "four weeks"])
    app.query_params["method"] = "PCA"
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert "Showing 4 of 4" in words(app)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_corpora_are_mapped(home, app, browser, count):
    digest, spec = small_corpus(home, ["a red lamp", "a blue teapot", "late parcel"][:count])
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), digest), spec, LayoutParams()))
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert f"Showing {count} of {count}" in words(app)
    assert len(browser.arrays[browser.data["panels"][0]["array"]]) == 8 * count
    browser.choose(clicked=0, steps=[{"k": "box", "o": "set", "p": [0, 0, GRID_STEPS, GRID_STEPS]}])
    app.run()
    assert not app.exception
    assert not app.error
    assert "a red lamp" in words(app)
    assert len(listed(app)) == count


def test_hostile_texts_and_names_stay_text(home, app, browser):
    digest, spec = small_corpus(
        home, ["<script>alert(1)</script>", "[x](javascript:1) $\\frac{1}{2}$", "\u202eabc", "d"]
    )
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), digest), spec, LayoutParams()))
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    told = [row[1] for row in browser.rows[1]]  # the component sets them as text, never as HTML
    assert told == ["<script>alert(1)</script>", "[x](javascript:1) $\\frac{1}{2}$", "abc", "d"]
    browser.choose(clicked=0, steps=[{"k": "box", "o": "set", "p": [0, 0, GRID_STEPS, GRID_STEPS]}])
    app.run()
    assert not app.error
    assert "<script>" not in "\n".join(element.value for element in app.markdown)
    browser.told["unsupported"] = True
    app.run()
    assert "<script>" not in json.dumps(figure(app))
