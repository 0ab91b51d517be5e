"""Added columns on the pages: listed, colored by, filtered by, and removed."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.added_columns import add_column, added_columns
from core.types import CorpusRef


@pytest.fixture
def added(corpus, home):
    info, _ = corpus
    values = pd.Series(["positive", "negative", None] * 20)
    add_column(CorpusRef(str(home), info.digest), "sentiment (predicted)", values, "predictions")
    return info


def test_added_column_colors_the_map_and_filters_rows(app, added, browser):
    app.run().switch_page("pages/explore/map.py").run()
    app.selectbox(key="color").select("sentiment (predicted)").run()
    assert not app.exception
    color = browser.data["color"]
    codes = np.frombuffer(browser.arrays[color["array"]], np.uint8)
    labels = [color["categories"][code]["label"] for code in codes]
    assert labels.count("positive") == labels.count("negative") == 20
    app.switch_page("pages/explore/search.py").run()
    app.multiselect(key="filter_columns").set_value(["sentiment (predicted)"]).run()
    assert any("20" in option for option in app.multiselect(key="filter-sentiment (predicted)").options)


def test_added_column_is_listed_on_the_data_page_and_can_be_removed(app, added, home):
    app.run().switch_page("pages/data/corpus.py").run()
    assert any("sentiment" in one.value and "40 of 60" in one.value for one in app.markdown)
    app.button(key="remove-added-yes-0").click().run()
    assert not app.exception
    assert added_columns(str(home), added.digest) == ()
    assert not any("40 of 60" in one.value for one in app.markdown)
