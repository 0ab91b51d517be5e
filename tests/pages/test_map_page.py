"""The Map page on no, small and ordinary corpora; its answers against plain computations."""

import io
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.typing import PlotlyState

from core import opened, tasks
from core.answers.map import ColorBy, Place, kept_layout, map_data, map_state, map_trust, random_trustworthiness
from core.answers.map_rows import Look, Shapes, row_view, selected, selection_file, selection_table, special
from core.corpus import build_corpus
from core.embedders.registry import load_embedder
from core.embedding import embed
from core.errors import PlanisphereError, StorageError
from core.reading import RawTable, column_field
from core.secret import Secret
from core.store import Workspace
from core.tasks import layout_inputs
from core.types import LayoutParams, Roles
from pages.shared import map_chart, session

PAGE = "pages/explore/map.py"


@pytest.fixture
def place(home, corpus) -> Place:
    info, spec = corpus
    return Place(str(home), info.digest, spec, LayoutParams())


def opened_page(app: AppTest) -> AppTest:
    return app.run().switch_page(PAGE).run()


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.text, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def figure(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def lasso_around(points: np.ndarray, margin: float = 0.01) -> dict:
    (left, low), (right, high) = points.min(axis=0) - margin, points.max(axis=0) + margin
    return {"x": [left, right, right, left], "y": [low, low, high, high]}


def select(app: AppTest, **parts: list) -> AppTest:
    chosen = {"points": [], "point_indices": [], "box": [], "lasso": []} | parts
    app.session_state["map_chart"] = PlotlyState({"selection": chosen})
    return app.run()


# the page


def test_empty_workspace_leads_to_the_data_page(app):
    app = opened_page(app)
    assert not app.exception
    assert "bring in some text" in words(app)
    assert any("Data" in link.proto.label for link in app.get("page_link"))


def test_corpus_without_vectors_leads_to_the_embed_page(home, app):
    small_corpus(home, ["one", "two"], embedded=False)
    app = opened_page(app)
    assert not app.exception
    assert "has not been embedded" in words(app)
    assert any("Embed" in link.proto.label for link in app.get("page_link"))


def test_default_map_is_colored_by_the_first_label_and_says_its_trust(app, place):
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="color").value == "subject"
    traces = figure(app)["data"]
    assert sorted(trace["name"].split(" (")[0] for trace in traces) == sorted(
        {"parcel", "lamp", "garden chair", "teapot", "notebook", "gift card"}
    )
    trust = map_trust(kept_layout(place))
    assert f"**{trust.kept:.1%}** are also among the 15 nearest" in words(app)
    assert "a random map: 25.4%" in words(app)  # 15 of the 59 others
    assert "all 60 rows" in words(app)
    assert "Showing 60 of 60" in words(app)
    assert "Click a point" in words(app)


def test_figure_stays_the_same_when_nothing_drawn_changes(app, place):
    app = opened_page(app)
    before = app.get("plotly_chart")[0].proto
    spec, name = before.spec, before.id
    app = select(app, lasso=[lasso_around(kept_layout(place).arrays["points"])])
    app.text_input(key="map_find").input("lamp")
    app.run()
    after = app.get("plotly_chart")[0].proto
    assert after.spec == spec
    assert after.id == name
    app.selectbox(key="color").select("stars")
    assert figure(app.run()) != json.loads(spec)


def test_lasso_lists_the_rows_and_what_is_special(app, place):
    app = opened_page(app)
    assert figure(app)["layout"]["dragmode"] == "pan"  # else clicks on points would not arrive
    table = opened.corpus(place.folder, place.corpus).table
    points = kept_layout(place).arrays["points"]
    app = select(app, lasso=[lasso_around(points[(table["subject"] == "teapot").to_numpy()])])
    assert not app.exception
    assert not app.error
    inside = selected(place, Shapes.of(app.session_state["map_chart"]))
    assert f"**{len(inside)} rows selected**" in words(app)
    assert "What is special here" in words(app)
    assert "tested; bounds hold together at 95%" in words(app)
    assert len(app.get("download_button")) == 3


def test_click_shows_the_row_and_its_true_neighbors(app, place):
    app = opened_page(app)
    app = select(app, points=[{"customdata": 7}])
    assert not app.exception
    assert not app.error
    assert "**Row 8**" in words(app)
    assert opened.corpus(place.folder, place.corpus).texts[7] in words(app)
    rows = opened.vectors(place.folder, place.corpus, place.model).rows
    cosines = np.sort(np.delete(rows @ rows[7], 7))[::-1][:10]
    near = next(frame.value for frame in app.dataframe if "Cosine" in frame.value)
    assert np.allclose(near["Cosine"], cosines, atol=1e-5)


def test_empty_lasso_says_so(app, place):
    app = opened_page(app)
    app = select(app, lasso=[{"x": [900, 901, 901], "y": [900, 900, 901]}])
    assert not app.exception
    assert "No text lies in this shape" in words(app)


def test_undrawn_layout_is_offered_and_the_default_is_one_click_away(app, place):
    app = opened_page(app)
    app.slider(key="neighbors").set_value(5)
    app.run()
    assert not app.get("plotly_chart")
    assert "has not been drawn yet" in words(app)
    assert "takes about" in words(app)
    next(button for button in app.button if button.label == "Back to the default map").click()
    app.run()
    assert app.get("plotly_chart")
    assert app.slider(key="neighbors").value == 15


def test_draw_this_map_submits_a_job_that_keeps_the_layout(app, place):
    app = opened_page(app)
    app.slider(key="neighbors").set_value(6)
    app.run()
    next(button for button in app.button if button.label == "Draw this map").click()
    app.run()
    assert not app.exception
    wanted = Place(place.folder, place.corpus, place.model, LayoutParams(n_neighbors=6))
    for _ in range(60):
        if map_state(wanted).kept:
            break
        time.sleep(1)
    app.run()
    assert app.get("plotly_chart")


def test_three_dimensional_pca_is_drawn_at_once_and_is_for_looking(app, place):
    app = opened_page(app)
    app.session_state["method"], app.session_state["dims"] = "PCA", 3
    app.run()
    assert not app.exception
    assert not app.error
    assert figure(app)["data"][0]["type"] == "scatter3d"
    assert "Three dimensions are for looking" in words(app)


def test_similarity_and_trust_color_the_map(app, place):
    app = opened_page(app)
    app.selectbox(key="color").select("(trust in the map)")
    app.run()
    assert any("colorbar" in trace["marker"] for trace in figure(app)["data"])
    app.selectbox(key="color").select("(similarity to a text)")
    app.run()
    app.text_input(key="like").input("teapot broke")
    app.run()
    assert not app.exception
    assert not app.error
    assert figure(app)["data"][-1]["marker"]["colorbar"]["title"]["text"] == "cosine"


def test_links_reopen_the_same_view(app, place):
    for name, value in {"color": "stars", "method": "PCA", "dims": "2"}.items():
        app.query_params[name] = value
    app = opened_page(app)
    assert app.selectbox(key="color").value == "stars"
    assert app.session_state["method"] == "PCA"


def test_missing_graph_offers_a_job_instead_of_an_error(home, app):
    _digest, _spec = small_corpus(home, ["one day", "two days", "three nights", "four weeks"])
    app.query_params["method"] = "PCA"
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert "finding the neighbors" in words(app)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_corpora_are_mapped(home, app, count):
    digest, spec = small_corpus(home, ["a red lamp", "a blue teapot", "late parcel"][:count])
    tasks.find_neighbors(str(home), digest, spec)
    tasks.lay_out(str(home), digest, spec, LayoutParams())
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert f"Showing {count} of {count}" in words(app)
    app = select(app, points=[{"customdata": 0}])
    assert not app.exception
    assert not app.error
    assert "a red lamp" in words(app)


def test_hostile_texts_and_names_stay_text(home, app):
    digest, spec = small_corpus(
        home, ["<script>alert(1)</script>", "[x](javascript:1) $\\frac{1}{2}$", "\u202eabc", "d"]
    )
    tasks.find_neighbors(str(home), digest, spec)
    tasks.lay_out(str(home), digest, spec, LayoutParams())
    app = opened_page(app)
    assert not app.exception
    assert not app.error
    assert "<script>" not in json.dumps(figure(app))


# its answers


def test_selection_counts_all_rows_in_the_polygon(place):
    points = kept_layout(place).arrays["points"]
    middle = float(np.median(points[:, 0]))
    half = {"x": [middle, 1e3, 1e3, middle], "y": [-1e3, -1e3, 1e3, 1e3]}
    rows = selected(place, Shapes.of({"selection": {"lasso": [half], "points": [{"customdata": 1}]}}))
    assert rows.tolist() == np.flatnonzero(points[:, 0] > middle).tolist()


def test_table_finds_sorts_and_counts(place):
    everything = Shapes(boxes=(((-1e3, 1e3), (-1e3, 1e3)),))
    table = selection_table(place, everything, Look("TEAPOT late", "stars", True))
    corpus = opened.corpus(place.folder, place.corpus)
    expected = [i for i, text in enumerate(corpus.texts) if "teapot" in text and "late" in text]
    assert sorted(table.table.index) == expected
    assert table.matching == len(expected)
    assert (table.selected, table.drawn) == (60, 60)
    assert table.table["stars"].is_monotonic_decreasing


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_downloads_hold_the_selected_rows(place, form, read):
    rows = Shapes(clicked=(3, 11))
    table = read(io.BytesIO(selection_file(place, rows, Look(), form)))
    assert table["Text"].tolist() == [opened.corpus(place.folder, place.corpus).texts[i] for i in (3, 11)]


def test_special_finds_the_planted_word_and_value(place):
    table = opened.corpus(place.folder, place.corpus).table
    lamps = Shapes(clicked=tuple(int(i) for i in np.flatnonzero(table["subject"] == "lamp")))
    found, values = special(place, lamps)
    assert found.entries[0].value in ("lamp", "my lamp")
    best = values.entries[0]
    assert (best.name, best.value, best.inside, best.inside_total, best.outside) == ("subject", "lamp", 10, 10, 0)


def test_colors_of_similarity_are_cosines(place):
    data = map_data(place, ColorBy("similarity", "My lamp looks lovely."))
    rows = opened.vectors(place.folder, place.corpus, place.model).rows
    query = opened.embedder(place.folder, place.model).embed_query(["My lamp looks lovely."])[0]
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
    everything = Shapes(boxes=(((-1e3, 1e3), (-1e3, 1e3)),))
    before = replace(place, made=map_state(place).made)
    assert len(selected(before, everything)) == 60
    kept, inputs = kept_layout(place), layout_inputs(place.model, place.params)
    arrays = {name: np.array(array) for name, array in kept.arrays.items()}
    arrays["points"][:20] += 1e6  # as a fast layout that was drawn again would have moved them
    Workspace(place.folder).save("layouts", place.corpus, inputs, arrays, kept.facts)
    after = replace(place, made=map_state(place).made)
    assert after.made > before.made > 0
    assert selected(after, everything).tolist() == list(range(20, 60))
    assert selection_table(after, everything, Look()).selected == 40


def test_a_text_column_with_braces_in_its_name_is_listed_once(home):
    table = pd.DataFrame({"say {it}": ["one day", "two days", "three nights", "four weeks"], "n": [1, 2, 3, 4]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles(column_field("say {it}")), name="Braces").corpus
    Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    tasks.find_neighbors(str(home), built.digest, spec)
    tasks.lay_out(str(home), built.digest, spec, LayoutParams(method="pca"))
    place = Place(str(home), built.digest, spec, LayoutParams(method="pca"))
    columns = selection_table(place, Shapes(clicked=(0, 1)), Look()).table.columns
    assert "Text" in columns
    assert "say {it}" not in columns


def test_huge_cells_are_cut_and_said_to_be(home):
    table = pd.DataFrame({"text": ["one day", "two days", "three nights", "four weeks"], "log": ["x" * 1_000_000] * 4})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Logs").corpus
    Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    tasks.find_neighbors(str(home), built.digest, spec)
    tasks.lay_out(str(home), built.digest, spec, LayoutParams(method="pca"))
    place = Place(str(home), built.digest, spec, LayoutParams(method="pca"))
    view = row_view(place, 0)
    assert len(dict(view.cells)["log"]) == 2_000
    assert view.cut == ("log",)
    listed = selection_table(place, Shapes(clicked=(0, 1)), Look())
    assert listed.table["log"].str.len().tolist() == [400, 400]
    assert listed.cut == 2


def test_a_key_goes_only_to_models_that_need_one(place, monkeypatch):
    asked = []
    monkeypatch.setattr(session, "api_key", lambda base_url="": Secret("key"))
    monkeypatch.setattr(session, "ask", lambda function, *arguments: asked.append(arguments[-1]) or 1 / 0)
    for model in (place.model, replace(place.model, backend="openai", name="text-embedding-3-small")):
        view = map_chart.View(replace(place, model=model), "shop", ColorBy("similarity", "lamp"), "light")
        with pytest.raises(ZeroDivisionError):
            map_chart.drawn(view)
    assert asked == [None, Secret("key")]


def test_unknown_row_column_and_layout_are_explained(place):
    with pytest.raises(PlanisphereError, match="no row 1,000"):
        row_view(place, 999)
    with pytest.raises(PlanisphereError, match="no column"):
        map_data(place, ColorBy("column", "nothing"))
    with pytest.raises(StorageError, match="not been drawn"):
        map_data(Place(place.folder, place.corpus, place.model, LayoutParams(seed=9)), ColorBy())


def small_corpus(home, texts: list[str], embedded: bool = True):
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}"), name="<b>Tiny</b>").corpus
    Workspace(home).save_corpus(built)
    if not embedded:
        return built.digest, None
    return built.digest, embed(built, load_embedder("lexical"), Workspace(home)).model
