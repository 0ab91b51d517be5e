"""The Search page: by meaning, by rows, by words, by pattern; filters; what it says when nothing can be found."""

import os
from pathlib import Path

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.export import short_cells
from core.corpus.filters import Filter, filters_to_json
from core.corpus.reading.values import RawTable
from core.corpus.selections import delete_selection, save_selection
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.loaders import cached_embedder
from pages.shared.search.results import cell_texts
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/search.py"


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def test_without_a_corpus_it_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "nothing to search" in visible_text(at)


def test_a_search_by_meaning_finds_the_texts_and_says_what_served_it(corpus, app):
    at = open_page(app)
    at.text_input(key="q").set_value("the teapot broke").run()
    assert not at.exception, at.exception
    text = visible_text(at)
    assert "10 hits among 60 rows" in text
    assert "more similar than" in text
    assert "recall@10" in text
    first = next(str(element.value) for element in at.markdown if "teapot" in str(element.value))
    assert "broke at once" in first.replace(":orange-background[", "").replace("]", "")


def test_near_and_far_rows_make_a_query(corpus, app):
    at = open_page(app)
    at.text_input(key="near").set_value("1").run()
    assert not at.exception
    captions = " ".join(str(caption.value) for caption in at.caption)
    assert "row 31" in captions
    assert "row 1 " not in captions + " "


def test_a_row_that_is_not_there_is_refused(corpus, app):
    at = open_page(app)
    at.text_input(key="near").set_value("61").run()
    assert not at.exception
    assert "not a row number" in visible_text(at).replace("\\", "")


@pytest.mark.parametrize(("by", "query", "matching"), [("keyword", "gift card", 10), ("regex", "lam[p]", 10)])
def test_words_and_patterns_say_how_many_match(corpus, app, by, query, matching):
    at = open_page(app)
    at.segmented_control(key="by").set_value(by).run()
    at.text_input(key="q").set_value(query).run()
    assert not at.exception
    assert f"{matching} match" in visible_text(at)


@pytest.mark.parametrize(
    ("value", "mode"),
    [("Regex", "regex"), ("Meaning", "semantic"), ("Words", "keyword"), ("Meaning + words", "hybrid")],
)
def test_links_name_the_mode_also_by_the_labels_of_older_versions(corpus, app, value, mode):
    at = open_page(app, by=value, q="gift card")
    assert not at.exception
    assert at.segmented_control(key="by").value == mode


def test_a_broken_pattern_is_explained(corpus, app):
    at = open_page(app)
    at.segmented_control(key="by").set_value("regex").run()
    at.text_input(key="q").set_value("(unclosed").run()
    assert not at.exception
    assert at.error
    assert "pattern" in str(at.error[0].value)


def test_filters_narrow_what_can_be_found(corpus, app):
    at = open_page(app)
    at.text_input(key="q").set_value("arrived late").run()
    at.multiselect(key="filter_columns").set_value(["subject"]).run()
    at.multiselect(key="filter-subject").set_value(["lamp"]).run()
    assert not at.exception
    assert "among 10 of 60 rows" in visible_text(at)


def test_markup_in_a_query_is_shown_as_it_stands(corpus, app):
    at = open_page(app)
    at.text_input(key="q").set_value("<script>alert(1)</script> **bold**").run()
    assert not at.exception
    assert "<script>" not in visible_text(at)


def test_filters_are_part_of_the_link(corpus, app):
    at = open_page(app, filters='[{"column":"subject","kind":"values","values":["lamp","gone"]}]', q="arrived late")
    assert not at.exception
    assert at.multiselect(key="filter_columns").value == ["subject"]
    assert "among 10 of 60 rows" in visible_text(at)
    at.multiselect(key="filter-subject").set_value(["lamp", "teapot"]).run()
    assert "among 20 of 60 rows" in visible_text(at)
    assert "teapot" in str(at.query_params["filters"])
    at.multiselect(key="filter_columns").set_value([]).run()
    assert "filters" not in at.query_params


def test_a_kept_selection_narrows_what_can_be_found(corpus, app):
    info, _ = corpus
    workspace = Workspace(session_folder())
    saved = save_selection(workspace, info.digest, "First <b>five</b>", range(5))
    at = open_page(app, q="arrived late")
    assert "among 60 rows" in visible_text(at)
    at.multiselect(key="within_selections").set_value([saved.key]).run()
    assert not at.exception
    assert "among 5 of 60 rows" in visible_text(at)
    assert saved.key in str(at.query_params["filters"])
    delete_selection(workspace, info.digest, saved.key)
    at.run()
    assert not at.exception
    assert "among 60 rows" in visible_text(at)
    assert "filters" not in at.query_params


def test_a_kept_selection_in_the_link_narrows_a_search(corpus, app):
    info, _ = corpus
    saved = save_selection(Workspace(session_folder()), info.digest, "Lamps", range(5, 15))
    link = filters_to_json([Filter("old name", "rows", text=saved.key), Filter("gone", "rows", text="0" * 16)])
    at = open_page(app, filters=link, q="arrived late")
    assert not at.exception
    assert at.multiselect(key="within_selections").value == [saved.key]
    assert "among 10 of 60 rows" in visible_text(at)


@pytest.mark.parametrize("link", ["{", '[{"column":"gone","kind":"values"}]', '[{"column":"day","kind":"contains"}]'])
def test_filters_that_do_not_fit_are_left_out(corpus, app, link):
    at = open_page(app, filters=link, q="arrived late")
    assert not at.exception
    assert not at.error
    assert "among 60 rows" in visible_text(at)


def test_ranges_of_times_and_numbers_can_be_set(home, app):
    odd_corpus(home)
    at = open_page(app, filters='[{"column":"small","kind":"range","low":0.0025}]')
    at.segmented_control(key="by").set_value("keyword").run()
    at.text_input(key="q").set_value("lamp").run()
    assert not at.exception
    assert "among 35 of 60 rows" in visible_text(at)
    at.multiselect(key="filter_columns").set_value(["hour", "far"]).run()
    assert not at.exception
    at.text_input(key="filter-hour-from").set_value("2026-01-01T00:30").run()
    assert "among 30 of 60 rows" in visible_text(at)
    at.text_input(key="filter-hour-from").set_value("soon").run()
    assert not at.exception
    assert [error.value.startswith('"soon"') for error in at.error] == [True]


def test_a_query_is_embedded_once_and_long_cells_are_cut(corpus, monkeypatch):
    info, spec = corpus
    folder = str(session_folder())
    calls, embedder = [], cached_embedder(folder, spec)
    monkeypatch.setattr(type(embedder), "embed_query", counted(type(embedder).embed_query, calls))
    query = SearchQuery("the teapot broke", k=3)
    first, second = (search(CorpusRef(folder, info.digest), spec, query) for _ in range(2))
    assert len(calls) == 1
    assert first.hits.rows.tolist() == second.hits.rows.tolist()
    assert first.embed_ms == second.embed_ms > 0
    assert first.truncated == 0


def test_columns_without_a_value_in_the_listed_rows_stay_missing():
    table = pd.DataFrame({"label": pd.Series([None, "a", None], dtype="str")})
    for rows in ([0, 2], []):
        short, cut = short_cells(table.iloc[rows])
        assert short["label"].isna().all()
        assert cut == 0


def test_a_hit_lists_its_values_without_missing_ones():
    cells = pd.Series(
        {"label": None, "score": float("nan"), "day": pd.Timestamp("2025-01-02"), "id": 7, "page": 3.0}, dtype=object
    )
    assert cell_texts(cells, cells.index) == {"day": "2025-01-02", "id": "7", "page": "3"}


def test_cells_are_cut_and_counted():
    table = pd.DataFrame({"a": ["x" * 5_000, "y", None], "n": [1, 2, 3]}, index=[7, 8, 9])
    short, cut = short_cells(table)
    assert cut == 1
    assert short["a"].str.len().tolist()[:2] == [2_000, 1]
    assert short["a"].isna().tolist() == [False, False, True]
    assert short.index.tolist() == [7, 8, 9]
    assert len(table["a"].iloc[0]) == 5_000


def counted(function, calls):
    def call(*arguments, **named):
        calls.append(arguments)
        return function(*arguments, **named)

    return call


def session_folder() -> Path:
    return Path(os.environ["PLANISPHERE_HOME"]).absolute()


def odd_corpus(home) -> None:
    """Times within one day, times out of a date's reach, and numbers that hardly differ."""
    table = pd.DataFrame({"text": [f"lamp {i}" for i in range(60)], "small": [i / 10_000 for i in range(60)]})
    table["hour"] = pd.date_range("2026-01-01", periods=60, freq="min")
    table["far"] = pd.Series([(i - 30) * 10**10 for i in range(60)]).astype("datetime64[s]")
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Odd").corpus
    Workspace(home).save_corpus(built)


def test_example_rows_and_filters_are_listed_and_can_be_removed(corpus, app):
    at = open_page(app, near="1, 3", filters=filters_to_json([Filter("stars", "values", values=("5",))]))
    at.text_input(key="q").set_value("teapot").run()
    shown = [button.label for button in at.button if str(button.key).startswith("active_filter-")]
    assert len(shown) == 3
    assert "stars: 5" in shown[2].replace("\\", "")
    at.button(key="active_filter-2").click().run()
    at.button(key="active_filter-0").click().run()
    assert not at.exception
    assert at.text_input(key="near").value == "3"
    assert [button.key for button in at.button if str(button.key).startswith("active_filter-")] == ["active_filter-0"]


def test_hits_are_shown_as_a_list(corpus, app):
    at = open_page(app, q="teapot", hits_view="List")
    assert not at.exception
    table = at.dataframe[0].value
    assert len(table) == 10
    assert {"rank", "row", "hit text"} <= set(table.columns)
    assert at.button(key="near-selected").disabled
