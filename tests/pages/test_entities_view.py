"""Entities on the Data page: nothing selected, rules computed at once, columns, and a model that can't be loaded."""

import pandas as pd
import pytest

from core.corpus.added_columns import added_columns, current_ref
from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.entities.results import ENTITIES, EntitiesQuery
from core.jobs.results import result_spec
from core.jobs.types import JobState
from core.store import Workspace
from core.types import CorpusRef, Roles
from tests.pages.test_embed_page import visible_text

TEXTS = ["Paid $5 for *two* lamps", "Paid $5 and $7.50 #Sale", "Nothing", "Paid 20 dollars on March 3, 2026"]


@pytest.fixture
def shop(home) -> CorpusRef:
    table = pd.DataFrame({"text": TEXTS, "amounts": range(4)})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Four").corpus
    Workspace(home).save_corpus(built)
    return CorpusRef(str(home), built.digest)


def select(at, *names):
    at = at.run().switch_page("pages/data/corpus.py").run()
    next(one for one in at.button_group if one.key == "entity_types").set_value(list(names))
    return at.run()


def keys(at):
    return {one.key for one in at.button if one.key}


def test_nothing_is_extracted_before_a_type_is_selected(shop, app):
    at = select(app)
    assert not at.exception
    assert "Select what to extract" in visible_text(at)
    assert "entity_add" not in keys(at)
    assert not ENTITIES.exists(EntitiesQuery(shop, "rules"))


def test_values_are_shown_and_become_columns(shop, app):
    at = select(app, "amounts", "URLs")
    assert not at.exception
    assert not at.error
    assert [tab.label for tab in at.tabs][-2:] == ["URLs (0)", "amounts (3)"]
    table = next(one.value for one in at.dataframe if "Written as" in one.value.columns)
    assert table["Value"].tolist() == ["USD 5", "USD 20", "USD 7.50"]
    assert table["Rows"].tolist() == [2, 1, 1]
    at = next(one for one in at.button if one.key == "entity_add").click().run()
    assert not at.exception
    assert "amounts (entities)" in at.success[0].value.replace("\\", "")  # "amounts" is a column of the file
    (column,) = added_columns(shop.folder, shop.digest)
    assert (column.name, column.kind, column.facts["rows"]) == ("amounts (entities)", "entities", 3)
    stored = load_corpus(current_ref(shop.folder, shop.digest)).table[column.name]
    assert stored.tolist()[1] == '["USD 5", "USD 7.50"]'
    assert "It is a column already" in visible_text(at)


def test_names_are_offered_as_a_job_which_tells_why_it_failed(shop, app, monkeypatch):
    query = EntitiesQuery(shop, "names")
    at = select(app, "people")
    start = next(one for one in at.button if (one.key or "").startswith("start-"))
    assert start.label == "Extract entities"
    failed = JobState(result_spec(ENTITIES, query, "x"), status="failed", error="The English model is not installed.")
    monkeypatch.setattr("core.jobs.manager.JobManager.list", lambda self, folder: [failed])
    at = at.run()
    assert "The English model is not installed." in visible_text(at).replace("\\", "")
    assert next(one for one in at.button if (one.key or "").startswith("start-")).label == "Retry"
    assert "entity_add" not in keys(at)
