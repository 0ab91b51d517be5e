"""The Search page: by meaning, by rows, by words, by pattern; filters; what it says when nothing can be found."""

import pytest

from tests.pages.test_embed_page import words

PAGE = "pages/explore/search.py"


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def test_without_a_corpus_it_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "nothing to search" in words(at)


def test_a_search_by_meaning_finds_the_texts_and_says_what_served_it(corpus, app):
    at = open_page(app)
    at.text_input(key="q").set_value("the teapot broke").run()
    assert not at.exception, at.exception
    text = words(at)
    assert "10 hits among 60 rows" in text
    assert "nearer than" in text
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
    assert "not a row number" in words(at).replace("\\", "")


@pytest.mark.parametrize(("by", "query", "matching"), [("words", "gift card", 10), ("pattern", "lam[p]", 10)])
def test_words_and_patterns_say_how_many_match(corpus, app, by, query, matching):
    at = open_page(app)
    at.segmented_control(key="by").set_value(by).run()
    at.text_input(key="q").set_value(query).run()
    assert not at.exception
    assert f"{matching} match" in words(at)


def test_a_broken_pattern_is_explained(corpus, app):
    at = open_page(app)
    at.segmented_control(key="by").set_value("pattern").run()
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
    assert "among 10 of 60 rows" in words(at)


def test_markup_in_a_query_is_shown_as_it_stands(corpus, app):
    at = open_page(app)
    at.text_input(key="q").set_value("<script>alert(1)</script> **bold**").run()
    assert not at.exception
    assert "<script>" not in words(at)
