"""Selections on the Map page: lasso, legend, links, names."""

import numpy as np
import pytest

from core.corpus.loaders import load_corpus
from core.corpus.selections import delete_selection, save_selection, saved_selections, selection_rows
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import selection_bitmask
from core.map.selection import GRID_STEPS, MapSelection, SelectionStep
from core.store import Workspace
from core.types import CorpusRef, LayoutParams
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_vectors
from pages.shared import session
from tests.pages.map.steps import (
    PAGE,
    in_frame,
    lasso_around,
    linked,
    listed,
    opened_page,
    points_of,
    small_corpus,
    words,
)


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
