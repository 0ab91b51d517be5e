"""The Map page on no, small and ordinary corpora: what the map is given, and what is chosen on it does."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.typing import PlotlyState

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.corpus.reading.values import RawTable
from core.corpus.selections import delete_selection, save_selection, saved_selections, selection_rows
from core.errors import PlanisphereError, StorageError
from core.map.regions import layout_regions
from core.map.results import LAYOUTS, LayoutQuery
from core.map.rows import TableView, distinctive_features, row_view, selection_file, selection_table
from core.map.scene import MapScene, map_geometry, selected_rows, selection_bitmask
from core.map.selection import GRID_STEPS, Bounds, MapSelection, SelectionStep
from core.map.service import (
    ColorBy,
    LayoutKey,
    layout_created,
    map_data,
    map_trust,
    random_trustworthiness,
    stored_layout,
)
from core.map.trust import align
from core.models.registry import load_embedder
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, cached_embedder, load_vectors
from pages.shared import session
from pages.shared.map import chart, settings
from pages.shared.map import state as page_state
from pages.shared.map import view as map_view
from pages.shared.map.settings import layout_id
from tests.waiting import wait_until

PAGE = "pages/explore/map.py"
EVERYTHING = MapSelection((SelectionStep("box", "set", (0, 0, GRID_STEPS, GRID_STEPS)),))


@pytest.fixture
def place(home, corpus) -> LayoutKey:
    info, spec = corpus
    return LayoutKey(CorpusRef(str(home), info.digest), spec, LayoutParams())


def opened_page(app: AppTest) -> AppTest:
    return app.run().switch_page(PAGE).run()


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.text, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def figure(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def linked(app: AppTest, name: str) -> str:
    value = app.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def lasso_around(points: np.ndarray, layout: np.ndarray, margin: float = 0.01) -> dict:
    """A lasso around some points of a layout, as the component tells it."""
    bounds = Bounds.of([layout])
    (left, low), (right, high) = points.min(axis=0) - margin, points.max(axis=0) + margin
    corners = [bounds.steps(*corner) for corner in ((left, low), (right, low), (right, high), (left, high))]
    return {"k": "lasso", "o": "set", "p": [int(part) for part in np.diff(corners, axis=0, prepend=0).ravel()]}


def in_frame(points: np.ndarray, some: np.ndarray, margin: float = 0.01) -> list[int]:
    inside = (points > some.min(axis=0) - margin) & (points < some.max(axis=0) + margin)
    return np.flatnonzero(inside.all(axis=1)).tolist()


def listed(app: AppTest) -> pd.DataFrame:
    """The table of what is selected."""
    return next(frame.value for frame in app.dataframe if "Text" in frame.value and "Cosine" not in frame.value)


def select(app: AppTest, **parts: list) -> AppTest:
    """What is selected on the Plotly map."""
    chosen = {"points": [], "point_indices": [], "box": [], "lasso": []} | parts
    app.session_state["map_chart"] = PlotlyState({"selection": chosen})
    return app.run()


# the page


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


def test_lasso_lists_the_rows_and_what_is_special(app, place, browser):
    app = opened_page(app)
    table = load_corpus(place.corpus).table
    points = points_of(place)
    teapots = points[(table["subject"] == "teapot").to_numpy()]
    browser.choose(steps=[lasso_around(teapots, points)])
    app.run()
    assert not app.exception
    assert not app.error
    inside = in_frame(points, teapots)
    assert f"**{len(inside)} rows selected**" in words(app)
    assert sorted(listed(app).index) == inside
    assert "distinctive" in words(app)
    assert "tested;" in words(app)
    assert len(app.get("download_button")) == 3


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


def test_click_shows_the_row_and_its_true_neighbors(app, place, browser):
    app = opened_page(app)
    browser.choose(clicked=7)
    app.run()
    assert not app.exception
    assert not app.error
    assert "**Row 8**" in words(app)
    assert load_corpus(place.corpus).texts[7] in words(app)
    rows = load_vectors(place.corpus, place.model).rows
    cosines = np.sort(np.delete(rows @ rows[7], 7))[::-1][:10]
    near = next(frame.value for frame in app.dataframe if "Cosine" in frame.value)
    assert np.allclose(near["Cosine"], cosines, atol=1e-5)
    assert "rows selected" not in words(app)
    assert "Click a point" not in words(app)


def test_empty_lasso_says_so(app, place, browser):
    app = opened_page(app)
    browser.choose(steps=[{"k": "lasso", "o": "set", "p": [-900, -900, 10, 0, 0, 10]}])
    app.run()
    assert not app.exception
    assert "The selection is empty" in words(app)


def test_legend_and_histogram_filter_the_rows(app, place, browser):
    app.query_params["hist"] = "stars"
    app = opened_page(app)
    names = [category["label"] for category in browser.data["color"]["categories"]]
    browser.choose(hidden=[code for code, name in enumerate(names) if name != "lamp"], brushes={"stars": [1, 2]})
    app.run()
    table = load_corpus(place.corpus).table
    expected = np.flatnonzero((table["subject"] == "lamp") & table["stars"].isin([2, 3])).tolist()
    assert sorted(listed(app).index) == expected
    assert f"**{len(expected)} rows selected**" in words(app)


def test_view_and_choice_are_in_the_link(app, place, browser):
    app = opened_page(app)
    assert linked(app, "chosen") == ""
    step = lasso_around(points_of(place)[:5], points_of(place))
    browser.choose(view=(0.25, 0.75, 3.5), steps=[step], hidden=[1], clicked=4)
    app.run()
    assert linked(app, "view") == "0.25_0.75_3.5"
    expected = MapSelection.read({"steps": [step], "hidden": [1], "clicked": 4, "color": "column:subject"})
    assert MapSelection.from_text(linked(app, "chosen")) == expected
    browser.choose(view=(0.25, 0.75, 3.5))
    app.run()
    assert linked(app, "chosen") == ""


def test_too_long_a_choice_stays_out_of_the_link_and_in_the_visit(app, place, browser):
    app = opened_page(app)
    browser.choose(steps=[{"k": "lasso", "o": "set", "p": [0, 0, GRID_STEPS, 0, 0, GRID_STEPS, *([-1000, 7] * 500)]}])
    app.run()
    assert linked(app, "chosen") == ""
    assert "rows selected" in words(app)
    app.run()
    assert len(browser.data["command"]["choice"]["steps"][0]["p"]) == 1_006


def test_a_link_takes_up_view_and_choice_on_the_first_visit(app, place, browser):
    step = lasso_around(points_of(place)[:5], points_of(place))
    choice = MapSelection.read({"steps": [step], "color": "column:subject", "clicked": 2})
    app.query_params["view"], app.query_params["chosen"] = "0.1_0.2_7", choice.to_text()
    app = opened_page(app)
    assert not app.error
    assert browser.data["command"]["view"] == [0.1, 0.2, 7.0]
    assert MapSelection.read(browser.data["command"]["choice"]) == choice
    assert sorted(listed(app).index) == in_frame(points_of(place), points_of(place)[:5])
    assert "**Row 3**" in words(app)
    app.run()  # the browser has taken it up
    assert MapSelection.from_text(linked(app, "chosen")) == choice


@pytest.mark.parametrize(
    ("view", "chosen"),
    [("x_y_z", "{"), ("1_2", "[]"), ("nan_inf_1e400", "[" * 5_000), ("", '{"steps":[{"k":"rows"}],"clicked":"<b>"}')],
)
def test_a_broken_link_shows_all_of_the_map(app, place, browser, view, chosen):
    app.query_params["view"], app.query_params["chosen"] = view, chosen
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert browser.data["command"]["view"] is None
    assert browser.data["command"]["choice"] == {}
    assert "Click a point" in words(app)


def test_recoloring_drops_what_was_hidden_and_keeps_shapes(app, place, browser):
    app = opened_page(app)
    points = points_of(place)
    step = lasso_around(points[:20], points)
    browser.choose(steps=[step], hidden=[0, 1], range=[0, 5], brushes={"stars": [0, 3]}, clicked=1)
    app.run()
    before = len(listed(app))
    app.selectbox(key="color").select("stars").run()
    table = load_corpus(place.corpus).table
    expected = [row for row in in_frame(points, points[:20]) if table["stars"][row] < 5]
    assert sorted(listed(app).index) == expected
    assert len(expected) > before
    told = MapSelection.from_text(linked(app, "chosen"))
    assert told == MapSelection.read(
        {"steps": [step], "color": "column:stars", "brushes": {"stars": [0, 3]}, "clicked": 1}
    )


def test_another_page_and_back_is_the_same_place(app, place, browser):
    app = opened_page(app)
    browser.choose(view=(0.3, 0.4, 2.0), steps=[lasso_around(points_of(place)[:5], points_of(place))], clicked=3)
    app.run()
    rows, choice = sorted(listed(app).index), linked(app, "chosen")
    app.switch_page("pages/explore/search.py").run()
    browser.told = {}  # what was mounted is gone
    browser.stamp = ""
    app.switch_page(PAGE).run()
    assert browser.data["command"]["view"] == [0.3, 0.4, 2.0]
    assert browser.data["command"]["choice"]["clicked"] == 3
    assert sorted(listed(app).index) == rows
    assert linked(app, "chosen") == choice


def test_a_choice_on_another_corpus_is_not_taken(home, app, place, browser):
    digest, spec = small_corpus(home, ["one day", "two days", "three nights", "four weeks"])
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), digest), spec, LayoutParams()))
    app.query_params["corpus"] = place.corpus.digest
    app = opened_page(app)
    browser.choose(view=(0.3, 0.4, 2.0), steps=[lasso_around(points_of(place), points_of(place))], clicked=3)
    app.run()
    assert "**60 rows selected**" in words(app)
    first = browser.data["reset"]
    app.selectbox(key="corpus").select(digest).run()
    assert browser.data["reset"] != first
    assert not app.error
    assert browser.data["command"]["view"] is None
    assert browser.data["command"]["choice"] == {}
    assert "rows selected" not in words(app)  # what the browser told last was of the other map
    assert linked(app, "chosen") == ""
    app.run()
    assert "Click a point" in words(app)


def test_a_kept_selection_is_shown_on_the_map(home, app, place, browser):
    workspace = Workspace(home)
    saved = save_selection(workspace, place.corpus.digest, "Odd", range(1, 60, 2))
    app = opened_page(app)
    browser.choose(view=(0.3, 0.4, 2.0), clicked=3)
    app.run()
    before = browser.data["command"]["stamp"]
    app.button(key="selection_show").click().run()
    command = browser.data["command"]
    assert command["stamp"] != before
    assert command["choice"]["steps"] == [{"k": "rows", "o": "set", "a": saved.key}]
    assert command["view"] == [0.3, 0.4, 2.0]  # the place on the map stays
    app.run()
    assert not app.error
    assert browser.arrays[saved.key] == selection_bitmask(place, saved.key).data
    assert sorted(listed(app).index) == list(range(1, 60, 2))
    assert browser.data["command"]["stamp"] == command["stamp"]


def test_a_selection_is_kept_under_a_name(home, app, place, browser):
    app = opened_page(app)
    assert app.button(key="selection_save").disabled
    browser.choose(steps=[lasso_around(points_of(place)[:5], points_of(place))])
    app.run()
    rows = sorted(listed(app).index)
    app.run()
    app.text_input(key="selection_name").input("These")
    app.button(key="selection_save").click().run()
    assert not app.error
    (saved,) = saved_selections(Workspace(home), place.corpus.digest)
    assert saved.name == "These"
    assert selection_rows(Workspace(home), place.corpus.digest, saved.key).tolist() == rows


def test_a_link_to_a_deleted_selection_is_explained(home, app, place, browser):
    saved = save_selection(Workspace(home), place.corpus.digest, "Gone", [1, 2])
    delete_selection(Workspace(home), place.corpus.digest, saved.key)
    app.query_params["chosen"] = MapSelection((SelectionStep("rows", "set", key=saved.key),)).to_text()
    app = opened_page(app)
    assert not app.exception
    assert "This selection no longer exists" in app.error[0].value
    assert browser.data["panels"][0]["array"] in browser.arrays  # the map is there all the same
    browser.choose()
    app.run()
    assert not app.error
    assert "Click a point" in words(app)


def test_a_click_on_no_row_is_explained(app, place, browser):
    app.query_params["chosen"] = '{"clicked":4000}'
    app = opened_page(app)
    assert not app.exception
    assert "There is no row 4,001 among the 60 rows" in app.error[0].value
    assert browser.rows[1]


def test_details_of_a_row_are_given_when_they_are_wanted(place, browser, app, monkeypatch):
    asked = []
    real = session.ask_once
    monkeypatch.setattr(
        session, "ask_once", lambda function, *rest: asked.append((function, rest)) or real(function, *rest)
    )
    app = opened_page(app)
    browser.choose(box=[-1.0, -2.0, 3.0, 4.0])
    browser.told["want"] = 12
    app.run()
    wanted = [rest[1:] for function, rest in asked if function.__name__ == "row_details"]
    assert wanted == [(None, ()), ((-1.0, -2.0, 3.0, 4.0), (12,))]


def test_a_lasso_asks_again_for_nothing_that_is_drawn(app, place, browser, monkeypatch):
    app.query_params["hist"] = ["id", "subject", "stars", "day", "source_row"]
    app = opened_page(app)
    assert len(browser.data["columns"]) == 5
    asked, real = [], session.ask

    def ask(function, *rest, **options):
        asked.append(function.__name__)
        return real(function, *rest, **options)

    monkeypatch.setattr(session, "ask", ask)
    browser.choose(steps=[lasso_around(points_of(place)[:5], points_of(place))])
    app.run()
    assert "rows selected" in words(app)
    assert not {"geometry", "colors", "column"} & set(asked)


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


# its answers


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


def points_of(place: LayoutKey) -> np.ndarray:
    return np.asarray(stored_layout(place).points, dtype=np.float32)


def kept_rows(place: LayoutKey, rows) -> MapSelection:
    """Any rows, chosen as a kept selection."""
    saved = save_selection(Workspace(place.corpus.folder), place.corpus.digest, f"Rows {len(rows)}", rows)
    return MapSelection((SelectionStep("rows", "set", key=saved.key),))


def small_corpus(home, texts: list[str], embedded: bool = True):
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}"), name="<b>Tiny</b>").corpus
    Workspace(home).save_corpus(built)
    if not embedded:
        return built.digest, None
    return built.digest, embed(built, load_embedder("lexical"), Workspace(home)).model
